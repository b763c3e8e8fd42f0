//! Many verdicts as one number, with what it rests on.

use serde::{Deserialize, Serialize};

use crate::outcome::Failure;

/// How the verdicts of one scorer fold into a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKind {
    /// Share of true verdicts, with a Wilson interval.
    Rate,
    /// Arithmetic mean, with a t interval.
    Mean,
    /// Labels: counted, not averaged.
    Categorical,
    /// Free text and lists: kept, not averaged.
    Text,
    /// A number of all rows together, as an aggregator has it.
    Corpus,
}

/// What became of a scorer or an aggregator over all rows and trials.
///
/// Invariant: `scored + abstained + failed + unpredicted` is the number of rows times trials.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Aggregate {
    pub kind: AggregateKind,
    /// Over scored rows only; none where nothing was scored or the kind is not a number.
    pub value: Option<f64>,
    /// 95 % interval; none where there are too few verdicts for one.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    #[serde(flatten)]
    pub counts: Counts,
    /// What the number was computed by, where an aggregator says so. A guest's text: untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Why an aggregator gave no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// How often each label was given.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub labels: std::collections::BTreeMap<String, u64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Counts {
    pub scored: u64,
    /// Scored rows whose verdict is true; 0 for other kinds.
    pub passed: u64,
    pub abstained: u64,
    pub failed: u64,
    /// The row had no outputs to score.
    pub unpredicted: u64,
}

/// A number of a whole run, as an aggregator gives it. It is finite.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Name under the aggregator's own; none for the main number.
    pub name: Option<String>,
    pub value: f64,
    /// What it was computed by. A guest's text: untrusted.
    pub note: Option<String>,
}
