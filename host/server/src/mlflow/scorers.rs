//! Scorers that people register, and which traces they are to look at as they come in.
//!
//! A scorer is a text that its client made and reads; here it is looked into for what can't be run later.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, post, put};
use model::ports::{BadCall, NotScored, ScorerCall};
use model::registered::{OnlineScoring, RegisteredScorer, ScorerVersion};
use registry::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{answer, done};
use super::asked::lacks;
use super::{Answer, Asked, Resource, Wrong, experiments, traces};
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Whose code would have to be run.
const CUSTOM_CODE: &str = "Custom scorer registration (using @scorer decorator) is disabled by default outside of Databricks \
                           tracking environments due to security concerns. Custom scorers require arbitrary code execution \
                           during deserialization.";

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/3.0/mlflow/scorers/register", post(register)),
        ("/3.0/mlflow/scorers/list", get(list)),
        ("/3.0/mlflow/scorers/versions", get(versions)),
        ("/3.0/mlflow/scorers/get", get(show)),
        ("/3.0/mlflow/scorers/delete", delete(remove)),
        ("/3.0/mlflow/scorers/online-config", put(set_online)),
        ("/3.0/mlflow/scorers/online-configs", get(online)),
    ]
}

async fn register(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = named(&asked)?;
    let serialized = asked.required("serialized_scorer")?;
    if name.trim().is_empty() {
        return Err(Wrong::invalid("Scorer name cannot be empty or contain only whitespace."));
    }
    let read: Value =
        serde_json::from_str(serialized).map_err(|_| Wrong::invalid("serialized_scorer must be valid JSON"))?;
    if has_code(&read) {
        return Err(Wrong::invalid(CUSTOM_CODE));
    }
    check_plugin(&shared, &read).await?;
    let experiment = experiments::find_active(&shared, &experiment).await?.id;
    let now = shared.milliseconds();
    let (scorer, version) = shared.registry.register_scorer(&experiment, name, serialized, now).await?;
    answer(json!({
        "version": version.number,
        "scorer_id": scorer.id,
        "experiment_id": scorer.experiment,
        "name": scorer.name,
        "serialized_scorer": version.serialized,
        "creation_time": version.created,
    }))
}

/// Refuses a scorer of ours that is not there as it is meant. Clients of ours register one as a judge whose model is us: any other
/// client of MLflow can read that, and `karat` has the entry of a suite and the digest of its plugin.
async fn check_plugin(shared: &Shared, serialized: &Value) -> Result<(), Wrong> {
    let Some(ours) = ours(serialized) else { return Ok(()) };
    let wrong = |why: NotScored| match why {
        NotScored::Wrong(BadCall { field, message, hint }) => {
            let hint = hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            Wrong::invalid(format!("{field}: {message}{hint}"))
        }
        NotScored::Busy(message) => Refusal::unavailable(message).into(),
    };
    let call = ScorerCall::deserialize(ours).map_err(|error| Wrong::invalid(format!("karat: {error}")))?;
    let scorers = shared.scorers.as_ref().ok_or_else(|| Wrong::invalid("this server has no scorers"))?;
    scorers.door.score(call).await.map(drop).map_err(wrong)
}

/// What a scorer of ours is, in the words of a [`ScorerCall`].
fn ours(serialized: &Value) -> Option<&Value> {
    serialized.pointer("/instructions_judge_pydantic_data/karat")
}

/// Whether there is source code in it, at whatever depth: a scorer may be made of others.
fn has_code(value: &Value) -> bool {
    match value {
        Value::Object(fields) => {
            fields.get("call_source").is_some_and(|source| !source.is_null()) || fields.values().any(has_code)
        }
        Value::Array(list) => list.iter().any(has_code),
        _ => false,
    }
}

async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (one, several) = (asked.text("experiment_id")?.unwrap_or_default(), asked.texts("experiment_ids")?);
    let scorers = match (one, &several[..]) {
        ("", []) => shared.registry.scorers(None).await?,
        (one, []) => shared.registry.scorers(Some(one)).await?,
        ("", several) => {
            let mut scorers = Vec::new();
            let mut known = HashSet::new();
            for experiment in several {
                if known.insert(experiment) {
                    scorers.extend(shared.registry.scorers(Some(experiment)).await?);
                }
            }
            scorers
        }
        _ => {
            return Err(Wrong::invalid(
                "Cannot specify both 'experiment_id' and 'experiment_ids'. Use 'experiment_ids' to scope the query to \
                 multiple experiments, or 'experiment_id' to scope it to a single experiment.",
            ));
        }
    };
    answer(json!({ "scorers": scorers.iter().map(|(scorer, latest)| scorer_json(scorer, latest)).collect::<Vec<_>>() }))
}

async fn versions(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = named(&asked)?;
    let (scorer, versions) =
        shared.registry.scorer(&experiment, name).await.map_err(|error| wrong(error, &experiment))?;
    answer(json!({ "scorers": versions.iter().map(|version| scorer_json(&scorer, version)).collect::<Vec<_>>() }))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = named(&asked)?;
    let wanted = asked.integer("version")?;
    let (scorer, versions) =
        shared.registry.scorer(&experiment, name).await.map_err(|error| wrong(error, &experiment))?;
    let version = match wanted {
        None => versions.last(),
        Some(wanted) => versions.iter().find(|version| i64::from(version.number) == wanted),
    };
    let version = version.ok_or_else(|| no_version(&experiment, name, wanted.unwrap_or_default()))?;
    answer(json!({ "scorer": scorer_json(&scorer, version) }))
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = named(&asked)?;
    let number = match asked.integer("version")? {
        None => None,
        Some(number) => Some(u32::try_from(number).map_err(|_| no_version(&experiment, name, number))?),
    };
    let deleted = shared.registry.delete_scorer(&experiment, name, number).await;
    deleted.map_err(|error| match (error, number) {
        (Error::Missing { what: "scorer version", .. }, Some(number)) => {
            no_version(&experiment, name, i64::from(number))
        }
        (error, _) => wrong(error, &experiment),
    })?;
    done()
}

/// Says which traces a scorer is to look at. With a rate of 0 it is stopped, whatever it is.
async fn set_online(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = named(&asked)?;
    let rate = asked.number("sample_rate")?.ok_or_else(|| lacks("sample_rate"))?;
    let wanted = asked.text("filter_string")?;
    // It is to choose among traces.
    traces::filter(&shared, wanted.unwrap_or_default())?;
    if rate > 0.0 {
        let found = shared.registry.scorer(&experiment, name).await.map_err(|error| wrong(error, &experiment))?;
        if let Some(latest) = found.1.last() {
            check_judge(name, &latest.serialized)?;
        }
    }
    let set = shared.registry.set_online_scoring(&experiment, name, rate, wanted).await;
    let (scorer, online) = set.map_err(|error| wrong(error, &experiment))?;
    answer(json!({ "config": online_json(&scorer, &online) }))
}

/// A scorer runs by itself only where it is one of ours, or its model is ours to call and it needs nothing that a trace does not
/// have.
fn check_judge(name: &str, serialized: &str) -> Result<(), Wrong> {
    let scorer: Value = serde_json::from_str(serialized).unwrap_or_default();
    if ours(&scorer).is_some() {
        return Ok(());
    }
    if !model(&scorer).is_some_and(|model| model.starts_with("gateway:/")) {
        return Err(Wrong::invalid(format!(
            "Scorer '{name}' does not use a gateway model. Automatic evaluation is only supported for scorers that use \
             gateway models."
        )));
    }
    let instructions = scorer["instructions_judge_pydantic_data"]["instructions"].as_str().unwrap_or_default();
    match is_asked_for(instructions, "expectations") {
        true => Err(Wrong::invalid(format!(
            "Scorer '{name}' requires expectations, but scorers with expectations are not currently supported for \
             automatic evaluation."
        ))),
        false => Ok(()),
    }
}

/// The model of a scorer, wherever its kind has it.
fn model(scorer: &Value) -> Option<&str> {
    for kind in ["instructions_judge_pydantic_data", "builtin_scorer_pydantic_data", "third_party_scorer_data"] {
        if scorer[kind].is_object() {
            return scorer[kind]["model"].as_str();
        }
    }
    match &scorer["memory_augmented_judge_data"]["base_judge"] {
        judge if judge.is_object() => model(judge),
        _ => None,
    }
}

/// Whether instructions have a place for something: its name in two pairs of braces.
fn is_asked_for(instructions: &str, name: &str) -> bool {
    let mut places = instructions.split("{{").skip(1).filter_map(|rest| rest.split_once("}}"));
    places.any(|(inside, _)| inside.trim() == name)
}

async fn online(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let ids = asked.texts("scorer_ids")?;
    if ids.is_empty() {
        return Err(lacks("scorer_ids"));
    }
    let mut configs = Vec::new();
    for id in ids {
        let scorer = shared.registry.scorer_with(id).await?;
        configs.extend(scorer.and_then(|scorer| scorer.online.as_ref().map(|online| online_json(&scorer, online))));
    }
    // No message of protobuf: an empty list is one.
    Ok(axum::Json(json!({ "configs": configs })))
}

fn named(asked: &Asked) -> Result<(String, &str), Wrong> {
    Ok((experiments::id(asked)?, asked.required("name")?))
}

fn no_version(experiment: &str, name: &str, number: i64) -> Wrong {
    Wrong::missing(format!("Scorer with name '{name}' and version {number} not found for experiment {experiment}."))
}

fn wrong(error: Error, experiment: &str) -> Wrong {
    match error {
        Error::Missing { what: "scorer", name } => {
            Wrong::missing(format!("Scorer with name '{name}' not found for experiment {experiment}."))
        }
        error => error.into(),
    }
}

fn scorer_json(scorer: &RegisteredScorer, version: &ScorerVersion) -> Value {
    // A number here, and here alone.
    let experiment = scorer.experiment.parse::<i64>().map_or_else(|_| json!(scorer.experiment), Value::from);
    json!({
        "experiment_id": experiment,
        "scorer_name": scorer.name,
        "scorer_version": version.number,
        "serialized_scorer": version.serialized,
        "creation_time": version.created,
        "scorer_id": scorer.id,
    })
}

fn online_json(scorer: &RegisteredScorer, online: &OnlineScoring) -> Value {
    let mut config = json!({
        "online_scoring_config_id": online.id,
        "scorer_id": scorer.id,
        "sample_rate": online.sample_rate,
        "experiment_id": scorer.experiment,
    });
    if let Some(filter) = &online.filter {
        config["filter_string"] = json!(filter);
    }
    config
}
