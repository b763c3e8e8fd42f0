//! What a run says when it ends.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::aggregate::Aggregate;
use crate::gate::GateResult;
use crate::run::RunId;
use crate::slice::Sliced;
use crate::stability::Ledger;

/// The result of a run; `karat eval --json` prints it as it is.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Report {
    pub run: RunId,
    pub suite: String,
    pub rows: u64,
    /// Rows of other splits than the one that was asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    pub verdict: Verdict,
    /// Why the verdict is `incomplete`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Rows (times trials) on which a scorer failed or that had no outputs to score.
    pub failed_rows: u64,
    pub scorers: Scorers,
    /// The numbers of parts of the rows, where the suite asks for them, by key and value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<Sliced>,
    /// Slices for which there was no room.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub slices_left_out: u64,
    /// What earlier runs say of single rows, where a gate asks for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ledgers: Vec<Ledger>,
    /// What ended the run before its last row, where all gates were decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decided: Option<Decided>,
    /// What came of asking the application; none where rows carried their outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictions: Option<Predictions>,
    pub gates: Vec<GateResult>,
    pub cost: Cost,
    /// Wall time of the run, over all its sessions.
    pub seconds: f64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Why a run ended before its last row with every gate decided.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Decided {
    /// Rows that were worked on, in the order that the seed drew.
    pub rows: u64,
    /// How probable a wrong decision is at most, over all gates together.
    pub alpha: f64,
    /// For each gate that speaks of a number: it, and the interval that decided it.
    pub reason: String,
}

/// Aggregates by the key of the scorer, in suite order, then by that of the aggregator; a sub-feedback `key/sub` follows
/// its scorer, and so do the further numbers of an aggregator.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scorers(pub Vec<(String, Aggregate)>);

impl Scorers {
    pub fn get(&self, key: &str) -> Option<&Aggregate> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, aggregate)| aggregate)
    }
}

impl Serialize for Scorers {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, aggregate)| (name, aggregate)))
    }
}

impl<'de> Deserialize<'de> for Scorers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> serde::de::Visitor<'de> for InOrder {
            type Value = Scorers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("aggregates by scorer")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Scorers, A::Error> {
                let mut scorers = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    scorers.push(entry);
                }
                Ok(Scorers(scorers))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    Passed,
    Failed,
    /// Not every row was worked on, or more failed than were allowed. Beats `failed`.
    Incomplete,
    /// All rows are done and nothing was asked of them.
    NoGate,
}

/// What came of asking the application for outputs.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Predictions {
    /// The predictor's name.
    pub predictor: String,
    /// The commands that it runs, which are not sandboxed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_sandboxed: Vec<String>,
    /// Rows (times trials) that were given outputs.
    pub answered: u64,
    /// Those that were not.
    pub failed: u64,
    /// How often the application was asked again.
    pub retries: u64,
    /// None where nothing was answered.
    pub latency: Option<Latency>,
    /// What the application says it used; none where it says nothing.
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
}

/// Wall time of the calls that were answered, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Latency {
    pub mean: f64,
    pub p50: f64,
    pub p90: f64,
    pub p99: f64,
    pub max: f64,
}

/// What a run took, over all its sessions.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Cost {
    #[serde(flatten)]
    pub all: Spent,
    /// By the key of the scorer, or the name of the predictor.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub of: BTreeMap<String, Spent>,
}

/// An account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Spent {
    /// Calls of guests, and what they took of fuel and of wall time.
    #[serde(default)]
    pub calls: u64,
    #[serde(default)]
    pub fuel: u64,
    #[serde(default)]
    pub seconds: f64,
    /// Questions that a provider was asked.
    pub judge_calls: u64,
    /// Questions whose reply was known.
    #[serde(default)]
    pub judge_known: u64,
    /// Questions that had no reply.
    #[serde(default)]
    pub judge_failed: u64,
    #[serde(default)]
    pub input_tokens: u64,
    #[serde(default)]
    pub output_tokens: u64,
    /// None where nothing was spent or a price is unknown.
    pub usd: Option<f64>,
}
