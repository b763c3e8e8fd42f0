//! A condition on a run's numbers.

use serde::{Deserialize, Serialize};

/// One comparison, such as `exact_match.lower >= 0.9`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Gate {
    /// As the suite wrote it.
    pub text: String,
    /// The key of a scorer in results, `key/sub` for a sub-feedback.
    pub scorer: String,
    pub statistic: Statistic,
    pub comparison: Comparison,
    pub threshold: f64,
}

/// A number of an aggregate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Statistic {
    Value,
    /// Ends of the 95 % interval.
    Lower,
    Upper,
    Scored,
    Passed,
    Abstained,
    Failed,
    Unpredicted,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Comparison {
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = ">")]
    Above,
    #[serde(rename = "<")]
    Below,
    #[serde(rename = "==")]
    Equal,
}

/// Whether a gate holds for a run.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct GateResult {
    pub text: String,
    pub holds: bool,
    /// The numbers compared, or why there were none.
    pub reason: String,
}
