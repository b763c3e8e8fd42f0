//! What runs allow to be decided: whether one is better than another, how many rows a difference takes, how far a judge
//! can be trusted.
//!
//! Results are read through [`model::ports::Store`], in pages, and kept as a few numbers for each row. Every formula is
//! `statistics`'. Nothing here reads datasets: what ties rows together, and which slices they are in, is given ([`Labels`]).

mod compare;
mod findings;
pub mod judge;
mod labels;
mod measure;
mod pairs;
mod power;
mod regressions;
mod rows;
mod sentence;

pub use compare::{Options, compare};
pub use labels::Labels;
pub use power::{Wanted, power};
pub use statistics::power::Demand;

use model::ports::StoreError;
use model::run::RunId;

/// Why nothing can be decided.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("there is no run {0}")]
    NoRun(RunId),
    #[error("no row of run {a} is in run {b}: rows are paired by their ids")]
    NoRows { a: RunId, b: RunId },
    #[error("no scorer of run {a} ({}) is in run {b} ({})", names(.of_a), names(.of_b))]
    NoScorers { a: RunId, b: RunId, of_a: Vec<String>, of_b: Vec<String> },
    /// A margin, or a wanted difference, of something that is not compared.
    #[error("there is no scorer `{scorer}` in both runs; there are {}", names(.known))]
    UnknownScorer { scorer: String, known: Vec<String> },
    #[error("the results can't be read")]
    Store(#[from] StoreError),
}

fn names(keys: &[String]) -> String {
    if keys.is_empty() {
        return "none".to_owned();
    }
    keys.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ")
}
