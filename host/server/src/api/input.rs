//! What requests to the API say.

use std::time::Duration;

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use crate::refusal::{Kind, Refusal};

/// The most that a request to the API may have.
const MOST_BYTES: usize = 1 << 20;

/// How long it may be on its way.
const PATIENCE: Duration = Duration::from_secs(30);

/// The most that a name may have.
const LONGEST_NAME: usize = 250;

/// A body that is JSON.
pub(super) struct Input<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        check_kind(request.headers())?;
        let over = |error| Refusal::too_large(format!("the request can't be read up to {MOST_BYTES} bytes: {error}"));
        let late = |_| Refusal::unavailable("the request took too long to come in");
        let bytes = axum::body::to_bytes(request.into_body(), MOST_BYTES);
        let bytes = tokio::time::timeout(PATIENCE, bytes).await.map_err(late)?.map_err(over)?;
        json(&bytes).map(Self)
    }
}

/// Refuses what does not say that it is JSON.
pub(super) fn check_kind(headers: &HeaderMap) -> Result<(), Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        true => Ok(()),
        false => Err(Refusal::new(Kind::Unsupported, "the request is no JSON").hint("send `application/json`")),
    }
}

/// Reads a body, or says which field is wrong.
pub(super) fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let refusal = Refusal::bad_request(error.inner().to_string());
        match error.path().to_string().as_str() {
            "." | "?" => refusal,
            path => refusal.field(path),
        }
    })?;
    json.end().map_err(|error| Refusal::bad_request(error.to_string()))?;
    Ok(read)
}

/// The id of a trace as the store has it.
pub(super) fn trace_id(id: &str) -> Result<String, Refusal> {
    hexadecimal(id, 32, "id")
}

/// The id of a span as the store has it.
pub(super) fn span_id(id: &str) -> Result<String, Refusal> {
    hexadecimal(id, 16, "span")
}

fn hexadecimal(id: &str, digits: usize, field: &str) -> Result<String, Refusal> {
    if id.len() == digits && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(id.to_ascii_lowercase());
    }
    Err(Refusal::bad_request("the id is none").hint(format!("use {digits} hexadecimal digits")).field(field))
}

pub(super) fn check_name(name: &str) -> Result<(), Refusal> {
    match name.trim().is_empty() || name.len() > LONGEST_NAME {
        true => {
            Err(Refusal::bad_request("the name is none").hint(format!("use 1 to {LONGEST_NAME} bytes")).field("name"))
        }
        false => Ok(()),
    }
}
