//! Scorers that people register under a name of an experiment, and how they are to be run on what comes in.
//!
//! What a scorer is, only those who registered it can say: here it is a text. What Karat runs itself is a
//! [`scorer`](crate::scorer).

use serde::{Deserialize, Serialize};

/// A scorer of an experiment, whatever its versions.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RegisteredScorer {
    pub id: String,
    /// The id of the experiment.
    pub experiment: String,
    pub name: String,
    /// The highest number that a version ever had; the next one gets the next.
    pub last: u32,
    /// None where it was never said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub online: Option<OnlineScoring>,
}

/// A version of a registered scorer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ScorerVersion {
    /// From 1 on; never used again while there is the scorer.
    pub number: u32,
    /// What it is, in the words of whoever registered it.
    pub serialized: String,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created: i64,
}

/// Which of the traces that come in a scorer is to look at.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct OnlineScoring {
    pub id: String,
    /// How many of them, from 0 to 1.
    pub sample_rate: f64,
    /// What they must be, as MLflow's searches for traces have it; none takes all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
}
