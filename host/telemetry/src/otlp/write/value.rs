//! An `AnyValue`: what a JSON text is as a typed value.

use std::borrow::Cow;
use std::fmt;

use model::json::Json;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::value::DEEPEST;

/// Objects keep their order, and a key that is there twice.
pub(super) enum Any<'a> {
    Null,
    Boolean(bool),
    Whole(i64),
    Number(f64),
    Text(Cow<'a, str>),
    List(Vec<Any<'a>>),
    Object(Vec<(Cow<'a, str>, Any<'a>)>),
}

impl<'a> Any<'a> {
    pub(super) fn of(value: &'a Json) -> Self {
        read(value.as_str(), 0)
    }
}

fn read(raw: &str, depth: usize) -> Any<'_> {
    // Numbers without end, and all else that serde_json does not read, are a text of themselves.
    let read = At(depth).deserialize(&mut serde_json::Deserializer::from_str(raw));
    read.unwrap_or(Any::Text(Cow::Borrowed(raw)))
}

/// How many lists and objects the value is in.
#[derive(Clone, Copy)]
struct At(usize);

impl<'de> DeserializeSeed<'de> for At {
    type Value = Any<'de>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Any<'de>, D::Error> {
        if self.0 < DEEPEST {
            return from.deserialize_any(self);
        }
        let raw = <&RawValue as serde::Deserialize>::deserialize(from)?.get();
        Ok(if raw.starts_with(['[', '{']) { Any::Text(Cow::Borrowed(raw)) } else { read(raw, 0) })
    }
}

impl<'de> Visitor<'de> for At {
    type Value = Any<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Any<'de>, E> {
        Ok(Any::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Any<'de>, E> {
        Ok(Any::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Any<'de>, E> {
        Ok(Any::Whole(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Any<'de>, E> {
        Ok(i64::try_from(value).map_or(Any::Number(value as f64), Any::Whole))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Any<'de>, E> {
        Ok(Any::Number(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Cow::Borrowed(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Cow::Owned(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Any<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Self(self.0 + 1))? {
            items.push(item);
        }
        Ok(Any::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Any<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some(name) = object.next_key::<Cow<'de, str>>()? {
            fields.push((name, object.next_value_seed(Self(self.0 + 1))?));
        }
        Ok(Any::Object(fields))
    }
}
