//! A run as it is on the wire.

use std::collections::BTreeMap;

use model::tracking::{DatasetName, MadeVersion, RunDataset, Status, TrackedRun};
use serde::Serialize;

use super::super::pairs::{self, Pair};
use super::super::{Asked, metrics};

/// The tag that says a run's name once more.
pub(super) const NAME: &str = "mlflow.runName";

#[derive(Serialize)]
pub(super) struct Run<'a> {
    info: Info<'a>,
    data: Data<'a>,
    inputs: Inputs<'a>,
    outputs: Outputs<'a>,
}

#[derive(Serialize)]
pub(super) struct Info<'a> {
    /// The id's older name: clients read either.
    run_uuid: &'a str,
    run_id: &'a str,
    run_name: &'a str,
    experiment_id: &'a str,
    user_id: &'a str,
    status: &'static str,
    start_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_time: Option<i64>,
    artifact_uri: String,
    lifecycle_stage: &'static str,
}

#[derive(Serialize)]
struct Data<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    metrics: Vec<metrics::Shown<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    params: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct Inputs<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    dataset_inputs: Vec<DatasetInput<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_inputs: Vec<ModelInput<'a>>,
}

#[derive(Serialize)]
struct DatasetInput<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
    dataset: Dataset<'a>,
}

#[derive(Serialize)]
struct Dataset<'a> {
    name: &'a str,
    digest: &'a str,
    source_type: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'a str>,
}

#[derive(Serialize)]
struct ModelInput<'a> {
    model_id: &'a str,
}

#[derive(Serialize)]
struct Outputs<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    model_outputs: Vec<ModelOutput<'a>>,
}

#[derive(Serialize)]
struct ModelOutput<'a> {
    model_id: &'a str,
    step: i64,
}

impl<'a> Run<'a> {
    pub(super) fn of(run: &'a TrackedRun) -> Self {
        let used = run.used.iter().map(|id| ModelInput { model_id: id });
        let made = run.made.iter().map(|MadeVersion { id, step }| ModelOutput { model_id: id, step: *step });
        Self {
            info: Info::of(run),
            data: Data {
                metrics: run.metrics.values().map(metrics::Shown::of).collect(),
                params: pairs::of(&run.params),
                tags: tags(run),
            },
            inputs: Inputs {
                dataset_inputs: run.datasets.iter().map(DatasetInput::of).collect(),
                model_inputs: used.collect(),
            },
            outputs: Outputs { model_outputs: made.collect() },
        }
    }
}

impl<'a> Info<'a> {
    pub(super) fn of(run: &'a TrackedRun) -> Self {
        Self {
            run_uuid: &run.id,
            run_id: &run.id,
            run_name: &run.name,
            experiment_id: &run.experiment,
            user_id: &run.user,
            status: status(run.status),
            start_time: run.started,
            end_time: run.ended,
            artifact_uri: artifact_uri(run),
            lifecycle_stage: run.lifecycle.name(),
        }
    }
}

impl<'a> DatasetInput<'a> {
    fn of(dataset: &'a RunDataset) -> Self {
        let RunDataset { name: DatasetName { name, digest }, source_type, source, schema, profile, tags } = dataset;
        let (schema, profile) = (schema.as_deref(), profile.as_deref());
        Self { tags: pairs::of(tags), dataset: Dataset { name, digest, source_type, source, schema, profile } }
    }
}

/// With the one that says its name.
fn tags(run: &TrackedRun) -> Vec<Pair<'_>> {
    let mut tags = pairs::of(&run.tags);
    tags.push(Pair::new(NAME, &run.name));
    tags
}

/// Where clients put its files: at our door, where nothing else was said.
pub(in super::super) fn artifact_uri(run: &TrackedRun) -> String {
    let here = || format!("mlflow-artifacts:/{}/{}/artifacts", run.experiment, run.id);
    run.location.clone().unwrap_or_else(here)
}

pub(super) fn status(status: Status) -> &'static str {
    match status {
        Status::Running => "RUNNING",
        Status::Scheduled => "SCHEDULED",
        Status::Finished => "FINISHED",
        Status::Failed => "FAILED",
        Status::Killed => "KILLED",
    }
}

/// As protobuf reads it: a name or a number, and one that it does not know is not there.
pub(super) fn read_status(asked: &Asked) -> Option<Status> {
    let number = asked.integer("status").ok().flatten();
    match (asked.text("status").ok().flatten(), number) {
        (Some("RUNNING"), _) | (_, Some(1)) => Some(Status::Running),
        (Some("SCHEDULED"), _) | (_, Some(2)) => Some(Status::Scheduled),
        (Some("FINISHED"), _) | (_, Some(3)) => Some(Status::Finished),
        (Some("FAILED"), _) | (_, Some(4)) => Some(Status::Failed),
        (Some("KILLED"), _) | (_, Some(5)) => Some(Status::Killed),
        _ => None,
    }
}

/// Takes the tag that says the name out of others.
pub(super) fn take_name(tags: &mut BTreeMap<String, String>) -> Option<String> {
    tags.remove(NAME).filter(|name| !name.is_empty())
}
