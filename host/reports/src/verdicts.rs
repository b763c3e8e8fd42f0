//! The results of a run as a flat table: a line for each verdict.

use model::feedback::Value;
use model::outcome::Outcome;
use model::run::{RowResult, RunPlan};

pub(crate) const COLUMNS: [&str; 8] = ["id", "trial", "scorer", "outcome", "value", "number", "rationale", "reason"];

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Line<'a> {
    pub(crate) id: &'a str,
    pub(crate) trial: u32,
    /// The scorer's key; `key/sub` for a sub-feedback.
    pub(crate) scorer: String,
    /// `scored`, `abstained`, `failed` or `unpredicted`.
    pub(crate) outcome: &'static str,
    pub(crate) value: Option<&'a Value>,
    pub(crate) rationale: Option<&'a str>,
    /// Why there is no value.
    pub(crate) reason: Option<&'a str>,
}

impl Line<'_> {
    /// What can be averaged: a number, or 1 for true and 0 for false.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.value? {
            Value::Boolean(value) => Some(f64::from(u8::from(*value))),
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }
}

/// At least one for each scorer, in suite order.
pub(crate) fn lines<'a>(plan: &'a RunPlan, result: &'a RowResult) -> impl Iterator<Item = Line<'a>> {
    let outcomes = plan.scorers.iter().zip(&result.outcomes);
    outcomes.flat_map(|(scorer, outcome)| of_outcome(result, &scorer.key, outcome))
}

fn of_outcome<'a>(result: &'a RowResult, key: &str, outcome: &'a Outcome) -> Vec<Line<'a>> {
    let RowResult { id, trial, error, .. } = result;
    if *outcome == Outcome::Unpredicted {
        let reason = error.as_ref().map(|error| error.message.as_str());
        let scorer = key.to_owned();
        return vec![Line { id, trial: *trial, scorer, outcome: "unpredicted", value: None, rationale: None, reason }];
    }
    let verdicts = outcome.verdicts(key).into_iter().map(|verdict| Line {
        id,
        trial: *trial,
        scorer: verdict.scorer,
        outcome: verdict.outcome,
        value: verdict.value,
        rationale: verdict.rationale,
        reason: verdict.reason,
    });
    verdicts.collect()
}

/// A value as it is read: a text as it is, anything else as JSON has it.
pub(crate) fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => serde_json::to_string(other).unwrap_or_default(),
    }
}
