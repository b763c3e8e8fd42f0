//! OTLP as JSON: ids in hexadecimal, times and whole numbers as texts, enumerations as numbers.

use model::trace::{Attributes, Event, Link, Source, Span};
use serde_json::{Value as Json, json};

use super::value::Any;
use super::{Group, kind, status};

pub(super) fn span(trace: &str, span: &Span) -> Vec<u8> {
    let Span { id, parent, name, start, end, attributes, events, links, .. } = span;
    let mut written = json!({
        "traceId": trace, "spanId": id, "name": name, "kind": kind(span.kind), "startTimeUnixNano": start.to_string(),
        "attributes": self::attributes(attributes), "events": events.iter().map(event).collect::<Vec<_>>(),
    });
    if let Some(end) = end {
        written["endTimeUnixNano"] = json!(end.to_string());
    }
    if let Some(parent) = parent {
        written["parentSpanId"] = json!(parent);
    }
    if let Some((code, message)) = status(&span.status) {
        written["status"] = json!({ "code": code, "message": message });
    }
    if !links.is_empty() {
        written["links"] = links.iter().map(link).collect();
    }
    written.to_string().into_bytes()
}

fn event(event: &Event) -> Json {
    let Event { time, name, attributes } = event;
    json!({ "timeUnixNano": time.to_string(), "name": name, "attributes": self::attributes(attributes) })
}

fn link(link: &Link) -> Json {
    let Link { trace, span, attributes } = link;
    json!({ "traceId": trace, "spanId": span, "attributes": self::attributes(attributes) })
}

fn attributes(attributes: &Attributes) -> Json {
    attributes.iter().map(|(key, value)| json!({ "key": key, "value": any(&Any::of(value)) })).collect()
}

fn any(value: &Any<'_>) -> Json {
    match value {
        Any::Null => json!({}),
        Any::Boolean(value) => json!({ "boolValue": value }),
        Any::Whole(number) => json!({ "intValue": number.to_string() }),
        Any::Number(number) => json!({ "doubleValue": number }),
        Any::Text(text) => json!({ "stringValue": text }),
        Any::List(items) => json!({ "arrayValue": { "values": items.iter().map(any).collect::<Vec<_>>() } }),
        Any::Object(fields) => {
            let pair = |(key, value): &(_, Any<'_>)| json!({ "key": key, "value": any(value) });
            json!({ "kvlistValue": { "values": fields.iter().map(pair).collect::<Vec<_>>() } })
        }
    }
}

/// On one line.
pub(super) fn request(groups: &[Group<'_>]) -> Vec<u8> {
    let mut request = br#"{"resourceSpans":["#.to_vec();
    for (place, Group { source, spans }) in groups.iter().enumerate() {
        let Source { resource, scope, scope_version, scope_attributes } = source;
        let resource = json!({ "attributes": attributes(resource) });
        let mut scope = json!({ "name": scope, "version": scope_version });
        if !scope_attributes.is_empty() {
            scope["attributes"] = attributes(scope_attributes);
        }
        let separator = if place > 0 { "," } else { "" };
        let head = format!(r#"{separator}{{"resource":{resource},"scopeSpans":[{{"scope":{scope},"spans":["#);
        request.extend_from_slice(head.as_bytes());
        request.extend_from_slice(&spans.join(&b','));
        request.extend_from_slice(b"]}]}");
    }
    request.extend_from_slice(b"]}");
    request
}
