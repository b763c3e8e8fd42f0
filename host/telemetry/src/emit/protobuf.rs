//! OTLP as protocol buffers, written field by field: what is sent has a dozen of them.
//!
//! Numbers are those of `opentelemetry/proto/trace/v1/trace.proto` and `common/v1/common.proto`.

use super::{Attributes, Event, Source, Span, Value, kind};

/// A message being written.
#[derive(Default)]
struct Message(Vec<u8>);

const VARINT: u64 = 0;
const FIXED64: u64 = 1;
const BYTES: u64 = 2;

impl Message {
    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push(number as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn tag(&mut self, field: u64, wire: u64) {
        self.varint(field << 3 | wire);
    }

    fn whole(&mut self, field: u64, number: u64) -> &mut Self {
        self.tag(field, VARINT);
        self.varint(number);
        self
    }

    fn fixed64(&mut self, field: u64, bits: u64) -> &mut Self {
        self.tag(field, FIXED64);
        self.0.extend_from_slice(&bits.to_le_bytes());
        self
    }

    /// Bytes, a text, or a message that has been written.
    fn bytes(&mut self, field: u64, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        self.tag(field, BYTES);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    fn attributes(&mut self, field: u64, attributes: &Attributes) -> &mut Self {
        for (key, value) in attributes {
            let mut any = Message::default();
            match value {
                Value::Text(text) => any.bytes(1, text),
                Value::Whole(number) => any.whole(3, number.cast_unsigned()),
                Value::Number(number) => any.fixed64(4, number.to_bits()),
            };
            let mut pair = Message::default();
            pair.bytes(1, key).bytes(2, any.0);
            self.bytes(field, pair.0);
        }
        self
    }
}

pub(super) fn span(span: &Span) -> Vec<u8> {
    let Span { trace, id, parent, name, start, end, error, attributes, events } = span;
    let mut message = Message::default();
    message.bytes(1, trace).bytes(2, id);
    if let Some(parent) = parent {
        message.bytes(4, parent);
    }
    message.bytes(5, name.as_bytes()).whole(6, kind(span));
    message.fixed64(7, *start).fixed64(8, *end).attributes(9, attributes);
    for Event { time, name, attributes } in events {
        let mut event = Message::default();
        event.fixed64(1, *time).bytes(2, name).attributes(3, attributes);
        message.bytes(11, event.0);
    }
    if let Some(error) = error {
        let mut status = Message::default();
        status.bytes(2, error).whole(3, 2);
        message.bytes(15, status.0);
    }
    message.0
}

/// One `ExportTraceServiceRequest` with these spans.
pub(super) fn request(source: &Source, spans: &[Vec<u8>]) -> Vec<u8> {
    let (mut resource, mut scope) = (Message::default(), Message::default());
    resource.attributes(1, &source.resource);
    scope.bytes(1, "karat").bytes(2, &source.version);
    let (mut of_scope, mut of_resource, mut request) = (Message::default(), Message::default(), Message::default());
    of_scope.bytes(1, scope.0);
    for span in spans {
        of_scope.bytes(2, span);
    }
    of_resource.bytes(1, resource.0).bytes(2, of_scope.0);
    request.bytes(1, of_resource.0);
    request.0
}
