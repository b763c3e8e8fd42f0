//! Traces: what is known of one, its spans, and that it goes.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use http::StatusCode;
use model::search::TraceInfo;
use serde::{Deserialize, Serialize};
use telemetry::SpanView;

use super::input::trace_id;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

/// The most spans of an answer.
const MOST_SPANS: usize = 1000;

pub(super) async fn show(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
) -> Result<Json<TraceInfo>, Refusal> {
    let id = trace_id(&id)?;
    shared.traces.trace(&id).await?.map(Json).ok_or_else(|| missing(&id))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Window {
    skip: usize,
    limit: usize,
}

impl Default for Window {
    fn default() -> Self {
        Self { skip: 0, limit: 100 }
    }
}

/// Some spans of a trace: a trace itself, in the shape that rows bring traces in.
#[derive(Serialize)]
pub(super) struct Spans {
    trace_id: String,
    spans: Vec<SpanView>,
}

pub(super) async fn spans(
    State(shared): State<Arc<Shared>>,
    Path(id): Path<String>,
    window: Result<Query<Window>, QueryRejection>,
) -> Result<Json<Spans>, Refusal> {
    let trace_id = trace_id(&id)?;
    let Query(Window { skip, limit }) = window.map_err(|error| Refusal::bad_request(error.body_text()))?;
    if limit > MOST_SPANS {
        return Err(Refusal::bad_request(format!("`limit` is at most {MOST_SPANS}")).field("limit"));
    }
    let spans = shared.traces.spans(&trace_id, skip, limit).await?;
    Ok(Json(Spans { trace_id, spans: spans.into_iter().map(|(span, _)| SpanView::from(span)).collect() }))
}

pub(super) async fn delete(State(shared): State<Arc<Shared>>, Path(id): Path<String>) -> Result<StatusCode, Refusal> {
    let id = trace_id(&id)?;
    let deleted = shared.traces.delete_traces(std::slice::from_ref(&id)).await?;
    shared.intake.forget();
    if deleted == 0 { Err(missing(&id)) } else { Ok(StatusCode::NO_CONTENT) }
}

pub(super) fn missing(id: &str) -> Refusal {
    Refusal::new(Kind::Missing, format!("there is no trace `{id}`")).field("id")
}
