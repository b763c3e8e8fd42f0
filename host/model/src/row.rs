//! One case of a dataset.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dataset::RecordSource;
use crate::json::Json;
use crate::trace::Trace;

/// A row as a dataset file spells it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Karat dataset row")]
pub struct RowRecord {
    /// Identity of the row; without it, a hash of the inputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What the application is asked: an object.
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub inputs: Json,
    /// What the application answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
    /// Ground truth: an object with `expected_response`, `expected_facts`, `guidelines` or other keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<BTreeMap<String, serde_json::Value>>")]
    pub expectations: Option<Json>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The recorded trace of the answer: an object with `spans`, OTLP as JSON, or what MLflow writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<Json>,
    /// The conversation the row belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    /// How often this row is repeated; the suite's `trials` where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub trials: Option<u32>,
    /// The part of the dataset the row belongs to, such as `test`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Rows of one cluster are not independent of each other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Where the row comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RecordSource>,
}

impl RowRecord {
    /// The row as one line of JSON without its end, the same for rows that say the same: see [`Json::canonical`]. None where
    /// something in it nests deeper than that can write.
    pub fn canonical_line(&self) -> Option<String> {
        let canonical = |json: &Option<Json>| json.as_ref().map(|json| json.canonical().ok_or(())).transpose();
        let row = Self {
            inputs: self.inputs.canonical()?,
            outputs: canonical(&self.outputs).ok()?,
            expectations: canonical(&self.expectations).ok()?.filter(|json| json.as_str() != "{}"),
            trace: canonical(&self.trace).ok()?,
            source: match &self.source {
                Some(source) => Some(RecordSource { data: source.data.canonical()?, ..source.clone() }),
                None => None,
            },
            id: self.id.clone(),
            tags: self.tags.clone(),
            session: self.session.clone(),
            trials: self.trials,
            split: self.split.clone(),
            cluster: self.cluster.clone(),
            weight: self.weight,
        };
        serde_json::to_string(&row).ok()
    }
}

/// A row within a run: its place and identity are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Position in the dataset, from 0, counting rows and not lines.
    pub index: u64,
    /// The given id, else the first 16 hexadecimal digits of a hash of the canonical inputs, with `#n` behind the
    /// n-th row (n ≥ 2) of equal inputs.
    pub id: String,
    /// Which repetition of the row this is, from 0.
    pub trial: u32,
    pub inputs: Json,
    pub outputs: Option<Json>,
    pub expectations: Option<Json>,
    pub tags: BTreeMap<String, String>,
    pub session: Option<String>,
    /// How the outputs came about, where that is known.
    pub trace: Option<Arc<Trace>>,
}
