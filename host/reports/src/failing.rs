//! Which verdicts go against a row.

use model::feedback::Value;
use model::outcome::Outcome;
use model::run::RowResult;
use serde::Serialize;

/// A verdict that should not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failing<'a> {
    pub what: What,
    /// Why, as far as somebody said so.
    pub reason: Option<&'a str>,
    /// What helps the plugin's author.
    pub detail: Option<&'a str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The main verdict is false.
    False,
    /// The scorer gave none.
    Failed,
    /// There was nothing to score.
    Unpredicted,
}

impl What {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::False => "false",
            Self::Failed => "failed",
            Self::Unpredicted => "unpredicted",
        }
    }
}

impl<'a> Failing<'a> {
    /// None where the verdict is in order. `outcome` is one of the result's.
    pub fn of(result: &'a RowResult, outcome: &'a Outcome) -> Option<Self> {
        let failing = |what, reason| Some(Self { what, reason, detail: None });
        match outcome {
            Outcome::Scored(feedback) => {
                let main = feedback.iter().find(|feedback| feedback.name.is_none())?;
                if main.value != Value::Boolean(false) {
                    return None;
                }
                failing(What::False, main.rationale.as_deref())
            }
            Outcome::Abstained { .. } => None,
            Outcome::Failed(failure) => {
                Some(Self { what: What::Failed, reason: Some(&failure.message), detail: failure.detail.as_deref() })
            }
            Outcome::Unpredicted => {
                failing(What::Unpredicted, result.error.as_ref().map(|error| error.message.as_str()))
            }
        }
    }

    /// The reason, or what there is to say without one.
    pub fn told(&self) -> &'a str {
        self.reason.unwrap_or(match self.what {
            What::False => "the verdict is false",
            What::Failed => "the scorer failed",
            What::Unpredicted => "there was nothing to score",
        })
    }
}
