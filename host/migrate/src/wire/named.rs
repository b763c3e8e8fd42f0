//! Datasets with their records, prompts and registered models, scorers.

use std::collections::BTreeMap;

use model::dataset::{Dataset, DatasetRecord, RecordSource, RecordSourceKind, Records, RowFields, Versions};
use model::json::Json;
use model::prompt::{Prompt, PromptVersion, VersionContent};
use model::registered::ScorerVersion;
use serde::Deserialize;
use serde_json::Value;

use super::{Pair, map, optional_whole, whole};

#[derive(Deserialize)]
pub(crate) struct DatasetRead {
    pub(crate) dataset_id: String,
    #[serde(default)]
    name: String,
    /// A JSON object in a text.
    tags: Option<Value>,
    #[serde(default, deserialize_with = "whole")]
    created_time: i64,
    #[serde(default, deserialize_with = "whole")]
    last_update_time: i64,
    created_by: Option<String>,
    last_updated_by: Option<String>,
    experiment_ids: Option<Vec<String>>,
}

impl From<DatasetRead> for Dataset {
    fn from(read: DatasetRead) -> Self {
        let tags = match read.tags {
            Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_default(),
            Some(tags) => serde_json::from_value(tags).unwrap_or_default(),
            None => BTreeMap::new(),
        };
        Self {
            id: read.dataset_id,
            name: read.name,
            tags,
            experiments: read.experiment_ids.unwrap_or_default(),
            records: Records::default(),
            versions: Versions::default(),
            created: read.created_time,
            updated: read.last_update_time,
            created_by: read.created_by,
            updated_by: read.last_updated_by,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct RecordRead {
    pub(crate) dataset_record_id: String,
    pub(crate) inputs: Json,
    pub(crate) outputs: Option<Json>,
    pub(crate) expectations: Option<BTreeMap<String, Json>>,
    pub(crate) tags: Option<BTreeMap<String, Json>>,
    pub(crate) source: Option<RecordSourceRead>,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) created_time: i64,
    #[serde(default, deserialize_with = "whole")]
    pub(crate) last_update_time: i64,
    pub(crate) created_by: Option<String>,
    pub(crate) last_updated_by: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct RecordSourceRead {
    source_type: RecordSourceKind,
    #[serde(default)]
    source_data: Option<Json>,
}

impl From<RecordRead> for DatasetRecord {
    fn from(read: RecordRead) -> Self {
        let source = read.source.map(|source| RecordSource {
            kind: source.source_type,
            data: source.source_data.unwrap_or_else(|| Json::parse("{}").expect("an empty object is JSON")),
        });
        Self {
            id: read.dataset_record_id,
            inputs: read.inputs,
            outputs: read.outputs,
            expectations: read.expectations,
            tags: read.tags,
            source,
            more: RowFields::default(),
            created: read.created_time,
            updated: read.last_update_time,
            created_by: read.created_by,
            updated_by: read.last_updated_by,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct RegisteredRead {
    name: String,
    #[serde(default, deserialize_with = "whole")]
    creation_timestamp: i64,
    #[serde(default, deserialize_with = "whole")]
    last_updated_timestamp: i64,
    description: Option<String>,
    tags: Option<Vec<Pair>>,
    aliases: Option<Vec<AliasRead>>,
}

#[derive(Deserialize)]
struct AliasRead {
    alias: String,
    #[serde(default, deserialize_with = "whole")]
    version: i64,
}

impl From<RegisteredRead> for Prompt {
    fn from(read: RegisteredRead) -> Self {
        let alias = |alias: AliasRead| Some((alias.alias, u32::try_from(alias.version).ok()?));
        Self {
            name: read.name,
            description: read.description.unwrap_or_default(),
            tags: map(read.tags),
            aliases: read.aliases.into_iter().flatten().filter_map(alias).collect(),
            last: 0,
            latest: None,
            created: read.creation_timestamp,
            updated: read.last_updated_timestamp,
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct VersionRead {
    name: String,
    #[serde(deserialize_with = "whole")]
    version: i64,
    #[serde(default, deserialize_with = "whole")]
    creation_timestamp: i64,
    #[serde(default, deserialize_with = "whole")]
    last_updated_timestamp: i64,
    description: Option<String>,
    source: Option<String>,
    run_id: Option<String>,
    run_link: Option<String>,
    tags: Option<Vec<Pair>>,
}

impl VersionRead {
    pub(crate) fn version(self) -> Result<PromptVersion, (String, String)> {
        let number = u32::try_from(self.version).ok().filter(|number| *number > 0);
        let name = format!("{}/{}", self.name, self.version);
        Ok(PromptVersion {
            prompt: self.name,
            number: number.ok_or_else(|| (name, "its number is none that a version can have".to_owned()))?,
            content: VersionContent {
                description: self.description.unwrap_or_default(),
                source: self.source.unwrap_or_default(),
                run: self.run_id.unwrap_or_default(),
                run_link: self.run_link.unwrap_or_default(),
                tags: map(self.tags),
            },
            created: self.creation_timestamp,
            updated: self.last_updated_timestamp,
        })
    }
}

#[derive(Deserialize)]
pub(crate) struct ScorerRead {
    pub(crate) scorer_name: String,
    pub(crate) scorer_id: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    scorer_version: i64,
    #[serde(default)]
    serialized_scorer: String,
    #[serde(default, deserialize_with = "optional_whole")]
    creation_time: Option<i64>,
}

impl From<ScorerRead> for ScorerVersion {
    fn from(read: ScorerRead) -> Self {
        Self {
            number: u32::try_from(read.scorer_version).unwrap_or_default(),
            serialized: read.serialized_scorer,
            created: read.creation_time.unwrap_or_default(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct OnlineRead {
    pub(crate) online_scoring_config_id: String,
    pub(crate) scorer_id: String,
    pub(crate) sample_rate: f64,
    pub(crate) filter_string: Option<String>,
}
