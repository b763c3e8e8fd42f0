//! Tags of traces.

use std::sync::Arc;

use axum::extract::{Path, State};
use http::StatusCode;
use model::ports::{Annotation, AnnotationChange};
use serde::Deserialize;

use super::input::{Input, check_name, trace_id};
use crate::refusal::Refusal;
use crate::shared::Shared;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tag {
    value: String,
}

pub(super) async fn put(
    State(shared): State<Arc<Shared>>,
    Path((id, name)): Path<(String, String)>,
    Input(tag): Input<Tag>,
) -> Result<StatusCode, Refusal> {
    set(&shared, &id, name, Some(tag.value)).await
}

/// A tag that is not there is gone, too.
pub(super) async fn delete(
    State(shared): State<Arc<Shared>>,
    Path((id, name)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    set(&shared, &id, name, None).await
}

async fn set(shared: &Shared, id: &str, name: String, value: Option<String>) -> Result<StatusCode, Refusal> {
    check_name(&name)?;
    let change = AnnotationChange::Tag { name, value };
    shared.annotate(vec![Annotation { trace: trace_id(id)?, change }]).await?;
    Ok(StatusCode::NO_CONTENT)
}
