//! JSON within a row.

use karat_sdk::prelude::*;

/// Reads a value of a row; a string is read as the JSON text that it holds, and `Ok(Err(…))` says why it holds none.
///
/// # Errors
///
/// Fails as bad input when the row's own JSON can't be represented, such as the number `1e400`.
pub(crate) fn read(json: Json<'_>) -> Result<Result<serde_json::Value, serde_json::Error>, Failure> {
    if json.is_string() {
        return Ok(serde_json::from_str(&json.text()?));
    }
    json.parse().map(Ok)
}
