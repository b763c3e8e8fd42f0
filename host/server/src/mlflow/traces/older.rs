//! Traces as clients before 3.0 begin and end them: by two calls, of which the first gives the id.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::search::TraceInfo;
use serde_json::{Value, json};
use telemetry::announced::Announced;
use uuid::Uuid;

use super::start;
use super::{experiment, info, read, search as searching, shown_id, tags};
use crate::mlflow::answer::answer;
use crate::mlflow::asked::{lacks, not_of_type};
use crate::mlflow::{Answer, Asked, Wrong, experiments, pairs};
use crate::shared::Shared;

/// What these clients call previews, among the metadata.
const INPUTS: &str = "mlflow.traceInputs";
const OUTPUTS: &str = "mlflow.traceOutputs";

const MILLISECOND: u64 = 1_000_000;

pub(super) async fn start(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let experiment = experiments::find_active(&shared, &experiments::id(&asked)?).await?;
    let id = Uuid::new_v4().simple().to_string();
    let tags = map(&asked, "tags")?;
    let name = tags.get(tags::NAME).cloned().unwrap_or_default();
    let mut begun = Announced { name, start: moment(&asked)?, ..Announced::default() };
    add(&mut begun, &asked)?;
    let known = start::keep(&shared, &experiment.traces, &id, begun.into_span(), tags, Vec::new()).await?;
    answer(json!({ "trace_info": shown(&known, &experiment.id) }))
}

/// Adds to what was said when it began.
pub(super) async fn end(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let known = read::find(&shared, asked.required("trace_id")?).await?;
    let mut said = match shared.traces.announcement(&known.id).await? {
        Some((begun, _)) => Announced::of(&begun),
        // Only spans of it have come.
        None => Announced { start: known.header.start, ..Announced::default() },
    };
    add(&mut said, &asked)?;
    let status = asked.text("status")?.unwrap_or_default();
    said.end = matches!(status, "OK" | "ERROR").then_some(moment(&asked)?.max(said.start));
    said.is_error = status == "ERROR";
    let (ended, tags) = (said.into_span(), map(&asked, "tags")?);
    let known = start::keep(&shared, &known.experiment, &known.id, ended, tags, Vec::new()).await?;
    told(&shared, &known).await
}

pub(super) async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    told(&shared, &read::find(&shared, asked.required("trace_id")?).await?).await
}

pub(super) async fn search(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let ids: Vec<String> = asked.texts("experiment_ids")?.into_iter().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(lacks("experiment_ids"));
    }
    searching::page_of(&shared, &asked, &ids, shown).await
}

async fn told(shared: &Shared, known: &TraceInfo) -> Answer {
    let experiment = experiment::id(shared, &known.experiment).await?;
    Ok(Json(json!({ "trace_info": shown(known, &experiment) })))
}

/// Nanoseconds since 1970-01-01T00:00:00Z.
fn moment(asked: &Asked) -> Result<u64, Wrong> {
    let moment = asked.integer("timestamp_ms")?.ok_or_else(|| lacks("timestamp_ms"))?;
    let nanoseconds = u64::try_from(moment).ok().and_then(|moment| moment.checked_mul(MILLISECOND));
    nanoseconds.ok_or_else(|| not_of_type("timestamp_ms", &json!(moment)))
}

fn map(asked: &Asked, list: &str) -> Result<BTreeMap<String, String>, Wrong> {
    Ok(pairs::read(asked, list)?.into_iter().collect())
}

/// Adds metadata, with previews apart. The shape of the trace is ours, whatever it was with its client.
fn add(said: &mut Announced, asked: &Asked) -> Result<(), Wrong> {
    let mut metadata = map(asked, "request_metadata")?;
    metadata.remove(info::SCHEMA.0);
    for (name, preview) in [(INPUTS, &mut said.inputs), (OUTPUTS, &mut said.outputs)] {
        if let Some(newer) = metadata.remove(name).filter(|newer| !newer.is_empty()) {
            *preview = Some(newer);
        }
    }
    said.metadata.extend(metadata);
    Ok(())
}

fn shown(known: &TraceInfo, experiment: &str) -> Value {
    let header = &known.header;
    let mut metadata = info::metadata(header);
    for (name, preview) in [(INPUTS, &header.inputs), (OUTPUTS, &header.outputs)] {
        metadata.extend(preview.clone().map(|preview| (name.to_owned(), preview)));
    }
    json!({
        "request_id": shown_id(&known.id),
        "experiment_id": experiment,
        "timestamp_ms": header.start / MILLISECOND,
        "execution_time_ms": header.end.map(|end| end.saturating_sub(header.start) / MILLISECOND).unwrap_or_default(),
        "status": info::state(header.state),
        "request_metadata": pairs::of(&metadata),
        "tags": pairs::of(&info::shown_tags(known, experiment)),
    })
}
