//! What an application did on the way to an answer.

use crate::json::Json;

/// One request through the application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace {
    /// 16 bytes in lower-case hexadecimal, as in W3C Trace Context.
    pub id: String,
    /// By start; of equal starts, a parent comes first.
    pub spans: Vec<Span>,
}

/// One step of a trace. Times are nanoseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Debug, PartialEq)]
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
    /// In the order they were written; no key is there twice.
    pub attributes: Vec<(String, Json)>,
}

impl Span {
    /// The value of an attribute.
    pub fn attribute(&self, key: &str) -> Option<&Json> {
        self.attributes.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
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
