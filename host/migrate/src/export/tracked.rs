//! Runs with their histories, versions of applications, and the files of both.

use std::collections::BTreeMap;

use model::app::{AppMetric, AppStatus, AppVersion};
use model::tracking::{Experiment, Lifecycle, Metric, TrackedRun};
use serde_json::{Value, json};

use super::{Exporting, ID};
use crate::Error;
use crate::report::Kind;
use crate::rest::client::Request;
use crate::rest::files::{joined, proxied};
use crate::source::Source;
use crate::wire::tracked::status_name;
use crate::wire::{pairs, written_double};

/// A run that has this tag is whole.
const WHOLE: &str = "karat.carried";

/// The most that one request may log.
const METRICS: usize = 1000;
const PAIRS: usize = 100;

/// A run there.
struct There {
    id: String,
    uri: String,
    is_whole: bool,
}

impl Exporting<'_> {
    /// Runs are made first, then versions, which name runs, then what runs logged, which names versions.
    pub(super) async fn tracked(&mut self, experiment: &Experiment) -> Result<(), Error> {
        let home = self.experiments[&experiment.id].clone();
        let mut known = self.runs_there(&home).await?;
        let runs = self.from.registry.runs(&experiment.id).await?;
        for run in &runs {
            if !known.contains_key(&run.id) {
                let made = self.make_run(run, &home).await;
                let Some(made) = self.done(Kind::Run, &run.id, made)? else { continue };
                known.insert(run.id.clone(), made);
                self.report.add(Kind::Run, 1, 0);
            } else {
                self.report.add(Kind::Run, 0, 1);
            }
            self.runs.insert(run.id.clone(), known[&run.id].id.clone());
        }
        self.models_of(experiment, &home).await?;
        for run in &runs {
            if let Some(there) = known.get(&run.id).filter(|there| !there.is_whole) {
                let filled = self.fill_run(run, there).await;
                self.done(Kind::Run, &run.id, filled)?;
                self.tell();
            }
        }
        Ok(())
    }

    /// Runs of an experiment there, by their ids here. One that has never been here may have the same id.
    async fn runs_there(&mut self, home: &str) -> Result<BTreeMap<String, There>, Error> {
        let (mut known, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.there.page_of_runs(home, after.as_deref()).await?;
            for run in page.items {
                let (id, is_whole) = match run.tags.get(ID) {
                    Some(id) => (id.clone(), run.tags.contains_key(WHOLE)),
                    None => (run.id.clone(), true),
                };
                known.insert(id, There { id: run.id, uri: run.location.unwrap_or_default(), is_whole });
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(known),
            }
        }
    }

    async fn make_run(&self, run: &TrackedRun, home: &str) -> Result<There, Error> {
        let mut tags = run.tags.clone();
        tags.insert(ID.to_owned(), run.id.clone());
        tags.remove(WHOLE);
        let first: BTreeMap<_, _> =
            tags.into_iter().filter(|(tag, _)| tag == ID || tag.starts_with("mlflow.")).collect();
        let body = json!({
            "experiment_id": home, "user_id": run.user, "run_name": run.name, "start_time": run.started, "tags": pairs(&first),
        });
        let made: Value = self.there.client.json(Request::make("api/2.0/mlflow/runs/create", body)).await?;
        let text = |name: &str| made["run"]["info"][name].as_str().unwrap_or_default().to_owned();
        Ok(There { id: text("run_id"), uri: text("artifact_uri"), is_whole: false })
    }

    async fn fill_run(&mut self, run: &TrackedRun, there: &There) -> Result<(), Error> {
        let mut tags = run.tags.clone();
        if let Some(parent) = tags.get_mut("mlflow.parentRunId") {
            *parent = self.runs.get(parent).cloned().unwrap_or_else(|| parent.clone());
        }
        for (name, map) in [("params", &run.params), ("tags", &tags)] {
            let all: Vec<_> = map.iter().collect();
            for some in all.chunks(PAIRS) {
                let some: Vec<_> = some.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
                self.log(&there.id, name, some).await?;
            }
        }
        for metric in run.metrics.keys() {
            self.send_history(&run.id, metric, &there.id).await?;
        }
        let datasets: Vec<_> = run
            .datasets
            .iter()
            .map(|dataset| {
                json!({
                    "tags": pairs(&dataset.tags),
                    "dataset": {
                        "name": dataset.name.name, "digest": dataset.name.digest, "source_type": dataset.source_type,
                        "source": dataset.source, "schema": dataset.schema, "profile": dataset.profile,
                    },
                })
            })
            .collect();
        let used: Vec<_> = run.used.iter().map(|id| json!({ "model_id": self.model(id) })).collect();
        if !datasets.is_empty() || !used.is_empty() {
            let inputs = json!({ "run_id": there.id, "datasets": datasets, "models": used });
            self.there.client.done(Request::ask("api/2.0/mlflow/runs/log-inputs", inputs)).await?;
        }
        let made: Vec<_> =
            run.made.iter().map(|made| json!({ "model_id": self.model(&made.id), "step": made.step })).collect();
        if !made.is_empty() {
            let outputs = json!({ "run_id": there.id, "models": made });
            self.there.client.done(Request::ask("api/2.0/mlflow/runs/outputs", outputs)).await?;
        }
        self.send_files(&format!("{}/{}/artifacts", run.experiment, run.id), &there.uri).await?;
        let mut end = json!({ "run_id": there.id, "status": status_name(run.status), "run_name": run.name });
        if let Some(ended) = run.ended {
            end["end_time"] = json!(ended);
        }
        self.there.client.done(Request::ask("api/2.0/mlflow/runs/update", end)).await?;
        self.log(&there.id, "tags", vec![json!({ "key": WHOLE, "value": "true" })]).await?;
        if run.lifecycle == Lifecycle::Deleted {
            self.there.client.done(Request::ask("api/2.0/mlflow/runs/delete", json!({ "run_id": there.id }))).await?;
        }
        Ok(())
    }

    async fn log(&self, run: &str, what: &str, values: Vec<Value>) -> Result<(), Error> {
        let body = json!({ "run_id": run, what: values });
        self.there.client.done(Request::ask("api/2.0/mlflow/runs/log-batch", body)).await
    }

    async fn send_history(&mut self, run: &str, metric: &str, there: &str) -> Result<(), Error> {
        let mut after = None;
        loop {
            let page = self.from.registry.metric_history(run, metric, after.as_deref(), METRICS).await?;
            let points: Vec<_> = page.points.iter().map(|point| self.point(run, point)).collect();
            let count = points.len() as u64;
            self.log(there, "metrics", points).await?;
            self.report.add(Kind::MetricPoint, count, 0);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn point(&self, run: &str, point: &Metric) -> Value {
        let mut value = json!({
            "key": point.key, "value": written_double(point.value), "timestamp": point.timestamp, "step": point.step,
        });
        let is_it = |of: &AppMetric| (&of.key, of.timestamp, of.step) == (&point.key, point.timestamp, point.step);
        if let Some((model, of)) = self.measured.get(run).into_iter().flatten().find(|(_, of)| is_it(of)) {
            value["model_id"] = json!(model);
            if let Some(dataset) = &of.dataset {
                (value["dataset_name"], value["dataset_digest"]) = (json!(dataset.name), json!(dataset.digest));
            }
        }
        value
    }

    /// The id there of a version here; one that is not there keeps its own.
    fn model<'i>(&'i self, id: &'i str) -> &'i str {
        self.models.get(id).map_or(id, String::as_str)
    }

    async fn models_of(&mut self, experiment: &Experiment, home: &str) -> Result<(), Error> {
        let mut after: Option<String> = None;
        loop {
            let page = match self.there.models(home, after.as_deref()).await {
                Err(Error::Unknown) => return Ok(()),
                page => page?,
            };
            for (model, _) in page.items {
                self.models.insert(model.tags.get(ID).cloned().unwrap_or_else(|| model.id.clone()), model.id);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        for app in self.from.registry.apps(&experiment.id).await? {
            if self.models.contains_key(&app.id) {
                self.report.add(Kind::LoggedModel, 0, 1);
            } else {
                let made = self.make_model(&app, home).await;
                if self.done(Kind::LoggedModel, &app.id, made)?.is_some() {
                    self.report.add(Kind::LoggedModel, 1, 0);
                }
            }
            let Some(there) = self.models.get(&app.id) else { continue };
            for metric in app.metrics {
                if let Some(run) = &metric.run {
                    self.measured.entry(run.clone()).or_default().push((there.clone(), metric));
                }
            }
        }
        Ok(())
    }

    async fn make_model(&mut self, app: &AppVersion, home: &str) -> Result<(), Error> {
        let mut tags = app.tags.clone();
        tags.insert(ID.to_owned(), app.id.clone());
        let run = self.runs.get(&app.run).cloned().unwrap_or_default();
        let body = json!({
            "experiment_id": home, "name": app.name, "model_type": app.kind, "source_run_id": run,
            "params": pairs(&app.params), "tags": pairs(&tags),
        });
        let made: Value = self.there.client.json(Request::make("api/2.0/mlflow/logged-models", body)).await?;
        let text = |name: &str| made["model"]["info"][name].as_str().unwrap_or_default().to_owned();
        let (id, uri) = (text("model_id"), text("artifact_uri"));
        self.models.insert(app.id.clone(), id.clone());
        self.send_files(&format!("{}/models/{}/artifacts", app.experiment, app.id), &uri).await?;
        let status = match app.status {
            AppStatus::Pending => return Ok(()),
            AppStatus::Ready => "LOGGED_MODEL_READY",
            AppStatus::Failed => "LOGGED_MODEL_UPLOAD_FAILED",
        };
        let body = json!({ "model_id": id, "status": status });
        self.there.client.done(Request::patch(format!("api/2.0/mlflow/logged-models/{id}"), body)).await
    }

    /// All files of a folder here, to a URI there.
    async fn send_files(&mut self, folder: &str, uri: &str) -> Result<(), Error> {
        let mut folders = vec![String::new()];
        while let Some(below) = folders.pop() {
            for entry in self.from.registry.artifacts(&joined(folder, &below)).await? {
                let path = joined(&below, &entry.name);
                if entry.bytes.is_none() {
                    folders.push(path);
                    continue;
                }
                let Some(artifact) = self.from.registry.artifact(&joined(folder, &path)).await? else { continue };
                let Some(root) = proxied(uri) else {
                    let why = "the server there has no proxy for files (`mlflow server --artifacts-destination`)";
                    self.report.leave_out(Kind::File, artifact.path, why);
                    continue;
                };
                let blob = self.from.blobs.open_blob(&artifact.digest)?;
                let to = format!("api/2.0/mlflow-artifacts/artifacts/{}", joined(&root, &path));
                let sent = self.there.client.upload(&to, blob, artifact.bytes).await;
                if self.done(Kind::File, &artifact.path, sent)?.is_some() {
                    self.report.add(Kind::File, 1, 0);
                }
            }
        }
        Ok(())
    }
}
