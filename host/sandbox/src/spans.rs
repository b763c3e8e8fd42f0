//! Spans across the border of a guest, and of a worker.

use std::sync::Arc;

use model::json::Json;
use model::trace::{Span, SpanKind, Status, Trace};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::bindings::{traces, types};

/// The trace of a row, if it has one; shared here, and written out on the way to a worker.
#[derive(Clone, Debug)]
pub(crate) struct RowTrace(pub(crate) Option<Arc<Trace>>);

impl Serialize for RowTrace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(|trace| (&trace.id, Spans(&trace.spans))).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for RowTrace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Some((id, spans)) = Option::<(String, Vec<traces::Span>)>::deserialize(deserializer)? else {
            return Ok(Self(None));
        };
        let spans = spans.into_iter().map(received).collect::<Result<_, _>>().map_err(D::Error::custom)?;
        Ok(Self(Some(Arc::new(Trace { id, spans }))))
    }
}

/// Written one after the other.
struct Spans<'a>(&'a [Span]);

impl Serialize for Spans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(sent))
    }
}

/// A span as a guest sees it.
pub(crate) fn sent(span: &Span) -> traces::Span {
    let attribute = |(key, value): &(String, Json)| types::Attribute { key: key.clone(), value: value.to_string() };
    traces::Span {
        id: span.id.clone(),
        parent: span.parent.clone(),
        name: span.name.clone(),
        kind: match span.kind {
            SpanKind::Internal => traces::SpanKind::Internal,
            SpanKind::Server => traces::SpanKind::Server,
            SpanKind::Client => traces::SpanKind::Client,
            SpanKind::Producer => traces::SpanKind::Producer,
            SpanKind::Consumer => traces::SpanKind::Consumer,
        },
        start: span.start,
        end: span.end,
        status: match &span.status {
            Status::Unset => traces::Status::Unset,
            Status::Ok => traces::Status::Ok,
            Status::Error(message) => traces::Status::Error(message.clone()),
        },
        attributes: span.attributes.iter().map(attribute).collect(),
    }
}

fn received(span: traces::Span) -> Result<Span, serde_json::Error> {
    let attribute = |types::Attribute { key, value }| Ok((key, Json::parse(&value)?));
    Ok(Span {
        id: span.id,
        parent: span.parent,
        name: span.name,
        kind: match span.kind {
            traces::SpanKind::Internal => SpanKind::Internal,
            traces::SpanKind::Server => SpanKind::Server,
            traces::SpanKind::Client => SpanKind::Client,
            traces::SpanKind::Producer => SpanKind::Producer,
            traces::SpanKind::Consumer => SpanKind::Consumer,
        },
        start: span.start,
        end: span.end,
        status: status(span.status),
        attributes: span.attributes.into_iter().map(attribute).collect::<Result<_, serde_json::Error>>()?,
        ..Span::default()
    })
}

pub(crate) fn status(said: traces::Status) -> Status {
    match said {
        traces::Status::Unset => Status::Unset,
        traces::Status::Ok => Status::Ok,
        traces::Status::Error(message) => Status::Error(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_the_same_behind_the_way_to_a_worker() {
        let span = |parent: Option<&str>, status| Span {
            id: "00f067aa0ba902b7".to_owned(),
            parent: parent.map(str::to_owned),
            name: "ü".to_owned(),
            kind: SpanKind::Consumer,
            start: u64::MAX,
            end: Some(1),
            status,
            attributes: vec![("k".to_owned(), Json::parse(r#"{"b":1.50,"a":[null]}"#).expect("JSON"))],
            ..Span::default()
        };
        let spans = vec![span(None, Status::Ok), span(Some("x"), Status::Error("no".to_owned()))];
        let trace = Trace { id: "t".to_owned(), spans };
        let written = postcard::to_stdvec(&RowTrace(Some(Arc::new(trace.clone())))).expect("written");
        let RowTrace(read) = postcard::from_bytes(&written).expect("read");
        assert_eq!(*read.expect("a trace"), trace);
    }
}
