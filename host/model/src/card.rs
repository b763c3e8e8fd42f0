//! How far a judge can be trusted.

use serde::{Deserialize, Serialize};

use crate::comparison::NotCompared;
use crate::report::Latency;
use crate::run::RunId;

/// The judges of a run beside people; `karat judge card --json` prints it as it is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct JudgeCards {
    pub run: RunId,
    pub suite: String,
    /// Where a row says what people said, such as `expectations.label`.
    pub human: String,
    /// Rows that have a result, and those of them that people have labelled.
    pub rows: u64,
    pub labelled: u64,
    /// In the order of the suite.
    pub cards: Vec<JudgeCard>,
    /// Scorers that can't be held against people, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_compared: Vec<NotCompared>,
}

/// A judge beside people, and beside itself. What was not measured is not there.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct JudgeCard {
    /// The scorer's key; `key/sub` for a sub-feedback.
    pub scorer: String,
    /// The whole in a sentence.
    pub sentence: String,
    pub scale: Scale,
    /// Rows that people have labelled and the judge has a verdict on, and those it has none on: it failed, or abstained.
    pub compared: u64,
    pub without_verdict: u64,
    /// What bears on how these numbers are read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<Agreement>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consistency: Option<Consistency>,
    /// The share of pairs whose verdict changes with the order in which they are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_flips: Option<Measured>,
    /// By how much the verdict grows when the answer is twice as long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_slope: Option<Measured>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Corrected>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<NextLabels>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Verdicts>,
}

/// What the verdicts of a judge take, from the record of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Verdicts {
    /// Trials of rows on which somebody was asked.
    pub count: u64,
    /// Questions for a verdict, on average.
    pub questions: f64,
    /// US dollars for a verdict, on average; a reply that was known counts as what it cost when it was given. None where a price
    /// is not known.
    pub usd: Option<f64>,
    /// From the first question to the last reply, of verdicts for which no reply was known; none where there is no such.
    pub latency: Option<Latency>,
}

/// A number with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Measured {
    pub value: f64,
    /// None for too few rows.
    pub lower: Option<f64>,
    pub upper: Option<f64>,
    /// What it rests on: rows, or pairs.
    pub of: u64,
}

/// A judge beside people.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Agreement {
    /// Every label that people or the judge gave, in the order of the numbers that they are, or of their letters.
    pub labels: Vec<String>,
    /// Counts: a row for each label of people, a column for each of the judge.
    pub confusion: Vec<Vec<u64>>,
    /// The share of rows on which both say the same.
    pub accuracy: Measured,
    /// Cohen's. None where all are of one label; so is alpha.
    pub kappa: Option<Measured>,
    /// Krippendorff's.
    pub alpha: Option<Measured>,
    pub macro_f1: f64,
    /// In the order of labels.
    pub by_label: Vec<LabelScores>,
}

/// How well a judge tells one label from the others; none where that can't be said.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct LabelScores {
    pub precision: Option<f64>,
    pub recall: Option<f64>,
    pub f1: Option<f64>,
}

/// What labels are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// They differ, and that is all.
    #[default]
    Nominal,
    /// They are in an order.
    Ordinal,
    /// They are numbers.
    Interval,
}

/// A judge that is asked the same again.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Consistency {
    /// How probable it is that two verdicts on a row are the same.
    pub same: Measured,
    /// The share of rows on which all verdicts are the same.
    pub unanimous: Measured,
}

/// A judged rate or mean, corrected by what people say of some rows.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Corrected {
    pub corrected: Measured,
    /// By the judge alone, over all rows.
    pub judged: f64,
    /// By people alone, over the rows that they labelled.
    pub people: Measured,
    /// How far the judge was relied on, from 0 to 1.
    pub reliance: f64,
}

/// Ids of rows to label next.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct NextLabels {
    /// Drawn by chance, so that a corrected number may rest on them.
    pub drawn: Vec<String>,
    /// Those on which the judge is least at one with itself. They teach most of where it errs; a number must not rest on them.
    pub unsure: Vec<String>,
}
