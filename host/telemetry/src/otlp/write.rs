//! Traces as one request, as exporters send them.

use std::sync::Arc;

use model::json::Json;
use model::telemetry::Encoding;
use model::trace::{Attributes, Event, Link, Source, Span, SpanKind, Status};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event as SentEvent, Link as SentLink, SpanKind as SentKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Sent, Status as SentStatus};
use prost::Message;
use serde_json::Value;

/// Spans by the id of their trace, as an `ExportTraceServiceRequest`; [`super::receive`] reads it.
pub fn write(traces: &[(&str, &[Span])], encoding: Encoding) -> Vec<u8> {
    let mut resource_spans: Vec<(Option<Arc<Source>>, ResourceSpans)> = Vec::new();
    for (trace, span) in traces.iter().flat_map(|(trace, spans)| spans.iter().map(move |span| (*trace, span))) {
        let known = resource_spans.iter().position(|(source, _)| *source == span.source);
        let place = known.unwrap_or_else(|| {
            resource_spans.push((span.source.clone(), of_source(span.source.as_deref())));
            resource_spans.len() - 1
        });
        resource_spans[place].1.scope_spans[0].spans.push(sent(trace, span));
    }
    let resource_spans = resource_spans.into_iter().map(|(_, spans)| spans).collect();
    let request = ExportTraceServiceRequest { resource_spans };
    match encoding {
        Encoding::OtlpProtobuf => request.encode_to_vec(),
        Encoding::OtlpJson => serde_json::to_vec(&request).expect("a request has a JSON form"),
    }
}

/// Room for the spans of a source.
fn of_source(source: Option<&Source>) -> ResourceSpans {
    let Some(source) = source else {
        return ResourceSpans { scope_spans: vec![ScopeSpans::default()], ..ResourceSpans::default() };
    };
    let resource = Resource { attributes: attributes(&source.resource), ..Resource::default() };
    let scope = InstrumentationScope {
        name: source.scope.clone(),
        version: source.scope_version.clone(),
        attributes: attributes(&source.scope_attributes),
        ..InstrumentationScope::default()
    };
    let scope_spans = vec![ScopeSpans { scope: Some(scope), ..ScopeSpans::default() }];
    ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }
}

fn sent(trace: &str, span: &Span) -> Sent {
    let kind = match span.kind {
        SpanKind::Internal => SentKind::Internal,
        SpanKind::Server => SentKind::Server,
        SpanKind::Client => SentKind::Client,
        SpanKind::Producer => SentKind::Producer,
        SpanKind::Consumer => SentKind::Consumer,
    };
    let status = match &span.status {
        Status::Unset => None,
        Status::Ok => Some((StatusCode::Ok, String::new())),
        Status::Error(message) => Some((StatusCode::Error, message.clone())),
    };
    Sent {
        trace_id: bytes(trace),
        span_id: bytes(&span.id),
        parent_span_id: span.parent.as_deref().map(bytes).unwrap_or_default(),
        name: span.name.clone(),
        kind: kind.into(),
        start_time_unix_nano: span.start,
        end_time_unix_nano: span.end.unwrap_or_default(),
        attributes: attributes(&span.attributes),
        events: span.events.iter().map(event).collect(),
        links: span.links.iter().map(link).collect(),
        status: status.map(|(code, message)| SentStatus { code: code.into(), message }),
        ..Sent::default()
    }
}

fn event(event: &Event) -> SentEvent {
    let Event { name, time, attributes: said } = event;
    SentEvent { name: name.clone(), time_unix_nano: *time, attributes: attributes(said), ..SentEvent::default() }
}

fn link(link: &Link) -> SentLink {
    let (trace_id, span_id) = (bytes(&link.trace), bytes(&link.span));
    SentLink { trace_id, span_id, attributes: attributes(&link.attributes), ..SentLink::default() }
}

/// Empty where it is no hexadecimal, which ids of a trace always are.
fn bytes(id: &str) -> Vec<u8> {
    let pairs = id.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok());
    pairs.collect::<Option<_>>().unwrap_or_default()
}

fn attributes(attributes: &Attributes) -> Vec<KeyValue> {
    let pair = |(key, value): &(String, Json)| key_value(key.clone(), value.to_value());
    attributes.iter().map(pair).collect()
}

fn key_value(key: String, value: Value) -> KeyValue {
    KeyValue { key, value: Some(any(value)), ..KeyValue::default() }
}

fn any(value: Value) -> AnyValue {
    let value = match value {
        // A value that is not set is how OTLP says it.
        Value::Null => None,
        Value::Bool(value) => Some(Any::BoolValue(value)),
        Value::Number(number) => Some(match number.as_i64() {
            Some(whole) => Any::IntValue(whole),
            None => Any::DoubleValue(number.as_f64().unwrap_or_default()),
        }),
        Value::String(text) => Some(Any::StringValue(text)),
        Value::Array(items) => Some(Any::ArrayValue(ArrayValue { values: items.into_iter().map(any).collect() })),
        Value::Object(fields) => {
            let values = fields.into_iter().map(|(key, value)| key_value(key, value)).collect();
            Some(Any::KvlistValue(KeyValueList { values }))
        }
    };
    AnyValue { value }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::{Limits, receive};

    fn json(text: &str) -> Json {
        Json::parse(text).expect("JSON")
    }

    fn attributes() -> Attributes {
        let values = [
            "\"text\"",
            "\"\"",
            "true",
            "7",
            "-9007199254740993",
            "0.5",
            "[1,\"a\",[null]]",
            "{\"a\":{\"b\":[]}}",
            "null",
        ];
        values.iter().enumerate().map(|(n, value)| (format!("k{n}"), json(value))).collect()
    }

    fn spans() -> Vec<Span> {
        let source = |scope: &str| {
            Some(Arc::new(Source {
                resource: Arc::new(vec![("service.name".to_owned(), json("\"bot\""))]),
                scope: scope.to_owned(),
                scope_version: "1.2".to_owned(),
                scope_attributes: attributes(),
            }))
        };
        let root = Span {
            id: "00000000000000aa".to_owned(),
            parent: None,
            name: "answer \u{1f600}".to_owned(),
            kind: SpanKind::Server,
            start: 1_795_608_000_000_000_001,
            end: Some(1_795_608_000_000_000_002),
            status: Status::Error("no".to_owned()),
            attributes: attributes(),
            events: vec![Event { name: "tick".to_owned(), time: 5, attributes: attributes() }],
            links: vec![Link { trace: "0f".repeat(16), span: "0e".repeat(8), attributes: attributes() }],
            source: source("a"),
        };
        let step = Span {
            id: "00000000000000bb".to_owned(),
            parent: Some(root.id.clone()),
            end: None,
            status: Status::Ok,
            source: source("b"),
            ..root.clone()
        };
        vec![root, step]
    }

    #[test]
    fn what_is_written_is_received_as_it_was() {
        let (spans, trace) = (spans(), "0a".repeat(16));
        for encoding in [Encoding::OtlpJson, Encoding::OtlpProtobuf] {
            let request = write(&[(&trace, &spans[..1]), (&trace, &spans[1..])], encoding);
            let received = receive(&request, encoding, &Limits::default()).expect("a request");
            assert_eq!(received.message(), None);
            assert_eq!(received.traces[&trace], spans, "{encoding:?}");
        }
    }
}
