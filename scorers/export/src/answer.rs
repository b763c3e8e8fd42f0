//! What an HTTP answer means for a batch.

use karat_sdk::exporter::{Batch, Receipt};
use karat_sdk::http::Response;
use karat_sdk::{ErrorCode, Failure};

/// Characters of an answer that are shown where something is wrong with it.
const SHOWN: usize = 200;

/// The receipt of a batch that was refused; none where it was taken.
///
/// # Errors
///
/// Fails where it may be taken another time, as OTLP has it: 429, 502, 503 and 504.
pub(crate) fn refusal(batch: &Batch, answer: &Response) -> Result<Option<Receipt>, Failure> {
    let message = format!("the server answered with status {}: {}", answer.status, beginning(&answer.text()));
    match answer.status {
        200..300 => Ok(None),
        429 => Err(Failure { code: ErrorCode::RateLimited, message }),
        502..=504 => Err(Failure { code: ErrorCode::Unavailable, message }),
        _ => Ok(Some(Receipt::rejected(batch, batch.span_count, message))),
    }
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
