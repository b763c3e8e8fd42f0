//! What answers have in common: they are protobuf's messages in JSON, where what is not there is left out.

use axum::Json;
use serde_json::{Value, json};

use super::Answer;

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
