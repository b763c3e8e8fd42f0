//! What two runs say beside each other.

use serde::{Deserialize, Serialize};

use crate::aggregate::AggregateKind;
use crate::feedback::Value;
use crate::json::Json;
use crate::run::RunId;
use crate::scorer::Direction;

/// The result of comparing run B with run A; `karat compare --json` prints it as it is. Differences are B less A.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Comparison {
    pub a: Side,
    pub b: Side,
    /// The whole in a sentence or two.
    pub sentence: String,
    pub verdict: Finding,
    pub rows: Pairing,
    /// How p-values are adjusted, over all that is tested.
    pub adjustment: Adjustment,
    /// How many p-values were adjusted together.
    pub tested: u64,
    /// Adjusted p-values up to this are evidence.
    pub alpha: f64,
    /// Of intervals, such as 0.95.
    pub confidence: f64,
    /// In the order of A's suite, sub-feedback behind its scorer.
    pub scorers: Vec<Compared>,
    /// In the order of their names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Slice>,
    /// Verdicts that have no difference, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<NotCompared>,
    /// Rows on which B is worse, the worst first, of every scorer in turn.
    pub regressions: Vec<Regression>,
    /// How many there are; `regressions` has the first of them.
    pub all_regressions: u64,
}

/// One of the two runs.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Side {
    pub run: RunId,
    /// As sentences call it.
    pub name: String,
    pub suite: String,
    /// Digest of its dataset.
    pub data: String,
}

/// Which rows are in both runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Pairing {
    pub paired: u64,
    pub only_a: u64,
    pub only_b: u64,
    /// Ids of the first of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_a_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_b_ids: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Adjustment {
    /// Holm's: an error anywhere is as rare as α.
    #[default]
    Holm,
    /// Benjamini and Hochberg's: of what is found, a share of α is false.
    BenjaminiHochberg,
}

/// What may be said of B beside A.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Better,
    Worse,
    /// They differ, and no direction is better; or B is better in one thing and worse in another.
    Different,
    NoEvidence,
}

/// Rows of one name, such as `tag.lang=de`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Slice {
    pub name: String,
    pub rows: u64,
    pub scorers: Vec<Compared>,
}

/// One verdict of both runs, over the rows on which both have it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Compared {
    /// The scorer's key; `key/sub` for a sub-feedback.
    pub scorer: String,
    /// `rate` or `mean`.
    pub kind: AggregateKind,
    pub better: Direction,
    /// Rows that have the verdict in both runs, trials folded into their mean.
    pub rows: u64,
    /// Rows whose verdict is missing in A, in B, or in both: failed, abstained or unpredicted.
    pub missing: Missing,
    pub a: f64,
    pub b: f64,
    /// B less A.
    pub difference: f64,
    /// None for too few rows.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// How the interval was made.
    pub method: IntervalMethod,
    /// Between what the difference would lie if missing verdicts were anything; for rates where some are missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounds: Option<Bounds>,
    /// Who passed where, for one true or false verdict a row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub table: Option<PassTable>,
    /// The first decides; the others stand beside it.
    pub tests: Vec<PairedTest>,
    /// Of the deciding test, adjusted. None where nothing can be tested.
    pub adjusted_p: Option<f64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// The least difference that so many rows show four times in five.
    pub detectable: Option<f64>,
    /// How many rows would show a difference four times in five, where these show none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_by: Option<Settled>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub non_inferiority: Option<NonInferiority>,
    pub finding: Finding,
    pub sentence: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Missing {
    pub only_a: u64,
    pub only_b: u64,
    pub both: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Of paired shares: Newcombe's method 10.
    Newcombe,
    Student,
    /// Bootstrap, bias-corrected and accelerated.
    Bca,
    /// Robust to clusters, or of weighted rows: CR1 with Student's t.
    ClusterRobust,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Bounds {
    pub lower: f64,
    pub upper: f64,
}

/// Counts of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct PassTable {
    pub both: u64,
    pub only_a: u64,
    pub only_b: u64,
    pub neither: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct PairedTest {
    pub test: TestKind,
    /// None for a test that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistic: Option<f64>,
    /// On both sides, not adjusted.
    pub p: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TestKind {
    /// McNemar's, exact.
    McNemar,
    Wilcoxon,
    /// Signs flipped at random.
    Permutation,
    PairedT,
    /// Student's t with an error that is robust to clusters.
    ClusterT,
}

/// How large a difference is, whatever the number of rows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Effect {
    pub effect: EffectKind,
    pub value: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectKind {
    CohensG,
    OddsRatio,
    CohensDz,
    /// Cohen's d without the bias of few rows.
    HedgesG,
    RankBiserial,
}

#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Settled {
    pub rows: u64,
    pub difference: f64,
}

/// Whether B is worse by less than a margin.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct NonInferiority {
    pub margin: f64,
    /// What B's advantage is above with a confidence of 1 − α, one-sided; below zero where B may be worse.
    pub bound: f64,
    pub holds: bool,
}

/// A verdict that has no difference.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct NotCompared {
    pub scorer: String,
    pub reason: String,
}

/// A row on which B is worse. Its texts are a guest's, or an application's: untrusted; the first of them, where they are long.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Regression {
    pub row: String,
    pub scorer: String,
    pub a: Told,
    pub b: Told,
}

/// What a run says of a row.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Told {
    /// Of its trials, the mean.
    pub mean: f64,
    /// Of its first trial that has one.
    pub value: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// What the application answered, where the run asked it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
}

/// How many rows a wanted difference of one verdict takes; `karat power --json` prints a list of them.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RowsNeeded {
    /// The scorer's key; `key/sub` for a sub-feedback.
    pub scorer: String,
    /// `rate` or `mean`.
    pub kind: AggregateKind,
    pub difference: f64,
    /// None where no number of rows shows it.
    pub rows: Option<u64>,
    /// Rows that the run has.
    pub rows_now: u64,
    /// The least difference that these show; none for too few of them.
    pub detectable_now: Option<f64>,
    pub basis: PowerBasis,
    pub sentence: String,
}

/// Where the variance of differences is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerBasis {
    /// From the differences of two runs.
    TwoRuns,
    /// From one run, as if the other's verdict on a row had nothing to do with this one's: the most that it can take.
    OneRun,
}
