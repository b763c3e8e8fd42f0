//! Spans as they are sent.
//!
//! What is written comes back the same from [`receive`](super::receive), but for three things that OTLP has no way to say:
//! a span without a source gets an empty one, a whole number beyond 64 bits is a float, and what nests deeper than OTLP is
//! read is the JSON of it as a text.

mod json;
mod protobuf;
mod value;

use std::sync::Arc;

use model::telemetry::Encoding;
use model::trace::{Source, Span, SpanKind, Status};

/// Spans that say the same of who made them, each as it is encoded.
pub(crate) struct Group<'a> {
    pub(crate) source: &'a Source,
    pub(crate) spans: Vec<Vec<u8>>,
}

/// One `ExportTraceServiceRequest`, in JSON on one line, with the spans of traces by their ids. Spans stay in their order.
pub fn write(traces: &[(&str, &[Span])], encoding: Encoding) -> Vec<u8> {
    let nobody = Arc::default();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for (trace, span) in traces.iter().flat_map(|(trace, spans)| spans.iter().map(move |span| (trace, span))) {
        let source = span.source.as_ref().unwrap_or(&nobody);
        let encoded = self::span(trace, span, encoding);
        match groups.last_mut() {
            Some(group) if std::ptr::eq(group.source, &**source) || *group.source == **source => {
                group.spans.push(encoded);
            }
            _ => groups.push(Group { source, spans: vec![encoded] }),
        }
    }
    request(&groups, encoding)
}

/// One span of a trace, for a [`request`].
pub(crate) fn span(trace: &str, span: &Span, encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::OtlpJson => json::span(trace, span),
        Encoding::OtlpProtobuf => protobuf::span(trace, span),
    }
}

pub(crate) fn request(groups: &[Group<'_>], encoding: Encoding) -> Vec<u8> {
    match encoding {
        Encoding::OtlpJson => json::request(groups),
        Encoding::OtlpProtobuf => protobuf::request(groups),
    }
}

fn kind(kind: SpanKind) -> u64 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

/// The code of a status and what is said about it; none where it is unset.
fn status(status: &Status) -> Option<(u64, &str)> {
    match status {
        Status::Unset => None,
        Status::Ok => Some((1, "")),
        Status::Error(message) => Some((2, message)),
    }
}

#[cfg(test)]
mod tests;
