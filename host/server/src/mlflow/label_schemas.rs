//! Questions to people. How one can be answered is in [`label_inputs`](super::label_inputs).

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use model::review::{LabelKind, LabelSchema};
use registry::{Error, LabelSchemaChange, NewLabelSchema};
use serde_json::{Value, json};

use super::answer::{answer, done, message};
use super::label_inputs::{input_json, read_input};
use super::limits::KEY;
use super::{Answer, Asked, Resource, Wrong, experiments, page};
use crate::shared::Shared;

/// The most characters of an instruction.
const LONGEST_INSTRUCTION: usize = 1000;

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/3.0/mlflow/label-schemas/create", post(create)),
        ("/3.0/mlflow/label-schemas/get", get(show)),
        ("/3.0/mlflow/label-schemas/get-by-name", get(by_name)),
        ("/3.0/mlflow/label-schemas/list", get(list)),
        ("/3.0/mlflow/label-schemas/update", patch(update)),
        ("/3.0/mlflow/label-schemas/delete", delete(remove)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = (experiments::id(&asked)?, asked.required("name")?);
    let kind = match asked.value("type") {
        Some(kind) if *kind == "FEEDBACK" || *kind == 1 => LabelKind::Feedback,
        Some(kind) if *kind == "EXPECTATION" || *kind == 2 => LabelKind::Expectation,
        _ => return Err(Wrong::invalid("Label schema `type` must be one of FEEDBACK or EXPECTATION.")),
    };
    check_name(name)?;
    let no_input = || Wrong::invalid("Label schema `input` is required.");
    let new = NewLabelSchema {
        experiment: experiments::find(&shared, &experiment).await?.id,
        name: name.to_owned(),
        kind,
        input: read_input(&asked.message("input")?.ok_or_else(no_input)?)?,
        instruction: instruction(&asked)?,
        enable_comment: asked.boolean("enable_comment")?.unwrap_or_default(),
    };
    let made = shared.registry.create_label_schema(new, shared.milliseconds()).await;
    answer(json!({ "label_schema": schema_json(&made.map_err(|error| wrong(error, Some(&experiment)))?) }))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let schema = shared.registry.label_schema(id(&asked)?).await.map_err(|error| wrong(error, None))?;
    answer(json!({ "label_schema": schema_json(&schema) }))
}

async fn by_name(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = (experiments::id(&asked)?, asked.required("name")?);
    let schema = shared.registry.label_schema_named(&experiment, name).await;
    let schema = schema.map_err(|error| match error {
        Error::Missing { .. } => {
            Wrong::missing(format!("Label schema with name '{name}' not found for experiment '{experiment}'."))
        }
        error => error.into(),
    })?;
    answer(json!({ "label_schema": schema_json(&schema) }))
}

async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, 100, 50_000)?;
    // Listing makes the default question, and there is none of an experiment that is not there.
    let experiment = experiments::find(&shared, &experiments::id(&asked)?).await?.id;
    let schemas = shared.registry.label_schemas(&experiment, shared.milliseconds()).await?;
    let (page, next) = page::of(schemas, &asked, size)?;
    let schemas: Vec<_> = page.iter().map(schema_json).collect();
    answer(json!({ "label_schemas": schemas, "next_page_token": next.unwrap_or_default() }))
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let name = asked.text("name")?;
    name.map_or(Ok(()), check_name)?;
    let change = LabelSchemaChange {
        name: name.map(str::to_owned),
        input: asked.message("input")?.map(|input| read_input(&input)).transpose()?,
        instruction: instruction(&asked)?,
        enable_comment: asked.boolean("enable_comment")?,
    };
    let id = id(&asked)?;
    let changed = match shared.registry.change_label_schema(id, &change, shared.milliseconds()).await {
        Err(taken @ Error::Exists { .. }) => {
            let schema = shared.registry.label_schema(id).await.map_err(|error| wrong(error, None))?;
            return Err(wrong(taken, Some(&schema.experiment)));
        }
        changed => changed.map_err(|error| wrong(error, None))?,
    };
    answer(json!({ "label_schema": schema_json(&changed) }))
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.delete_label_schema(id(&asked)?).await?;
    done()
}

fn id(asked: &Asked) -> Result<&str, Wrong> {
    asked.required("schema_id")
}

fn check_name(name: &str) -> Result<(), Wrong> {
    match name.chars().count() {
        0 => Err(Wrong::invalid("Label schema `name` must be a non-empty string; got ''.")),
        length if length > KEY => {
            Err(Wrong::invalid(format!("Label schema `name` must be at most {KEY} characters; got {length}.")))
        }
        _ => Ok(()),
    }
}

fn instruction(asked: &Asked) -> Result<Option<String>, Wrong> {
    let Some(instruction) = asked.text("instruction")? else { return Ok(None) };
    match instruction.chars().count() {
        length if length > LONGEST_INSTRUCTION => Err(Wrong::invalid(format!(
            "Label schema `instruction` must be at most {LONGEST_INSTRUCTION} characters; got {length}."
        ))),
        _ => Ok(Some(instruction.to_owned())),
    }
}

fn wrong(error: Error, experiment: Option<&str>) -> Wrong {
    match (error, experiment) {
        (Error::Missing { what: "label schema", name }, _) => {
            Wrong::missing(format!("Label schema with id '{name}' not found."))
        }
        (Error::Exists { what: "label schema", name }, Some(experiment)) => {
            Wrong::exists(format!("Label schema with name '{name}' already exists for experiment '{experiment}'."))
        }
        (error, _) => error.into(),
    }
}

fn schema_json(schema: &LabelSchema) -> Value {
    let kind = match schema.kind {
        LabelKind::Feedback => "FEEDBACK",
        LabelKind::Expectation => "EXPECTATION",
    };
    message(json!({
        "schema_id": schema.id,
        "experiment_id": schema.experiment,
        "name": schema.name,
        "type": kind,
        "instruction": schema.instruction,
        "enable_comment": schema.enable_comment,
        "input": input_json(&schema.input),
        "created_at": schema.created,
        "last_updated_at": schema.updated,
        "is_default": schema.is_default,
    }))
}
