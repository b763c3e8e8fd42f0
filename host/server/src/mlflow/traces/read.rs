//! Traces that are asked for by id.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::ports::FoundTrace;
use model::search::TraceInfo;
use serde::Serialize;
use serde_json::{Value, json};

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
    let experiment = experiment::id(&shared, &info.experiment).await?;
    Ok(Json(json!({ "trace": { "trace_info": info::shown(&info, &experiment) } })))
}

pub(super) async fn get(State(shared): State<Arc<Shared>>, asked: Asked) -> Result<Response, Wrong> {
    let id = asked.required("trace_id")?;
    let found = find_with_spans(&shared, id).await?;
    if !asked.boolean("allow_partial")?.unwrap_or(true) && is_partial(&found) {
        let message = format!("Trace with ID {id} is not fully exported yet, please try again later.");
        return Err(Wrong::missing(message));
    }
    let experiment = experiment::id(&shared, &found.info.experiment).await?;
    Ok(Json(BTreeMap::from([("trace", whole(&found, &experiment))])).into_response())
}

pub(super) async fn batch_get(State(shared): State<Arc<Shared>>, asked: Asked) -> Result<Response, Wrong> {
    let mut found = find_all(&shared, &asked, MOST_TRACES, usize::MAX).await?;
    // Whoever reads many can't wait for one.
    found.retain(|trace| !is_partial(trace));
    let experiments = experiment::ids(&shared, &found).await?;
    let traces = found.iter().map(|trace| whole(trace, &experiments[trace.info.experiment.as_str()]));
    Ok(list("traces", traces.collect()))
}

pub(super) async fn batch_get_infos(State(shared): State<Arc<Shared>>, asked: Asked) -> Result<Response, Wrong> {
    let found = find_all(&shared, &asked, MOST_INFOS, 0).await?;
    let experiments = experiment::ids(&shared, &found).await?;
    let infos = found.iter().map(|trace| info::shown(&trace.info, &experiments[trace.info.experiment.as_str()]));
    Ok(list("trace_infos", infos.collect()))
}

/// A trace as a file, for the user interface.
pub(super) async fn artifact(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    if asked.text("path")?.is_some() {
        return Err(Wrong::not_served("Attachments of traces are read from the artifacts of the trace."));
    }
    let FoundTrace { info, spans } = find_with_spans(&shared, asked.required("request_id")?).await?;
    let filed: Vec<_> = spans.iter().map(|span| spans::filed(&info.id, span)).collect();
    Ok(Json(json!({ "spans": filed })))
}

/// A list as it is answered: none where it is empty.
fn list<T: Serialize>(name: &str, values: Vec<T>) -> Response {
    let list = (!values.is_empty()).then_some((name, values));
    Json(BTreeMap::from_iter(list)).into_response()
}

/// The traces that are asked for, each once and with up to `spans` of its spans, as far as there are any.
async fn find_all(shared: &Shared, asked: &Asked, most: usize, spans: usize) -> Result<Vec<FoundTrace>, Wrong> {
    let mut seen = HashSet::new();
    let ids: Vec<&str> = asked.texts("trace_ids")?.into_iter().filter(|id| seen.insert(*id)).collect();
    if ids.len() > most {
        return Err(Wrong::invalid(format!("Cannot get more than {most} traces in a single request.")));
    }
    let ids: Vec<String> = ids.into_iter().filter_map(|id| store_id(id).ok()).collect();
    Ok(shared.traces.traces(&ids, spans).await?.into_iter().flatten().collect())
}

/// Whether spans are still to come, by what its client says.
fn is_partial(trace: &FoundTrace) -> bool {
    let told = trace.info.header.metadata.get(SIZE);
    let told = told.and_then(|text| serde_json::from_str::<Value>(text).ok());
    told.and_then(|told| told.get("num_spans")?.as_u64()).is_some_and(|told| told > trace.spans.len() as u64)
}

/// A trace with its spans, as it is answered.
#[derive(Serialize)]
struct Whole<'a> {
    trace_info: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    spans: Vec<spans::Shown<'a>>,
}

fn whole<'a>(FoundTrace { info, spans }: &'a FoundTrace, experiment: &str) -> Whole<'a> {
    // The root comes first, whatever clocks say.
    let (roots, others): (Vec<_>, Vec<_>) = spans.iter().partition(|(span, _)| span.parent.is_none());
    let spans = roots.into_iter().chain(others).map(|span| spans::shown(&info.id, span)).collect();
    Whole { trace_info: info::shown(info, experiment), spans }
}

/// A trace by MLflow's id.
pub(super) async fn find(shared: &Shared, id: &str) -> Result<TraceInfo, Wrong> {
    shared.traces.trace(&store_id(id)?).await?.ok_or_else(|| missing(id))
}

/// Likewise, with all its spans.
pub(super) async fn find_with_spans(shared: &Shared, id: &str) -> Result<FoundTrace, Wrong> {
    let found = shared.traces.traces(&[store_id(id)?], usize::MAX).await?;
    found.into_iter().flatten().next().ok_or_else(|| missing(id))
}
