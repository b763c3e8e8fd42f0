//! An MLflow server, by its REST API.

pub(crate) mod client;
pub(crate) mod files;
mod named;
mod reviewed;
mod traces;
mod tracked;

use std::io::Write;

use async_trait::async_trait;
use model::app::AppVersion;
use model::dataset::{Dataset, DatasetRecord};
use model::issue::Issue;
use model::prompt::{Prompt, PromptVersion};
use model::registered::{RegisteredScorer, ScorerVersion};
use model::review::{LabelSchema, ReviewItem, ReviewQueue};
use model::trace::Span;
use model::tracking::{Experiment, Metric, TrackedRun};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::source::{Entry, Owner, Page, Source, ToldTrace};
use crate::{Access, Error, Kind, Report};
use client::{Client, Request};

/// Things of a page, where what each of them takes is bounded.
const PAGE: usize = 200;

pub(crate) struct Rest {
    pub(crate) client: Client,
}

impl Rest {
    /// Looks whether there is an MLflow that lets us in.
    pub(crate) async fn open(uri: &str, access: Access) -> Result<Self, Error> {
        let client = Client::new(uri, access)?;
        let version = match client.text(Request::get("version")).await {
            Ok(text) => text,
            Err(Error::Unknown | Error::Refused(_)) => String::new(),
            Err(error) => return Err(error),
        };
        let major = version.trim().split('.').next().and_then(|major| major.parse::<u32>().ok());
        match major {
            Some(2..) => {}
            Some(_) => {
                let message = format!("`{uri}` is MLflow {}, which is too old", version.trim());
                return Err(Error::place(message).hint("MLflow 2 and later can be read"));
            }
            None => {
                return Err(Error::place(format!("`{uri}` is no MLflow server: `/version` says no version"))
                    .hint("name the address that MLFLOW_TRACKING_URI has"));
            }
        }
        // Whoever is not let in is told before anything begins.
        let body = serde_json::json!({ "max_results": 1 });
        let asked: Result<Value, Error> = client.json(Request::ask("api/2.0/mlflow/experiments/search", body)).await;
        asked.map_err(|error| match error {
            Error::Place { .. } => error,
            error => Error::place(format!("`{uri}` can't be read: {error}")),
        })?;
        Ok(Self { client })
    }

    /// A page of a list: its items are under `items` of the answer.
    async fn page<R: DeserializeOwned, T>(
        &self,
        request: Request,
        items: &str,
        read: impl Fn(R) -> Result<T, (String, String)>,
    ) -> Result<Page<T>, Error> {
        let mut answer: Value = self.client.json(request).await?;
        let next = answer["next_page_token"].as_str().filter(|token| !token.is_empty()).map(str::to_owned);
        let rows = match answer[items].take() {
            Value::Array(rows) => rows,
            _ => Vec::new(),
        };
        Ok(Page::read(rows, next, |row| {
            let read_row = R::deserialize(&row).map_err(|error| (name_of(&row), error.to_string()))?;
            read(read_row)
        }))
    }
}

/// What a thing that can't be read seems to be called.
fn name_of(row: &Value) -> String {
    let text = row.to_string();
    text.chars().take(60).collect()
}

#[async_trait]
impl Source for Rest {
    async fn experiments(&mut self) -> Result<Vec<Experiment>, Error> {
        self.all_experiments().await
    }

    async fn runs(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<TrackedRun>, Error> {
        self.page_of_runs(experiment, after).await
    }

    async fn complete(&mut self, run: &mut TrackedRun) -> Result<(), Error> {
        self.add_inputs(run).await
    }

    async fn history(&mut self, run: &str, metric: &str, after: Option<&str>) -> Result<Page<Metric>, Error> {
        self.page_of_history(run, metric, after).await
    }

    async fn models(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<(AppVersion, String)>, Error> {
        self.page_of_models(experiment, after).await
    }

    async fn traces(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<ToldTrace>, Error> {
        self.page_of_traces(experiment, after).await
    }

    async fn spans(&mut self, trace: &ToldTrace, _after: Option<&str>) -> Result<Page<Span>, Error> {
        self.all_spans(trace).await
    }

    async fn linked(&mut self, experiment: &str, run: &str, after: Option<&str>) -> Result<Page<String>, Error> {
        self.page_of_linked(experiment, run, after).await
    }

    async fn datasets(&mut self, after: Option<&str>) -> Result<Page<Dataset>, Error> {
        self.page_of_datasets(after).await
    }

    async fn records(&mut self, dataset: &str, after: Option<&str>) -> Result<Page<DatasetRecord>, Error> {
        self.page_of_records(dataset, after).await
    }

    async fn prompts(&mut self, after: Option<&str>) -> Result<Page<Prompt>, Error> {
        self.page_of_prompts(after).await
    }

    async fn versions(&mut self, prompt: &Prompt) -> Result<Page<PromptVersion>, Error> {
        self.all_versions(prompt).await
    }

    async fn scorers(&mut self, experiment: &str) -> Result<Page<(RegisteredScorer, Vec<ScorerVersion>)>, Error> {
        self.all_scorers(experiment).await
    }

    async fn label_schemas(&mut self, experiment: &str) -> Result<Page<LabelSchema>, Error> {
        self.all_label_schemas(experiment).await
    }

    async fn review_queues(&mut self, experiment: &str) -> Result<Page<ReviewQueue>, Error> {
        self.all_review_queues(experiment).await
    }

    async fn review_items(&mut self, queue: &str, after: Option<&str>) -> Result<Page<ReviewItem>, Error> {
        self.page_of_review_items(queue, after).await
    }

    async fn issues(&mut self, experiment: &str, after: Option<&str>) -> Result<Page<Issue>, Error> {
        self.page_of_issues(experiment, after).await
    }

    async fn files(&mut self, owner: &Owner, uri: &str, folder: &str) -> Result<Option<Vec<Entry>>, Error> {
        self.entries(owner, uri, folder).await
    }

    async fn file(&mut self, owner: &Owner, uri: &str, path: &str, to: &mut (dyn Write + Send)) -> Result<(), Error> {
        self.copy_file(owner, uri, path, to).await
    }

    async fn others(&mut self, report: &mut Report) -> Result<(), Error> {
        for (what, path, items, why) in [
            ("webhooks", "api/2.0/mlflow/webhooks", "webhooks", "a server does not tell their secrets; make them anew"),
            (
                "endpoints of the gateway",
                "api/3.0/mlflow/gateway/endpoints/list",
                "endpoints",
                "their keys are not told; `karat serve --gateway` has its own file",
            ),
        ] {
            if let Ok(answer) = self.client.json::<Value>(Request::get(path)).await {
                let count = answer[items].as_array().map_or(0, Vec::len) as u64;
                report.leave_out_all(Kind::Other(what), count, why);
            }
        }
        Ok(())
    }
}
