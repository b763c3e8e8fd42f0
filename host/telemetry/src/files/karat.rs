//! Our own: one trace a line.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::assessment::Assessment;
use model::digest::State;
use model::json::Json;
use model::ports::BrokenTrace;
use model::search::TraceInfo;
use model::trace::{Source, Span, Trace};
use serde::Serialize;

use super::{Found, Imported, LIMITS, said};
use crate::fields::{Fields, within, wrong};
use crate::shape::{self, MOST_SPANS};
use crate::span;
use crate::value::Values;
use crate::{SpanView, id};

/// What a line says of how it is written.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Line<'a> {
    karat: u32,
    trace_id: &'a str,
    experiment: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    assessments: &'a [Assessment],
    spans: Vec<SpanView>,
}

/// A line, and what is known of the whole trace, for whoever looks at a table. Of this, reading takes nothing.
#[derive(Serialize)]
struct Row<'a> {
    #[serde(flatten)]
    line: Line<'a>,
    name: &'a str,
    state: State,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    start: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<u64>,
    /// US dollars.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_tokens: Option<u64>,
    errors: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<&'a str>,
}

pub(super) fn row(trace: &TraceInfo, spans: &[Span]) -> Json {
    let header = &trace.header;
    let row = Row {
        line: line(trace, spans),
        name: &header.name,
        state: header.state,
        service: header.service.as_deref(),
        session: header.session.as_deref(),
        user: header.user.as_deref(),
        start: header.start,
        end: header.end,
        cost: header.cost,
        input_tokens: header.tokens.map(|tokens| tokens.input),
        output_tokens: header.tokens.map(|tokens| tokens.output),
        errors: header.errors,
        inputs: header.inputs.as_deref(),
        outputs: header.outputs.as_deref(),
    };
    Json::from_serialize(&row).expect("names are texts")
}

/// What is worked out from spans is not written: it is worked out again.
pub(super) fn write(trace: &TraceInfo, spans: &[Span]) -> Vec<u8> {
    let mut line = serde_json::to_vec(&line(trace, spans)).unwrap_or_default();
    line.push(b'\n');
    line
}

fn line<'a>(trace: &'a TraceInfo, spans: &[Span]) -> Line<'a> {
    Line {
        karat: VERSION,
        trace_id: &trace.id,
        experiment: &trace.experiment,
        tags: &trace.tags,
        assessments: &trace.assessments,
        spans: spans.iter().cloned().map(SpanView::from).collect(),
    }
}

pub(super) fn read(fields: &Fields<'_>) -> Result<Found, BrokenTrace> {
    if let Some(version) = fields.whole(&["karat"])?.filter(|version| *version != u64::from(VERSION)) {
        return Err(within(
            wrong(format!("was written by another version of Karat: this one reads {VERSION}, not {version}")),
            "karat",
        ));
    }
    let id = fields.map(&["trace_id"], id::trace)?.ok_or_else(|| wrong("missing key `trace_id`"))?;
    let mut left_out = Vec::new();
    let mut last = None;
    let mut spans = Vec::new();
    for (path, raw) in fields.list(&["spans"], MOST_SPANS)? {
        match self::span(raw.get(), &mut last) {
            Ok(span) => spans.push(span),
            Err(broken) => left_out.push(within(broken, &path)),
        }
    }
    let assessment = |raw: &str| serde_json::from_str::<Assessment>(raw).map_err(|error| wrong(error.to_string()));
    let assessments = said::each(fields, &["assessments"], usize::MAX, &mut left_out, assessment)?;
    let imported = Imported {
        trace: Trace { id, spans },
        experiment: fields.text(&["experiment"])?.filter(|experiment| !experiment.is_empty()),
        tags: fields.map(&["tags"], said::texts)?.unwrap_or_default(),
        assessments,
    };
    Ok(Found { traces: vec![imported], left_out })
}

/// A span, which has its source in common with the one before it where they say the same.
fn span(raw: &str, last: &mut Option<Arc<Source>>) -> Result<Span, BrokenTrace> {
    let values = Values::Sent(LIMITS);
    let mut read = span::read(raw, values)?;
    if !read.has_id {
        return Err(wrong("missing key `span_id`"));
    }
    let fields = Fields::read(raw)?;
    let resource = fields.map(&["resource"], |raw| crate::value::attributes(raw, values))?;
    let scope = fields.map(&["scope"], |raw| shape::scope(raw, values))?;
    if resource.is_some() || scope.is_some() {
        let source = Source { resource: Arc::new(resource.unwrap_or_default()), ..scope.unwrap_or_default() };
        let source = match last.take() {
            Some(last) if *last == source => last,
            Some(last) if last.resource == source.resource => {
                Arc::new(Source { resource: Arc::clone(&last.resource), ..source })
            }
            _ => Arc::new(source),
        };
        *last = Some(Arc::clone(&source));
        read.span.source = Some(source);
    }
    Ok(read.span)
}
