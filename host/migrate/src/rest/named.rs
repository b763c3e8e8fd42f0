//! Datasets, prompts and registered models, scorers.

use std::collections::BTreeMap;

use model::dataset::{Dataset, DatasetRecord};
use model::prompt::{Prompt, PromptVersion};
use model::registered::{OnlineScoring, RegisteredScorer, ScorerVersion};
use serde_json::{Value, json};

use super::client::Request;
use super::{PAGE, Rest};
use crate::Error;
use crate::source::Page;
use crate::wire::named::{DatasetRead, OnlineRead, RecordRead, RegisteredRead, ScorerRead, VersionRead};

/// Prompts come before models: a list without this has models alone.
const PROMPTS: &str = "tags.`mlflow.prompt.is_prompt` = 'true'";

/// What a page token of models begins with, which come behind the prompts.
const MODELS: &str = "models ";

impl Rest {
    pub(crate) async fn page_of_datasets(&self, after: Option<&str>) -> Result<Page<Dataset>, Error> {
        let body = json!({ "max_results": PAGE, "order_by": ["created_time ASC"], "page_token": after });
        let request = Request::ask("api/3.0/mlflow/datasets/search", body);
        let mut page = self.page(request, "datasets", |read: DatasetRead| Ok(Dataset::from(read))).await?;
        for dataset in &mut page.items {
            let path = format!("api/3.0/mlflow/datasets/{}/experiment-ids", dataset.id);
            let answer: Value = self.client.json(Request::get(path)).await?;
            let ids = answer["experiment_ids"].as_array().into_iter().flatten();
            dataset.experiments = ids.filter_map(|id| id.as_str().map(str::to_owned)).collect();
        }
        Ok(page)
    }

    /// Records are a list in a text.
    pub(super) async fn page_of_records(
        &self,
        dataset: &str,
        after: Option<&str>,
    ) -> Result<Page<DatasetRecord>, Error> {
        let request = Request::get(format!("api/3.0/mlflow/datasets/{dataset}/records"));
        let answer: Value = self.client.json(request.query("max_results", "1000").after(after)).await?;
        let text = answer["records"].as_str().unwrap_or("[]");
        let rows: Vec<Box<serde_json::value::RawValue>> =
            serde_json::from_str(text).map_err(|error| Error::Refused(format!("they can't be read: {error}")))?;
        let next = answer["next_page_token"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
        Ok(Page::read(rows, next, |row| {
            let read = serde_json::from_str::<RecordRead>(row.get());
            read.map(DatasetRecord::from).map_err(|error| (row.get().chars().take(60).collect(), error.to_string()))
        }))
    }

    pub(crate) async fn page_of_prompts(&mut self, after: Option<&str>) -> Result<Page<Prompt>, Error> {
        let models = after.and_then(|after| after.strip_prefix(MODELS));
        let token = models.or(after).filter(|token| !token.is_empty());
        let mut request =
            Request::get("api/2.0/mlflow/registered-models/search").query("max_results", "100").after(token);
        if models.is_none() {
            request = request.query("filter", PROMPTS);
        }
        let mut page = self.page(request, "registered_models", |read: RegisteredRead| Ok(Prompt::from(read))).await?;
        // A server that does not tell them apart has them in both lists.
        page.items.retain(|prompt| prompt.is_prompt() == models.is_none());
        page.next = match (page.next, models) {
            (next, None) => Some(next.unwrap_or_else(|| MODELS.to_owned())),
            (Some(next), Some(_)) => Some(format!("{MODELS}{next}")),
            (None, Some(_)) => None,
        };
        Ok(page)
    }

    pub(crate) async fn all_versions(&self, prompt: &Prompt) -> Result<Page<PromptVersion>, Error> {
        let mut filter = format!("name = '{}'", prompt.name.replace('\'', "''"));
        if prompt.is_prompt() {
            filter += &format!(" AND {PROMPTS}");
        }
        let mut all = Page::whole(Vec::new());
        let mut after: Option<String> = None;
        loop {
            let request = Request::get("api/2.0/mlflow/model-versions/search").query("filter", &filter);
            let request = request.query("max_results", "1000").after(after.as_deref());
            let page = self.page(request, "model_versions", VersionRead::version).await?;
            all.items.extend(page.items);
            all.broken.extend(page.broken);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(all),
            }
        }
    }

    pub(super) async fn all_scorers(
        &self,
        experiment: &str,
    ) -> Result<Page<(RegisteredScorer, Vec<ScorerVersion>)>, Error> {
        let request = Request::get("api/3.0/mlflow/scorers/list").query("experiment_id", experiment);
        let latest = self.page(request, "scorers", |read: ScorerRead| Ok((read.scorer_name, read.scorer_id))).await?;
        let online = self.online(latest.items.iter().filter_map(|(_, id)| id.as_deref())).await;
        let mut all = Page { items: Vec::new(), next: None, broken: latest.broken };
        for (name, id) in latest.items {
            let request = Request::get("api/3.0/mlflow/scorers/versions").query("experiment_id", experiment);
            let versions =
                self.page(request.query("name", &name), "scorers", |read: ScorerRead| Ok(read.into())).await?;
            let versions: Vec<ScorerVersion> = versions.items;
            let id = id.unwrap_or_default();
            let scorer = RegisteredScorer {
                online: online.get(&id).cloned(),
                id,
                experiment: experiment.to_owned(),
                name,
                last: versions.iter().map(|version| version.number).max().unwrap_or_default(),
            };
            all.items.push((scorer, versions));
        }
        Ok(all)
    }

    /// Which traces scorers are to look at, by their ids. A server that does not know has none.
    async fn online<'a>(&self, ids: impl Iterator<Item = &'a str>) -> BTreeMap<String, OnlineScoring> {
        let request = ids
            .fold(Request::get("api/3.0/mlflow/scorers/online-configs"), |request, id| request.query("scorer_ids", id));
        let read = |read: OnlineRead| {
            let online = OnlineScoring {
                id: read.online_scoring_config_id,
                sample_rate: read.sample_rate,
                filter: read.filter_string,
            };
            Ok((read.scorer_id, online))
        };
        self.page(request, "configs", read).await.map(|page| page.items.into_iter().collect()).unwrap_or_default()
    }
}
