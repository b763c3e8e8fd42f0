//! The shapes that a trace comes in.

use std::sync::Arc;

use model::json::Json;
use model::ports::BrokenTrace;
use model::trace::{Attributes, Source, Trace};
use serde_json::value::RawValue;

use crate::fields::{Fields, Names, within, wrong};
use crate::span::{self, Read};
use crate::value::Values;
use crate::{id, order};

/// Spans in one trace, and in one request.
pub(crate) const MOST_SPANS: usize = 100_000;

pub(crate) const RESOURCE_SPANS: Names = &["resourceSpans", "resource_spans"];
pub(crate) const SCOPE_SPANS: Names = &["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
pub(crate) const SPANS: Names = &["spans"];

pub(crate) const RESOURCE: Names = &["resource"];
pub(crate) const SCOPE: Names = &["scope", "instrumentationLibrary"];

/// Spans, each with its path and who made it.
pub(crate) type Spans<'a> = Vec<(String, &'a RawValue, Option<Arc<Source>>)>;

/// Reads a trace of the shape that its keys tell.
pub(crate) fn read(trace: &Json) -> Result<Trace, BrokenTrace> {
    let text = trace.as_str();
    let fields = Fields::read(text)?;
    let (spans, id, values) = if fields.has(RESOURCE_SPANS) {
        (otlp(&fields, Values::Plain)?, None, Values::Plain)
    } else if fields.has(&["data"]) {
        let id = fields.map(&["info"], |raw| Fields::read(raw)?.map(&["trace_id"], id::trace))?.flatten();
        (mlflow(&fields)?, id, Values::Texts)
    } else if fields.has(SPANS) {
        (unsourced(fields.list(SPANS, usize::MAX)?), fields.map(&["trace_id", "traceId"], id::trace)?, Values::Plain)
    } else {
        let hint = "a trace has `spans`; OTLP's has `resourceSpans`, MLflow's `info` and `data`";
        return Err(BrokenTrace { hint: Some(hint.to_owned()), ..wrong("is no trace that is known here") });
    };
    assemble(spans, id, values, text)
}

/// The spans of an OTLP export. `values` is how attributes of resources and scopes are read.
pub(crate) fn otlp<'a>(fields: &Fields<'a>, values: Values) -> Result<Spans<'a>, BrokenTrace> {
    let mut spans = Vec::new();
    for (of_resource, raw) in fields.list(RESOURCE_SPANS, MOST_SPANS)? {
        let broken = |broken| within(broken, &of_resource);
        let fields = Fields::read(raw.get()).map_err(broken)?;
        let resource = fields.map(RESOURCE, |raw| span::attributes_of(&Fields::read(raw)?, values));
        let resource = Arc::new(values.beside(resource).map_err(broken)?.unwrap_or_default());
        for (path, raw) in fields.list(SCOPE_SPANS, MOST_SPANS).map_err(broken)? {
            let of_scope = format!("{of_resource}.{path}");
            let broken = |broken| within(broken, &of_scope);
            let fields = Fields::read(raw.get()).map_err(broken)?;
            let source = Arc::new(source(&fields, Arc::clone(&resource), values).map_err(broken)?);
            let found = fields.list(SPANS, usize::MAX).map_err(broken)?;
            if spans.len() + found.len() > MOST_SPANS {
                return Err(wrong(format!("has more than {MOST_SPANS} spans")));
            }
            let found = found.into_iter();
            spans.extend(found.map(|(path, raw)| (format!("{of_scope}.{path}"), raw, Some(Arc::clone(&source)))));
        }
    }
    Ok(spans)
}

fn source(fields: &Fields<'_>, resource: Arc<Attributes>, values: Values) -> Result<Source, BrokenTrace> {
    let scope = fields.map(SCOPE, |raw| scope(raw, values));
    Ok(Source { resource, ..values.beside(scope)?.unwrap_or_default() })
}

/// A scope, without its resource.
pub(crate) fn scope(raw: &str, values: Values) -> Result<Source, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let text = |name| Ok(fields.text(name)?.unwrap_or_default());
    Ok(Source {
        scope: text(&["name"])?,
        scope_version: text(&["version"])?,
        scope_attributes: span::attributes_of(&fields, values)?,
        ..Source::default()
    })
}

fn mlflow<'a>(fields: &Fields<'a>) -> Result<Spans<'a>, BrokenTrace> {
    let spans = fields.map(&["data"], |raw| Fields::read(raw)?.list(SPANS, usize::MAX))?.unwrap_or_default();
    Ok(unsourced(spans.into_iter().map(|(path, raw)| (format!("data.{path}"), raw))))
}

fn unsourced<'a>(spans: impl IntoIterator<Item = (String, &'a RawValue)>) -> Spans<'a> {
    spans.into_iter().map(|(path, raw)| (path, raw, None)).collect()
}

/// Makes a trace of its spans. `text` is what ids follow from that are not told.
fn assemble(spans: Spans<'_>, id: Option<String>, values: Values, text: &str) -> Result<Trace, BrokenTrace> {
    if spans.len() > MOST_SPANS {
        return Err(wrong(format!("has {} spans, more than {MOST_SPANS}", spans.len())));
    }
    let mut paths = Vec::with_capacity(spans.len());
    let mut read = Vec::with_capacity(spans.len());
    for (path, raw, source) in spans {
        let mut one = span::read(raw.get(), values).map_err(|broken| within(broken, &path))?;
        if !one.has_name {
            return Err(within(wrong("missing key `name`"), &path));
        }
        one.span.source = source;
        read.push(one);
        paths.push(path);
    }
    let told = || read.iter().find_map(|read| read.trace.clone());
    let id = id.or_else(told).unwrap_or_else(|| id::made::<16>(&[text.as_bytes()]));
    let mut spans = Vec::with_capacity(read.len());
    for (place, Read { trace, mut span, has_id, .. }) in read.into_iter().enumerate() {
        if trace.is_some_and(|trace| trace != id) {
            return Err(within(wrong(format!("is of another trace than `{id}`")), &paths[place]));
        }
        if !has_id {
            span.id = id::made::<8>(&[id.as_bytes(), &(place as u64).to_le_bytes()]);
        }
        spans.push(span);
    }
    order::sort(&mut spans).map_err(|(place, what)| within(wrong(what), &paths[place]))?;
    Ok(Trace { id, spans })
}
