//! A condition on a run's numbers.

use serde::{Deserialize, Serialize};

/// One comparison, such as `exact_match.lower >= 0.9`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Gate {
    /// As the suite wrote it.
    pub text: String,
    /// The key of a scorer or an aggregator in results, `key/sub` for a sub-feedback; [`LATENCY`] for the time that predictions took.
    pub scorer: String,
    pub statistic: Statistic,
    pub comparison: Comparison,
    /// Times are in seconds.
    pub threshold: f64,
}

/// What gates call the time that predictions took.
pub const LATENCY: &str = "latency";

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
    /// Of latencies.
    Mean,
    P50,
    P90,
    P99,
    Max,
}

impl Statistic {
    /// Whether it is one of latencies, not of a scorer.
    pub fn is_of_latency(self) -> bool {
        matches!(self, Self::Mean | Self::P50 | Self::P90 | Self::P99 | Self::Max)
    }
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
