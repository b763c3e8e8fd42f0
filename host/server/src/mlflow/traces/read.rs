//! Traces that are asked for by id.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::digest::SpanDigest;
use model::search::TraceInfo;
use model::trace::Span;
use serde_json::{Map, Value, json};

use super::{experiment, info, missing, spans, store_id};
use crate::mlflow::{Answer, Asked, Wrong};
use crate::shared::Shared;

/// Traces that are read at once, with their spans and without. Clients ask for 10.
const MOST_TRACES: usize = 100;
const MOST_INFOS: usize = 1000;

/// What its client says how many spans a trace has.
const SIZE: &str = "mlflow.trace.sizeStats";

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let info = find(&shared, asked.required("trace_id")?).await?;
    Ok(Json(json!({ "trace": { "trace_info": shown(&shared, &info).await? } })))
}

pub(super) async fn get(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = asked.required("trace_id")?;
    let info = find(&shared, id).await?;
    let spans = shared.traces.spans(&info.id, 0, usize::MAX).await?;
    if !asked.boolean("allow_partial")?.unwrap_or(true) && is_partial(&info, &spans) {
        let message = format!("Trace with ID {id} is not fully exported yet, please try again later.");
        return Err(Wrong::missing(message));
    }
    Ok(Json(json!({ "trace": whole(&shared, &info, &spans).await? })))
}

pub(super) async fn batch_get(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let mut traces = Vec::new();
    for id in ids(&asked, MOST_TRACES)? {
        let Some(info) = known(&shared, id).await? else { continue };
        let spans = shared.traces.spans(&info.id, 0, usize::MAX).await?;
        // Whoever reads many can't wait for one.
        if !is_partial(&info, &spans) {
            traces.push(whole(&shared, &info, &spans).await?);
        }
    }
    Ok(Json(list("traces", traces)))
}

pub(super) async fn batch_get_infos(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let mut infos = Vec::new();
    for id in ids(&asked, MOST_INFOS)? {
        if let Some(info) = known(&shared, id).await? {
            infos.push(shown(&shared, &info).await?);
        }
    }
    Ok(Json(list("trace_infos", infos)))
}

/// A trace as a file, for the user interface.
pub(super) async fn artifact(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    if asked.text("path")?.is_some() {
        return Err(Wrong::not_served("Attachments of traces are read from the artifacts of the trace."));
    }
    let info = find(&shared, asked.required("request_id")?).await?;
    let spans = shared.traces.spans(&info.id, 0, usize::MAX).await?;
    let filed: Vec<_> = spans.iter().map(|span| spans::filed(&info.id, span)).collect();
    Ok(Json(json!({ "spans": filed })))
}

/// A list as it is answered: none where it is empty.
fn list(name: &str, values: Vec<Value>) -> Value {
    if values.is_empty() { json!({}) } else { Value::Object(Map::from_iter([(name.to_owned(), json!(values))])) }
}

/// The ids that are asked for, each once.
fn ids(asked: &Asked, most: usize) -> Result<Vec<&str>, Wrong> {
    let mut seen = HashSet::new();
    let ids: Vec<&str> = asked.texts("trace_ids")?.into_iter().filter(|id| seen.insert(*id)).collect();
    match ids.len() > most {
        true => Err(Wrong::invalid(format!("Cannot get more than {most} traces in a single request."))),
        false => Ok(ids),
    }
}

/// Whether spans are still to come, by what its client says.
fn is_partial(info: &TraceInfo, spans: &[(Span, SpanDigest)]) -> bool {
    let told = info.header.metadata.get(SIZE);
    let told = told.and_then(|text| serde_json::from_str::<Value>(text).ok());
    told.and_then(|told| told.get("num_spans")?.as_u64()).is_some_and(|told| told > spans.len() as u64)
}

async fn whole(shared: &Shared, info: &TraceInfo, spans: &[(Span, SpanDigest)]) -> Result<Value, Wrong> {
    let mut trace = json!({ "trace_info": shown(shared, info).await? });
    if !spans.is_empty() {
        // The root comes first, whatever clocks say.
        let (roots, others): (Vec<_>, Vec<_>) = spans.iter().partition(|(span, _)| span.parent.is_none());
        let shown = roots.into_iter().chain(others).map(|span| spans::shown(&info.id, span));
        trace["spans"] = shown.collect();
    }
    Ok(trace)
}

async fn shown(shared: &Shared, info: &TraceInfo) -> Result<Value, Wrong> {
    Ok(info::shown(info, &experiment::id(shared, &info.experiment).await?))
}

/// A trace by MLflow's id.
pub(super) async fn find(shared: &Shared, id: &str) -> Result<TraceInfo, Wrong> {
    known(shared, id).await?.ok_or_else(|| missing(id))
}

async fn known(shared: &Shared, id: &str) -> Result<Option<TraceInfo>, Wrong> {
    match store_id(id) {
        Ok(id) => Ok(shared.traces.trace(&id).await?),
        Err(_) => Ok(None),
    }
}
