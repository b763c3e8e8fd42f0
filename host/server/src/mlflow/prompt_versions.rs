//! Versions of prompts and registered models.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use model::prompt::{PromptVersion, VersionContent, says_prompt};
use model::search::Found;
use serde_json::{Value, json};

use super::answer::{answer, done, message};
use super::fields::{self, Clause, Entity, Grammar};
use super::prompts::{name, told_apart, wrong};
use super::registered_names::check_tag;
use super::webhooks::{Happened, tell};
use super::{Answer, Asked, Resource, Wrong, limits, page, pairs};
use crate::shared::Shared;

const GRAMMAR: Grammar = Grammar {
    texts: &["name", "run_id", "source_path"],
    numbers: &["version_number"],
    entities: &[("attribute", Entity::Attribute), ("tag", Entity::Tag), ("tags", Entity::Tag)],
    lists: |entity, key| entity == Entity::Attribute && key != "source_path",
    patterns: true,
};

const ORDERS: [&str; 4] = ["name", "version_number", "creation_timestamp", "last_updated_timestamp"];

/// Where no order is asked for: what changed last comes first.
const BY_DEFAULT: [&str; 3] = ["last_updated_timestamp DESC", "name ASC", "version_number DESC"];

/// The most that a page may have; all of a prompt's versions are wanted at once.
const MOST: usize = 200_000;

/// What prompts, which have no files, say where their files are.
const NOWHERE: [&str; 2] = ["dummy-source", "prompt-template"];

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/2.0/mlflow/model-versions/create", post(create)),
        ("/2.0/mlflow/model-versions/get", get(show)),
        ("/2.0/mlflow/model-versions/update", patch(update)),
        ("/2.0/mlflow/model-versions/delete", delete(remove)),
        ("/2.0/mlflow/model-versions/search", get(search)),
        ("/2.0/mlflow/model-versions/get-download-uri", get(source)),
        ("/2.0/mlflow/model-versions/set-tag", post(set_tag)),
        ("/2.0/mlflow/model-versions/delete-tag", delete(delete_tag)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = name(&asked)?;
    let source = asked.required("source")?;
    let tags: BTreeMap<_, _> = pairs::read(&asked, "tags")?.into_iter().collect();
    for (key, value) in &tags {
        check_tag(key, value)?;
    }
    if says_prompt(&tags) && !NOWHERE.contains(&source) {
        return Err(Wrong::invalid(format!(
            "Invalid prompt source: '{source}'. Prompt sources must use an MLflow placeholder."
        )));
    }
    let text = |field| asked.text(field).map(|text| text.unwrap_or_default().to_owned());
    let content = VersionContent {
        description: text("description")?,
        source: source.to_owned(),
        run: text("run_id")?,
        run_link: text("run_link")?,
        tags,
    };
    let version = shared.registry.add_prompt_version(name, content, shared.milliseconds()).await.map_err(wrong)?;
    tell(&shared, Happened::version_created(&version)).await;
    answer(json!({ "model_version": version_json(&version, &[]) }))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, number) = named(&asked)?;
    let version = shared.registry.prompt_version(name, number).await.map_err(wrong)?;
    shown(&shared, &version).await
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, number) = named(&asked)?;
    let description = asked.text("description")?.unwrap_or_default();
    let now = shared.milliseconds();
    let version = shared.registry.describe_prompt_version(name, number, description, now).await.map_err(wrong)?;
    shown(&shared, &version).await
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, number) = named(&asked)?;
    shared.registry.delete_prompt_version(name, number, shared.milliseconds()).await.map_err(wrong)?;
    done()
}

async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, MOST, MOST)?;
    let (are_prompts, clauses) = told_apart(GRAMMAR.read(asked.text("filter")?.unwrap_or_default())?);
    let texts = asked.texts("order_by")?;
    let orders = fields::read_orders(if texts.is_empty() { &BY_DEFAULT } else { &texts }, &ORDERS)?;
    let of_one = clauses.iter().find_map(|clause| clause.fixes("name"));
    let mut versions = shared.registry.prompt_versions(of_one).await?;
    // The order of those that no order tells apart: by name, and the highest number first.
    versions.sort_by(|a, b| a.prompt.cmp(&b.prompt).then(b.number.cmp(&a.number)));
    versions.retain(|version| {
        says_prompt(&version.content.tags) == are_prompts
            && clauses.iter().all(|clause| clause.condition.holds(found(version, clause)))
    });
    fields::sort(&mut versions, &orders, attribute);
    let (page, next) = page::of(versions, &asked, size)?;
    let versions: Vec<_> = page.iter().map(|version| version_json(version, &[])).collect();
    answer(json!({ "model_versions": versions, "next_page_token": next }))
}

fn found<'v>(version: &'v PromptVersion, clause: &Clause) -> Option<Found<'v>> {
    match clause.entity {
        Entity::Tag => version.content.tags.get(clause.key()).map(|value| Found::Text(value.into())),
        _ => attribute(version, clause.key()),
    }
}

fn attribute<'v>(version: &'v PromptVersion, name: &str) -> Option<Found<'v>> {
    Some(match name {
        "name" => Found::Text((&version.prompt).into()),
        "run_id" => Found::Text((&version.content.run).into()),
        "source_path" => Found::Text((&version.content.source).into()),
        "version_number" => Found::Number(f64::from(version.number)),
        "creation_timestamp" => Found::Number(version.created as f64),
        "last_updated_timestamp" => Found::Number(version.updated as f64),
        _ => return None,
    })
}

async fn source(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, number) = named(&asked)?;
    let version = shared.registry.prompt_version(name, number).await.map_err(wrong)?;
    answer(json!({ "artifact_uri": version.content.source }))
}

async fn set_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, number) = named(&asked)?;
    let (key, value) = (asked.required("key")?, asked.text("value")?.unwrap_or_default());
    check_tag(key, value)?;
    tagged(&shared, name, number, key, Some(value)).await
}

async fn delete_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, number) = named(&asked)?;
    let key = asked.required("key")?;
    limits::name("key", key)?;
    tagged(&shared, name, number, key, None).await
}

async fn tagged(shared: &Arc<Shared>, name: &str, number: u32, key: &str, value: Option<&str>) -> Answer {
    let version = shared.registry.tag_prompt_version(name, number, key, value).await.map_err(wrong)?;
    tell(shared, Happened::version_tagged(&version, key, value)).await;
    done()
}

/// The version that a request is about.
fn named(asked: &Asked) -> Result<(&str, u32), Wrong> {
    let (name, version) = (name(asked)?, asked.required("version")?);
    Ok((name, number(name, version)?))
}

/// The number of a version, which is sent as a text.
pub(super) fn number(name: &str, version: &str) -> Result<u32, Wrong> {
    let not_whole = |_| Wrong::invalid(format!("Parameter 'version' must be an integer, got '{version}'."));
    let number: i64 = version.trim().parse().map_err(not_whole)?;
    // No version has such a number.
    let missing = |_| Wrong::missing(format!("Model Version (name={name}, version={number}) not found"));
    u32::try_from(number).map_err(missing)
}

async fn shown(shared: &Shared, version: &PromptVersion) -> Answer {
    let prompt = shared.registry.prompt(&version.prompt).await.map_err(wrong)?;
    answer(json!({ "model_version": version_json(version, &prompt.aliases_of(version.number)) }))
}

pub(super) fn version_json(version: &PromptVersion, aliases: &[&str]) -> Value {
    message(json!({
        "name": version.prompt,
        "version": version.number.to_string(),
        "creation_timestamp": version.created,
        "last_updated_timestamp": version.updated,
        // As if there were no other stages.
        "current_stage": "None",
        "description": version.content.description,
        "source": version.content.source,
        "run_id": version.content.run,
        "status": "READY",
        "tags": pairs::of(&version.content.tags),
        "run_link": version.content.run_link,
        "aliases": aliases,
    }))
}
