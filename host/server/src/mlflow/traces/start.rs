//! What a client says of a trace as a whole, once its root has ended: before its spans have come, or after.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::assessment::Assessment;
use model::ports::AnnotationChange;
use model::search::{CLIENT_REQUEST_ID, TraceInfo};
use model::trace::Span;
use serde_json::{Value, json};
use telemetry::announced::{Announced, digest_of_announcement};

use super::{experiment, info, said, store_id, tags, time};
use crate::mlflow::asked::{lacks, not_of_type};
use crate::mlflow::{Answer, Asked, Wrong};
use crate::shared::Shared;

pub(super) async fn start(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let trace = asked.required_message("trace")?.required_message("trace_info")?;
    let id = store_id(trace.required("trace_id")?)?;
    let experiment = experiment::of_location(trace.message("trace_location")?)?;
    let traces = experiment::traces(&shared, &experiment).await?;
    let announcement = announcement(&trace)?;
    let assessments = trace.messages("assessments")?;
    let assessments = assessments.iter().map(|one| said::read(one, (shared.now)())).collect::<Result<Vec<_>, _>>()?;
    let known = keep(&shared, &traces, &id, announcement, trace.map("tags")?, assessments).await?;
    Ok(Json(json!({ "trace": { "trace_info": info::shown(&known, &experiment) } })))
}

/// Keeps what a client says of a trace, in the experiment that keeps its traces under this name. Returns what is known of it
/// then.
pub(super) async fn keep(
    shared: &Shared,
    experiment: &str,
    id: &str,
    announcement: Span,
    tags: BTreeMap<String, String>,
    assessments: Vec<Assessment>,
) -> Result<TraceInfo, Wrong> {
    let said = changes(own_tags(tags)?, assessments);
    let announcement = shared.intake.redacted(experiment, announcement);
    let digest = digest_of_announcement(&announcement);
    let announced = shared.intake.announce(experiment, id, (announcement, digest), said).await;
    let known = shared.traces.trace(id).await?;
    if known.as_ref().is_some_and(|known| known.experiment != experiment) {
        return Err(elsewhere(id));
    }
    announced?;
    known.ok_or_else(|| super::missing(id))
}

fn elsewhere(id: &str) -> Wrong {
    Wrong::invalid(format!("Trace with ID '{}' already exists in another experiment.", super::shown_id(id)))
}

/// What the client says, as a span that is none.
fn announcement(trace: &Asked) -> Result<Span, Wrong> {
    let unreadable = |name: &str| not_of_type(name, trace.value(name).unwrap_or(&Value::Null));
    let start = trace.text("request_time")?.ok_or_else(|| lacks("request_time"))?;
    let start = time::read(start).ok_or_else(|| unreadable("request_time"))?;
    let duration = trace.text("execution_duration")?;
    let duration = duration.map(|text| time::read_duration(text).ok_or_else(|| unreadable("execution_duration")));
    let duration = duration.transpose()?.unwrap_or_default();
    let state = trace.text("state")?.unwrap_or_default();
    let mut metadata = trace.map("trace_metadata")?;
    metadata.extend(trace.text("client_request_id")?.map(|id| (CLIENT_REQUEST_ID.to_owned(), id.to_owned())));
    let announced = Announced {
        name: trace.map("tags")?.remove(tags::NAME).unwrap_or_default(),
        start,
        end: matches!(state, "OK" | "ERROR").then(|| start.saturating_add(duration)),
        is_error: state == "ERROR",
        metadata,
        inputs: trace.text("request_preview")?.map(str::to_owned),
        outputs: trace.text("response_preview")?.map(str::to_owned),
    };
    Ok(announced.into_span())
}

/// Tags that a client may set.
fn own_tags(mut tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Wrong> {
    tags.retain(|name, _| !tags::is_ours(name));
    tags.iter().try_for_each(|(name, value)| tags::check(name, value))?;
    Ok(tags)
}

fn changes(tags: BTreeMap<String, String>, assessments: Vec<Assessment>) -> Vec<AnnotationChange> {
    let tags = tags.into_iter().map(|(name, value)| AnnotationChange::Tag { name, value: Some(value) });
    tags.chain(assessments.into_iter().map(AnnotationChange::Assess)).collect()
}
