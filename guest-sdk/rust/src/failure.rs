//! Why a scorer could not work on a row.

pub use crate::bindings::karat::eval::types::{ErrorCode, Failure};

/// Characters of an excerpt.
const EXCERPT: usize = 200;

/// The beginning of a text in one line, for the message of a failure: of an answer that is not as it should be.
pub fn excerpt(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(EXCERPT) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None if words.is_empty() => "nothing".to_owned(),
        None => words,
    }
}

impl Failure {
    /// The row lacks something the scorer needs, or has it in a wrong shape.
    pub fn bad_input(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::BadInput, message: message.into() }
    }

    /// A parameter has a value that the schema could not rule out.
    pub fn bad_parameter(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::BadParameter, message: message.into() }
    }

    /// Something else; the message says what.
    pub fn other(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::Other, message: message.into() }
    }
}
