//! Why a scorer could not work on a row.

pub use crate::bindings::karat::eval::types::{ErrorCode, Failure};

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
