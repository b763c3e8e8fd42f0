//! Datasets for evaluation that grow over time, and their records.
//!
//! Not the copy of a data file that a run reads: that one never changes, and its digest is its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::Json;

/// A dataset without its records. What it says of them is kept up with each change, so that none has to be read for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Dataset {
    pub id: String,
    /// Other datasets may have the same.
    pub name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The ids of the experiments that it is used in, as they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub experiments: Vec<String>,
    pub records: Records,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}

/// What is known of the records of a dataset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Records {
    pub count: u64,
    /// The number of the next record; none is given twice.
    pub next: u64,
    /// The sum of all records' digests, in hexadecimal: the same for the same records, in whatever order they came.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sum: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<Fields>,
}

/// The fields that records ever had, each with the type of its first value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Fields {
    pub inputs: BTreeMap<String, FieldType>,
    pub outputs: OutputFields,
    pub expectations: BTreeMap<String, FieldType>,
}

/// Outputs may be objects or anything else.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum OutputFields {
    Object(BTreeMap<String, FieldType>),
    Other(FieldType),
}

impl Default for OutputFields {
    fn default() -> Self {
        Self::Object(BTreeMap::new())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldType {
    Null,
    Boolean,
    Integer,
    Float,
    String,
    Array,
    Object,
}

/// One record of a dataset. No other of the dataset has the same inputs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct DatasetRecord {
    pub id: String,
    /// A JSON object.
    pub inputs: Json,
    /// Any JSON; none where it was said that there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expectations: Option<BTreeMap<String, Json>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, Json>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<RecordSource>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}

/// Where a record comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RecordSource {
    pub kind: RecordSourceKind,
    /// A JSON object: of a trace, its id.
    pub data: Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RecordSourceKind {
    Unspecified,
    Trace,
    Human,
    Document,
    Code,
}

/// A record as it is handed over: new, or what changes of the one with the same inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordGiven {
    /// A JSON object.
    pub inputs: Json,
    /// None says nothing of them. `Some(None)` says that there are none.
    pub outputs: Option<Option<Json>>,
    /// Added to those that are there; a name that is there gets the new value. `tags` likewise.
    pub expectations: Option<BTreeMap<String, Json>>,
    pub tags: Option<BTreeMap<String, Json>>,
    /// Of a new record.
    pub source: Option<RecordSource>,
    /// Who hands it over.
    pub by: Option<String>,
}
