//! Versions of applications, which MLflow calls logged models.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{delete, get, patch, post};
use model::app::{AppMetric, AppStatus, AppVersion};
use registry::{Error, NewApp};
use serde_json::{Value, json};

use super::answer::{answer, done, message};
use super::asked::lacks;
use super::metrics::number;
use super::{Answer, Asked, Resource, Wrong, experiments, names, pairs};
use crate::shared::Shared;

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/2.0/mlflow/logged-models", post(create)),
        ("/2.0/mlflow/logged-models/{model_id}", get(show).patch(finalize).delete(remove)),
        ("/2.0/mlflow/logged-models/{model_id}/params", post(add_params)),
        ("/2.0/mlflow/logged-models/{model_id}/tags", patch(set_tags)),
        ("/2.0/mlflow/logged-models/{model_id}/tags/{tag_key}", delete(delete_tag)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let text = |field| asked.text(field).map(|text| text.unwrap_or_default().to_owned());
    let experiment = experiments::id(&asked)?;
    let name = match text("name")? {
        name if name.is_empty() => names::random(),
        name => checked(name)?,
    };
    let new = NewApp {
        experiment: experiments::find_active(&shared, &experiment).await?.id,
        name,
        kind: text("model_type")?,
        run: text("source_run_id")?,
        tags: pairs::read(&asked, "tags")?.into_iter().collect(),
        params: pairs::read(&asked, "params")?.into_iter().collect(),
    };
    let app = shared.registry.create_app(new, shared.milliseconds()).await?;
    answer(json!({ "model": app_json(&app) }))
}

fn checked(name: String) -> Result<String, Wrong> {
    match name.contains(['/', ':', '.', '%', '"', '\'']) {
        true => Err(Wrong::invalid(format!(
            "Invalid model name ('{name}') provided. Model name must be a non-empty string and cannot contain the \
             following characters: ('/', ':', '.', '%', '\"', \"'\")"
        ))),
        false => Ok(name),
    }
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = id(&asked)?;
    let app = match asked.boolean("allow_deleted")?.unwrap_or_default() {
        true => shared.registry.app_or_deleted(id).await,
        false => shared.registry.app(id).await,
    };
    answer(json!({ "model": app_json(&app.map_err(wrong)?) }))
}

async fn finalize(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let status = match asked.value("status") {
        Some(Value::String(name)) if name == "LOGGED_MODEL_PENDING" => AppStatus::Pending,
        Some(Value::String(name)) if name == "LOGGED_MODEL_READY" => AppStatus::Ready,
        Some(Value::String(name)) if name == "LOGGED_MODEL_UPLOAD_FAILED" => AppStatus::Failed,
        // The numbers of the same.
        Some(Value::Number(number)) => match number.as_i64() {
            Some(1) => AppStatus::Pending,
            Some(2) => AppStatus::Ready,
            Some(3) => AppStatus::Failed,
            _ => return Err(Wrong::invalid(format!("Unknown model status: {number}"))),
        },
        // A name that is not known is not there.
        _ => return Err(lacks("status")),
    };
    let app = shared.registry.set_app_status(id(&asked)?, status, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "model": app_json(&app) }))
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.delete_app(id(&asked)?, shared.milliseconds()).await.map_err(wrong)?;
    done()
}

async fn add_params(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let params = pairs::read(&asked, "params")?.into_iter().collect();
    shared.registry.add_app_params(id(&asked)?, &params).await.map_err(wrong)?;
    done()
}

async fn set_tags(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let tags = pairs::read(&asked, "tags")?.into_iter().collect();
    let app = shared.registry.tag_app(id(&asked)?, &tags).await.map_err(wrong)?;
    answer(json!({ "model": app_json(&app) }))
}

async fn delete_tag(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, tag) = (id(&asked)?, asked.required("tag_key")?);
    shared.registry.delete_app_tag(id, tag).await.map_err(|error| match error {
        Error::Missing { what: "tag", .. } => {
            Wrong::missing(format!("No tag with key '{tag}' found for model with ID '{id}'."))
        }
        error => wrong(error),
    })?;
    done()
}

fn id(asked: &Asked) -> Result<&str, Wrong> {
    asked.required("model_id")
}

/// What is said where there is no such version.
fn wrong(error: Error) -> Wrong {
    match error {
        Error::Missing { what: "app version", name } => {
            Wrong::missing(format!("Logged model with ID '{name}' not found."))
        }
        error => error.into(),
    }
}

pub(super) fn app_json(app: &AppVersion) -> Value {
    let status = match app.status {
        AppStatus::Pending => "LOGGED_MODEL_PENDING",
        AppStatus::Ready => "LOGGED_MODEL_READY",
        AppStatus::Failed => "LOGGED_MODEL_UPLOAD_FAILED",
    };
    let metrics: Vec<_> = app.metrics.iter().map(|metric| metric_json(&app.id, metric)).collect();
    json!({
        "info": message(json!({
            "model_id": app.id,
            "experiment_id": app.experiment,
            "name": app.name,
            "creation_timestamp_ms": app.created,
            "last_updated_timestamp_ms": app.updated,
            "artifact_uri": format!("mlflow-artifacts:/{}/models/{}/artifacts", app.experiment, app.id),
            "status": status,
            "model_type": app.kind,
            "source_run_id": app.run,
            "tags": pairs::of(&app.tags),
        })),
        "data": message(json!({ "params": pairs::of(&app.params), "metrics": metrics })),
    })
}

fn metric_json(app: &str, metric: &AppMetric) -> Value {
    let dataset = metric.dataset.as_ref();
    message(json!({
        "key": metric.key,
        "value": number(metric.value),
        "timestamp": metric.timestamp,
        "step": metric.step,
        "model_id": app,
        "run_id": metric.run,
        "dataset_name": dataset.map(|dataset| &dataset.name),
        "dataset_digest": dataset.map(|dataset| &dataset.digest),
    }))
}
