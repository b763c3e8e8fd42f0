//! What runs were fed with, and what they made.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::post;
use model::tracking::{DatasetName, MadeVersion, RunDataset};
use serde_json::json;

use super::asked::lacks;
use super::{Answer, Asked, Resource, Wrong, experiments, limits, page, pairs, runs};
use crate::shared::Shared;

/// The tag that says what a dataset was used for.
pub(super) const CONTEXT: &str = "mlflow.data.context";

/// The most characters of what describes a dataset, and of its tags.
const LONGEST_NAME: usize = 500;
const LONGEST_DIGEST: usize = 36;
const LONGEST_SOURCE: usize = (64 << 10) - 1;
const LONGEST_SCHEMA: usize = (1 << 20) - 1;
const LONGEST_PROFILE: usize = (16 << 20) - 1;
const LONGEST_KEY: usize = 255;
const LONGEST_VALUE: usize = 500;

/// The most experiments whose datasets are asked for at once, and of datasets that are told.
const MOST_EXPERIMENTS: usize = 20;
const MOST_DATASETS: usize = 1000;

pub(super) fn resources() -> [Resource; 3] {
    [
        ("/2.0/mlflow/runs/log-inputs", post(log_inputs)),
        ("/2.0/mlflow/runs/outputs", post(log_outputs)),
        ("/2.0/mlflow/experiments/search-datasets", post(search_datasets)),
    ]
}

async fn log_inputs(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = runs::id(&asked)?;
    let datasets = asked.messages("datasets")?.iter().map(dataset).collect::<Result<_, _>>()?;
    let model = |model: &Asked| model.required("model_id").map(str::to_owned);
    let models = asked.messages("models")?.iter().map(model).collect::<Result<_, _>>()?;
    shared.registry.log_inputs(id, datasets, models).await?;
    Ok(Json(json!({})))
}

async fn log_outputs(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = runs::id(&asked)?;
    let made = |model: &Asked| {
        let id = model.required("model_id")?.to_owned();
        Ok::<_, Wrong>(MadeVersion { id, step: model.integer("step")?.unwrap_or_default() })
    };
    let made: Vec<_> = asked.messages("models")?.iter().map(made).collect::<Result<_, _>>()?;
    if made.is_empty() {
        return Err(lacks("models"));
    }
    shared.registry.log_outputs(id, made).await?;
    Ok(Json(json!({})))
}

fn dataset(asked: &Asked) -> Result<RunDataset, Wrong> {
    let tags = pairs::read(asked, "tags")?;
    for (key, value) in &tags {
        limits::length("key", key, LONGEST_KEY)?;
        limits::length("value", value, LONGEST_VALUE)?;
    }
    let of = asked.message("dataset")?.ok_or_else(|| Wrong::invalid("Dataset cannot be None"))?;
    let text = |field: &str, most| {
        let text = of.text(field)?;
        text.map_or(Ok(()), |text| limits::length(field, text, most))?;
        Ok::<_, Wrong>(text.map(str::to_owned))
    };
    let needed = |field: &str, most| {
        let text = text(field, most)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Wrong::invalid(format!("Dataset {field} cannot be None")))
    };
    Ok(RunDataset {
        name: DatasetName { name: needed("name", LONGEST_NAME)?, digest: needed("digest", LONGEST_DIGEST)? },
        source_type: text("source_type", LONGEST_SOURCE)?.unwrap_or_default(),
        source: text("source", LONGEST_SOURCE)?.unwrap_or_default(),
        schema: text("schema", LONGEST_SCHEMA)?,
        profile: text("profile", LONGEST_PROFILE)?,
        tags: tags.into_iter().collect(),
    })
}

/// The datasets that runs of experiments were fed with, each once for each use.
async fn search_datasets(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let ids = asked.texts("experiment_ids")?;
    if ids.is_empty() {
        return Err(Wrong::invalid("SearchDatasets request must specify at least one experiment_id."));
    }
    if ids.len() > MOST_EXPERIMENTS {
        return Err(Wrong::invalid(format!(
            "SearchDatasets request cannot specify more than {MOST_EXPERIMENTS} experiment_ids. Received {} \
             experiment_ids.",
            ids.len()
        )));
    }
    let mut found = BTreeSet::new();
    for id in ids {
        for run in shared.registry.runs(&experiments::read_id(id)?).await? {
            let dataset = |dataset: RunDataset| {
                let RunDataset { name: DatasetName { name, digest }, mut tags, .. } = dataset;
                (run.experiment.clone(), name, digest, tags.remove(CONTEXT))
            };
            found.extend(run.datasets.into_iter().map(dataset));
        }
    }
    let summary = |(experiment_id, name, digest, context)| match context {
        Some(context) => {
            json!({ "experiment_id": experiment_id, "name": name, "digest": digest, "context": context })
        }
        None => json!({ "experiment_id": experiment_id, "name": name, "digest": digest }),
    };
    let summaries = found.into_iter().take(MOST_DATASETS).map(summary).collect();
    Ok(Json(page::answer("dataset_summaries", summaries, None)))
}
