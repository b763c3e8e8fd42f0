//! Runs with their histories, versions of applications, and the files of both.

use std::collections::BTreeMap;

use model::app::{AppMetric, AppStatus, AppVersion};
use model::tracking::{Experiment, Lifecycle, Metric, Status, TrackedRun};
use serde_json::{Value, json};

use super::{Exporting, ID};
use crate::Error;
use crate::report::Kind;
use crate::rest::client::Request;
use crate::rest::files::{joined, proxied};
use crate::source::Source;
use crate::wire::tracked::status_name;
use crate::wire::{pairs, written_double};

/// The tag of what has everything there.
pub(super) const WHOLE: &str = "karat.carried";

/// What the tag says of what is whole once it is deleted there: nothing that is deleted takes a tag.
pub(super) const TO_BE_DELETED: &str = "to be deleted";

/// The most that one request may log.
const METRICS: usize = 1000;
const PAIRS: usize = 100;

/// A run there.
struct There {
    id: String,
    uri: String,
    is_whole: bool,
    is_deleted: bool,
}

impl There {
    /// With its id here. One that did not come from here is there with the id that it has here, and is left alone.
    fn of(run: TrackedRun) -> (String, Self) {
        let is_deleted = run.lifecycle == Lifecycle::Deleted;
        let (id, is_whole) = match (run.tags.get(ID), run.tags.get(WHOLE)) {
            (None, _) => (run.id.clone(), true),
            (Some(id), Some(whole)) => (id.clone(), is_deleted || whole != TO_BE_DELETED),
            (Some(id), None) => (id.clone(), false),
        };
        (id, Self { id: run.id, uri: run.location.unwrap_or_default(), is_whole, is_deleted })
    }

    /// What somebody has deleted there stays so.
    fn lacks_something_of(&self, run: &TrackedRun) -> bool {
        !self.is_whole && (!self.is_deleted || run.lifecycle == Lifecycle::Deleted)
    }
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
            if let Some(there) = known.get(&run.id).filter(|there| there.lacks_something_of(run)) {
                let filled = self.fill_run(run, there).await;
                self.done(Kind::Run, &run.id, filled)?;
                self.tell();
            }
        }
        Ok(())
    }

    /// Runs of an experiment there, by their ids here.
    async fn runs_there(&mut self, home: &str) -> Result<BTreeMap<String, There>, Error> {
        let (mut known, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.there.page_of_runs(home, after.as_deref()).await?;
            known.extend(page.items.into_iter().map(There::of));
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
        Ok(There { id: text("run_id"), uri: text("artifact_uri"), is_whole: false, is_deleted: false })
    }

    async fn fill_run(&mut self, run: &TrackedRun, there: &There) -> Result<(), Error> {
        let left_out = self.report.count_left_out();
        let id = json!({ "run_id": there.id });
        if there.is_deleted {
            self.there.client.done(Request::ask("api/2.0/mlflow/runs/restore", id.clone())).await?;
        }
        let mut tags = run.tags.clone();
        // It may have come from where others had put it.
        tags.retain(|tag, _| tag != ID && tag != WHOLE);
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
        if !run.made.is_empty() {
            // Those that are there are refused.
            let known = self.there.run(&there.id).await?.made;
            let made = run.made.iter().map(|made| (self.model(&made.id), made.step));
            let new = made.filter(|(id, _)| !known.iter().any(|known| known.id == *id));
            let made: Vec<_> = new.map(|(id, step)| json!({ "model_id": id, "step": step })).collect();
            let outputs = json!({ "run_id": there.id, "models": made });
            self.there.client.done(Request::ask("api/2.0/mlflow/runs/outputs", outputs)).await?;
        }
        self.send_files(&format!("{}/{}/artifacts", run.experiment, run.id), &there.uri).await?;
        let mut end = json!({ "run_id": there.id, "status": status_name(run.status), "run_name": run.name });
        if let Some(ended) = run.ended {
            end["end_time"] = json!(ended);
        }
        self.there.client.done(Request::ask("api/2.0/mlflow/runs/update", end)).await?;
        let is_deleted = run.lifecycle == Lifecycle::Deleted;
        let is_over = !matches!(run.status, Status::Running | Status::Scheduled);
        if is_over && self.report.count_left_out() == left_out {
            let whole = if is_deleted { TO_BE_DELETED } else { "true" };
            self.log(&there.id, "tags", vec![json!({ "key": WHOLE, "value": whole })]).await?;
        }
        if is_deleted {
            self.there.client.done(Request::ask("api/2.0/mlflow/runs/delete", id)).await?;
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
        let (mut pending, mut after) = (BTreeMap::new(), None::<String>);
        loop {
            let page = match self.there.models(home, after.as_deref()).await {
                Err(Error::Unknown) => return Ok(()),
                page => page?,
            };
            for (model, uri) in page.items {
                let own = model.tags.get(ID).cloned();
                if let (Some(own), AppStatus::Pending) = (&own, model.status) {
                    pending.insert(own.clone(), uri);
                }
                self.models.insert(own.unwrap_or_else(|| model.id.clone()), model.id);
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
                let Some(uri) = self.done(Kind::LoggedModel, &app.id, made)? else { continue };
                pending.insert(app.id.clone(), uri);
                self.report.add(Kind::LoggedModel, 1, 0);
            }
            let there = self.models[&app.id].clone();
            if let Some(uri) = pending.get(&app.id) {
                let filled = self.fill_model(&app, &there, uri).await;
                self.done(Kind::LoggedModel, &app.id, filled)?;
            }
            for metric in app.metrics {
                if let Some(run) = &metric.run {
                    self.measured.entry(run.clone()).or_default().push((there.clone(), metric));
                }
            }
        }
        Ok(())
    }

    /// Returns the URI of its files there.
    async fn make_model(&mut self, app: &AppVersion, home: &str) -> Result<String, Error> {
        let mut tags = app.tags.clone();
        tags.insert(ID.to_owned(), app.id.clone());
        let run = self.runs.get(&app.run).cloned().unwrap_or_default();
        let body = json!({
            "experiment_id": home, "name": app.name, "model_type": app.kind, "source_run_id": run,
            "params": pairs(&app.params), "tags": pairs(&tags),
        });
        let made: Value = self.there.client.json(Request::make("api/2.0/mlflow/logged-models", body)).await?;
        let text = |name: &str| made["model"]["info"][name].as_str().unwrap_or_default().to_owned();
        self.models.insert(app.id.clone(), text("model_id"));
        Ok(text("artifact_uri"))
    }

    /// One that lacks something goes on being pending there.
    async fn fill_model(&mut self, app: &AppVersion, id: &str, uri: &str) -> Result<(), Error> {
        let left_out = self.report.count_left_out();
        self.send_files(&format!("{}/models/{}/artifacts", app.experiment, app.id), uri).await?;
        if self.report.count_left_out() > left_out {
            return Ok(());
        }
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
