//! OTLP as JSON: ids in hexadecimal, times and whole numbers as texts, enumerations as numbers.

use serde_json::{Value as Json, json};

use super::{Attributes, Event, Source, Span, Value, kind};
use crate::id::hexadecimal;

pub(super) fn span(span: &Span) -> Vec<u8> {
    let Span { trace, id, parent, name, start, end, error, attributes, events } = span;
    let mut span = json!({
        "traceId": hexadecimal(trace), "spanId": hexadecimal(id), "name": name, "kind": kind(span),
        "startTimeUnixNano": start.to_string(), "endTimeUnixNano": end.to_string(),
        "attributes": self::attributes(attributes), "events": events.iter().map(event).collect::<Vec<_>>(),
    });
    if let Some(parent) = parent {
        span["parentSpanId"] = json!(hexadecimal(parent));
    }
    if let Some(message) = error {
        span["status"] = json!({ "code": 2, "message": message });
    }
    span.to_string().into_bytes()
}

fn event(event: &Event) -> Json {
    let Event { time, name, attributes } = event;
    json!({ "timeUnixNano": time.to_string(), "name": name, "attributes": self::attributes(attributes) })
}

fn attributes(attributes: &Attributes) -> Json {
    let value = |value: &Value| match value {
        Value::Text(text) => json!({ "stringValue": text }),
        Value::Whole(number) => json!({ "intValue": number.to_string() }),
        Value::Number(number) => json!({ "doubleValue": number }),
    };
    attributes.iter().map(|(key, of)| json!({ "key": key, "value": value(of) })).collect()
}

/// One `ExportTraceServiceRequest` with these spans, on one line.
pub(super) fn request(source: &Source, spans: &[Vec<u8>]) -> Vec<u8> {
    let resource = json!({ "attributes": attributes(&source.resource) });
    let scope = json!({ "name": "karat", "version": source.version });
    let head = format!(r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{scope},"spans":["#);
    let mut request = head.into_bytes();
    for (place, span) in spans.iter().enumerate() {
        if place > 0 {
            request.push(b',');
        }
        request.extend_from_slice(span);
    }
    request.extend_from_slice(b"]}]}]}");
    request
}
