//! One attempt to tell one webhook, as MLflow does it (`mlflow/webhooks/delivery.py`), through the door out.

use std::time::{Duration, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use model::grant::HttpRule;
use model::outcome::{Failure, FailureKind};
use model::ports::{HttpRequest, HttpResponse};
use model::webhook::Webhook;
use serde_json::json;
use sha2::Sha256;
use url::Url;

use super::events::Happened;
use crate::shared::Shared;

/// How long one attempt may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is read of an answer: nobody but who tries a webhook looks at it.
const MOST_OF_ANSWER: u64 = 64 << 10;

/// The body that tells of it. `now` is nanoseconds since 1970-01-01T00:00:00Z.
pub(super) fn body(happened: &Happened, now: u64) -> String {
    let time = humantime::format_rfc3339_micros(UNIX_EPOCH + Duration::from_nanos(now)).to_string();
    json!({
        "entity": happened.event.entity.to_lowercase(),
        "action": happened.event.action.to_lowercase(),
        // As Python writes it, and as older ones of it can read it.
        "timestamp": time.replace('Z', "+00:00"),
        "data": happened.data,
    })
    .to_string()
}

/// Sends it once. `id` is the delivery's, the same each time that it is tried; time and signature are of this attempt.
///
/// # Errors
///
/// As the door does.
pub(super) async fn send(shared: &Shared, webhook: &Webhook, id: &str, body: &str) -> Result<HttpResponse, Failure> {
    let bad = |error| Failure::new(FailureKind::BadInput, format!("the URL can't be read: {error}"));
    let origin = Url::parse(&webhook.url).map_err(bad)?.origin().ascii_serialization();
    let time = ((shared.now)() / 1_000_000_000).to_string();
    let mut headers = vec![
        ("content-type", "application/json".to_owned()),
        ("x-mlflow-delivery-id", id.to_owned()),
        ("x-mlflow-timestamp", time.clone()),
    ];
    if let Some(secret) = &webhook.secret {
        headers.push(("x-mlflow-signature", signature(secret, &format!("{id}.{time}.{body}"))));
    }
    let request = HttpRequest {
        method: "POST".to_owned(),
        url: webhook.url.clone(),
        headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect(),
        body: body.as_bytes().to_vec(),
        timeout: Some(PATIENCE),
        asker: None,
    };
    let rule = HttpRule { url: origin, methods: vec!["POST".to_owned()], secrets: Vec::new(), why: None };
    shared.webhooks.door.send(&[rule], MOST_OF_ANSWER, request).await
}

/// Whoever has it takes what came.
pub(super) fn is_taken(response: &HttpResponse) -> bool {
    (200..300).contains(&response.status)
}

/// How long to wait before it is tried again, when it was tried so many times; none where that would change nothing.
pub(super) fn again_after(answered: &Result<HttpResponse, Failure>, times: u32) -> Option<Duration> {
    /// The longest that it is waited for.
    const LONGEST: Duration = Duration::from_secs(60);
    let asked_for = match answered {
        Ok(response) if matches!(response.status, 429 | 500 | 502 | 503 | 504) => retry_after(response),
        Err(failure) if matches!(failure.kind, FailureKind::TimedOut | FailureKind::Unavailable) => None,
        _ => return None,
    };
    let grown = || Duration::from_secs(1 << (times - 1).min(6)).mul_f64(1.0 + fastrand::f64() / 2.0);
    Some(asked_for.unwrap_or_else(grown).min(LONGEST))
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let (_, value) = response.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("retry-after"))?;
    std::str::from_utf8(value).ok()?.trim().parse().ok().map(Duration::from_secs)
}

fn signature(secret: &str, signed: &str) -> String {
    let mut code = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("a key may have any length");
    code.update(signed.as_bytes());
    format!("v1,{}", STANDARD.encode(code.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `_generate_hmac_signature` of MLflow 3.18 has it.
    #[test]
    fn the_signature_is_mlflows() {
        assert_eq!(signature("s3cret", "d-1.1732548728.{\"a\": 1}"), "v1,4PohA93QBKyV15gHhJWtrZXxLHNp3HrDvuOZUHEHlG8=");
    }
}
