//! OTLP as protocol buffers.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::trace::{Attributes, Event, Link, Source, Span, SpanKind, Status};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::trace::v1 as sent;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::{Limits, Received, Unreadable};
use crate::id::hexadecimal;
use crate::shape::MOST_SPANS;
use crate::value::{json, keep_last};

pub(super) fn receive(request: &[u8], limits: &Limits) -> Result<Received, Unreadable> {
    let broken = |error: String| Unreadable(format!("the request is not OTLP: {error}"));
    let spans = spans(request).ok_or_else(|| broken("a field is cut off".to_owned()))?;
    if spans > MOST_SPANS {
        return Err(Unreadable(format!("the request has {spans} spans, more than {MOST_SPANS}")));
    }
    let request = ExportTraceServiceRequest::decode(request).map_err(|error| broken(error.to_string()))?;
    let mut received = Received::default();
    for (at_resource, of_resource) in request.resource_spans.into_iter().enumerate() {
        let resource = Arc::new(attributes(of_resource.resource.unwrap_or_default().attributes));
        for (at_scope, of_scope) in of_resource.scope_spans.into_iter().enumerate() {
            let source = Arc::new(source(Arc::clone(&resource), of_scope.scope.unwrap_or_default()));
            for (at, span) in of_scope.spans.into_iter().enumerate() {
                let path = || format!("resourceSpans[{at_resource}].scopeSpans[{at_scope}].spans[{at}]");
                let read = read(span).and_then(|(trace, span)| super::sent(Some(trace), span, &source));
                received.take(read, path, limits);
            }
        }
    }
    Ok(received)
}

/// How many spans a request has. An empty one is two bytes, and a hundred times that once it is decoded.
fn spans(request: &[u8]) -> Option<usize> {
    let mut spans = 0;
    for resource in fields(request, 1)? {
        for scope in fields(resource, 2)? {
            spans += fields(scope, 2)?.len();
        }
    }
    Some(spans)
}

/// The messages in a field of this number. Groups, which OTLP has none of, are not read.
fn fields(mut message: &[u8], wanted: u32) -> Option<Vec<&[u8]>> {
    let mut found = Vec::new();
    while !message.is_empty() {
        let (number, wire) = decode_key(&mut message).ok()?;
        let length = match wire {
            WireType::Varint => {
                decode_varint(&mut message).ok()?;
                continue;
            }
            WireType::SixtyFourBit => 8,
            WireType::ThirtyTwoBit => 4,
            WireType::LengthDelimited => usize::try_from(decode_varint(&mut message).ok()?).ok()?,
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        let (field, rest) = message.split_at_checked(length)?;
        if number == wanted && wire == WireType::LengthDelimited {
            found.push(field);
        }
        message = rest;
    }
    Some(found)
}

fn source(resource: Arc<Attributes>, scope: InstrumentationScope) -> Source {
    Source { resource, scope: scope.name, scope_version: scope.version, scope_attributes: attributes(scope.attributes) }
}

fn read(span: sent::Span) -> Result<(String, Span), String> {
    let start = span.start_time_unix_nano;
    let end = Some(span.end_time_unix_nano).filter(|end| *end != 0);
    if end.is_some_and(|end| end < start) {
        return Err("ends before it starts".to_owned());
    }
    let parent = match span.parent_span_id.iter().all(|byte| *byte == 0) {
        true => None,
        false => Some(id::<8>(&span.parent_span_id, "parentSpanId")?),
    };
    let read = Span {
        id: id::<8>(&span.span_id, "spanId")?,
        parent,
        name: span.name,
        kind: kind(span.kind),
        start,
        end,
        status: status(span.status.unwrap_or_default()),
        attributes: attributes(span.attributes),
        events: span.events.into_iter().map(event).collect(),
        links: span.links.into_iter().map(link).collect::<Result<_, _>>()?,
        source: None,
    };
    Ok((id::<16>(&span.trace_id, "traceId")?, read))
}

fn event(event: sent::span::Event) -> Event {
    Event { name: event.name, time: event.time_unix_nano, attributes: attributes(event.attributes) }
}

fn link(link: sent::span::Link) -> Result<Link, String> {
    Ok(Link {
        trace: id::<16>(&link.trace_id, "links.traceId")?,
        span: id::<8>(&link.span_id, "links.spanId")?,
        attributes: attributes(link.attributes),
    })
}

fn id<const N: usize>(bytes: &[u8], name: &str) -> Result<String, String> {
    if bytes.len() != N {
        return Err(format!("`{name}` has {} bytes, not {N}", bytes.len()));
    }
    if bytes.iter().all(|byte| *byte == 0) {
        return Err(format!("`{name}` is all zeroes"));
    }
    Ok(hexadecimal(bytes))
}

/// A number that is unknown here stands for none, as protocol buffers have it.
fn kind(number: i32) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn status(status: sent::Status) -> Status {
    match status.code {
        1 => Status::Ok,
        2 => Status::Error(status.message),
        _ => Status::Unset,
    }
}

fn attributes(sent: Vec<KeyValue>) -> Attributes {
    let read = |pair: KeyValue| {
        let mut text = String::new();
        write(&mut text, pair.value);
        (pair.key, json(&text))
    };
    let mut attributes = sent.into_iter().map(read).collect();
    keep_last(&mut attributes);
    attributes
}

/// Writes a value as JSON, just as it is written in OTLP/JSON. prost reads no deeper than 100 levels, and neither does this.
fn write(text: &mut String, value: Option<AnyValue>) {
    match value.and_then(|value| value.value) {
        Some(Value::StringValue(value)) => string(text, value),
        Some(Value::BoolValue(value)) => text.push_str(if value { "true" } else { "false" }),
        Some(Value::IntValue(value)) => text.push_str(&value.to_string()),
        Some(Value::DoubleValue(value)) => number(text, value),
        Some(Value::BytesValue(value)) => string(text, STANDARD.encode(value)),
        Some(Value::ArrayValue(array)) => list(text, ['[', ']'], array.values, |text, value| write(text, Some(value))),
        Some(Value::KvlistValue(fields)) => list(text, ['{', '}'], fields.values, |text, field: KeyValue| {
            string(text, field.key);
            text.push(':');
            write(text, field.value);
        }),
        // An index into a dictionary that only profiles have.
        Some(Value::StringValueStrindex(_)) | None => text.push_str("null"),
    }
}

fn string(text: &mut String, value: String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}

/// What JSON has no number for is a text.
fn number(text: &mut String, value: f64) {
    match serde_json::Number::from_f64(value) {
        Some(number) => text.push_str(&number.to_string()),
        None if value.is_nan() => text.push_str("\"NaN\""),
        None => text.push_str(if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }),
    }
}

fn list<T>(text: &mut String, ends: [char; 2], items: Vec<T>, mut item: impl FnMut(&mut String, T)) {
    text.push(ends[0]);
    for (at, one) in items.into_iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        item(text, one);
    }
    text.push(ends[1]);
}
