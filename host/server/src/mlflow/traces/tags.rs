//! Tags of a trace.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::ports::{Annotation, AnnotationChange};
use serde_json::json;

use super::{read, store_id};
use crate::mlflow::{Answer, Asked, Wrong, limits};
use crate::shared::Shared;

/// The name of a trace is a tag with MLflow.
pub(super) const NAME: &str = "mlflow.traceName";

/// Where clients put files that belong to a trace.
pub(super) const ARTIFACTS: &str = "mlflow.artifactLocation";

/// What the server says itself, and nobody else.
const OURS: [&str; 4] =
    [ARTIFACTS, "mlflow.trace.spansLocation", "mlflow.trace.archiveLocation", "mlflow.trace.archivalFailure"];

const LONGEST_VALUE: usize = 8000;

pub(super) fn is_ours(name: &str) -> bool {
    OURS.contains(&name) || super::links::is_one(name)
}

pub(super) fn check(name: &str, value: &str) -> Result<(), Wrong> {
    limits::length("key", name, limits::KEY)?;
    limits::length("value", value, LONGEST_VALUE)
}

pub(super) async fn set(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, name) = (asked.required("trace_id")?, asked.required("key")?);
    let value = asked.text("value")?.unwrap_or_default();
    refuse_ours(name)?;
    check(name, value)?;
    let trace = read::find(&shared, id).await?.id;
    let change = AnnotationChange::Tag { name: name.to_owned(), value: Some(value.to_owned()) };
    shared.annotate(vec![Annotation { trace, change }]).await?;
    Ok(Json(json!({})))
}

pub(super) async fn delete(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (id, name) = (asked.required("trace_id")?, asked.required("key")?);
    refuse_ours(name)?;
    let known = shared.traces.trace(&store_id(id)?).await?;
    let Some(trace) = known.filter(|known| known.tags.contains_key(name)) else {
        return Err(Wrong::missing(format!("No trace tag with key '{name}' for trace with ID '{id}'")));
    };
    let change = AnnotationChange::Tag { name: name.to_owned(), value: None };
    shared.annotate(vec![Annotation { trace: trace.id, change }]).await?;
    Ok(Json(json!({})))
}

fn refuse_ours(name: &str) -> Result<(), Wrong> {
    match is_ours(name) {
        true => Err(Wrong::invalid(format!("The tag '{name}' is immutable and can't be set or deleted."))),
        false => Ok(()),
    }
}
