//! What a client says of a trace as a whole, once its root has ended: before its spans have come, or after.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::assessment::Assessment;
use model::digest::{ANNOUNCEMENT, SpanDigest, Tokens, to_pico};
use model::ports::{Annotation, AnnotationChange, SpanBatch};
use model::search::{CLIENT_REQUEST_ID, TraceInfo};
use model::trace::{Attributes, Span, Status};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{experiment, info, said, store_id, tags, time};
use crate::mlflow::asked::{lacks, not_of_type};
use crate::mlflow::{Answer, Asked, Wrong};
use crate::shared::Shared;

/// Under which names previews stand among what a client says.
pub(super) const INPUTS: &str = "request_preview";
pub(super) const OUTPUTS: &str = "response_preview";

pub(super) async fn start(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let trace = asked.required_message("trace")?.required_message("trace_info")?;
    let id = store_id(trace.required("trace_id")?)?;
    let experiment = experiment::of_location(&shared, trace.message("trace_location")?).await?;
    if let Some(known) = shared.traces.trace(&id).await?
        && known.experiment != experiment.traces
    {
        return Err(elsewhere(&id));
    }
    let announcement = announcement(&trace)?;
    let assessments = trace.messages("assessments")?;
    let assessments = assessments.iter().map(|one| said::read(one, (shared.now)())).collect::<Result<Vec<_>, _>>()?;
    let known = keep(&shared, &experiment.traces, &id, announcement, trace.map("tags")?, assessments).await?;
    Ok(Json(json!({ "trace": { "trace_info": info::shown(&known, &experiment.id) } })))
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
    let annotations = annotations(id, own_tags(tags)?, assessments);
    let announcement = shared.intake.redacted(experiment, announcement);
    let digest = digest(&announcement);
    let batch = SpanBatch { trace: id.to_owned(), spans: vec![(announcement, digest)] };
    shared.intake.announce(experiment, batch).await?;
    if !annotations.is_empty() {
        shared.annotate(annotations).await?;
    }
    let known = shared.traces.trace(id).await?.ok_or_else(|| super::missing(id))?;
    if known.experiment != experiment {
        return Err(elsewhere(id));
    }
    Ok(known)
}

fn elsewhere(id: &str) -> Wrong {
    Wrong::invalid(format!("Trace with ID '{}' already exists in another experiment.", super::shown_id(id)))
}

/// What the client says, as a span that is none: its metadata and previews are attributes, so that they are redacted and kept
/// as those of spans are.
fn announcement(trace: &Asked) -> Result<Span, Wrong> {
    let unreadable = |name: &str| not_of_type(name, trace.value(name).unwrap_or(&Value::Null));
    let start = trace.text("request_time")?.ok_or_else(|| lacks("request_time"))?;
    let start = time::read(start).ok_or_else(|| unreadable("request_time"))?;
    let duration = trace.text("execution_duration")?;
    let duration = duration.map(|text| time::read_duration(text).ok_or_else(|| unreadable("execution_duration")));
    let duration = duration.transpose()?.unwrap_or_default();
    let state = trace.text("state")?.unwrap_or_default();
    let mut said = trace.map("trace_metadata")?;
    for (field, name) in
        [("client_request_id", CLIENT_REQUEST_ID), ("request_preview", INPUTS), ("response_preview", OUTPUTS)]
    {
        said.extend(trace.text(field)?.map(|text| (name.to_owned(), text.to_owned())));
    }
    Ok(Span {
        id: ANNOUNCEMENT.to_owned(),
        name: trace.map("tags")?.remove(tags::NAME).unwrap_or_default(),
        start,
        end: matches!(state, "OK" | "ERROR").then(|| start.saturating_add(duration)),
        status: if state == "ERROR" { Status::Error(String::new()) } else { Status::Unset },
        attributes: attributes(said)?,
        ..Span::default()
    })
}

/// What it adds to the trace.
fn digest(announcement: &Span) -> SpanDigest {
    let mut metadata = texts(announcement);
    let (inputs, outputs) = (metadata.remove(INPUTS), metadata.remove(OUTPUTS));
    let costs = metadata.get(info::COST).and_then(|text| costs(text)).unwrap_or_default();
    let mut digest = SpanDigest {
        end: announcement.end,
        start: announcement.start,
        version: 0,
        id: announcement.id.clone(),
        is_error: matches!(announcement.status, Status::Error(_)),
        name: announcement.name.clone(),
        session: metadata.get(info::SESSION).cloned(),
        user: metadata.get(info::USER).cloned(),
        tokens: metadata.get(info::TOKENS).and_then(|text| tokens(text)),
        cost: costs.total_cost.and_then(pico),
        input_cost: costs.input_cost.and_then(pico),
        output_cost: costs.output_cost.and_then(pico),
        inputs,
        outputs,
        metadata: metadata.into_iter().collect(),
        ..SpanDigest::default()
    };
    let mut hasher = DefaultHasher::new();
    digest.hash(&mut hasher);
    digest.version = hasher.finish();
    digest
}

/// Tags that a client may set.
fn own_tags(mut tags: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Wrong> {
    tags.retain(|name, _| !tags::is_ours(name));
    tags.iter().try_for_each(|(name, value)| tags::check(name, value))?;
    Ok(tags)
}

pub(super) fn attributes(texts: BTreeMap<String, String>) -> Result<Attributes, Wrong> {
    let json = |(name, text): (String, String)| Ok((name, said::json_of(&Value::String(text))?));
    texts.into_iter().map(json).collect()
}

/// Attributes that are texts.
pub(super) fn texts(span: &Span) -> BTreeMap<String, String> {
    let texts = span.attributes.iter();
    texts.filter_map(|(name, value)| Some((name.clone(), value.to_value().as_str()?.to_owned()))).collect()
}

fn annotations(trace: &str, tags: BTreeMap<String, String>, assessments: Vec<Assessment>) -> Vec<Annotation> {
    let tags = tags.into_iter().map(|(name, value)| AnnotationChange::Tag { name, value: Some(value) });
    let changes = tags.chain(assessments.into_iter().map(AnnotationChange::Assess));
    changes.map(|change| Annotation { trace: trace.to_owned(), change }).collect()
}

/// Of what a client sums up as JSON.
fn tokens(text: &str) -> Option<Tokens> {
    let told: BTreeMap<String, Option<u64>> = serde_json::from_str(text).ok()?;
    let count = |name: &str| told.get(name).copied().flatten();
    let (input, output) = (count("input_tokens").unwrap_or_default(), count("output_tokens").unwrap_or_default());
    Some(Tokens {
        input,
        output,
        cache_read: count("cache_read_input_tokens").unwrap_or_default(),
        cache_write: count("cache_creation_input_tokens").unwrap_or_default(),
        reasoning: 0,
        total: count("total_tokens").unwrap_or(input.saturating_add(output)),
    })
}

/// As [`info::shown_cost`] writes them.
#[derive(Default, Deserialize)]
struct Costs {
    total_cost: Option<f64>,
    input_cost: Option<f64>,
    output_cost: Option<f64>,
}

fn costs(text: &str) -> Option<Costs> {
    serde_json::from_str(text).ok()
}

fn pico(dollars: f64) -> Option<u64> {
    (dollars.is_finite() && dollars >= 0.0).then(|| to_pico(dollars))
}
