//! What is kept under a name and changes: experiments, versions of prompts, records of datasets and the like.
//!
//! A store keeps them all in one way, as JSON under a key, and knows nothing of what they say. What each of them means is
//! `registry`'s.

use serde::{Deserialize, Serialize};

use crate::json::Json;

/// The most bytes that a key may have.
pub const LONGEST_KEY: usize = 1024;

/// What a document is. The numbers are what is on disk: none is ever used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[repr(u8)]
pub enum Kind {
    Experiment = 1,
    TrackedRun = 2,
    Metric = 3,
    Artifact = 4,
    Dataset = 5,
    DatasetRecord = 6,
    Prompt = 7,
    PromptVersion = 8,
    AppVersion = 9,
    Scorer = 10,
    LabelSchema = 11,
    ReviewQueue = 12,
    ReviewItem = 13,
    Issue = 14,
    Webhook = 15,
    Gateway = 16,
    /// What finds others of these by another key.
    Index = 17,
    DatasetVersion = 18,
    /// A row that is known to be unsteady.
    Quarantined = 19,
    /// A file that a run needs to be run again.
    RunFile = 20,
}

impl Kind {
    pub const ALL: [Self; 20] = [
        Self::Experiment,
        Self::TrackedRun,
        Self::Metric,
        Self::Artifact,
        Self::Dataset,
        Self::DatasetRecord,
        Self::Prompt,
        Self::PromptVersion,
        Self::AppVersion,
        Self::Scorer,
        Self::LabelSchema,
        Self::ReviewQueue,
        Self::ReviewItem,
        Self::Issue,
        Self::Webhook,
        Self::Gateway,
        Self::Index,
        Self::DatasetVersion,
        Self::Quarantined,
        Self::RunFile,
    ];
}

/// A document as it is kept.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Document {
    pub key: String,
    /// Changes with every change of the document, and is never that of an earlier one.
    pub version: u64,
    pub value: Json,
}

/// A change of one document.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Change {
    pub kind: Kind,
    /// Up to [`LONGEST_KEY`] bytes; not empty.
    pub key: String,
    pub expected: Expected,
    /// None takes the document away.
    pub value: Option<Json>,
}

/// What must be so for a change to be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Expected {
    Anything,
    /// There is no such document.
    Absent,
    /// It has this version.
    Version(u64),
}

/// What became of changes that were wanted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Committed {
    /// All of them are made, and durable. So it is as well where all documents already were as wanted: that the same
    /// changes come twice means nothing.
    Made,
    /// None of them is, since a document was not as expected.
    Conflict,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A kind that is not among them would be in no archive.
    #[test]
    fn all_kinds_are_among_all() {
        let wrong = serde_json::from_str::<Kind>("\"none\"").expect_err("no kind").to_string();
        let (_, names) = wrong.split_once("expected one of").expect("names of kinds");
        assert_eq!(names.matches('`').count() / 2, Kind::ALL.len(), "{names}");
        assert!(Kind::ALL.is_sorted_by(|a, b| (*a as u8) < *b as u8));
    }
}
