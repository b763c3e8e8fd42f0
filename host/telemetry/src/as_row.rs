//! A trace as a row of a dataset: what came in and went out, what is known to be right, and the trace itself.

use std::collections::BTreeMap;

use model::assessment::{Assessment, Said};
use model::digest::{SpanDigest, to_dollars};
use model::json::Json;
use model::search::TraceInfo;
use model::trace::Span;
use serde::Serialize;

use crate::facts::Facts;
use crate::view::SpanView;

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    inputs: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    expectations: BTreeMap<&'a str, &'a Json>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    tags: &'a BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session: Option<&'a str>,
    trace: Trace<'a>,
}

#[derive(Serialize)]
struct Trace<'a> {
    trace_id: &'a str,
    spans: Vec<SpanView>,
}

/// A row, whose id is that of the trace. Inputs that are no object stand under `input`.
///
/// # Errors
///
/// Fails where something in it can't be written as JSON.
pub fn as_row(info: &TraceInfo, spans: &[(Span, SpanDigest)]) -> Result<Json, serde_json::Error> {
    let spans: Vec<Span> = spans.iter().map(|(span, digest)| priced(span, digest)).collect();
    let top = info.header.root.as_ref().and_then(|root| spans.iter().find(|span| span.id == *root)).or(spans.first());
    let facts = top.map(Facts::of).unwrap_or_default();
    let inputs = match facts.inputs {
        Some(inputs) if inputs.is_object() => inputs,
        Some(inputs) => Json::from_serialize(&BTreeMap::from([("input", inputs)]))?,
        None => Json::parse("{}")?,
    };
    let expectations = info.assessments.iter().filter(|one| counts(one, &info.assessments));
    Json::from_serialize(&Row {
        id: &info.id,
        inputs,
        outputs: facts.outputs,
        expectations: expectations.filter_map(expectation).collect(),
        tags: &info.tags,
        session: info.header.session.as_deref(),
        trace: Trace { trace_id: &info.id, spans: spans.into_iter().map(SpanView::from).collect() },
    })
}

/// A span that says what it cost: where it did not itself, what was worked out when it came.
fn priced(span: &Span, digest: &SpanDigest) -> Span {
    const COST: &str = "gen_ai.usage.cost";
    let mut span = span.clone();
    if let Some(cost) = digest.cost.filter(|_| Facts::of(&span).cost.is_none())
        && let Ok(cost) = Json::from_serialize(&to_dollars(cost))
    {
        span.attributes.push((COST.to_owned(), cost));
    }
    span
}

fn counts(one: &Assessment, all: &[Assessment]) -> bool {
    all.iter().all(|other| other.overrides != Some(one.id))
}

fn expectation(one: &Assessment) -> Option<(&str, &Json)> {
    match &one.said {
        Said::Expectation(value) => Some((&one.name, value)),
        Said::Feedback(_) | Said::Failed(_) => None,
    }
}
