//! Versions of an application, such as a commit or what was deployed: what traces and numbers can be told apart by.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::tracking::DatasetName;

/// A version of an application, or of a model. Other versions of it have its name.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AppVersion {
    pub id: String,
    /// The id of the experiment that it belongs to.
    pub experiment: String,
    pub name: String,
    /// What it is, such as `agent`; empty where nobody says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub kind: String,
    /// The run that made it; empty where none did.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    pub status: AppStatus,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// How it is configured. None of them ever changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// The latest of each key, run and dataset. All of them are the run's to keep.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub metrics: Vec<AppMetric>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` and `deleted` likewise. Tags, parameters and metrics come without
    /// an update.
    pub created: i64,
    pub updated: i64,
    /// None while it is not deleted. What is, is kept for those who know its id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted: Option<i64>,
}

impl AppVersion {
    /// The latest value of a metric: that of the highest step, then of the latest time, then the highest. Of those of
    /// datasets alone that `is_of` knows.
    pub fn metric(&self, key: &str, is_of: impl Fn(Option<&DatasetName>) -> bool) -> Option<&AppMetric> {
        let metrics = self.metrics.iter().filter(|metric| metric.key == key && is_of(metric.dataset.as_ref()));
        metrics.max_by(|a, b| a.order(b))
    }
}

/// Whether it is whole yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppStatus {
    #[default]
    Pending,
    Ready,
    /// Its files did not come in.
    Failed,
}

/// A number that was measured of a version.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct AppMetric {
    pub key: String,
    #[serde(with = "crate::number")]
    pub value: f64,
    /// Milliseconds since 1970-01-01T00:00:00Z, as whoever measured says.
    pub timestamp: i64,
    pub step: i64,
    /// The run that measured it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    /// What it was measured with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<DatasetName>,
}

impl AppMetric {
    /// Which of two came first.
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        let by_time = (self.step, self.timestamp).cmp(&(other.step, other.timestamp));
        by_time.then(self.value.total_cmp(&other.value))
    }
}
