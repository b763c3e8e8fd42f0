//! A span as JSON: in the shape in which rows bring traces, so that what is shown can be scored.

use std::sync::Arc;

use model::json::Json;
use model::trace::{Attributes, Event, Link, Source, Span, SpanKind, Status};
use serde::{Serialize, Serializer};

/// A span, to be written as JSON.
#[derive(Serialize)]
pub struct SpanView {
    span_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_span_id: Option<String>,
    name: String,
    kind: &'static str,
    /// Nanoseconds since 1970-01-01T00:00:00Z, as all times.
    start_time_unix_nano: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time_unix_nano: Option<u64>,
    status: StatusView,
    attributes: Object,
    events: Vec<EventView>,
    links: Vec<LinkView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<Object>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<ScopeView>,
}

#[derive(Serialize)]
struct StatusView {
    code: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    message: String,
}

#[derive(Serialize)]
struct EventView {
    name: String,
    time_unix_nano: u64,
    attributes: Object,
}

#[derive(Serialize)]
struct LinkView {
    trace_id: String,
    span_id: String,
    attributes: Object,
}

#[derive(Serialize)]
struct ScopeView {
    name: String,
    version: String,
    attributes: Object,
}

/// Attributes in their order.
struct Object(Attributes);

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value): &(String, Json)| (name, value)))
    }
}

impl From<Span> for SpanView {
    fn from(span: Span) -> Self {
        let (code, message) = match span.status {
            Status::Unset => ("UNSET", String::new()),
            Status::Ok => ("OK", String::new()),
            Status::Error(message) => ("ERROR", message),
        };
        let source = span.source.map(Arc::unwrap_or_clone);
        let (resource, scope) = source.map(of_source).unzip();
        Self {
            span_id: span.id,
            parent_span_id: span.parent,
            name: span.name,
            kind: match span.kind {
                SpanKind::Internal => "INTERNAL",
                SpanKind::Server => "SERVER",
                SpanKind::Client => "CLIENT",
                SpanKind::Producer => "PRODUCER",
                SpanKind::Consumer => "CONSUMER",
            },
            start_time_unix_nano: span.start,
            end_time_unix_nano: span.end,
            status: StatusView { code, message },
            attributes: Object(span.attributes),
            events: span.events.into_iter().map(of_event).collect(),
            links: span.links.into_iter().map(of_link).collect(),
            resource,
            scope,
        }
    }
}

fn of_source(source: Source) -> (Object, ScopeView) {
    let Source { resource, scope: name, scope_version: version, scope_attributes } = source;
    (Object(Arc::unwrap_or_clone(resource)), ScopeView { name, version, attributes: Object(scope_attributes) })
}

fn of_event(event: Event) -> EventView {
    EventView { name: event.name, time_unix_nano: event.time, attributes: Object(event.attributes) }
}

fn of_link(link: Link) -> LinkView {
    LinkView { trace_id: link.trace, span_id: link.span, attributes: Object(link.attributes) }
}

#[cfg(test)]
mod tests {
    use model::ports::TraceReader;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_shown_can_be_read_as_a_rows_trace() {
        let attributes = |name: &str| vec![(name.to_owned(), Json::parse(r#"{"z":1.0,"a":[null]}"#).expect("JSON"))];
        let trace = "0af7651916cd43dd8448eb211c80319c".to_owned();
        let span = Span {
            id: "b7ad6b7169203331".to_owned(),
            parent: None,
            name: "answer".to_owned(),
            kind: SpanKind::Client,
            start: 1_732_548_728_123_456_789,
            end: Some(1_732_548_728_123_456_999),
            status: Status::Error("no".to_owned()),
            attributes: attributes("of.span"),
            events: vec![Event { name: "tick".to_owned(), time: 5, attributes: attributes("of.event") }],
            links: vec![Link {
                trace: trace.clone(),
                span: "00f067aa0ba902b7".to_owned(),
                attributes: attributes("of.link"),
            }],
            source: None,
        };
        let shown = json!({ "trace_id": trace, "spans": [SpanView::from(span.clone())] });
        // Through a text, as it is sent.
        let text = serde_json::to_string(&SpanView::from(span.clone())).expect("JSON");
        assert!(text.contains(r#""of.span":{"z":1.0,"a":[null]}"#), "{text}");
        let read = crate::Reader.read(&Json::parse(&shown.to_string()).expect("JSON")).expect("a trace");
        assert_eq!((read.id, read.spans[0].name.as_str(), read.spans[0].start), (trace, "answer", span.start));
        assert_eq!(read.spans[0].status, span.status);
        assert_eq!((read.spans[0].events.len(), read.spans[0].links.len()), (1, 1));
    }
}
