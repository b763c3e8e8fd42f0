//! What answers have in common: they are protobuf's messages in JSON, where what is not there is left out.

use std::collections::BTreeMap;

use axum::Json;
use serde_json::{Value, json};

use super::{Asked, Wrong};

/// What a resource answers.
pub(super) type Answer = Result<Json<Value>, Wrong>;

/// A message as it is sent: without fields that are not set, and without empty lists.
pub(super) fn message(fields: Value) -> Value {
    let Value::Object(mut fields) = fields else { return fields };
    fields.retain(|_, value| !value.is_null() && *value != json!([]));
    Value::Object(fields)
}

/// An answer of these fields, as [`message`] has them.
pub(super) fn answer(fields: Value) -> Answer {
    Ok(Json(message(fields)))
}

/// What is answered where there is nothing to say.
pub(super) fn done() -> Answer {
    answer(json!({}))
}

/// Tags or parameters as a list of keys and values.
pub(super) fn pairs(map: &BTreeMap<String, String>) -> Value {
    map.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// Reads such a list. Of a key that comes twice the last value counts.
pub(super) fn read_pairs(asked: &Asked, name: &str) -> Result<BTreeMap<String, String>, Wrong> {
    let text = |pair: &Asked, field: &str| pair.text(field).map(|text| text.unwrap_or_default().to_owned());
    asked.messages(name)?.iter().map(|pair| Ok((text(pair, "key")?, text(pair, "value")?))).collect()
}
