//! How steady the verdicts on single rows are, from run to run.

use serde::{Deserialize, Serialize};

use crate::run::RunId;

/// What earlier runs of a suite on the same data say of a row and a scorer whose verdicts are true or false. A verdict
/// is that on one trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stability {
    /// Too few verdicts to say.
    Unknown,
    /// [`ENOUGH`] verdicts or more, all of them true.
    StablePass,
    /// [`ENOUGH`] verdicts or more, all of them false.
    StableFail,
    /// Some true, some false.
    Flaky,
    /// The suite or the store's list names it: it is reported, and decides nothing.
    Quarantined,
}

/// A row that is known to be unsteady in a suite, whatever the suite's file says: it is scored, and makes no regression.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Quarantined {
    pub suite: String,
    /// Its id.
    pub row: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub since: i64,
}

/// Verdicts that have to agree before they count as stable. Chance makes fewer of them agree on too many rows: of 1,000
/// rows that pass with 90 %, 73 would pass twice and fail once, and less than one passes three times and then fails three times.
pub const ENOUGH: u32 = 3;

/// A scorer's rows by what earlier runs say of them, and what this run adds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Ledger {
    /// The scorer's key.
    pub scorer: String,
    /// The run that this one is held against.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<RunId>,
    /// The earlier runs that were looked at, newest first.
    pub runs: Vec<RunId>,
    pub stable_pass: u64,
    pub stable_fail: u64,
    pub flaky: u64,
    pub quarantined: u64,
    pub unknown: u64,
    /// Stable passes that fail now, stably: on every trial, of which there are enough.
    pub regressed: Rows,
    /// Stable passes that fail now on too few trials to be sure, or on some only.
    pub unconfirmed: Rows,
    /// Flaky rows that fail now on some trial.
    pub flaky_failing: Rows,
    /// Stable fails that pass now, stably.
    pub mended: Rows,
}

/// Rows of a kind: all are counted, the first are named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Rows {
    pub count: u64,
    pub first: Vec<String>,
}

impl Rows {
    /// How many are named.
    pub const NAMED: usize = 20;

    pub fn add(&mut self, id: &str) {
        self.count += 1;
        if self.first.len() < Self::NAMED {
            self.first.push(id.to_owned());
        }
    }
}
