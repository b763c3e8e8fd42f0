//! Datasets, prompts and registered models, scorers.

use model::dataset::{Dataset, DatasetRecord, Records, Versions};
use model::json::Json;
use model::prompt::{Prompt, PromptVersion, VersionContent};
use model::registered::{OnlineScoring, RegisteredScorer, ScorerVersion};
use rusqlite::params;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{PAGE, Sqlite, begins, page};
use crate::Error;
use crate::source::Page;
use crate::wire::named::RecordRead;

/// Outputs stand below this name, since they may be anything.
const WRAPPED: &str = "mlflow_wrapped";

/// What a version is in that was deleted: its number stays taken.
const DELETED: &str = "Deleted_Internal";

impl Sqlite {
    pub(super) fn page_of_datasets(&self, after: Option<&str>) -> Result<Page<Dataset>, Error> {
        if !self.has("evaluation_datasets") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = "SELECT rowid, dataset_id, name, created_time, last_update_time, created_by, last_updated_by \
                   FROM evaluation_datasets WHERE rowid > ? ORDER BY rowid LIMIT ?";
        let rows = self.rows(sql, params![begins(after), PAGE as i64], |row| {
            let dataset = Dataset {
                id: row.get(1)?,
                name: row.get(2)?,
                tags: Default::default(),
                experiments: Vec::new(),
                records: Records::default(),
                versions: Versions::default(),
                created: row.get::<_, Option<i64>>(3)?.unwrap_or_default(),
                updated: row.get::<_, Option<i64>>(4)?.unwrap_or_default(),
                created_by: row.get(5)?,
                updated_by: row.get(6)?,
            };
            Ok((row.get(0)?, dataset))
        })?;
        let mut datasets = page(rows, PAGE);
        for dataset in &mut datasets.items {
            let of = [&dataset.id];
            dataset.tags = self.pairs("SELECT key, value FROM evaluation_dataset_tags WHERE dataset_id = ?", of)?;
            let sql = "SELECT destination_id FROM entity_associations WHERE source_type = 'evaluation_dataset' \
                       AND source_id = ? AND destination_type = 'experiment' ORDER BY created_time, rowid";
            dataset.experiments = self.rows(sql, of, |row| row.get(0))?;
        }
        Ok(datasets)
    }

    pub(super) fn page_of_records(&self, dataset: &str, after: Option<&str>) -> Result<Page<DatasetRecord>, Error> {
        let sql = format!(
            "SELECT rowid, dataset_record_id, inputs, {}, expectations, tags, source, created_time, last_update_time, \
             created_by, last_updated_by FROM evaluation_dataset_records WHERE dataset_id = ? AND rowid > ? \
             ORDER BY rowid LIMIT ?",
            self.column("evaluation_dataset_records", "outputs"),
        );
        let rows = self.rows(&sql, params![dataset, begins(after), PAGE as i64], |row| {
            let text = |column| row.get::<_, Option<String>>(column);
            let id: String = row.get(1)?;
            let record = || -> Result<RecordRead, serde_json::Error> {
                Ok(RecordRead {
                    dataset_record_id: id.clone(),
                    inputs: parsed(text(2).ok().flatten())?.unwrap_or_else(|| Json::parse("{}").expect("JSON")),
                    outputs: parsed::<Json>(text(3).ok().flatten())?.and_then(|outputs| unwrapped(&outputs)),
                    expectations: parsed(text(4).ok().flatten())?,
                    tags: parsed(text(5).ok().flatten())?,
                    source: parsed(text(6).ok().flatten())?,
                    created_time: row.get::<_, Option<i64>>(7).ok().flatten().unwrap_or_default(),
                    last_update_time: row.get::<_, Option<i64>>(8).ok().flatten().unwrap_or_default(),
                    created_by: text(9).ok().flatten(),
                    last_updated_by: text(10).ok().flatten(),
                })
            };
            Ok((row.get(0)?, record().map_err(|error| (id.clone(), error.to_string()))))
        })?;
        let rows = page(rows, PAGE);
        Ok(Page::read(rows.items, rows.next, |record| record.map(DatasetRecord::from)))
    }

    /// Only of the workspace of whoever knows of none.
    pub(super) fn page_of_prompts(&self, after: Option<&str>) -> Result<Page<Prompt>, Error> {
        let sql = format!(
            "SELECT rowid, name, creation_time, last_updated_time, description FROM registered_models \
             WHERE rowid > ?{} ORDER BY rowid LIMIT ?",
            self.in_workspace("registered_models"),
        );
        let rows = self.rows(&sql, params![begins(after), PAGE as i64], |row| {
            let prompt = Prompt {
                name: row.get(1)?,
                description: row.get::<_, Option<String>>(4)?.unwrap_or_default(),
                tags: Default::default(),
                aliases: Default::default(),
                last: 0,
                latest: None,
                created: row.get::<_, Option<i64>>(2)?.unwrap_or_default(),
                updated: row.get::<_, Option<i64>>(3)?.unwrap_or_default(),
            };
            Ok((row.get(0)?, prompt))
        })?;
        let mut prompts = page(rows, PAGE);
        for prompt in &mut prompts.items {
            let sql =
                |what: &str, from: &str| format!("SELECT {what} FROM {from} WHERE name = ?{}", self.in_workspace(from));
            let of = [&prompt.name];
            prompt.tags = self.pairs(&sql("key, value", "registered_model_tags"), of)?;
            if self.has("registered_model_aliases") {
                let aliases = sql("alias, version", "registered_model_aliases");
                let aliases = self.rows(&aliases, of, |row| Ok((row.get(0)?, row.get::<_, u32>(1)?)))?;
                prompt.aliases = aliases.into_iter().collect();
            }
            let last = self.rows(&sql("max(version)", "model_versions"), of, |row| row.get::<_, Option<u32>>(0))?;
            prompt.last = last.first().copied().flatten().unwrap_or_default();
        }
        Ok(prompts)
    }

    pub(super) fn all_versions(&self, prompt: &Prompt) -> Result<Page<PromptVersion>, Error> {
        let sql = format!(
            "SELECT version, creation_time, last_updated_time, description, source, run_id, run_link FROM model_versions \
             WHERE name = ? AND coalesce(current_stage, '') <> '{DELETED}'{} ORDER BY version",
            self.in_workspace("model_versions"),
        );
        let mut versions = self.rows(&sql, [&prompt.name], |row| {
            let text = |column| Ok::<_, rusqlite::Error>(row.get::<_, Option<String>>(column)?.unwrap_or_default());
            let content = VersionContent {
                description: text(3)?,
                source: text(4)?,
                run: text(5)?,
                run_link: text(6)?,
                tags: Default::default(),
            };
            Ok(PromptVersion {
                prompt: prompt.name.clone(),
                number: row.get(0)?,
                content,
                created: row.get::<_, Option<i64>>(1)?.unwrap_or_default(),
                updated: row.get::<_, Option<i64>>(2)?.unwrap_or_default(),
            })
        })?;
        let sql = format!(
            "SELECT key, value FROM model_version_tags WHERE name = ? AND version = ?{}",
            self.in_workspace("model_version_tags"),
        );
        for version in &mut versions {
            version.content.tags = self.pairs(&sql, params![prompt.name, version.number])?;
        }
        Ok(Page::whole(versions))
    }

    fn in_workspace(&self, table: &str) -> &'static str {
        if self.column(table, "workspace") == "NULL" { "" } else { " AND workspace = 'default'" }
    }

    pub(super) fn all_scorers(&self, experiment: &str) -> Result<Page<(RegisteredScorer, Vec<ScorerVersion>)>, Error> {
        if !self.has("scorers") {
            return Ok(Page::whole(Vec::new()));
        }
        let sql = "SELECT scorer_id, scorer_name FROM scorers WHERE experiment_id = ? ORDER BY rowid";
        let scorers = self.rows(sql, [experiment], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
        let mut all = Vec::with_capacity(scorers.len());
        for (id, name) in scorers {
            let sql = "SELECT scorer_version, serialized_scorer, creation_time FROM scorer_versions \
                       WHERE scorer_id = ? ORDER BY scorer_version";
            let versions = self.rows(sql, [&id], |row| {
                let created = row.get::<_, Option<i64>>(2)?.unwrap_or_default();
                Ok(ScorerVersion { number: row.get(0)?, serialized: row.get(1)?, created })
            })?;
            let last = versions.iter().map(|version| version.number).max().unwrap_or_default();
            let online = self.online(&id)?;
            all.push((RegisteredScorer { id, experiment: experiment.to_owned(), name, last, online }, versions));
        }
        Ok(Page::whole(all))
    }

    fn online(&self, scorer: &str) -> Result<Option<OnlineScoring>, Error> {
        if !self.has("online_scoring_configs") {
            return Ok(None);
        }
        let sql = "SELECT online_scoring_config_id, sample_rate, filter_string FROM online_scoring_configs WHERE scorer_id = ?";
        let found = self.rows(sql, [scorer], |row| {
            Ok(OnlineScoring { id: row.get(0)?, sample_rate: row.get(1)?, filter: row.get(2)? })
        })?;
        Ok(found.into_iter().next())
    }
}

/// JSON in a column; none where that is `null`, or nothing.
fn parsed<T: serde::de::DeserializeOwned>(text: Option<String>) -> Result<Option<T>, serde_json::Error> {
    text.map_or(Ok(None), |text| serde_json::from_str::<Option<T>>(&text))
}

fn unwrapped(outputs: &Json) -> Option<Json> {
    let fields: serde_json::Result<std::collections::BTreeMap<String, Box<RawValue>>> =
        serde_json::from_str(outputs.as_str());
    let inner = match fields {
        Ok(fields) if fields.len() == 1 && fields.contains_key(WRAPPED) => Json::from_raw(&fields[WRAPPED]),
        _ => outputs.clone(),
    };
    (inner.to_value() != Value::Null).then_some(inner)
}
