//! What a scorer is.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;

pub use crate::bindings::describes::exports::karat::eval::describe::{Determinism, Direction, Needs};
use crate::failure::Failure;
use crate::feedback::Outcome;
use crate::row::Row;
use crate::verdict::Verdict;

/// Looks at a row and gives a verdict.
///
/// The type itself is the scorer's parameters: what a suite writes under `with:` is checked against the type's JSON
/// Schema before any row is scored, then read into it for every call. Give it `#[serde(deny_unknown_fields)]`, so that
/// a misspelt parameter is an error, and `#[serde(default)]` on what may be left out; a scorer without parameters is a
/// struct without fields, `struct Apology {}`. Doc comments on fields become descriptions in the schema.
pub trait Scorer: DeserializeOwned + JsonSchema {
    /// `[a-z][a-z0-9_]*`, unique within the plugin.
    const NAME: &'static str;

    /// What the verdict says, in one sentence.
    const SUMMARY: &'static str;

    /// Which way is better, so that nobody has to guess.
    const BETTER: Direction;

    /// Parts of a row that the scorer can't do without: outputs, unless it says otherwise.
    const NEEDS: Needs = Needs::OUTPUTS;

    /// Whether the same row gives the same answer: always, unless it says otherwise.
    const DETERMINISM: Determinism = Determinism::Pure;

    /// `bool`, `f64`, `String`, a list of these, or an enum of labels.
    type Verdict: Verdict;

    /// Looks at one row. It may keep nothing for the next one: each call gets an instance of its own.
    ///
    /// # Errors
    ///
    /// Fails when the scorer can't work on this row. That is counted apart from verdicts; a scorer that looked and
    /// could not decide [abstains](Outcome::abstain) instead.
    fn score(&self, row: &Row) -> Result<Outcome<Self::Verdict>, Failure>;
}
