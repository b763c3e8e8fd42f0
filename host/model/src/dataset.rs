//! Datasets for evaluation that grow over time, and their records.
//!
//! Not the copy of a data file that a run reads: that one never changes, and its digest is its name.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
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
    #[serde(default, skip_serializing_if = "Versions::is_empty")]
    pub versions: Versions,
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

/// What is known of the versions of a dataset: the frozen states of its records, counted from 1.
///
/// The *head* is what its records are now. Where `unpacked` is behind `last`, the head is the last version, and the record
/// documents are those of an earlier one; else the head is the record documents.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Versions {
    /// The number of the last version, 0 where there is none; none is given twice.
    pub last: u64,
    /// [`Records::sum`] as it was when that version was made: where it is another now, records have changed since.
    pub sum: String,
    /// The version that the record documents come from.
    pub unpacked: u64,
    /// Versions by the names that people gave them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, u64>,
}

impl Versions {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A frozen state of a dataset's records. Nothing in it ever changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct DatasetVersion {
    /// The id of its dataset.
    pub dataset: String,
    /// From 1.
    pub number: u64,
    /// BLAKE3 of its rows, in hexadecimal: a blob with [`RowRecord::canonical_line`](crate::row::RowRecord::canonical_line) of
    /// each, in the order in which they were added. The same rows have the same.
    pub digest: String,
    pub rows: u64,
    /// How many rows each split has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub splits: BTreeMap<String, u64>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub created: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    pub provenance: Provenance,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The number of the version that it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<u64>,
}

/// What made a version differ from the one before.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Provenance {
    /// A file, as the user named it, with BLAKE3 of its bytes in hexadecimal.
    File { path: String, digest: String },
    /// Traces that a filter held of.
    Traces { filter: String },
    /// Rows of a run that did not come out well.
    Run { run: String },
    /// Records were changed one by one, by people or by clients.
    Records,
}

/// What somebody wrote for a version of a dataset: `support`, `support@3`, `support@latest`, `support@prod`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetReference {
    /// A dataset's name or id.
    pub dataset: String,
    pub version: VersionReference,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionReference {
    /// Records as they are now.
    Head,
    /// The last version that was made.
    Latest,
    Number(u64),
    Alias(String),
}

impl DatasetReference {
    /// Reads a reference: what stands behind the last `@` says which version.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (dataset, version) = match text.rsplit_once('@') {
            None => (text, VersionReference::Head),
            Some((dataset, "latest")) => (dataset, VersionReference::Latest),
            Some((dataset, number)) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                let number = number.parse().ok().filter(|number| *number > 0);
                (dataset, VersionReference::Number(number.ok_or("versions are counted from 1")?))
            }
            Some((dataset, alias)) => (dataset, VersionReference::Alias(alias.to_owned())),
        };
        if dataset.is_empty() {
            return Err("the name of a dataset is missing".to_owned());
        }
        Ok(Self { dataset: dataset.to_owned(), version })
    }
}

/// The version of a dataset that rows come from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct VersionOf {
    /// The name of the dataset.
    pub dataset: String,
    pub version: u64,
}

impl fmt::Display for VersionOf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.dataset, self.version)
    }
}

/// One record of a dataset. No other that a client made has the same inputs; rows of files with ids of their own may.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
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
    #[serde(default, skip_serializing_if = "RowFields::is_empty")]
    pub more: RowFields,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}

/// What a row says that no client of MLflow's does.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(default)]
pub struct RowFields {
    /// The id that the row has by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub row_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trials: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
}

impl RowFields {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where a record comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSource {
    #[serde(alias = "source_type")]
    pub kind: RecordSourceKind,
    /// A JSON object: of a trace, its id.
    #[serde(alias = "source_data", default = "nothing")]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    pub data: Json,
}

fn nothing() -> Json {
    Json::parse("{}").expect("an empty object is JSON")
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
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
