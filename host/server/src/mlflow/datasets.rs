//! Datasets for evaluation. Their tags are JSON in a text; their records are in [`dataset_records`](super::dataset_records).

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use model::dataset::Dataset;
use model::search::Found;
use registry::{Error, dataset_digest};
use serde_json::{Map, Value, json};

use super::answer::{answer, done, message};
use super::asked::lacks;
use super::fields::{self, Clause, Entity, Grammar};
use super::{Answer, Asked, Resource, Wrong, page};
use crate::shared::Shared;

const GRAMMAR: Grammar = Grammar {
    texts: &["name", "created_by", "last_updated_by"],
    numbers: &["created_time", "last_update_time"],
    entities: &[("attribute", Entity::Attribute), ("tags", Entity::Tag)],
    lists: |entity, key| entity == Entity::Attribute && key == "name",
    patterns: true,
};

const ORDERS: [&str; 3] = ["name", "created_time", "last_update_time"];

/// The tag that says who asks.
pub(super) const USER: &str = "mlflow.user";

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/3.0/mlflow/datasets/create", post(create)),
        ("/3.0/mlflow/datasets/search", post(search).get(search)),
        ("/3.0/mlflow/datasets/{dataset_id}", get(show).delete(remove)),
        ("/3.0/mlflow/datasets/{dataset_id}/experiment-ids", get(experiments)),
        ("/3.0/mlflow/datasets/{dataset_id}/add-experiments", post(add_experiments)),
        ("/3.0/mlflow/datasets/{dataset_id}/remove-experiments", post(remove_experiments)),
        ("/3.0/mlflow/datasets/{dataset_id}/tags", patch(set_tags)),
        ("/3.0/mlflow/datasets/{dataset_id}/tags/{key}", delete(delete_tag)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = asked.required("name")?;
    let tags: BTreeMap<_, _> =
        tags(&asked)?.into_iter().filter_map(|(key, value)| value.map(|value| (key, value))).collect();
    let by = tags.get(USER).cloned();
    let made = shared.registry.create_dataset(name, tags, owned(&asked)?, by, shared.milliseconds()).await?;
    answer(json!({ "dataset": dataset_json(&made, true) }))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let dataset = shared.registry.dataset(id(&asked)?).await.map_err(wrong)?;
    answer(json!({ "dataset": dataset_json(&dataset, false) }))
}

/// One that is not there is gone, too.
async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    match shared.registry.delete_dataset(id(&asked)?).await {
        Ok(()) | Err(Error::Missing { .. }) => done(),
        Err(error) => Err(error.into()),
    }
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, 1000, 50_000)?;
    let clauses = GRAMMAR.read(asked.text("filter_string")?.unwrap_or_default())?;
    let texts = asked.texts("order_by")?;
    let orders = fields::read_orders(if texts.is_empty() { &["created_time DESC"] } else { &texts }, &ORDERS)?;
    let experiments = asked.texts("experiment_ids")?;
    let mut datasets = shared.registry.datasets().await?;
    datasets.retain(|dataset| {
        (experiments.is_empty() || dataset.experiments.iter().any(|one| experiments.contains(&one.as_str())))
            && clauses.iter().all(|clause| clause.condition.holds(found(dataset, clause)))
    });
    datasets.sort_by(|a, b| b.id.cmp(&a.id));
    fields::sort(&mut datasets, &orders, attribute);
    let (page, next) = page::of(datasets, &asked, size)?;
    let datasets: Vec<_> = page.iter().map(|dataset| dataset_json(dataset, false)).collect();
    answer(json!({ "datasets": datasets, "next_page_token": next }))
}

fn found<'d>(dataset: &'d Dataset, clause: &Clause) -> Option<Found<'d>> {
    match clause.entity {
        Entity::Tag => dataset.tags.get(clause.key()).map(|value| Found::Text(value.into())),
        _ => attribute(dataset, clause.key()),
    }
}

fn attribute<'d>(dataset: &'d Dataset, name: &str) -> Option<Found<'d>> {
    let text = |text: &'d Option<String>| text.as_deref().map(|text| Found::Text(text.into()));
    match name {
        "name" => Some(Found::Text((&dataset.name).into())),
        "created_by" => text(&dataset.created_by),
        "last_updated_by" => text(&dataset.updated_by),
        "created_time" => Some(Found::Number(dataset.created as f64)),
        "last_update_time" => Some(Found::Number(dataset.updated as f64)),
        _ => None,
    }
}

async fn experiments(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let dataset = shared.registry.dataset(id(&asked)?).await.map_err(wrong)?;
    answer(json!({ "experiment_ids": dataset.experiments }))
}

async fn add_experiments(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, experiments) = (id(&asked)?, owned(&asked)?);
    let added = shared.registry.add_dataset_experiments(id, &experiments, shared.milliseconds()).await;
    answer(json!({ "dataset": dataset_json(&added.map_err(wrong)?, true) }))
}

async fn remove_experiments(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, experiments) = (id(&asked)?, owned(&asked)?);
    let removed = shared.registry.remove_dataset_experiments(id, &experiments, shared.milliseconds()).await;
    answer(json!({ "dataset": dataset_json(&removed.map_err(wrong)?, true) }))
}

async fn set_tags(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    asked.required("tags")?;
    // A value that is null says nothing.
    let tags = tags(&asked)?.into_iter().filter(|(_, value)| value.is_some()).collect();
    shared.registry.tag_dataset(id(&asked)?, &tags).await.map_err(wrong)?;
    done()
}

/// A tag that is not there is gone, too, and so it is where there is no dataset.
async fn delete_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let tags = BTreeMap::from([(asked.required("key")?.to_owned(), None)]);
    match shared.registry.tag_dataset(id(&asked)?, &tags).await {
        Ok(_) | Err(Error::Missing { .. }) => done(),
        Err(error) => Err(error.into()),
    }
}

pub(super) fn id(asked: &Asked) -> Result<&str, Wrong> {
    asked.required("dataset_id")
}

/// What is said where there is no such dataset.
pub(super) fn wrong(error: Error) -> Wrong {
    match error {
        Error::Missing { what: "dataset", name } => {
            Wrong::missing(format!("Evaluation dataset with id '{name}' not found"))
        }
        error => error.into(),
    }
}

fn owned(asked: &Asked) -> Result<Vec<String>, Wrong> {
    Ok(asked.texts("experiment_ids")?.into_iter().map(str::to_owned).collect())
}

/// Tags by name. What is no text becomes one.
fn tags(asked: &Asked) -> Result<BTreeMap<String, Option<String>>, Wrong> {
    let text = |value| match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    };
    let tags: Option<Map<String, Value>> = parsed(asked, "tags", "a JSON object")?;
    Ok(tags.into_iter().flatten().map(|(key, value)| (key, text(value))).collect())
}

/// What a field says that has JSON in a text; none where it is not there.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(
    asked: &Asked,
    field: &str,
    what: &str,
) -> Result<Option<T>, Wrong> {
    let Some(text) = asked.text(field)?.filter(|text| !text.is_empty()) else { return Ok(None) };
    let unreadable = |error| Wrong::invalid(format!("'{field}' must be {what} in a string: {error}"));
    serde_json::from_str(text).map(Some).map_err(unreadable)
}

/// Likewise, of a field that must be there.
pub(super) fn required_parsed<T: serde::de::DeserializeOwned>(
    asked: &Asked,
    field: &str,
    what: &str,
) -> Result<T, Wrong> {
    parsed(asked, field, what)?.ok_or_else(|| lacks(field))
}

fn dataset_json(dataset: &Dataset, with_experiments: bool) -> Value {
    let fields = dataset.records.fields.as_ref().map(|fields| {
        json!({
            "inputs": fields.inputs,
            "outputs": fields.outputs,
            "expectations": fields.expectations,
            "version": "1.0",
        })
        .to_string()
    });
    let count = dataset.records.count;
    message(json!({
        "dataset_id": dataset.id,
        "name": dataset.name,
        "tags": json!(dataset.tags).to_string(),
        "schema": fields,
        "profile": (count > 0).then(|| json!({ "num_records": count }).to_string()),
        "digest": dataset_digest(dataset),
        "created_time": dataset.created,
        "last_update_time": dataset.updated,
        "created_by": dataset.created_by,
        "last_updated_by": dataset.updated_by,
        "experiment_ids": with_experiments.then_some(&dataset.experiments),
    }))
}
