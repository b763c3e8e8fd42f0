//! Values of attributes.

use std::collections::HashSet;

use model::json::Json;
use model::object::kind_of;
use model::ports::BrokenTrace;
use rustc_hash::{FxBuildHasher, FxHashSet};
use serde_json::value::RawValue;

use crate::fields::{Fields, shown, text, within, wrong};

/// How an object of attributes holds its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Values {
    /// As they are.
    Plain,
    /// As JSON within texts.
    Texts,
    /// As an exporter sent them: as they are, and of a key that is there twice, the last one counts.
    Sent,
}

impl Values {
    /// What beside its spans was read of a trace. An exporter is told what is wrong with it; a row's trace was never looked
    /// through for that, so there it is passed over.
    pub(crate) fn beside<T: Default>(self, read: Result<T, BrokenTrace>) -> Result<T, BrokenTrace> {
        match self {
            Self::Sent => read,
            Self::Plain | Self::Texts => Ok(read.unwrap_or_default()),
        }
    }
}

/// The attributes of a span: an object, or a list of keys with typed values as OTLP has it.
pub(crate) fn attributes(raw: &str, values: Values) -> Result<Vec<(String, Json)>, BrokenTrace> {
    let mut attributes = if raw.starts_with('[') { listed(raw)? } else { named(raw, values)? };
    if values == Values::Sent {
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
        Values::Plain | Values::Sent => Json::from_raw(raw),
        Values::Texts => unwrapped(raw),
    };
    Ok(Fields::read(raw)?.entries().map(|(key, raw)| (key.to_owned(), value(raw))).collect())
}

/// A text that is JSON stands for it; one that is not, for itself.
fn unwrapped(raw: &RawValue) -> Json {
    let inner = serde_json::from_str::<String>(raw.get()).ok().and_then(|text| Json::parse(&text).ok());
    inner.unwrap_or_else(|| Json::from_raw(raw))
}

fn listed(raw: &str) -> Result<Vec<(String, Json)>, BrokenTrace> {
    let items: Vec<&RawValue> = serde_json::from_str(raw).map_err(|_| wrong("expected a list"))?;
    let read =
        |(index, item): (usize, &RawValue)| entry(item.get()).map_err(|broken| within(broken, &format!("[{index}]")));
    let written = items.into_iter().enumerate().map(read);
    written.map(|entry| entry.map(|(key, text)| (key, json(&text)))).collect()
}

/// A key and its value as JSON text.
fn entry(raw: &str) -> Result<(String, String), BrokenTrace> {
    let fields = Fields::read(raw)?;
    let key = fields.text(&["key"])?.ok_or_else(|| wrong("missing key `key`"))?;
    let value = fields.map(&["value"], any)?;
    Ok((key, value.unwrap_or_else(|| "null".to_owned())))
}

/// What was put together of valid JSON.
pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|_| Json::from_raw(RawValue::NULL))
}

/// OTLP's AnyValue as JSON text. JSON nests no deeper than 128 levels, so neither does this.
fn any(raw: &str) -> Result<String, BrokenTrace> {
    let fields = Fields::read(raw)?;
    let Some((name, value)) = fields.entries().find(|(_, value)| value.get() != "null") else {
        return Ok("null".to_owned());
    };
    let value = value.get();
    let read = match name {
        "stringValue" | "string_value" | "bytesValue" | "bytes_value" => text(value).map(|_| value.to_owned()),
        "boolValue" | "bool_value" if matches!(value, "true" | "false") => Ok(value.to_owned()),
        "intValue" | "int_value" => whole(value),
        "doubleValue" | "double_value" => number(value),
        "arrayValue" | "array_value" => array(value),
        "kvlistValue" | "kvlist_value" => object(value),
        "boolValue" | "bool_value" => Err(wrong(format!("expected a boolean, found {}", kind_of(value)))),
        _ => Err(wrong("is no kind of value")),
    };
    read.map_err(|broken| within(broken, name))
}

fn whole(raw: &str) -> Result<String, BrokenTrace> {
    let digits = raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')).unwrap_or(raw);
    let number = digits.parse::<i64>().map_err(|_| wrong(format!("expected a whole number, found {}", shown(raw))))?;
    Ok(number.to_string())
}

/// A number; what JSON has no number for stays the text that it is.
fn number(raw: &str) -> Result<String, BrokenTrace> {
    match raw {
        "\"NaN\"" | "\"Infinity\"" | "\"-Infinity\"" => Ok(raw.to_owned()),
        _ if raw.starts_with(|c: char| c.is_ascii_digit() || c == '-') => Ok(raw.to_owned()),
        _ => Err(wrong(format!("expected a number, found {}", shown(raw)))),
    }
}

fn array(raw: &str) -> Result<String, BrokenTrace> {
    let items = Fields::read(raw)?.list(&["values"])?;
    let read = |(path, item): (String, &RawValue)| any(item.get()).map_err(|broken| within(broken, &path));
    let items = items.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("[{}]", items.join(",")))
}

fn object(raw: &str) -> Result<String, BrokenTrace> {
    let items = Fields::read(raw)?.list(&["values"])?;
    let read = |(path, item): (String, &RawValue)| {
        let (key, value) = entry(item.get()).map_err(|broken| within(broken, &path))?;
        Ok(format!("{}:{value}", serde_json::Value::from(key)))
    };
    let items = items.into_iter().map(read).collect::<Result<Vec<_>, BrokenTrace>>()?;
    Ok(format!("{{{}}}", items.join(",")))
}
