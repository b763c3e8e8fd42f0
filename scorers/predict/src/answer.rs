//! What an HTTP answer means for the row.

use karat_sdk::http::Response;
use karat_sdk::{ErrorCode, Failure, excerpt};
use serde_json::Value;

/// The answer as JSON, if the application gave one.
pub(crate) fn json(response: &Response) -> Result<Value, Failure> {
    check(response)?;
    serde_json::from_slice(&response.body).map_err(|error| {
        let shown = excerpt(&response.text());
        Failure::other(format!("the application's answer (status {}) is not JSON: {error}: {shown}", response.status))
    })
}

/// Fails where the application did not answer as asked.
pub(crate) fn check(response: &Response) -> Result<(), Failure> {
    if response.truncated {
        let message = "the application's answer is larger than `limits.http_bytes` allows".to_owned();
        return Err(Failure { code: ErrorCode::TooLarge, message });
    }
    let status = response.status;
    let code = match status {
        200..300 => return Ok(()),
        429 => ErrorCode::RateLimited,
        408 | 500.. => ErrorCode::Unavailable,
        _ => ErrorCode::Other,
    };
    let said = match status {
        300..400 => format!("a redirect to {}, which is not followed", location(response)),
        _ => excerpt(&response.text()),
    };
    Err(Failure { code, message: format!("the application answered with status {status}: {said}") })
}

fn location(response: &Response) -> String {
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("location"));
    header.map_or("nowhere".to_owned(), |header| excerpt(&String::from_utf8_lossy(&header.value)))
}
