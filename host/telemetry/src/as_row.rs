//! A trace as a row of a dataset: what came in and went out, what is known to be right, and the trace itself.

use std::collections::BTreeMap;

use model::assessment::{Assessment, Said};
use model::json::Json;
use model::search::TraceInfo;
use model::trace::{Attributes, Span, SpanKind, Status};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::facts::Facts;

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    inputs: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expectations: BTreeMap<&'a str, &'a Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    trace: Map<String, Value>,
}

/// A row, whose id is that of the trace. Inputs that are no object stand under `input`.
///
/// # Errors
///
/// Fails where something in it can't be written as JSON.
pub fn as_row(info: &TraceInfo, spans: &[Span]) -> Result<Json, serde_json::Error> {
    let top = info.header.root.as_ref().and_then(|root| spans.iter().find(|span| span.id == *root)).or(spans.first());
    let facts = top.map(Facts::of).unwrap_or_default();
    let inputs = match facts.inputs {
        Some(inputs) if inputs.is_object() => inputs,
        Some(inputs) => Json::from_serialize(&BTreeMap::from([("input", inputs)]))?,
        None => Json::parse("{}")?,
    };
    let expectations = info.assessments.iter().filter(|one| counts(one, &info.assessments));
    Json::from_serialize(&Row {
        id: &info.id,
        inputs,
        outputs: facts.outputs,
        expectations: expectations.filter_map(expectation).collect(),
        tags: &info.tags,
        session: info.header.session.as_deref(),
        trace: trace(&info.id, spans),
    })
}

fn counts(one: &Assessment, all: &[Assessment]) -> bool {
    all.iter().all(|other| other.overrides != Some(one.id))
}

fn expectation(one: &Assessment) -> Option<(&str, &Json)> {
    match &one.said {
        Said::Expectation(value) => Some((&one.name, value)),
        Said::Feedback(_) | Said::Failed(_) => None,
    }
}

fn trace(id: &str, spans: &[Span]) -> Map<String, Value> {
    let spans = spans.iter().map(|span| Value::Object(self::span(span))).collect();
    Map::from_iter([("trace_id".to_owned(), id.into()), ("spans".to_owned(), Value::Array(spans))])
}

fn span(span: &Span) -> Map<String, Value> {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("span_id", span.id.clone().into());
    if let Some(parent) = &span.parent {
        put("parent_span_id", parent.clone().into());
    }
    put("name", span.name.clone().into());
    put("kind", kind(span.kind).into());
    put("start_time_unix_nano", span.start.into());
    if let Some(end) = span.end {
        put("end_time_unix_nano", end.into());
    }
    match &span.status {
        Status::Unset => {}
        Status::Ok => put("status", serde_json::json!({ "code": "OK" })),
        Status::Error(said) => put("status", serde_json::json!({ "code": "ERROR", "message": said })),
    }
    put("attributes", attributes(&span.attributes));
    let event = |event: &model::trace::Event| serde_json::json!({ "name": event.name, "time_unix_nano": event.time, "attributes": attributes(&event.attributes) });
    if !span.events.is_empty() {
        put("events", span.events.iter().map(event).collect());
    }
    let link = |link: &model::trace::Link| serde_json::json!({ "trace_id": link.trace, "span_id": link.span, "attributes": attributes(&link.attributes) });
    if !span.links.is_empty() {
        put("links", span.links.iter().map(link).collect());
    }
    fields
}

fn attributes(attributes: &Attributes) -> Value {
    attributes.iter().map(|(name, value)| (name.clone(), value.to_value())).collect::<Map<_, _>>().into()
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "INTERNAL",
        SpanKind::Server => "SERVER",
        SpanKind::Client => "CLIENT",
        SpanKind::Producer => "PRODUCER",
        SpanKind::Consumer => "CONSUMER",
    }
}
