//! Attributes as OpenTelemetry's protobuf has them in JSON.

use std::borrow::Cow;

use model::json::Json;
use model::trace::Attributes;
use serde::Serialize;
use serde_json::{Number, Value};

/// An attribute, or what is under a key of an object.
#[derive(Serialize)]
pub(super) struct Pair<'a> {
    key: Cow<'a, str>,
    value: Any<'a>,
}

/// A value as an `AnyValue`.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Any<'a> {
    BoolValue(bool),
    IntValue(Number),
    DoubleValue(Option<f64>),
    StringValue(String),
    /// A text as it is kept: it needs not be read to be written again.
    #[serde(rename = "string_value")]
    Written(&'a Json),
    ArrayValue(List<Any<'a>>),
    KvlistValue(List<Pair<'a>>),
    #[serde(untagged)]
    Null {},
}

#[derive(Serialize)]
struct List<T> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    values: Vec<T>,
}

pub(super) fn pairs(attributes: &Attributes) -> Vec<Pair<'_>> {
    attributes.iter().map(|(key, value)| Pair { key: key.into(), value: Any::of(value) }).collect()
}

impl<'a> Any<'a> {
    fn of(written: &'a Json) -> Self {
        if written.as_str().starts_with('"') { Self::Written(written) } else { written.to_value().into() }
    }
}

impl From<Value> for Any<'_> {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null {},
            Value::Bool(value) => Self::BoolValue(value),
            Value::Number(number) if number.is_i64() => Self::IntValue(number),
            Value::Number(number) => Self::DoubleValue(number.as_f64()),
            Value::String(text) => Self::StringValue(text),
            Value::Array(list) => Self::ArrayValue(List { values: list.into_iter().map(Self::from).collect() }),
            Value::Object(map) => Self::KvlistValue(List {
                values: map.into_iter().map(|(key, value)| Pair { key: key.into(), value: value.into() }).collect(),
            }),
        }
    }
}
