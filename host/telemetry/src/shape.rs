//! The shapes that a trace comes in.

use model::json::Json;
use model::ports::BrokenTrace;
use model::trace::Trace;
use serde_json::value::RawValue;

use crate::fields::{Fields, Names, within, wrong};
use crate::span::{self, Read};
use crate::value::Values;
use crate::{id, order};

/// Spans in one trace.
const MOST_SPANS: usize = 100_000;

const RESOURCE_SPANS: Names = &["resourceSpans", "resource_spans"];
const SCOPE_SPANS: Names = &["scopeSpans", "scope_spans", "instrumentationLibrarySpans"];
const SPANS: Names = &["spans"];

/// Spans, each with its path.
type Spans<'a> = Vec<(String, &'a RawValue)>;

/// Reads a trace of the shape that its keys tell.
pub(crate) fn read(trace: &Json) -> Result<Trace, BrokenTrace> {
    let text = trace.as_str();
    let fields = Fields::read(text)?;
    let (spans, id, values) = if fields.has(RESOURCE_SPANS) {
        (otlp(&fields)?, None, Values::Plain)
    } else if fields.has(&["data"]) {
        let id = fields.map(&["info"], |raw| Fields::read(raw)?.map(&["trace_id"], id::trace))?.flatten();
        (mlflow(&fields)?, id, Values::Texts)
    } else if fields.has(SPANS) {
        (fields.list(SPANS)?, fields.map(&["trace_id", "traceId"], id::trace)?, Values::Plain)
    } else {
        let hint = "a trace has `spans`; OTLP's has `resourceSpans`, MLflow's `info` and `data`";
        return Err(BrokenTrace { hint: Some(hint.to_owned()), ..wrong("is no trace that is known here") });
    };
    assemble(spans, id, values, text)
}

fn otlp<'a>(fields: &Fields<'a>) -> Result<Spans<'a>, BrokenTrace> {
    let mut spans = Vec::new();
    for (resource, raw) in fields.list(RESOURCE_SPANS)? {
        let scopes = Fields::read(raw.get()).and_then(|fields| fields.list(SCOPE_SPANS));
        for (scope, raw) in scopes.map_err(|broken| within(broken, &resource))? {
            let scope = format!("{resource}.{scope}");
            let found = Fields::read(raw.get()).and_then(|fields| fields.list(SPANS));
            let found = found.map_err(|broken| within(broken, &scope))?;
            spans.extend(found.into_iter().map(|(path, raw)| (format!("{scope}.{path}"), raw)));
        }
    }
    Ok(spans)
}

fn mlflow<'a>(fields: &Fields<'a>) -> Result<Spans<'a>, BrokenTrace> {
    let spans = fields.map(&["data"], |raw| Fields::read(raw)?.list(SPANS))?.unwrap_or_default();
    Ok(spans.into_iter().map(|(path, raw)| (format!("data.{path}"), raw)).collect())
}

/// Makes a trace of its spans. `text` is what ids follow from that are not told.
fn assemble(spans: Spans<'_>, id: Option<String>, values: Values, text: &str) -> Result<Trace, BrokenTrace> {
    if spans.len() > MOST_SPANS {
        return Err(wrong(format!("has {} spans, more than {MOST_SPANS}", spans.len())));
    }
    let mut paths = Vec::with_capacity(spans.len());
    let mut read = Vec::with_capacity(spans.len());
    for (path, raw) in spans {
        read.push(span::read(raw.get(), values).map_err(|broken| within(broken, &path))?);
        paths.push(path);
    }
    let told = || read.iter().find_map(|read| read.trace.clone());
    let id = id.or_else(told).unwrap_or_else(|| id::made::<16>(&[text.as_bytes()]));
    let mut spans = Vec::with_capacity(read.len());
    for (place, Read { trace, mut span, has_id }) in read.into_iter().enumerate() {
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
