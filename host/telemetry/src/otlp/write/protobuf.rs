//! OTLP as protocol buffers, written field by field: a span has a dozen of them.
//!
//! Numbers are those of `opentelemetry/proto/trace/v1/trace.proto` and `common/v1/common.proto`.

use model::trace::{Attributes, Event, Link, Source, Span};

use super::value::Any;
use super::{Group, kind, status};

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

    /// An id from its hexadecimal digits.
    fn id(&mut self, field: u64, digits: &str) -> &mut Self {
        let digit = |at: &u8| char::from(*at).to_digit(16).unwrap_or_default() as u8;
        let bytes = digits.as_bytes().chunks(2).map(|pair| pair.iter().fold(0, |byte, at| byte << 4 | digit(at)));
        self.bytes(field, bytes.collect::<Vec<_>>())
    }

    fn attributes(&mut self, field: u64, attributes: &Attributes) -> &mut Self {
        for (key, value) in attributes {
            self.pair(field, key, &Any::of(value));
        }
        self
    }

    fn pair(&mut self, field: u64, key: &str, value: &Any<'_>) {
        let mut pair = Self::default();
        pair.bytes(1, key).bytes(2, any(value).0);
        self.bytes(field, pair.0);
    }
}

fn any(value: &Any<'_>) -> Message {
    let mut any = Message::default();
    match value {
        Any::Null => &mut any,
        Any::Text(text) => any.bytes(1, text.as_bytes()),
        Any::Boolean(value) => any.whole(2, u64::from(*value)),
        Any::Whole(number) => any.whole(3, number.cast_unsigned()),
        Any::Number(number) => any.fixed64(4, number.to_bits()),
        Any::List(items) => {
            let mut list = Message::default();
            for item in items {
                list.bytes(1, self::any(item).0);
            }
            any.bytes(5, list.0)
        }
        Any::Object(fields) => {
            let mut object = Message::default();
            for (key, value) in fields {
                object.pair(1, key, value);
            }
            any.bytes(6, object.0)
        }
    };
    any
}

pub(super) fn span(trace: &str, span: &Span) -> Vec<u8> {
    let Span { id, parent, name, start, end, attributes, events, links, .. } = span;
    let mut message = Message::default();
    message.id(1, trace).id(2, id);
    if let Some(parent) = parent {
        message.id(4, parent);
    }
    message.bytes(5, name).whole(6, kind(span.kind)).fixed64(7, *start);
    if let Some(end) = end {
        message.fixed64(8, *end);
    }
    message.attributes(9, attributes);
    for Event { time, name, attributes } in events {
        let mut event = Message::default();
        event.fixed64(1, *time).bytes(2, name).attributes(3, attributes);
        message.bytes(11, event.0);
    }
    for Link { trace, span, attributes } in links {
        let mut link = Message::default();
        link.id(1, trace).id(2, span).attributes(4, attributes);
        message.bytes(13, link.0);
    }
    if let Some((code, said)) = status(&span.status) {
        let mut status = Message::default();
        status.bytes(2, said).whole(3, code);
        message.bytes(15, status.0);
    }
    message.0
}

pub(super) fn request(groups: &[Group<'_>]) -> Vec<u8> {
    let mut request = Message::default();
    for Group { source, spans } in groups {
        let Source { resource, scope: name, scope_version, scope_attributes } = source;
        let (mut of_resource, mut scope) = (Message::default(), Message::default());
        of_resource.attributes(1, resource);
        scope.bytes(1, name).bytes(2, scope_version).attributes(3, scope_attributes);
        let (mut of_scope, mut group) = (Message::default(), Message::default());
        of_scope.bytes(1, scope.0);
        for span in spans {
            of_scope.bytes(2, span);
        }
        group.bytes(1, of_resource.0).bytes(2, of_scope.0);
        request.bytes(1, group.0);
    }
    request.0
}
