//! Datasets with their records, prompts and registered models with their versions.

use std::collections::HashMap;

use model::dataset::{Dataset, DatasetRecord};
use model::prompt::{Prompt, PromptVersion};
use serde_json::{Map, Value, json};

use super::{Exporting, ID};
use crate::Error;
use crate::report::Kind;
use crate::rest::client::Request;
use crate::wire::pairs;

/// Records of a request.
const RECORDS: usize = 500;

impl Exporting<'_> {
    pub(super) async fn datasets(&mut self) -> Result<(), Error> {
        let datasets = self.from.registry.datasets().await?;
        if datasets.is_empty() {
            return Ok(());
        }
        let (mut known, mut after) = (HashMap::new(), None);
        loop {
            let page = match self.there.page_of_datasets(after.as_deref()).await {
                Err(Error::Unknown) => {
                    let why = "the server keeps none: it is older than MLflow 3.4";
                    self.report.leave_out_all(Kind::Dataset, datasets.len() as u64, why);
                    return Ok(());
                }
                page => page?,
            };
            known.extend(
                page.items.into_iter().map(|one| (one.tags.get(ID).cloned().unwrap_or(one.id.clone()), one.id)),
            );
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        for dataset in datasets {
            let is_new = !known.contains_key(&dataset.id);
            let there = match known.get(&dataset.id) {
                Some(id) => Ok(id.clone()),
                None => self.make_dataset(&dataset).await,
            };
            let Some(there) = self.done(Kind::Dataset, &dataset.name, there)? else { continue };
            self.report.add(Kind::Dataset, is_new.into(), (!is_new).into());
            let sent = self.records(&dataset, &there).await;
            self.done(Kind::Record, &format!("those of {}", dataset.name), sent)?;
        }
        Ok(())
    }

    async fn make_dataset(&self, dataset: &Dataset) -> Result<String, Error> {
        let mut tags = dataset.tags.clone();
        tags.insert(ID.to_owned(), dataset.id.clone());
        let experiments: Vec<_> = dataset.experiments.iter().filter_map(|id| self.experiments.get(id)).collect();
        let body = json!({
            "name": dataset.name, "experiment_ids": experiments, "tags": json!(tags).to_string(),
            "created_by": dataset.created_by,
        });
        let made: Value = self.there.client.json(Request::make("api/3.0/mlflow/datasets/create", body)).await?;
        Ok(made["dataset"]["dataset_id"].as_str().unwrap_or_default().to_owned())
    }

    /// Records are told by their inputs: those that are there are merged with what is the same.
    async fn records(&mut self, dataset: &Dataset, there: &str) -> Result<(), Error> {
        let mut after: Option<String> = None;
        loop {
            let records = self.from.registry.records(&dataset.id, after.as_deref(), RECORDS).await?;
            let Some(last) = records.last() else { return Ok(()) };
            after = Some(last.id.clone());
            let sent: Vec<_> = records.iter().map(record).collect();
            let body = json!({ "records": json!(sent).to_string(), "updated_by": dataset.updated_by });
            let path = format!("api/3.0/mlflow/datasets/{there}/records");
            let merged: Value = self.there.client.json(Request::ask(path, body)).await?;
            let count = |name: &str| merged[name].as_u64().unwrap_or_default();
            self.report.add(Kind::Record, count("inserted_count"), count("updated_count"));
        }
    }

    pub(super) async fn prompts(&mut self) -> Result<(), Error> {
        let (mut known, mut after) = (HashMap::new(), None);
        loop {
            let page = self.there.page_of_prompts(after.as_deref()).await?;
            known.extend(page.items.into_iter().map(|prompt| (prompt.name.clone(), prompt)));
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        for prompt in self.from.registry.prompts().await? {
            let kind = if prompt.is_prompt() { Kind::Prompt } else { Kind::RegisteredModel };
            let sent = self.prompt(&prompt, known.get(&prompt.name)).await;
            self.done(kind, &prompt.name, sent)?;
            self.tell();
        }
        Ok(())
    }

    async fn prompt(&mut self, prompt: &Prompt, there: Option<&Prompt>) -> Result<(), Error> {
        let (one, version) = match prompt.is_prompt() {
            true => (Kind::Prompt, Kind::PromptVersion),
            false => (Kind::RegisteredModel, Kind::ModelVersion),
        };
        let known = match there {
            None => {
                let body =
                    json!({ "name": prompt.name, "description": prompt.description, "tags": pairs(&prompt.tags) });
                self.there.client.done(Request::make("api/2.0/mlflow/registered-models/create", body)).await?;
                self.report.add(one, 1, 0);
                Vec::new()
            }
            Some(there) if there.is_prompt() != prompt.is_prompt() => {
                return Err(Error::Refused("a prompt, or a model, of the same name is there".to_owned()));
            }
            Some(there) => {
                self.report.add(one, 0, 1);
                self.there.all_versions(there).await?.items
            }
        };
        for here in self.from.registry.prompt_versions(Some(&prompt.name)).await? {
            let name = format!("{}/{}", here.prompt, here.number);
            match known.iter().find(|there| there.number == here.number) {
                Some(there) if there.content.tags == here.content.tags => self.report.add(version, 0, 1),
                Some(_) => self.report.leave_out(version, name, "something else is there under its number"),
                None => {
                    let made = self.version(&here).await;
                    if self.done(version, &name, made)?.is_some() {
                        self.report.add(version, 1, 0);
                    }
                }
            }
        }
        for (alias, number) in &prompt.aliases {
            if there.is_none_or(|there| !there.aliases.contains_key(alias)) {
                let body = json!({ "name": prompt.name, "alias": alias, "version": number.to_string() });
                let set = self.there.client.done(Request::ask("api/2.0/mlflow/registered-models/alias", body)).await;
                self.done(version, &format!("the alias `{alias}` of {}", prompt.name), set)?;
            }
        }
        Ok(())
    }

    /// Numbers are given there, one after the other, and to none twice. So those that are missing here are made and deleted.
    async fn version(&self, here: &PromptVersion) -> Result<(), Error> {
        let content = &here.content;
        let run = self.runs.get(&content.run).cloned().unwrap_or_default();
        let mut body = json!({
            "name": here.prompt, "source": content.source, "description": content.description, "run_id": run,
            "run_link": content.run_link, "tags": pairs(&content.tags),
        });
        if let Some(id) = content.source.strip_prefix("models:/").and_then(|id| self.models.get(id)) {
            (body["source"], body["model_id"]) = (json!(format!("models:/{id}")), json!(id));
        }
        loop {
            let request = Request::make("api/2.0/mlflow/model-versions/create", body.clone());
            let made: Value = self.there.client.json(request).await?;
            let version = made["model_version"]["version"].clone();
            let number: u32 = version.as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
            if number == here.number {
                return Ok(());
            }
            let gone = json!({ "name": here.prompt, "version": version });
            self.there.client.done(Request::delete("api/2.0/mlflow/model-versions/delete", gone)).await?;
            if number > here.number || number == 0 {
                return Err(Error::Refused("its number was another's there, and is not given twice".to_owned()));
            }
        }
    }
}

/// A record as it is handed over. What it says nothing of is left out.
fn record(record: &DatasetRecord) -> Value {
    let mut fields =
        Map::from_iter([("inputs".to_owned(), json!(record.inputs)), ("outputs".to_owned(), json!(record.outputs))]);
    let mut put = |name: &str, value: Option<Value>| value.map(|value| fields.insert(name.to_owned(), value));
    put("expectations", record.expectations.as_ref().map(|value| json!(value)));
    put("tags", record.tags.as_ref().map(|value| json!(value)));
    put(
        "source",
        record.source.as_ref().map(|source| json!({ "source_type": source.kind, "source_data": source.data })),
    );
    Value::Object(fields)
}
