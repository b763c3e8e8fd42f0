//! Spans as OpenTelemetry's protobuf has them in JSON, with names in snake case and ids in Base64.
//!
//! What MLflow's client looks for in attributes of its own is put there where a span says it in another dialect.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::digest::{SpanDigest, to_dollars};
use model::json::Json;
use model::trace::{Attributes, Event, Link, Span, SpanKind, Status};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};
use telemetry::facts::Facts;

use super::any::{Pair, pairs};
use super::{info, shown_id};

const TRACE: &str = "mlflow.traceRequestId";
const TYPE: &str = "mlflow.spanType";
const TOOLS: &str = "mlflow.chat.tools";

/// A span of a trace as it is read.
#[derive(Serialize)]
pub(super) struct Shown<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: &'a str,
    kind: &'static str,
    start_time_unix_nano: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_unix_nano: Option<u64>,
    #[serde(serialize_with = "written")]
    attributes: Attributes,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    events: Vec<ShownEvent<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<ShownLink<'a>>,
    status: ShownStatus<'a>,
}

#[derive(Serialize)]
struct ShownEvent<'a> {
    time_unix_nano: u64,
    name: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct ShownLink<'a> {
    trace_id: String,
    span_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attributes: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct ShownStatus<'a> {
    code: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    message: &'a str,
}

/// `trace` is the id of its trace.
pub(super) fn shown<'a>(trace: &str, (span, digest): &'a (Span, SpanDigest)) -> Shown<'a> {
    let (code, message) = status_words(&span.status);
    let event = |event: &'a Event| ShownEvent {
        time_unix_nano: event.time,
        name: &event.name,
        attributes: pairs(&event.attributes),
    };
    Shown {
        trace_id: base64(trace),
        span_id: base64(&span.id),
        parent_span_id: span.parent.as_ref().map(|parent| base64(parent)),
        name: &span.name,
        kind: kind(span.kind),
        start_time_unix_nano: span.start,
        end_time_unix_nano: span.end,
        attributes: all_attributes(trace, span, digest),
        events: span.events.iter().map(event).collect(),
        links: span.links.iter().map(link).collect(),
        status: ShownStatus { code, message },
    }
}

fn written<S: Serializer>(attributes: &Attributes, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(pairs(attributes))
}

/// A span as MLflow writes it to files, with JSON in all attributes.
pub(super) fn filed(trace: &str, (span, digest): &(Span, SpanDigest)) -> Value {
    let texts = all_attributes(trace, span, digest);
    let texts: Map<String, Value> = texts.into_iter().map(|(name, value)| (name, json!(value.as_str()))).collect();
    let (code, message) = status_words(&span.status);
    let event = |event: &Event| {
        let attributes: Map<String, Value> =
            event.attributes.iter().map(|(name, value)| (name.clone(), value.to_value())).collect();
        json!({ "name": event.name, "time_unix_nano": event.time, "attributes": attributes })
    };
    json!({
        "trace_id": base64(trace),
        "span_id": base64(&span.id),
        "parent_span_id": span.parent.as_ref().map(|parent| base64(parent)),
        "name": span.name,
        "kind": kind(span.kind),
        "start_time_unix_nano": span.start,
        "end_time_unix_nano": span.end,
        "events": span.events.iter().map(event).collect::<Vec<_>>(),
        "status": { "code": code, "message": message },
        "attributes": texts,
        "links": span.links.iter().map(link).collect::<Vec<_>>(),
    })
}

pub(super) fn all_attributes(trace: &str, span: &Span, digest: &SpanDigest) -> Attributes {
    let facts = Facts::of(span);
    // Where a span says its type in another dialect, the client still says that it knows of none.
    let is_no_type = |name: &str, value: &Json| name == TYPE && matches!(value.as_str(), "null" | "\"UNKNOWN\"");
    let own = span.attributes.iter().filter(|(name, _)| name != TRACE);
    let own = own.map(|(name, value)| (name.clone(), unwrapped(name, value)));
    let mut all: Attributes = own.filter(|(name, value)| facts.kind.is_none() || !is_no_type(name, value)).collect();
    let mut put = |name: &str, value: Option<Value>| {
        if let Some(value) = value.and_then(|value| Json::from_serialize(&value).ok())
            && all.iter().all(|(known, _)| known != name)
        {
            all.push((name.to_owned(), value));
        }
    };
    put(TRACE, Some(json!(shown_id(trace))));
    put(TYPE, facts.kind.map(|kind| json!(kind)));
    put("mlflow.spanInputs", facts.inputs.map(|inputs| inputs.to_value()));
    put("mlflow.spanOutputs", facts.outputs.map(|outputs| outputs.to_value()));
    put("mlflow.llm.model", facts.model.map(|model| json!(model)));
    put("mlflow.llm.provider", facts.provider.map(|provider| json!(provider)));
    let tools = span.attribute("gen_ai.tool.definitions");
    put(TOOLS, tools.map(|tools| unwrapped(TOOLS, tools).to_value()));
    put("mlflow.chat.tokenUsage", facts.tokens.map(|tokens| info::counts(&tokens)));
    let [total, input, output] = [digest.cost, digest.input_cost, digest.output_cost].map(|cost| cost.map(to_dollars));
    put("mlflow.llm.cost", info::shown_cost(total, input, output));
    all
}

/// A value of MLflow's own. What is no text there, others than its client send as JSON within one.
fn unwrapped(name: &str, value: &Json) -> Json {
    let text = name.starts_with("mlflow.").then(|| serde_json::from_str::<String>(value.as_str()).ok()).flatten();
    let within = text.filter(|text| text.trim_start().starts_with(['"', '{', '[']));
    within.and_then(|text| Json::parse(&text).ok()).unwrap_or_else(|| value.clone())
}

fn link(link: &Link) -> ShownLink<'_> {
    ShownLink { trace_id: base64(&link.trace), span_id: base64(&link.span), attributes: pairs(&link.attributes) }
}

fn status_words(status: &Status) -> (&'static str, &str) {
    match status {
        Status::Unset => ("STATUS_CODE_UNSET", ""),
        Status::Ok => ("STATUS_CODE_OK", ""),
        Status::Error(said) => ("STATUS_CODE_ERROR", said),
    }
}

fn kind(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Internal => "SPAN_KIND_INTERNAL",
        SpanKind::Server => "SPAN_KIND_SERVER",
        SpanKind::Client => "SPAN_KIND_CLIENT",
        SpanKind::Producer => "SPAN_KIND_PRODUCER",
        SpanKind::Consumer => "SPAN_KIND_CONSUMER",
    }
}

/// Base64 of an id in hexadecimal.
fn base64(id: &str) -> String {
    let bytes: Vec<u8> =
        id.as_bytes().chunks(2).filter_map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect();
    STANDARD.encode(bytes)
}
