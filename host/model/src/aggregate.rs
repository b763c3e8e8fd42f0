//! Many verdicts as one number, with what it rests on.

use serde::{Deserialize, Serialize};

use crate::outcome::Failure;
use crate::reducer::Reducer;

/// How the verdicts of one scorer fold into a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AggregateKind {
    /// Share of true verdicts.
    Rate,
    /// Arithmetic mean.
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
    /// Over rows with a value only, each folded to one; none where there is none or the kind is not a number.
    pub value: Option<f64>,
    /// 95 % interval, which rests on rows and not on trials; none where there are too few for one.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    #[serde(flatten)]
    pub counts: Counts,
    #[serde(flatten)]
    pub basis: Basis,
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

/// What a number rests on. All of it is none for aggregators, whose numbers are their own.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Basis {
    /// How the trials of a row became one value; none where no row had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce: Option<Reducer>,
    /// Rows with a value; none where the kind is not a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<u64>,
    /// How the interval was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
    /// What rows are not independent within; none where each stands for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clusters: Option<Clusters>,
    /// Whether rows have weights.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weighted: bool,
    /// Where a rate would lie if all that was not scored were false, or true; none where nothing is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// How much trials of one row differ, and how much rows do; none where no row had several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<Variance>,
}

/// How a 95 % interval was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Wilson's score interval: independent rows, each true or false.
    Wilson,
    /// Wilson's for as many independent rows as would leave the error that clusters, weights or rows in between have.
    WilsonRobust,
    /// Student's t: independent rows.
    StudentT,
    /// Student's t with an error that is robust to clusters and weights.
    Robust,
}

/// Groups of rows that have something in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Clusters {
    pub by: ClusterKey,
    pub count: u64,
}

/// The field of rows that says what belongs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterKey {
    Cluster,
    Session,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Bounds {
    pub lower: f64,
    pub upper: f64,
}

/// Components of the variance of single verdicts, `true` being 1.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Variance {
    pub within_rows: f64,
    pub between_rows: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Counts {
    /// Rows times trials, as all of these are.
    pub scored: u64,
    /// Those scored whose verdict is true; 0 for other kinds.
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
