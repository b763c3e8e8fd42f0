//! What came of scoring a row.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::feedback::{Feedback, Value};

/// What came of one scorer looking at one row. Nothing else can happen, and none of these turns into another: a
/// failure is never a zero.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// At least one feedback.
    Scored(Vec<Feedback>),
    /// The scorer looked and could not decide.
    Abstained { reason: String },
    /// The scorer crashed, broke a limit, or said it could not work on this row.
    Failed(Failure),
    /// There was nothing to score: the row has no outputs and the scorer needs them.
    Unpredicted,
}

/// One verdict of an outcome, as it is written for others to read.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verdict<'a> {
    /// The scorer's key; `key/sub` for a sub-feedback.
    pub scorer: String,
    /// `scored`, `abstained` or `failed`.
    pub outcome: &'static str,
    pub value: Option<&'a Value>,
    pub rationale: Option<&'a str>,
    /// Why there is no value.
    pub reason: Option<&'a str>,
}

impl Outcome {
    /// At least one, unless there was nothing to score. `key` is the scorer's.
    pub fn verdicts(&self, key: &str) -> Vec<Verdict<'_>> {
        let without_value = |outcome, reason| {
            vec![Verdict { scorer: key.to_owned(), outcome, value: None, rationale: None, reason: Some(reason) }]
        };
        match self {
            Self::Scored(feedback) => feedback.iter().map(|feedback| Verdict::of(key, feedback)).collect(),
            Self::Abstained { reason } => without_value("abstained", reason),
            Self::Failed(failure) => without_value("failed", &failure.message),
            Self::Unpredicted => Vec::new(),
        }
    }
}

impl<'a> Verdict<'a> {
    fn of(key: &str, feedback: &'a Feedback) -> Self {
        let scorer = match &feedback.name {
            Some(sub) => format!("{key}/{sub}"),
            None => key.to_owned(),
        };
        Self {
            scorer,
            outcome: "scored",
            value: Some(&feedback.value),
            rationale: feedback.rationale.as_deref(),
            reason: None,
        }
    }
}

/// Why a call of a plugin gave no result.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// One line for a person, in the user's words.
    pub message: String,
    /// What helps the plugin's author: guest backtrace, last log lines.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Failure {
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), detail: None }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// The causes a caller can tell apart. The first twelve are those a plugin can state itself (`error-code` in `wit/`),
/// the others are found by the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    BadInput,
    BadParameter,
    Denied,
    BudgetExceeded,
    RateLimited,
    TimedOut,
    Cancelled,
    TooLarge,
    Unavailable,
    Unsupported,
    Internal,
    Other,
    /// The guest panicked; the message is the panic's.
    Panicked,
    /// The guest executed something that WebAssembly forbids.
    Trapped,
    OutOfFuel,
    OutOfMemory,
    StackExhausted,
    /// The guest's answer breaks the contract: a NaN, a value of another kind than declared, an empty list.
    InvalidOutput,
    /// The guest ended itself (`exit`).
    Exited,
}
