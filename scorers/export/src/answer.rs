//! What an HTTP answer means for a batch.

use karat_sdk::exporter::{Batch, Receipt};
use karat_sdk::http::Response;
use karat_sdk::{ErrorCode, Failure, excerpt};

/// The receipt of a batch that was refused; none where it was taken.
///
/// # Errors
///
/// Fails where it may be taken another time, as OTLP has it: 429, 502, 503 and 504.
pub(crate) fn refusal(batch: &Batch, answer: &Response) -> Result<Option<Receipt>, Failure> {
    let message = format!("the server answered with status {}: {}", answer.status, excerpt(&answer.text()));
    match answer.status {
        200..300 => Ok(None),
        429 => Err(Failure { code: ErrorCode::RateLimited, message }),
        502..=504 => Err(Failure { code: ErrorCode::Unavailable, message }),
        _ => Ok(Some(Receipt::rejected(batch, batch.span_count, message))),
    }
}
