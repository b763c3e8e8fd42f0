//! Runs: what is said of them, and what they log.

mod search;
mod shown;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::routing::{get, post};
use model::tracking::{Experiment, TrackedRun};
use registry::{Logged, NewRun, RunUpdate};
use serde_json::{Value, json};

use super::asked::lacks;
use super::view::View;
use super::{Answer, Asked, Resource, Wrong, experiments, filter, limits, metrics, names, page, pairs};
use crate::shared::Shared;

pub(super) use shown::artifact_uri;

/// The most that one request may log.
const MOST_METRICS: usize = 1000;
const MOST_PAIRS: usize = 100;
const MOST_LOGGED: usize = 1000;

/// Longer values are cut.
const LONGEST_PARAM: usize = 6000;
const LONGEST_TAG: usize = 8000;

/// How many runs a page has where the request does not say, and how many it may have.
const PAGE: usize = 1000;
const LARGEST_PAGE: usize = 50_000;

/// The tag that lists the models which a run logged.
const MODELS: &str = "mlflow.log-model.history";

pub(super) fn resources() -> [Resource; 11] {
    [
        ("/2.0/mlflow/runs/create", post(create)),
        ("/2.0/mlflow/runs/get", get(show)),
        ("/2.0/mlflow/runs/search", post(search)),
        ("/2.0/mlflow/runs/update", post(update)),
        ("/2.0/mlflow/runs/delete", post(delete)),
        ("/2.0/mlflow/runs/restore", post(restore)),
        ("/2.0/mlflow/runs/set-tag", post(set_tag)),
        ("/2.0/mlflow/runs/delete-tag", post(delete_tag)),
        ("/2.0/mlflow/runs/log-parameter", post(log_param)),
        ("/2.0/mlflow/runs/log-batch", post(log_batch)),
        ("/2.0/mlflow/runs/log-model", post(log_model)),
    ]
}

/// The id that a request names, by the newer name or the older one.
pub(super) fn id(asked: &Asked) -> Result<&str, Wrong> {
    let id = asked.text("run_id")?.filter(|id| !id.is_empty());
    let older = || asked.text("run_uuid").ok().flatten().filter(|id| !id.is_empty());
    id.or_else(older).ok_or_else(|| lacks("run_id"))
}

pub(super) async fn find(shared: &Shared, id: &str) -> Result<TrackedRun, Wrong> {
    let found = shared.registry.run(id).await?;
    found.ok_or_else(|| registry::Error::Missing { what: "run", name: id.to_owned() }.into())
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let experiment = match asked.text("experiment_id")?.filter(|id| !id.is_empty()) {
        Some(id) => experiments::read_id(id)?,
        None => Experiment::DEFAULT.to_owned(),
    };
    let mut tags = tags(&asked)?;
    let by_tag = shown::take_name(&mut tags);
    let name = asked.text("run_name")?.filter(|name| !name.is_empty()).map(str::to_owned);
    if let (Some(name), Some(by_tag)) = (&name, &by_tag)
        && name != by_tag
    {
        return Err(Wrong::invalid(format!(
            "Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values \
             (run_name='{name}', mlflow.runName='{by_tag}')."
        )));
    }
    let new = NewRun {
        experiment: experiments::find(&shared, &experiment).await?.id,
        name: name.or(by_tag).unwrap_or_else(names::random),
        user: asked.text("user_id")?.unwrap_or_default().to_owned(),
        started: asked.integer("start_time")?.unwrap_or_default(),
        tags,
    };
    let run = shared.registry.create_run(new).await?;
    Ok(Json(json!({ "run": shown::Run::of(&run) })))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shown_by(&shared, id(&asked)?).await.map(Json)
}

/// A run as it is answered.
pub(super) async fn shown_by(shared: &Shared, id: &str) -> Result<Value, Wrong> {
    let run = find(shared, id).await?;
    Ok(json!({ "run": shown::Run::of(&run) }))
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, PAGE, LARGEST_PAGE)?;
    let view = View::of(&asked, "run_view_type");
    let conditions = search::conditions(filter::parse(asked.text("filter")?.unwrap_or_default())?)?;
    let orders = search::orders(&asked.texts("order_by")?)?;
    let mut ids =
        asked.texts("experiment_ids")?.into_iter().map(experiments::read_id).collect::<Result<Vec<_>, _>>()?;
    ids.sort_unstable();
    ids.dedup();
    let mut found = Vec::new();
    for id in ids {
        let mut runs = shared.registry.runs(&id).await?;
        runs.retain(|run| view.shows(run.lifecycle) && conditions.iter().all(|condition| condition.holds(run)));
        found.append(&mut runs);
    }
    found.sort_by(|a, b| search::compare(&orders, a, b));
    let (found, next) = page::of(found, &asked, size)?;
    Ok(Json(page::answer("runs", found.iter().map(|run| json!(shown::Run::of(run))).collect(), next)))
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let update = RunUpdate {
        name: asked.text("run_name")?.filter(|name| !name.is_empty()).map(str::to_owned),
        status: shown::read_status(&asked),
        ended: asked.integer("end_time")?,
    };
    let run = shared.registry.update_run(id(&asked)?, update).await?;
    Ok(Json(json!({ "run_info": shown::Info::of(&run) })))
}

async fn delete(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.delete_run(id(&asked)?).await?;
    Ok(Json(json!({})))
}

async fn restore(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.restore_run(id(&asked)?).await?;
    Ok(Json(json!({})))
}

async fn set_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, key, value) = (id(&asked)?, asked.required("key")?, asked.text("value")?.unwrap_or_default());
    check_name("key", key)?;
    let mut tags = BTreeMap::from([(key.to_owned(), limits::cut(value, LONGEST_TAG))]);
    let name = shown::take_name(&mut tags);
    shared.registry.log(id, Logged { name, tags, ..Logged::default() }).await?;
    Ok(Json(json!({})))
}

async fn delete_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, key) = (id(&asked)?, asked.required("key")?);
    if key == shown::NAME {
        return Err(Wrong::invalid(format!("'{key}' is the name of the run, which has one always")));
    }
    match shared.registry.untag_run(id, key).await? {
        true => Ok(Json(json!({}))),
        false => Err(Wrong::missing(format!("No tag with name: {key} in run with id {id}"))),
    }
}

async fn log_param(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, key, value) = (id(&asked)?, asked.required("key")?, asked.text("value")?.unwrap_or_default());
    limits::name("key", key)?;
    limits::length("Param key", key, limits::KEY)?;
    let params = BTreeMap::from([(key.to_owned(), limits::cut(value, LONGEST_PARAM))]);
    shared.registry.log(id, Logged { params, ..Logged::default() }).await?;
    Ok(Json(json!({})))
}

async fn log_batch(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = id(&asked)?;
    let metric = |(place, metric): (usize, Asked)| metrics::read(&metric, &format!("metrics[{place}]."));
    let metrics = asked.messages("metrics")?.into_iter().enumerate().map(metric).collect::<Result<Vec<_>, _>>()?;
    let (params, mut tags) = (pairs::read(&asked, "params")?, tags(&asked)?);
    let in_all = metrics.len() + params.len() + tags.len();
    for (what, most, count) in [
        ("metrics", MOST_METRICS, metrics.len()),
        ("params", MOST_PAIRS, params.len()),
        ("tags", MOST_PAIRS, tags.len()),
        ("metrics, params, and tags", MOST_LOGGED, in_all),
    ] {
        if count > most {
            return Err(Wrong::invalid(format!(
                "A batch logging request can contain at most {most} {what}. Got {count} {what}. Please split up {what} \
                 across multiple requests and try again."
            )));
        }
    }
    let params = batch_of_params(params)?;
    let name = shown::take_name(&mut tags);
    shared.registry.log(id, Logged { name, params, tags, metrics }).await?;
    Ok(Json(json!({})))
}

/// Keeps in a tag which model a run has logged, as older clients say it.
async fn log_model(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, text) = (id(&asked)?, asked.required("model_json")?);
    let Ok(Value::Object(mut model)) = serde_json::from_str::<Value>(text) else {
        return Err(Wrong::invalid(format!("Malformed model info. \n {text} \n is not a valid JSON.")));
    };
    let needed = ["artifact_path", "flavors", "utc_time_created", "run_id"];
    let missing: Vec<_> = needed.iter().filter(|field| !model.contains_key(**field)).collect();
    if !missing.is_empty() {
        return Err(Wrong::invalid(format!("Model json is missing mandatory fields: {missing:?}")));
    }
    model.retain(|field, _| needed.contains(&field.as_str()) || field == "model_uuid");
    let with = |there: Option<&str>| {
        let mut models: Vec<Value> = there.and_then(|there| serde_json::from_str(there).ok()).unwrap_or_default();
        models.push(Value::Object(model.clone()));
        Value::Array(models).to_string()
    };
    shared.registry.retag_run(id, MODELS, with).await?;
    Ok(Json(json!({})))
}

fn tags(asked: &Asked) -> Result<BTreeMap<String, String>, Wrong> {
    let tag = |(place, (key, value)): (usize, (String, String))| {
        check_name(&format!("tags[{place}].key"), &key)?;
        Ok((key, limits::cut(&value, LONGEST_TAG)))
    };
    pairs::read(asked, "tags")?.into_iter().enumerate().map(tag).collect()
}

fn batch_of_params(pairs: Vec<(String, String)>) -> Result<BTreeMap<String, String>, Wrong> {
    let (mut params, mut twice) = (BTreeMap::new(), Vec::new());
    for (place, (key, value)) in pairs.into_iter().enumerate() {
        limits::name(&format!("params[{place}].key"), &key)?;
        limits::length("Param key", &key, limits::KEY)?;
        if params.insert(key.clone(), limits::cut(&value, LONGEST_PARAM)).is_some() {
            twice.push(format!("'{key}'"));
        }
    }
    match twice.is_empty() {
        true => Ok(params),
        false => Err(Wrong::invalid(format!(
            "Duplicate parameter keys have been submitted: [{}]. Please ensure the request contains only one param value \
             per param key.",
            twice.join(", ")
        ))),
    }
}

fn check_name(field: &str, key: &str) -> Result<(), Wrong> {
    limits::name(field, key)?;
    limits::length(field, key, limits::KEY)
}
