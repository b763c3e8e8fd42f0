//! Prompts and registered models. A prompt is a model with a tag that says so, and a list has either prompts or models.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use model::prompt::{IS_PROMPT, Prompt, PromptVersion, says_prompt};
use model::search::{Found, Value as Compared};
use registry::Error;
use serde_json::{Value, json};

use super::answer::{answer, done, message};
use super::fields::{self, Clause, Entity, Grammar};
use super::filter::Operator;
use super::prompt_versions::{number, version_json};
use super::registered_names::{check_alias, check_model_name, check_tag};
use super::webhooks::{Happened, tell};
use super::{Answer, Asked, Resource, Wrong, limits, page, pairs};
use crate::shared::Shared;

const GRAMMAR: Grammar = Grammar {
    texts: &["name"],
    numbers: &[],
    entities: &[("attribute", Entity::Attribute), ("tag", Entity::Tag), ("tags", Entity::Tag)],
    lists: |entity, _| entity == Entity::Attribute,
    patterns: true,
};

const ORDERS: [&str; 3] = ["name", "timestamp", "last_updated_timestamp"];

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/2.0/mlflow/registered-models/create", post(create)),
        ("/2.0/mlflow/registered-models/get", get(show)),
        ("/2.0/mlflow/registered-models/update", patch(update)),
        ("/2.0/mlflow/registered-models/rename", post(rename)),
        ("/2.0/mlflow/registered-models/delete", delete(remove)),
        ("/2.0/mlflow/registered-models/search", get(search)),
        ("/2.0/mlflow/registered-models/get-latest-versions", get(latest).post(latest)),
        ("/2.0/mlflow/registered-models/set-tag", post(set_tag)),
        ("/2.0/mlflow/registered-models/delete-tag", delete(delete_tag)),
        ("/2.0/mlflow/registered-models/alias", get(by_alias).post(set_alias).delete(delete_alias)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = name(&asked)?;
    let tags: BTreeMap<_, _> = pairs::read(&asked, "tags")?.into_iter().collect();
    for (key, value) in &tags {
        check_tag(key, value)?;
    }
    let description = asked.text("description")?.unwrap_or_default();
    let is_prompt = says_prompt(&tags);
    let prompt = match shared.registry.create_prompt(name, description, tags, shared.milliseconds()).await {
        Err(Error::Exists { .. }) => return Err(taken(&shared, name, is_prompt).await),
        made => made?,
    };
    tell(&shared, Happened::created(&prompt)).await;
    answer(json!({ "registered_model": prompt_json(&prompt, None) }))
}

/// What is said of a name that is taken, by what there is and by what was wanted.
async fn taken(shared: &Shared, name: &str, is_prompt: bool) -> Wrong {
    let kind = |is_prompt| if is_prompt { "Prompt" } else { "Registered Model" };
    let wanted = kind(is_prompt);
    let there = match shared.registry.prompt(name).await {
        Ok(there) => kind(there.is_prompt()),
        Err(_) => wanted,
    };
    match there == wanted {
        true => Wrong::exists(format!("{wanted} (name={name}) already exists.")),
        false => Wrong::exists(format!(
            "Tried to create a {} with name '{name}', but the name is already taken by a {}. MLflow does not allow \
             creating a model and a prompt with the same name.",
            wanted.to_lowercase(),
            there.to_lowercase()
        )),
    }
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let prompt = shared.registry.prompt(name(&asked)?).await.map_err(wrong)?;
    shown(&shared, &prompt).await
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, description) = (name(&asked)?, asked.text("description")?.unwrap_or_default());
    let prompt = shared.registry.describe_prompt(name, description, shared.milliseconds()).await.map_err(wrong)?;
    shown(&shared, &prompt).await
}

async fn rename(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, new_name) = (name(&asked)?, asked.required("new_name")?);
    check_model_name(new_name)?;
    let prompt = match shared.registry.rename_prompt(name, new_name, shared.milliseconds()).await {
        Err(Error::Exists { .. }) => {
            return Err(Wrong::exists(format!("Registered Model (name={new_name}) already exists.")));
        }
        renamed => renamed.map_err(wrong)?,
    };
    shown(&shared, &prompt).await
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.delete_prompt(name(&asked)?).await.map_err(wrong)?;
    done()
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, 100, 1000)?;
    let (are_prompts, clauses) = told_apart(GRAMMAR.read(asked.text("filter")?.unwrap_or_default())?);
    let orders = fields::read_orders(&asked.texts("order_by")?, &ORDERS)?;
    let mut prompts = shared.registry.prompts().await?;
    prompts.retain(|prompt| {
        prompt.is_prompt() == are_prompts && clauses.iter().all(|clause| clause.condition.holds(found(prompt, clause)))
    });
    fields::sort(&mut prompts, &orders, attribute);
    let (page, next) = page::of(prompts, &asked, size)?;
    let mut models = Vec::with_capacity(page.len());
    for prompt in &page {
        models.push(prompt_json(prompt, latest_of(&shared, prompt).await?.as_ref()));
    }
    answer(json!({ "registered_models": models, "next_page_token": next }))
}

/// Whether prompts are asked for or models, and the other conditions. Of models nobody needs to say that they are none.
pub(super) fn told_apart(mut clauses: Vec<Clause>) -> (bool, Vec<Clause>) {
    let is_about_it = |clause: &Clause| clause.entity == Entity::Tag && clause.key() == IS_PROMPT;
    let asks_for_prompts = |clause: &Clause| {
        let [Compared::Text(said)] = &clause.condition.values[..] else { return false };
        match clause.condition.operator {
            Operator::Equal => said.eq_ignore_ascii_case("true"),
            Operator::NotEqual => said.eq_ignore_ascii_case("false"),
            _ => false,
        }
    };
    let are_prompts = clauses.iter().find(|clause| is_about_it(clause)).is_some_and(asks_for_prompts);
    clauses.retain(|clause| !is_about_it(clause));
    (are_prompts, clauses)
}

fn found<'p>(prompt: &'p Prompt, clause: &Clause) -> Option<Found<'p>> {
    match clause.entity {
        Entity::Tag => prompt.tags.get(clause.key()).map(|value| Found::Text(value.into())),
        _ => attribute(prompt, clause.key()),
    }
}

fn attribute<'p>(prompt: &'p Prompt, name: &str) -> Option<Found<'p>> {
    match name {
        "name" => Some(Found::Text((&prompt.name).into())),
        "timestamp" | "last_updated_timestamp" => Some(Found::Number(prompt.updated as f64)),
        _ => None,
    }
}

async fn latest(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let prompt = shared.registry.prompt(name(&asked)?).await.map_err(wrong)?;
    // Nothing here is in another stage.
    let stages = asked.texts("stages")?;
    let is_wanted = stages.is_empty() || stages.iter().any(|stage| stage.eq_ignore_ascii_case("none"));
    let version = latest_of(&shared, &prompt).await?.filter(|_| is_wanted);
    let versions: Vec<_> =
        version.iter().map(|version| version_json(version, &prompt.aliases_of(version.number))).collect();
    answer(json!({ "model_versions": versions }))
}

async fn set_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, key, value) = (name(&asked)?, asked.required("key")?, asked.text("value")?.unwrap_or_default());
    check_tag(key, value)?;
    tagged(&shared, name, key, Some(value)).await
}

async fn delete_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, key) = (name(&asked)?, asked.required("key")?);
    limits::name("key", key)?;
    tagged(&shared, name, key, None).await
}

async fn tagged(shared: &Arc<Shared>, name: &str, key: &str, value: Option<&str>) -> Answer {
    let prompt = shared.registry.tag_prompt(name, key, value).await.map_err(wrong)?;
    if let Some(happened) = Happened::tagged(&prompt, key, value) {
        tell(shared, happened).await;
    }
    done()
}

async fn by_alias(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, alias) = (name(&asked)?, alias(&asked)?);
    let version = shared.registry.aliased_version(name, alias).await.map_err(|error| match error {
        Error::Missing { what: "alias", .. } => Wrong::invalid(format!("Registered model alias {alias} not found.")),
        Error::Missing { what: "prompt version", .. } => {
            Wrong::missing(format!("Latest version not found for model {name}."))
        }
        error => wrong(error),
    })?;
    let prompt = shared.registry.prompt(name).await.map_err(wrong)?;
    answer(json!({ "model_version": version_json(&version, &prompt.aliases_of(version.number)) }))
}

async fn set_alias(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, alias, version) = (name(&asked)?, alias(&asked)?, asked.required("version")?);
    let number = number(name, version)?;
    let prompt = shared.registry.set_alias(name, alias, number).await.map_err(wrong)?;
    tell(&shared, Happened::aliased(&prompt, alias, Some(number))).await;
    done()
}

async fn delete_alias(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, alias) = (name(&asked)?, alias(&asked)?);
    let prompt = shared.registry.delete_alias(name, alias).await.map_err(wrong)?;
    tell(&shared, Happened::aliased(&prompt, alias, None)).await;
    done()
}

/// What is said where there is no such model, or version of it.
pub(super) fn wrong(error: Error) -> Wrong {
    match error {
        Error::Missing { what: "prompt", name } => {
            Wrong::missing(format!("Registered Model with name={name} not found"))
        }
        Error::Missing { what: "prompt version", name } => {
            let (name, version) = name.rsplit_once('/').unwrap_or_default();
            Wrong::missing(format!("Model Version (name={name}, version={version}) not found"))
        }
        error => error.into(),
    }
}

pub(super) fn name(asked: &Asked) -> Result<&str, Wrong> {
    let name = asked.required("name")?;
    check_model_name(name)?;
    Ok(name)
}

fn alias(asked: &Asked) -> Result<&str, Wrong> {
    let alias = asked.required("alias")?;
    check_alias(alias)?;
    Ok(alias)
}

async fn shown(shared: &Shared, prompt: &Prompt) -> Answer {
    answer(json!({ "registered_model": prompt_json(prompt, latest_of(shared, prompt).await?.as_ref()) }))
}

/// None, too, where it was deleted meanwhile.
async fn latest_of(shared: &Shared, prompt: &Prompt) -> Result<Option<PromptVersion>, Wrong> {
    let Some(number) = prompt.latest else { return Ok(None) };
    match shared.registry.prompt_version(&prompt.name, number).await {
        Err(Error::Missing { .. }) => Ok(None),
        version => Ok(Some(version?)),
    }
}

fn prompt_json(prompt: &Prompt, latest: Option<&PromptVersion>) -> Value {
    let alias = |(alias, version): (&String, &u32)| json!({ "alias": alias, "version": version.to_string() });
    let aliases: Vec<_> = prompt.aliases.iter().map(alias).collect();
    let description = Some(&prompt.description).filter(|description| !description.is_empty());
    message(json!({
        "name": prompt.name,
        "creation_timestamp": prompt.created,
        "last_updated_timestamp": prompt.updated,
        "description": description,
        "latest_versions": latest.iter().map(|latest| version_json(latest, &[])).collect::<Vec<_>>(),
        "tags": pairs::of(&prompt.tags),
        "aliases": aliases,
    }))
}
