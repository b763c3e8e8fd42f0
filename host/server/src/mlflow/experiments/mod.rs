//! Experiments.

mod search;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::{get, post};
use model::tracking::{Experiment, Lifecycle};
use registry::NewExperiment;
use serde::Serialize;
use serde_json::{Value, json};

use super::pairs::{self, Pair};
use super::view::View;
use super::{Answer, Asked, Resource, Wrong, filter, limits, page};
use crate::shared::Shared;

const LONGEST_NAME: usize = 500;
const LONGEST_TAG: usize = 20_000;

/// How many experiments a page has where the request does not say, and how many it may have.
const PAGE: usize = 1000;
const LARGEST_PAGE: usize = 50_000;

pub(super) fn resources() -> [Resource; 9] {
    [
        ("/2.0/mlflow/experiments/create", post(create)),
        ("/2.0/mlflow/experiments/get", get(show)),
        ("/2.0/mlflow/experiments/get-by-name", get(show_by_name)),
        ("/2.0/mlflow/experiments/search", get(search).post(search)),
        ("/2.0/mlflow/experiments/update", post(rename)),
        ("/2.0/mlflow/experiments/delete", post(delete)),
        ("/2.0/mlflow/experiments/restore", post(restore)),
        ("/2.0/mlflow/experiments/set-experiment-tag", post(set_tag)),
        ("/2.0/mlflow/experiments/delete-experiment-tag", post(delete_tag)),
    ]
}

#[derive(Serialize)]
struct Shown<'a> {
    experiment_id: &'a str,
    name: &'a str,
    artifact_location: String,
    lifecycle_stage: &'static str,
    last_update_time: i64,
    creation_time: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<Pair<'a>>,
    workspace: &'static str,
}

impl<'a> Shown<'a> {
    fn of(experiment: &'a Experiment) -> Self {
        let here = || format!("mlflow-artifacts:/{}", experiment.id);
        Self {
            experiment_id: &experiment.id,
            name: &experiment.name,
            artifact_location: experiment.location.clone().unwrap_or_else(here),
            lifecycle_stage: experiment.lifecycle.name(),
            last_update_time: experiment.updated,
            creation_time: experiment.created,
            tags: pairs::of(&experiment.tags),
            workspace: "default",
        }
    }
}

/// The id that a request names.
pub(super) fn id(asked: &Asked) -> Result<String, Wrong> {
    read_id(asked.required("experiment_id")?)
}

pub(super) fn read_id(text: &str) -> Result<String, Wrong> {
    let wrong = || format!("Invalid experiment ID '{text}'. Experiment ID must be a valid integer.");
    text.trim().parse::<i64>().map(|id| id.to_string()).map_err(|_| Wrong::invalid(wrong()))
}

/// An experiment, also one of which only traces were sent so far.
pub(super) async fn find(shared: &Shared, id: &str) -> Result<Experiment, Wrong> {
    if let Some(found) = shared.registry.experiment(id).await? {
        return Ok(found);
    }
    adopt(shared).await?;
    let found = shared.registry.experiment(id).await?;
    found.ok_or_else(|| registry::Error::Missing { what: "experiment", name: id.to_owned() }.into())
}

/// Likewise, but only one that is not deleted: nothing new is kept in those that are.
pub(super) async fn find_active(shared: &Shared, id: &str) -> Result<Experiment, Wrong> {
    let found = find(shared, id).await?;
    match found.lifecycle {
        Lifecycle::Active => Ok(found),
        Lifecycle::Deleted => {
            Err(Wrong::invalid(format!("The experiment {id} must be in the 'active' state. Current state is deleted.")))
        }
    }
}

/// Has the registry know the experiments that spans were sent to by name.
pub(super) async fn adopt(shared: &Shared) -> Result<(), Wrong> {
    let traces = shared.traces.experiments().await?;
    let names: Vec<_> = traces.into_iter().map(|(name, _)| name).collect();
    Ok(shared.registry.adopt(&names, shared.milliseconds()).await?)
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = name(asked.required("name")?)?;
    let location = asked.text("artifact_location")?.filter(|location| !location.is_empty()).map(str::to_owned);
    if location.as_ref().is_some_and(|location| location.starts_with("runs:")) {
        return Err(Wrong::invalid("Artifact location cannot be a runs:/ URI."));
    }
    let mut tags = BTreeMap::new();
    for (key, value) in pairs::read(&asked, "tags")? {
        check_tag(&key, &value)?;
        tags.insert(key, value);
    }
    adopt(&shared).await?;
    let new = NewExperiment { name, location, tags };
    let made = shared.registry.create_experiment(new, shared.milliseconds()).await?;
    Ok(Json(json!({ "experiment_id": made.id })))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shown(&shared, &id(&asked)?).await.map(Json)
}

/// An experiment as it is answered.
pub(super) async fn shown(shared: &Shared, id: &str) -> Result<Value, Wrong> {
    let experiment = find(shared, id).await?;
    Ok(json!({ "experiment": Shown::of(&experiment) }))
}

async fn show_by_name(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = asked.required("experiment_name")?;
    let mut found = shared.registry.experiment_by_name(name).await?;
    if found.is_none() {
        adopt(&shared).await?;
        found = shared.registry.experiment_by_name(name).await?;
    }
    match found {
        Some(experiment) => Ok(Json(json!({ "experiment": Shown::of(&experiment) }))),
        None => Err(Wrong::missing(format!("Could not find experiment with name '{name}'"))),
    }
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, PAGE, LARGEST_PAGE)?;
    let view = View::of(&asked, "view_type");
    let conditions = search::conditions(filter::parse(asked.text("filter")?.unwrap_or_default())?)?;
    let orders = search::orders(&asked.texts("order_by")?)?;
    adopt(&shared).await?;
    let mut found = shared.registry.experiments().await?;
    found.retain(|one| view.shows(one.lifecycle) && conditions.iter().all(|condition| condition.holds(one)));
    found.sort_by(|a, b| search::compare(&orders, a, b));
    let (found, next) = page::of(found, &asked, size)?;
    Ok(Json(page::answer("experiments", found.iter().map(|one| json!(Shown::of(one))).collect(), next)))
}

async fn rename(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, name) = (id(&asked)?, name(asked.required("new_name")?)?);
    find(&shared, &id).await?;
    shared.registry.rename_experiment(&id, &name, shared.milliseconds()).await?;
    Ok(Json(json!({})))
}

async fn delete(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = find(&shared, &id(&asked)?).await?.id;
    shared.registry.delete_experiment(&id, shared.milliseconds()).await?;
    Ok(Json(json!({})))
}

async fn restore(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.restore_experiment(&id(&asked)?, shared.milliseconds()).await?;
    Ok(Json(json!({})))
}

async fn set_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, key, value) = (id(&asked)?, asked.required("key")?, asked.text("value")?.unwrap_or_default());
    check_tag(key, value)?;
    find(&shared, &id).await?;
    shared.registry.tag_experiment(&id, key, value).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, key) = (id(&asked)?, asked.required("key")?);
    match shared.registry.untag_experiment(&id, key).await? {
        true => Ok(Json(json!({}))),
        false => Err(Wrong::missing(format!("No tag with name: {key} in experiment with id {id}"))),
    }
}

fn name(name: &str) -> Result<String, Wrong> {
    if name.trim().is_empty() {
        return Err(Wrong::invalid(format!("Invalid experiment name: '{name}'")));
    }
    limits::length("name", name, LONGEST_NAME)?;
    Ok(name.to_owned())
}

fn check_tag(key: &str, value: &str) -> Result<(), Wrong> {
    limits::name("key", key)?;
    limits::length("key", key, limits::KEY)?;
    limits::length("value", value, LONGEST_TAG)
}
