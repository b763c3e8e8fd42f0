//! What an HTTP answer means for the row.

use karat_sdk::http::Response;
use karat_sdk::{ErrorCode, Failure};
use serde_json::Value;

/// Characters of an answer that are shown where something is wrong with it.
const SHOWN: usize = 200;

/// The answer as JSON, if the application gave one.
pub(crate) fn json(response: &Response) -> Result<Value, Failure> {
    check(response)?;
    serde_json::from_slice(&response.body).map_err(|error| {
        let shown = beginning(&response.text());
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
        _ => beginning(&response.text()),
    };
    Err(Failure { code, message: format!("the application answered with status {status}: {said}") })
}

fn location(response: &Response) -> String {
    let header = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("location"));
    header.map_or("nowhere".to_owned(), |header| beginning(&String::from_utf8_lossy(&header.value)))
}

/// The beginning of a text, in one line.
pub(crate) fn beginning(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None if words.is_empty() => "an empty body".to_owned(),
        None => words,
    }
}
