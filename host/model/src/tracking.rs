//! What is tracked: experiments, the runs in them, what runs log, and the files that belong to them.
//!
//! All times are milliseconds since 1970-01-01T00:00:00Z, as those who track say them.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Runs and traces that belong together.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Experiment {
    /// A decimal number, counted up. That of the one that is always there is [`Experiment::DEFAULT`].
    pub id: String,
    /// No two have one name, deleted ones neither.
    pub name: String,
    /// The name under which its traces are kept in the [`TraceStore`](crate::ports::TraceStore). It never changes, since a
    /// trace stays under the name that it came under.
    pub traces: String,
    /// Where clients put its files, as a URI; none where they are kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    pub lifecycle: Lifecycle,
    pub created: i64,
    /// When it was renamed, deleted or restored; tags don't count.
    pub updated: i64,
}

impl Experiment {
    /// The id of the experiment that things belong to which name none.
    pub const DEFAULT: &str = "0";
}

/// Whether something is there, or only kept so that it can come back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Lifecycle {
    #[default]
    Active,
    Deleted,
}

impl Lifecycle {
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Deleted => "deleted",
        }
    }
}

/// A run that a client tracks, such as a training or an evaluation; what Karat runs itself is a [`Run`](crate::run::Run).
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct TrackedRun {
    /// 32 hexadecimal digits.
    pub id: String,
    /// The id of its experiment.
    pub experiment: String,
    /// Where clients put its files, as [`Experiment::location`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<String>,
    pub name: String,
    /// Whoever started it, as the client says.
    pub user: String,
    pub status: Status,
    /// As the client says; `ended` likewise.
    pub started: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<i64>,
    pub lifecycle: Lifecycle,
    /// What it was made with. A value never changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The latest value under each key, by [`Metric::is_before`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Metric>,
    /// What it was fed with, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub datasets: Vec<RunDataset>,
    /// The versions of applications that it used, and those that it made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<MadeVersion>,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Scheduled,
    #[default]
    Running,
    Finished,
    Failed,
    Killed,
}

/// A number that a run logged.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Metric {
    pub key: String,
    /// Any double, also those that are no number.
    #[serde(with = "crate::number")]
    pub value: f64,
    pub timestamp: i64,
    pub step: i64,
    /// The id of the version of an application that it says something about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_version: Option<String>,
    /// The dataset that it was computed from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetName>,
}

impl Metric {
    /// Whether another value under the same key is later: of a later step, else of a later time, else greater.
    pub fn is_before(&self, other: &Self) -> bool {
        let by_step = self.step.cmp(&other.step).then(self.timestamp.cmp(&other.timestamp));
        by_step.then_with(|| self.value.total_cmp(&other.value)) == Ordering::Less
    }
}

/// Which data it was: a name, and the digest by which the client tells whether they are the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct DatasetName {
    pub name: String,
    pub digest: String,
}

/// Data that a run was fed with, as the client describes them. They are not here.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RunDataset {
    #[serde(flatten)]
    pub name: DatasetName,
    /// What kind of place they are from, and where it is; the client's words.
    pub source_type: String,
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// A version of an application that a run made, and at which step.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct MadeVersion {
    pub id: String,
    pub step: i64,
}

/// A file that belongs to a run, a trace or a version.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Artifact {
    /// Its folders and its name, with `/` between them.
    pub path: String,
    /// Of what is in it, as [`BlobStore`](crate::ports::BlobStore) has it.
    pub digest: String,
    pub bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metric(step: i64, timestamp: i64, value: f64) -> Metric {
        Metric { key: "m".to_owned(), value, timestamp, step, app_version: None, dataset: None }
    }

    #[test]
    fn the_latest_is_told_by_step_then_time_then_value() {
        let rising = [
            metric(-1, 9, 9.0),
            metric(0, 1, 2.0),
            metric(0, 2, f64::NEG_INFINITY),
            metric(0, 2, 1.0),
            metric(1, 0, 0.0),
        ];
        for pair in rising.windows(2) {
            assert!(pair[0].is_before(&pair[1]) && !pair[1].is_before(&pair[0]), "{pair:?}");
        }
        assert!(!rising[0].is_before(&rising[0]));
    }

    #[test]
    fn every_double_survives_json() {
        for value in [0.1, -0.0, 1e308, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
            let text = serde_json::to_string(&metric(0, 0, value)).expect("JSON");
            let read: Metric = serde_json::from_str(&text).expect("a metric");
            assert_eq!(read.value.to_bits(), value.to_bits(), "{text}");
        }
    }
}
