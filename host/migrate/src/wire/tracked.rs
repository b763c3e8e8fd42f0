//! Experiments, runs, metrics, logged models.

use model::app::{AppMetric, AppStatus, AppVersion};
use model::tracking::{DatasetName, Experiment, Lifecycle, MadeVersion, Metric, RunDataset, Status, TrackedRun};
use serde::Deserialize;

use super::{Pair, double, map, optional_whole, whole};

#[derive(Deserialize)]
pub(crate) struct ExperimentRead {
    experiment_id: String,
    name: String,
    artifact_location: Option<String>,
    lifecycle_stage: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    creation_time: i64,
    #[serde(default, deserialize_with = "whole")]
    last_update_time: i64,
    tags: Option<Vec<Pair>>,
}

impl From<ExperimentRead> for Experiment {
    fn from(read: ExperimentRead) -> Self {
        Self {
            id: read.experiment_id,
            name: read.name,
            traces: String::new(),
            location: read.artifact_location,
            tags: map(read.tags),
            lifecycle: lifecycle(read.lifecycle_stage.as_deref()),
            created: read.creation_time,
            updated: read.last_update_time,
        }
    }
}

pub(crate) fn lifecycle(stage: Option<&str>) -> Lifecycle {
    match stage {
        Some("deleted") => Lifecycle::Deleted,
        _ => Lifecycle::Active,
    }
}

pub(crate) fn status(status: &str) -> Status {
    match status {
        "SCHEDULED" => Status::Scheduled,
        "FINISHED" => Status::Finished,
        "FAILED" => Status::Failed,
        "KILLED" => Status::Killed,
        _ => Status::Running,
    }
}

pub(crate) fn status_name(status: Status) -> &'static str {
    match status {
        Status::Scheduled => "SCHEDULED",
        Status::Running => "RUNNING",
        Status::Finished => "FINISHED",
        Status::Failed => "FAILED",
        Status::Killed => "KILLED",
    }
}

#[derive(Deserialize)]
pub(crate) struct RunRead {
    info: InfoRead,
    #[serde(default)]
    data: DataRead,
    #[serde(default)]
    inputs: InputsRead,
    #[serde(default)]
    outputs: OutputsRead,
}

#[derive(Deserialize)]
struct InfoRead {
    run_id: Option<String>,
    run_uuid: Option<String>,
    run_name: Option<String>,
    experiment_id: String,
    user_id: Option<String>,
    status: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    start_time: i64,
    #[serde(default, deserialize_with = "optional_whole")]
    end_time: Option<i64>,
    artifact_uri: Option<String>,
    lifecycle_stage: Option<String>,
}

#[derive(Default, Deserialize)]
struct DataRead {
    metrics: Option<Vec<MetricRead>>,
    params: Option<Vec<Pair>>,
    tags: Option<Vec<Pair>>,
}

#[derive(Default, Deserialize)]
struct InputsRead {
    dataset_inputs: Option<Vec<DatasetInputRead>>,
    model_inputs: Option<Vec<ModelRead>>,
}

#[derive(Default, Deserialize)]
struct OutputsRead {
    model_outputs: Option<Vec<ModelRead>>,
}

#[derive(Deserialize)]
struct ModelRead {
    model_id: String,
    #[serde(default, deserialize_with = "whole")]
    step: i64,
}

#[derive(Deserialize)]
struct DatasetInputRead {
    tags: Option<Vec<Pair>>,
    dataset: DatasetRead,
}

#[derive(Deserialize)]
struct DatasetRead {
    name: String,
    digest: String,
    #[serde(default)]
    source_type: String,
    #[serde(default)]
    source: String,
    schema: Option<String>,
    profile: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct MetricRead {
    key: String,
    #[serde(default, deserialize_with = "double")]
    value: f64,
    #[serde(default, deserialize_with = "whole")]
    timestamp: i64,
    #[serde(default, deserialize_with = "whole")]
    step: i64,
    model_id: Option<String>,
    dataset_name: Option<String>,
    dataset_digest: Option<String>,
    run_id: Option<String>,
}

impl MetricRead {
    fn dataset(&self) -> Option<DatasetName> {
        let name = self.dataset_name.clone()?;
        Some(DatasetName { name, digest: self.dataset_digest.clone().unwrap_or_default() })
    }
}

impl From<MetricRead> for Metric {
    fn from(read: MetricRead) -> Self {
        let dataset = read.dataset();
        let MetricRead { key, value, timestamp, step, model_id, .. } = read;
        Self { key, value, timestamp, step, app_version: model_id.filter(|id| !id.is_empty()), dataset }
    }
}

impl From<MetricRead> for AppMetric {
    fn from(read: MetricRead) -> Self {
        let dataset = read.dataset();
        let MetricRead { key, value, timestamp, step, run_id, .. } = read;
        Self { key, value, timestamp, step, run: run_id.filter(|id| !id.is_empty()), dataset }
    }
}

impl From<RunRead> for TrackedRun {
    fn from(read: RunRead) -> Self {
        let RunRead { info, data, inputs, outputs } = read;
        let metrics = data.metrics.into_iter().flatten().map(Metric::from);
        let datasets = inputs.dataset_inputs.into_iter().flatten().map(|input| RunDataset {
            name: DatasetName { name: input.dataset.name, digest: input.dataset.digest },
            source_type: input.dataset.source_type,
            source: input.dataset.source,
            schema: input.dataset.schema,
            profile: input.dataset.profile,
            tags: map(input.tags),
        });
        let made = outputs.model_outputs.into_iter().flatten();
        Self {
            id: info.run_id.or(info.run_uuid).unwrap_or_default(),
            experiment: info.experiment_id,
            location: info.artifact_uri,
            name: info.run_name.unwrap_or_default(),
            user: info.user_id.unwrap_or_default(),
            status: status(&info.status.unwrap_or_default()),
            started: info.start_time,
            ended: info.end_time,
            lifecycle: lifecycle(info.lifecycle_stage.as_deref()),
            params: map(data.params),
            tags: map(data.tags),
            metrics: metrics.map(|metric| (metric.key.clone(), metric)).collect(),
            datasets: datasets.collect(),
            used: inputs.model_inputs.into_iter().flatten().map(|model| model.model_id).collect(),
            made: made.map(|model| MadeVersion { id: model.model_id, step: model.step }).collect(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct LoggedModelRead {
    info: LoggedModelInfoRead,
    #[serde(default)]
    data: LoggedModelDataRead,
}

#[derive(Deserialize)]
struct LoggedModelInfoRead {
    model_id: String,
    experiment_id: String,
    #[serde(default)]
    name: String,
    #[serde(default, deserialize_with = "whole")]
    creation_timestamp_ms: i64,
    #[serde(default, deserialize_with = "whole")]
    last_updated_timestamp_ms: i64,
    artifact_uri: Option<String>,
    status: Option<String>,
    model_type: Option<String>,
    source_run_id: Option<String>,
    tags: Option<Vec<Pair>>,
}

#[derive(Default, Deserialize)]
struct LoggedModelDataRead {
    params: Option<Vec<Pair>>,
    metrics: Option<Vec<MetricRead>>,
}

impl From<LoggedModelRead> for (AppVersion, String) {
    fn from(LoggedModelRead { info, data }: LoggedModelRead) -> Self {
        let version = AppVersion {
            id: info.model_id,
            experiment: info.experiment_id,
            name: info.name,
            kind: info.model_type.unwrap_or_default(),
            run: info.source_run_id.unwrap_or_default(),
            status: match info.status.as_deref() {
                Some("LOGGED_MODEL_READY") => AppStatus::Ready,
                Some("LOGGED_MODEL_UPLOAD_FAILED") => AppStatus::Failed,
                _ => AppStatus::Pending,
            },
            tags: map(info.tags),
            params: map(data.params),
            metrics: data.metrics.into_iter().flatten().map(AppMetric::from).collect(),
            created: info.creation_timestamp_ms,
            updated: info.last_updated_timestamp_ms,
            deleted: None,
        };
        (version, info.artifact_uri.unwrap_or_default())
    }
}
