//! OTLP as protocol buffers.
//!
//! The numbers of fields are those of `opentelemetry/proto/trace/v1/trace.proto` and `common/v1/common.proto`.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::json::Json;
use model::trace::{Attributes, Event, Link, Source, Span, SpanKind, Status};
use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::wire::{Fields, Held, messages, text};
use super::{Limits, Many, Received, Unreadable};
use crate::id::hexadecimal;
use crate::shape::MOST_SPANS;
use crate::value::{DEEPEST, keep_last};

pub(super) fn receive(request: &[u8], limits: &Limits) -> Result<Received, Unreadable> {
    take_apart(request, limits).map_err(|error| Unreadable(format!("the request is not OTLP: {error}")))
}

fn take_apart(request: &[u8], limits: &Limits) -> Result<Received, String> {
    let spans = spans(request)?;
    if spans > MOST_SPANS {
        return Err(format!("has more than {MOST_SPANS} spans"));
    }
    let mut received = Received::default();
    for (at_resource, of_resource) in messages(request, 1).enumerate() {
        let of_resource = of_resource?;
        // What no span is of is not even read.
        let mut resource = None;
        for (at_scope, of_scope) in messages(of_resource, 2).enumerate() {
            let of_scope = of_scope?;
            let mut source = None;
            for (at, span) in messages(of_scope, 2).enumerate() {
                let path = || format!("resourceSpans[{at_resource}].scopeSpans[{at_scope}].spans[{at}]");
                let span = span?;
                let resource = match &resource {
                    Some(known) => known,
                    None => resource.insert(Arc::new(attributes_of_message(of_resource, limits)?)),
                };
                let source = match &source {
                    Some(known) => known,
                    None => source.insert(Arc::new(source_of(of_scope, resource, limits)?)),
                };
                received.take(path, limits, || {
                    read(span, limits).and_then(|(trace, span)| super::sent(Some(trace), span, source))
                });
            }
        }
    }
    Ok(received)
}

/// How many spans a request has.
fn spans(request: &[u8]) -> Result<usize, String> {
    let mut spans = 0;
    for resource in messages(request, 1) {
        for scope in messages(resource?, 2) {
            for span in messages(scope?, 2) {
                span?;
                spans += 1;
            }
        }
    }
    Ok(spans)
}

/// Attributes of the resource.
fn attributes_of_message(of_resource: &[u8], limits: &Limits) -> Result<Attributes, String> {
    let mut found = Many::new("resource.attributes", limits.attributes);
    for resource in messages(of_resource, 1) {
        for pair in messages(resource?, 1) {
            let pair = pair?;
            found.add(|| attribute(pair))?;
        }
    }
    attributes(found)
}

fn source_of(of_scope: &[u8], resource: &Arc<Attributes>, limits: &Limits) -> Result<Source, String> {
    let mut source = Source { resource: Arc::clone(resource), ..Source::default() };
    let mut found = Many::new("scope.attributes", limits.attributes);
    for scope in messages(of_scope, 1) {
        for field in Fields(scope?) {
            match field? {
                (1, Held::Bytes(name)) => source.scope = text(name)?.to_owned(),
                (2, Held::Bytes(version)) => source.scope_version = text(version)?.to_owned(),
                (3, Held::Bytes(pair)) => found.add(|| attribute(pair))?,
                _ => {}
            }
        }
    }
    source.scope_attributes = attributes(found)?;
    Ok(source)
}

fn read(span: &[u8], limits: &Limits) -> Result<(String, Span), String> {
    let (mut trace, mut id, mut parent): (&[u8], &[u8], &[u8]) = (&[], &[], &[]);
    let mut read = Span::default();
    let mut pairs = Many::new("attributes", limits.attributes);
    let mut events = Many::new("events", limits.events);
    let mut links = Many::new("links", limits.links);
    for field in Fields(span) {
        match field? {
            (1, Held::Bytes(bytes)) => trace = bytes,
            (2, Held::Bytes(bytes)) => id = bytes,
            (4, Held::Bytes(bytes)) => parent = bytes,
            (5, Held::Bytes(name)) => read.name = text(name)?.to_owned(),
            (6, Held::Number(number)) => read.kind = kind(number),
            (7, Held::Fixed(time)) => read.start = time,
            (8, Held::Fixed(time)) => read.end = Some(time).filter(|time| *time != 0),
            (9, Held::Bytes(pair)) => pairs.add(|| attribute(pair))?,
            (11, Held::Bytes(bytes)) => events.add(|| event(bytes, limits))?,
            (13, Held::Bytes(bytes)) => links.add(|| link(bytes, limits))?,
            (15, Held::Bytes(bytes)) => read.status = status(bytes)?,
            _ => {}
        }
    }
    read.id = self::id::<8>(id, "spanId")?;
    if parent.iter().any(|byte| *byte != 0) {
        read.parent = Some(self::id::<8>(parent, "parentSpanId")?);
    }
    read.attributes = attributes(pairs)?;
    read.events = events.all()?;
    read.links = links.all()?;
    Ok((self::id::<16>(trace, "traceId")?, read))
}

fn event(event: &[u8], limits: &Limits) -> Result<Event, String> {
    let mut read = Event::default();
    let mut pairs = Many::new("attributes", limits.attributes);
    for field in Fields(event) {
        match field? {
            (1, Held::Fixed(time)) => read.time = time,
            (2, Held::Bytes(name)) => read.name = text(name)?.to_owned(),
            (3, Held::Bytes(pair)) => pairs.add(|| attribute(pair))?,
            _ => {}
        }
    }
    read.attributes = attributes(pairs)?;
    Ok(read)
}

fn link(link: &[u8], limits: &Limits) -> Result<Link, String> {
    let (mut trace, mut span): (&[u8], &[u8]) = (&[], &[]);
    let mut pairs = Many::new("attributes", limits.attributes);
    for field in Fields(link) {
        match field? {
            (1, Held::Bytes(bytes)) => trace = bytes,
            (2, Held::Bytes(bytes)) => span = bytes,
            (4, Held::Bytes(pair)) => pairs.add(|| attribute(pair))?,
            _ => {}
        }
    }
    Ok(Link {
        trace: id::<16>(trace, "links.traceId")?,
        span: id::<8>(span, "links.spanId")?,
        attributes: attributes(pairs)?,
    })
}

fn status(status: &[u8]) -> Result<Status, String> {
    let (mut message, mut code) = ("", 0);
    for field in Fields(status) {
        match field? {
            (2, Held::Bytes(bytes)) => message = text(bytes)?,
            (3, Held::Number(number)) => code = number,
            _ => {}
        }
    }
    Ok(match code {
        1 => Status::Ok,
        2 => Status::Error(message.to_owned()),
        _ => Status::Unset,
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
fn kind(number: u64) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

fn attributes(pairs: Many<(String, Json)>) -> Result<Attributes, String> {
    let mut attributes = pairs.all()?;
    keep_last(&mut attributes);
    Ok(attributes)
}

fn attribute(pair: &[u8]) -> Result<(String, Json), String> {
    let (key, value) = key_and_value(pair)?;
    Ok((key.to_owned(), Json::from_serialize(&Value { value, depth: 0 }).map_err(|error| error.to_string())?))
}

fn key_and_value(pair: &[u8]) -> Result<(&str, &[u8]), String> {
    let (mut key, mut value): (&str, &[u8]) = ("", &[]);
    for field in Fields(pair) {
        match field? {
            (1, Held::Bytes(bytes)) => key = text(bytes)?,
            (2, Held::Bytes(bytes)) => value = bytes,
            _ => {}
        }
    }
    Ok((key, value))
}

/// An `AnyValue`, written as JSON just as it is read from OTLP/JSON.
struct Value<'a> {
    value: &'a [u8],
    depth: usize,
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if self.depth > DEEPEST {
            return Err(S::Error::custom(format_args!("a value nests deeper than {DEEPEST} levels")));
        }
        let mut said = None;
        for field in Fields(self.value) {
            let field = field.map_err(S::Error::custom)?;
            // The last one counts. 8 is an index into a dictionary that only profiles have.
            if (1..=8).contains(&field.0) {
                said = Some(field);
            }
        }
        let within = |value| Value { value, depth: self.depth + 1 };
        match said {
            Some((1, Held::Bytes(bytes))) => to.serialize_str(text(bytes).map_err(S::Error::custom)?),
            Some((2, Held::Number(number))) => to.serialize_bool(number != 0),
            Some((3, Held::Number(number))) => to.serialize_i64(number.cast_signed()),
            Some((4, Held::Fixed(bits))) => match f64::from_bits(bits) {
                // What JSON has no number for is a text.
                number if number.is_nan() => to.serialize_str("NaN"),
                number if number.is_infinite() => to.serialize_str(if number > 0.0 { "Infinity" } else { "-Infinity" }),
                number => to.serialize_f64(number),
            },
            Some((5, Held::Bytes(list))) => {
                let mut items = to.serialize_seq(None)?;
                for item in messages(list, 1) {
                    items.serialize_element(&within(item.map_err(S::Error::custom)?))?;
                }
                items.end()
            }
            Some((6, Held::Bytes(list))) => {
                let mut fields = to.serialize_map(None)?;
                for pair in messages(list, 1) {
                    let (key, value) = pair.and_then(key_and_value).map_err(S::Error::custom)?;
                    fields.serialize_entry(key, &within(value))?;
                }
                fields.end()
            }
            Some((7, Held::Bytes(bytes))) => to.serialize_str(&STANDARD.encode(bytes)),
            _ => to.serialize_unit(),
        }
    }
}
