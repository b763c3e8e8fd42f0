//! OTLP as JSON.
//!
//! A request is gone through once to find its spans, which stay as they were sent until they are read, one by one. Only
//! where that finds something wrong it is read again, slowly, for words that say what and where.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use model::json::Json;
use model::ports::BrokenTrace;
use model::trace::{Attributes, Source};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Limits, Received, Unreadable, sent};
use crate::fields::{Fields, Names};
use crate::shape::{self, MOST_SPANS, RESOURCE, RESOURCE_SPANS, SCOPE, SCOPE_SPANS, SPANS};
use crate::span::{self, Read};
use crate::value::Values;

pub(super) fn receive(request: &[u8], limits: &Limits) -> Result<Received, Unreadable> {
    let text = str::from_utf8(request).map_err(|error| Unreadable(format!("the request is not JSON: {error}")))?;
    let left = Left(Cell::new(MOST_SPANS));
    let mut json = serde_json::Deserializer::from_str(text);
    let request = left.request().deserialize(&mut json).and_then(|request| json.end().map(|()| request));
    let request = request.map_err(|_| wrong(text, &left, limits))?;
    take_apart(&request, Values::Sent(*limits), limits)
        .map_err(|broken| Unreadable(format!("the request is not OTLP: {}", said(broken))))
}

fn take_apart(request: &Request<'_>, values: Values, limits: &Limits) -> Result<Received, BrokenTrace> {
    let mut received = Received::default();
    for (at_resource, of_resource) in request.items.iter().enumerate() {
        // What no span is of is not even read.
        let mut resource = None;
        for (at_scope, of_scope) in of_resource.items.iter().enumerate() {
            let mut source = None;
            for (at, raw) in of_scope.items.iter().enumerate() {
                let of_span = || format!("resourceSpans[{at_resource}].scopeSpans[{at_scope}].spans[{at}]");
                let resource = match &resource {
                    Some(known) => known,
                    None => resource.insert(Arc::new(resource_of(of_resource.head, values)?)),
                };
                let source = match &source {
                    Some(known) => known,
                    None => source.insert(Arc::new(source_of(of_scope.head, resource, values)?)),
                };
                received.take(of_span, limits, || {
                    let Read { trace, span, .. } = span::read(raw.get(), values).map_err(said)?;
                    sent(trace, span, source)
                });
            }
        }
    }
    Ok(received)
}

fn resource_of(raw: Option<&RawValue>, values: Values) -> Result<Attributes, BrokenTrace> {
    let read = raw.map(|raw| span::attributes_of(&Fields::read(raw.get())?, values));
    read.transpose().map(Option::unwrap_or_default).map_err(|broken| crate::fields::within(broken, RESOURCE[0]))
}

fn source_of(raw: Option<&RawValue>, resource: &Arc<Attributes>, values: Values) -> Result<Source, BrokenTrace> {
    let read = raw.map(|raw| shape::scope(raw.get(), values)).transpose();
    let scope = read.map(Option::unwrap_or_default).map_err(|broken| crate::fields::within(broken, SCOPE[0]))?;
    Ok(Source { resource: Arc::clone(resource), ..scope })
}

/// What is wrong with a request.
fn wrong(text: &str, left: &Left, limits: &Limits) -> Unreadable {
    if left.0.get() == 0 {
        return Unreadable(format!("the request is not OTLP: has more than {MOST_SPANS} spans"));
    }
    // It also sees to it that the request nests no deeper than what follows can walk.
    let json = match Json::parse(text) {
        Ok(json) => json,
        Err(error) => return Unreadable(format!("the request is not JSON: {error}")),
    };
    let broken =
        Fields::read(json.as_str()).and_then(|fields| shape::otlp(&fields, Values::Sent(*limits)).map(drop)).err();
    let said = broken.map_or_else(|| "a field is there twice".to_owned(), said);
    Unreadable(format!("the request is not OTLP: {said}"))
}

fn said(broken: BrokenTrace) -> String {
    match broken.field.as_str() {
        "" => broken.message,
        field => format!("`{field}` {}", broken.message),
    }
}

/// Resources, their scopes and their spans are all a list below something that says who made what is in it.
struct Level<'a, T> {
    head: Option<&'a RawValue>,
    items: Vec<T>,
}

type Request<'a> = Level<'a, Level<'a, Level<'a, &'a RawValue>>>;

/// How many items there may be yet. An empty one is three bytes, and twenty times that once it is here.
struct Left(Cell<usize>);

impl Left {
    fn request<'de>(&self) -> impl DeserializeSeed<'de, Value = Request<'de>> {
        let spans = Below { head: SCOPE, list: SPANS, item: Raw, left: self };
        let scopes = Below { head: RESOURCE, list: SCOPE_SPANS, item: spans, left: self };
        Below { head: &[], list: RESOURCE_SPANS, item: scopes, left: self }
    }

    fn take<E: Error>(&self) -> Result<(), E> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| E::custom("there are too many"))?;
        self.0.set(left);
        Ok(())
    }
}

#[derive(Clone, Copy)]
struct Raw;

impl<'de> DeserializeSeed<'de> for Raw {
    type Value = &'de RawValue;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<&'de RawValue, D::Error> {
        Deserialize::deserialize(from)
    }
}

/// Reads a level: an object with these fields.
#[derive(Clone, Copy)]
struct Below<'l, S> {
    head: Names,
    list: Names,
    item: S,
    left: &'l Left,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for Below<'_, S> {
    type Value = Level<'de, S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for Below<'_, S> {
    type Value = Level<'de, S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Self::Value, A::Error> {
        let (mut head, mut items) = (None, None);
        while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
            if self.head.contains(&name.as_ref()) && head.is_none() {
                head = fields.next_value()?;
            } else if self.list.contains(&name.as_ref()) && items.is_none() {
                items = fields.next_value_seed(List { item: self.item, left: self.left })?;
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Level { head, items: items.unwrap_or_default() })
    }
}

/// A list, or a null where there is none.
struct List<'l, S> {
    item: S,
    left: &'l Left,
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for List<'_, S> {
    type Value = Option<Vec<S::Value>>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for List<'_, S> {
    type Value = Option<Vec<S::Value>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(self.item)? {
            self.left.take()?;
            items.push(item);
        }
        Ok(Some(items))
    }
}
