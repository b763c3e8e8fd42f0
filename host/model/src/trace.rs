//! What an application did on the way to an answer.

use std::sync::Arc;

use crate::json::Json;

/// In the order they were written; no key is there twice.
pub type Attributes = Vec<(String, Json)>;

/// One request through the application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// 16 bytes in lower-case hexadecimal, as in W3C Trace Context.
    pub id: String,
    /// By start; of equal starts, a parent comes first.
    pub spans: Vec<Span>,
}

/// One step of a trace. Times are nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Span {
    /// 8 bytes in lower-case hexadecimal.
    pub id: String,
    /// None for a root.
    pub parent: Option<String>,
    pub name: String,
    pub kind: SpanKind,
    pub start: u64,
    /// None where it never ended.
    pub end: Option<u64>,
    pub status: Status,
    pub attributes: Attributes,
    /// What happened in it, as it was told.
    pub events: Vec<Event>,
    /// Spans that it has to do with beside its parent.
    pub links: Vec<Link>,
    /// None where nobody said who made it. Shared by the spans of one export.
    pub source: Option<Arc<Source>>,
}

impl Span {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Json> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// A moment within a span.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Event {
    pub name: String,
    /// As a span's times.
    pub time: u64,
    pub attributes: Attributes,
}

impl Event {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Json> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// A span of this or another trace; ids as a span has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Link {
    pub trace: String,
    pub span: String,
    pub attributes: Attributes,
}

/// Who made a span: the service it ran in, and the library that wrote it down.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Source {
    /// Attributes of the resource, such as `service.name`. Shared: a request may have many scopes of one resource.
    pub resource: Arc<Attributes>,
    /// Empty where the library did not say.
    pub scope: String,
    pub scope_version: String,
    pub scope_attributes: Attributes,
}

/// The part a span plays between two services, as OpenTelemetry has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SpanKind {
    #[default]
    Internal,
    Server,
    Client,
    Producer,
    Consumer,
}

/// How a span ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Status {
    #[default]
    Unset,
    Ok,
    /// With what was said about it.
    Error(String),
}
