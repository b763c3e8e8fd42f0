//! Values of attributes.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use model::json::Json;
use model::object::kind_of;
use model::ports::BrokenTrace;
use rustc_hash::{FxBuildHasher, FxHashSet};
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::fields::{Fields, items, shown, text, within, wrong};
use crate::otlp::Limits;

/// How an object of attributes holds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// As they are.
    Plain,
    /// As JSON within texts.
    Texts,
    /// As an exporter sent them, within these limits: of a key that is there twice, the last one counts, and the same value
    /// is the same text whichever way it came.
    Sent(Limits),
}

impl Values {
    /// What beside its spans was read of a trace. An exporter is told what is wrong with it; a row's trace was never looked
    /// through for that, so there it is passed over.
    pub(crate) fn beside<T: Default>(self, read: Result<T, BrokenTrace>) -> Result<T, BrokenTrace> {
        match self {
            Self::Sent(_) => read,
            Self::Plain | Self::Texts => Ok(read.unwrap_or_default()),
        }
    }

    /// How many of something there may be.
    pub(crate) fn most_of(self, what: impl FnOnce(Limits) -> usize) -> usize {
        match self {
            Self::Sent(limits) => what(limits),
            Self::Plain | Self::Texts => usize::MAX,
        }
    }

    /// Whether a number that is unknown here stands for none, as protocol buffers have it.
    pub(crate) fn skips_number(self, raw: &str) -> bool {
        matches!(self, Self::Sent(_)) && raw.parse::<i32>().is_ok()
    }
}

/// The attributes of a span: an object, or a list of keys with typed values as OTLP has it.
pub(crate) fn attributes(raw: &str, values: Values) -> Result<Vec<(String, Json)>, BrokenTrace> {
    let mut attributes = if raw.starts_with('[') { listed(raw, values)? } else { named(raw, values)? };
    if matches!(values, Values::Sent(_)) {
        keep_last(&mut attributes);
        return Ok(attributes);
    }
    let mut keys = HashSet::with_capacity(attributes.len());
    match attributes.iter().find(|(key, _)| !keys.insert(key.as_str())) {
        Some((key, _)) => Err(within(wrong("is there twice"), key)),
        None => Ok(attributes),
    }
}

/// Drops what another one with the same key comes after.
pub(crate) fn keep_last(attributes: &mut Vec<(String, Json)>) {
    let mut keys = FxHashSet::with_capacity_and_hasher(attributes.len(), FxBuildHasher);
    if attributes.iter().all(|(key, _)| keys.insert(key.as_str())) {
        return;
    }
    keys.clear();
    let last: Vec<_> = attributes.iter().rev().map(|(key, _)| keys.insert(key.as_str())).collect();
    let mut last = last.into_iter().rev();
    attributes.retain(|_| last.next().unwrap_or(true));
}

fn named(raw: &str, values: Values) -> Result<Vec<(String, Json)>, BrokenTrace> {
    let value = |raw: &RawValue| match values {
        Values::Plain => Ok(Json::from_raw(raw)),
        Values::Texts => Ok(unwrapped(raw)),
        Values::Sent(_) => Json::parse(raw.get()).map_err(|_| wrong("nests deeper than 127 levels")),
    };
    let fields = Fields::read(raw)?;
    let (count, most) = (fields.entries().count(), values.most_of(|limits| limits.attributes));
    if count > most {
        return Err(wrong(format!("has {count} items, more than {most}")));
    }
    let read = |(key, raw): (&str, &RawValue)| match value(raw) {
        Ok(value) => Ok((key.to_owned(), value)),
        Err(broken) => Err(within(broken, key)),
    };
    fields.entries().map(read).collect()
}

/// A text that is JSON stands for it; one that is not, for itself.
fn unwrapped(raw: &RawValue) -> Json {
    let inner = serde_json::from_str::<String>(raw.get()).ok().and_then(|text| Json::parse(&text).ok());
    inner.unwrap_or_else(|| Json::from_raw(raw))
}

/// An attribute as OTLP has it.
#[derive(Deserialize)]
struct Pair<'a> {
    #[serde(borrow)]
    key: Cow<'a, str>,
    #[serde(borrow)]
    value: Option<Typed<'a>>,
}

/// OTLP's AnyValue: an object with one field, whose name says of what type its value is. None where it is empty.
struct Typed<'a>(Option<(Type, &'a RawValue)>);

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Type {
    #[serde(alias = "string_value")]
    StringValue,
    #[serde(alias = "bool_value")]
    BoolValue,
    #[serde(alias = "int_value")]
    IntValue,
    #[serde(alias = "double_value")]
    DoubleValue,
    #[serde(alias = "array_value")]
    ArrayValue,
    #[serde(alias = "kvlist_value")]
    KvlistValue,
    #[serde(alias = "bytes_value")]
    BytesValue,
    #[serde(other)]
    Unknown,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::StringValue => "stringValue",
            Self::BoolValue => "boolValue",
            Self::IntValue => "intValue",
            Self::DoubleValue => "doubleValue",
            Self::ArrayValue => "arrayValue",
            Self::KvlistValue => "kvlistValue",
            Self::BytesValue => "bytesValue",
            Self::Unknown => "",
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Typed<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct First;
        impl<'de> Visitor<'de> for First {
            type Value = Typed<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Typed<'de>, A::Error> {
                let mut first = None;
                while let Some((name, value)) = fields.next_entry::<Type, &RawValue>()? {
                    first = first.or_else(|| (value.get() != "null").then_some((name, value)));
                }
                Ok(Typed(first))
            }
        }
        from.deserialize_map(First)
    }
}

fn listed(raw: &str, values: Values) -> Result<Vec<(String, Json)>, BrokenTrace> {
    let most = values.most_of(|limits| limits.attributes);
    let at = |index: usize| format!("[{index}]");
    let Some(pairs) = items::<Pair<'_>>(raw, most)? else { return Err(broken(raw, most)) };
    let read = |(index, Pair { key, value }): (usize, Pair<'_>)| {
        let value = value.map(|value| typed(value, values, 0)).transpose();
        let value = value.map_err(|broken| within(within(broken, "value"), &at(index)))?;
        Ok((key.into_owned(), value.unwrap_or_else(null)))
    };
    pairs.into_iter().enumerate().map(read).collect()
}

/// What is wrong with a list of attributes.
fn broken(raw: &str, most: usize) -> BrokenTrace {
    let wrong_one = |(index, item): (usize, &RawValue)| {
        let value = |raw: &RawValue| any(raw.get(), Values::Plain, 0).map_err(|broken| within(broken, "value"));
        let read = entry(item.get()).and_then(|(_, raw)| raw.map(value).transpose());
        read.err().map(|broken| within(broken, &format!("[{index}]")))
    };
    match items::<&RawValue>(raw, most) {
        Ok(Some(items)) => {
            let found = items.into_iter().enumerate().find_map(wrong_one);
            found.unwrap_or_else(|| wrong("expected a list of keys with values"))
        }
        Ok(None) => wrong("expected a list"),
        Err(broken) => broken,
    }
}

/// A key and its value.
fn entry(raw: &str) -> Result<(String, Option<&RawValue>), BrokenTrace> {
    let fields = Fields::read(raw)?;
    let key = fields.text(&["key"])?.ok_or_else(|| wrong("missing key `key`"))?;
    Ok((key, fields.get(&["value"]).map(|(_, value)| value)))
}

fn null() -> Json {
    Json::from_raw(RawValue::NULL)
}

/// How deep lists and objects lie within each other in a value, at the most.
pub(crate) const DEEPEST: usize = 40;

/// OTLP's AnyValue as JSON.
fn any(raw: &str, values: Values, depth: usize) -> Result<Json, BrokenTrace> {
    let value = serde_json::from_str(raw).map_err(|_| wrong(format!("expected an object, found {}", kind_of(raw))))?;
    typed(value, values, depth)
}

fn typed(Typed(value): Typed<'_>, values: Values, depth: usize) -> Result<Json, BrokenTrace> {
    let Some((of, value)) = value else { return Ok(null()) };
    let read = match of {
        Type::StringValue | Type::BytesValue => string(value, values),
        Type::BoolValue if matches!(value.get(), "true" | "false") => Ok(Json::from_raw(value)),
        Type::BoolValue => Err(wrong(format!("expected a boolean, found {}", kind_of(value.get())))),
        Type::IntValue => whole(value.get()),
        Type::DoubleValue => number(value, values),
        Type::ArrayValue | Type::KvlistValue if depth == DEEPEST => {
            Err(wrong(format!("nests deeper than {DEEPEST} levels")))
        }
        Type::ArrayValue => array(value.get(), values, depth + 1),
        Type::KvlistValue => object(value.get(), values, depth + 1),
        // Such as an index into a dictionary that only profiles have.
        Type::Unknown if matches!(values, Values::Sent(_)) => return Ok(null()),
        Type::Unknown => return Err(wrong("is no kind of value")),
    };
    read.map_err(|broken| within(broken, of.name()))
}

/// What can be written as JSON in any case.
fn written<T: Serialize + ?Sized>(value: &T) -> Json {
    Json::from_serialize(value).unwrap_or_else(|_| null())
}

fn string(raw: &RawValue, values: Values) -> Result<Json, BrokenTrace> {
    if !raw.get().starts_with('"') {
        return Err(wrong(format!("expected a text, found {}", kind_of(raw.get()))));
    }
    // There may be no such character, and there is another way to write it.
    if raw.get().contains("\\u") || raw.get().contains("\\/") {
        let text = text(raw.get())?;
        if matches!(values, Values::Sent(_)) {
            return Ok(written(&text));
        }
    }
    Ok(Json::from_raw(raw))
}

fn whole(raw: &str) -> Result<Json, BrokenTrace> {
    let digits = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    let number = digits.parse::<i64>().map_err(|_| wrong(format!("expected a whole number, found {}", shown(raw))))?;
    Ok(written(&number))
}

/// A number; what JSON has no number for stays the text that it is.
fn number(raw: &RawValue, values: Values) -> Result<Json, BrokenTrace> {
    let wrong = || wrong(format!("expected a number, found {}", shown(raw.get())));
    let digits = raw.get().strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw.get());
    match (digits, values) {
        ("NaN" | "Infinity" | "-Infinity", _) => Ok(written(digits)),
        (_, Values::Sent(_)) => digits
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite())
            .map(|number| written(&number))
            .ok_or_else(wrong),
        _ if raw.get().starts_with(|c: char| c.is_ascii_digit() || c == '-') => Ok(Json::from_raw(raw)),
        _ => Err(wrong()),
    }
}

fn array(raw: &str, values: Values, depth: usize) -> Result<Json, BrokenTrace> {
    let items = Fields::read(raw)?.list(&["values"], usize::MAX)?;
    let read =
        |(path, item): (String, &RawValue)| any(item.get(), values, depth).map_err(|broken| within(broken, &path));
    Ok(written(&items.into_iter().map(read).collect::<Result<Vec<_>, _>>()?))
}

fn object(raw: &str, values: Values, depth: usize) -> Result<Json, BrokenTrace> {
    let items = Fields::read(raw)?.list(&["values"], usize::MAX)?;
    let read = |(path, item): (String, &RawValue)| {
        let value = |value: &RawValue| any(value.get(), values, depth).map_err(|broken| within(broken, "value"));
        let read = entry(item.get()).and_then(|(key, raw)| Ok((key, raw.map(value).transpose()?.unwrap_or_else(null))));
        read.map_err(|broken| within(broken, &path))
    };
    let pairs = items.into_iter().map(read).collect::<Result<Vec<_>, BrokenTrace>>()?;
    Ok(written(&InOrder(&pairs)))
}

/// An object whose keys stay in their order, and twice where they are there twice.
struct InOrder<'a>(&'a [(String, Json)]);

impl Serialize for InOrder<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.0.iter().map(|(key, value)| (key, value)))
    }
}
