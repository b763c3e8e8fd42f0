//! What came of asking the application under test.

use std::time::Duration;

use crate::json::Json;
use crate::trace::Trace;

/// An answer of the application.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    pub outputs: Json,
    /// The call as a root span with the predictor's name, and the steps that the predictor knows of.
    pub trace: Trace,
}

/// A prediction that was asked for, as a result keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// None where the application gave no answer; the result has the error.
    pub outputs: Option<Json>,
    /// Wall time of the attempt that gave the answer; none where there is none.
    pub latency: Option<Duration>,
    /// How often the application was asked: 1, and one more for each retry.
    pub attempts: u32,
    /// What the application says it used, over all its calls of a model.
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
}
