//! One result as a span.

use model::feedback::{Feedback, Value as Verdict};
use model::json::Json;
use model::outcome::{Failure, Outcome};
use model::row::RowRecord;
use model::run::RowResult;
use model::trace::{Attributes, Event, Span, Status};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Origin, Sent};
use crate::id::hexadecimal;

/// How OpenTelemetry calls a verdict.
pub(super) const EVALUATION: &str = "gen_ai.evaluation.result";

/// What all spans of a run have in common.
pub(super) fn resource(origin: &Origin) -> Attributes {
    vec![
        ("service.name".to_owned(), text("karat")),
        ("service.version".to_owned(), text(&origin.version)),
        ("karat.run.id".to_owned(), text(origin.run.to_string())),
        ("karat.suite.name".to_owned(), text(&origin.suite)),
        ("karat.dataset.digest".to_owned(), text(&origin.dataset)),
    ]
}

/// The span of a row and trial: from the start of the run on, as long as the application took.
pub(super) fn span(origin: &Origin, row: &RowRecord, outputs: Option<&Json>, result: &RowResult) -> Sent {
    let start = origin.started.saturating_mul(1_000_000);
    let latency = result.predicted.as_ref().and_then(|predicted| predicted.latency).unwrap_or_default();
    let end = start.saturating_add(latency.as_nanos() as u64);
    let (trace, id) = row_ids(origin, &result.id, result.trial);
    let span = Span {
        id,
        name: "karat.row".to_owned(),
        start,
        end: Some(end),
        status: status(result.error.as_ref()),
        attributes: attributes(row, outputs, result),
        events: events(origin, result, end),
        ..Span::default()
    };
    (trace, span)
}

pub(super) fn status(failure: Option<&Failure>) -> Status {
    failure.map_or(Status::Unset, |failure| Status::Error(failure.message.clone()))
}

/// The same for the same row and trial of a run, whenever they are exported.
pub(super) fn row_ids(origin: &Origin, row: &str, trial: u32) -> (String, String) {
    let mut hasher = blake3::Hasher::new_derive_key("karat 2026 trace of a row and trial");
    hasher.update(origin.run.0.as_bytes()).update(&trial.to_le_bytes()).update(row.as_bytes());
    let hash = hasher.finalize();
    (hexadecimal(&hash.as_bytes()[..16]), hexadecimal(&hash.as_bytes()[16..24]))
}

fn attributes(row: &RowRecord, outputs: Option<&Json>, result: &RowResult) -> Attributes {
    let mut attributes = vec![
        ("karat.row.id".to_owned(), text(&result.id)),
        ("karat.row.index".to_owned(), value(result.index)),
        ("karat.row.trial".to_owned(), value(result.trial)),
        ("input.value".to_owned(), text(row.inputs.as_str())),
        ("input.mime_type".to_owned(), text("application/json")),
    ];
    let mut add = |key: &str, value: Option<Json>| {
        attributes.extend(value.map(|value| (key.to_owned(), value)));
    };
    add("output.value", outputs.map(|outputs| text(outputs.as_str())));
    add("output.mime_type", outputs.map(|_| text("application/json")));
    add("karat.row.expectations", row.expectations.as_ref().map(|expectations| text(expectations.as_str())));
    add("session.id", row.session.as_ref().map(text));
    let tokens = |tokens: Option<u64>| tokens.map(value);
    if let Some(predicted) = &result.predicted {
        add("karat.row.attempts", Some(value(predicted.attempts)));
        add("gen_ai.usage.input_tokens", tokens(predicted.input_tokens));
        add("gen_ai.usage.output_tokens", tokens(predicted.output_tokens));
    }
    add("error.type", result.error.as_ref().map(error_type));
    attributes.extend(row.tags.iter().map(|(name, value)| (format!("karat.row.tag.{name}"), text(value))));
    attributes
}

/// An event for each verdict, and for each scorer that gave none.
fn events(origin: &Origin, result: &RowResult, time: u64) -> Vec<Event> {
    let mut events = Vec::new();
    for (scorer, outcome) in origin.scorers.iter().zip(&result.outcomes) {
        let event = |name: String, outcome, more: Attributes| {
            let mut attributes =
                vec![("gen_ai.evaluation.name".to_owned(), text(name)), ("karat.outcome".to_owned(), text(outcome))];
            let prompt = scorer.prompt.as_ref();
            attributes.extend(prompt.map(|version| ("karat.prompt.version".to_owned(), text(version))));
            attributes.extend(more);
            Event { time, name: EVALUATION.to_owned(), attributes }
        };
        let key = scorer.key.clone();
        match outcome {
            Outcome::Scored(feedback) => events.extend(feedback.iter().map(|feedback| {
                let name = feedback.name.as_ref().map_or(key.clone(), |sub| format!("{key}/{sub}"));
                event(name, "scored", verdict(feedback))
            })),
            Outcome::Abstained { reason } => events.push(event(key, "abstained", vec![explanation(reason)])),
            Outcome::Failed(failure) => {
                let error = ("error.type".to_owned(), error_type(failure));
                events.push(event(key, "failed", vec![error, explanation(&failure.message)]));
            }
            Outcome::Unpredicted => events.push(event(key, "unpredicted", Vec::new())),
        }
    }
    events
}

/// A number is a score and a text a label; true and false are both. Of a list, others know nothing: it is a label.
fn verdict(feedback: &Feedback) -> Attributes {
    let (score, label) = match &feedback.value {
        Verdict::Boolean(value) => (Some(f64::from(u8::from(*value))), Some(value.to_string())),
        Verdict::Number(value) => (Some(*value), None),
        Verdict::Text(value) => (None, Some(value.clone())),
        list => (None, serde_json::to_string(list).ok()),
    };
    let score = score.map(|score| ("gen_ai.evaluation.score.value".to_owned(), value(score)));
    let label = label.map(|label| ("gen_ai.evaluation.score.label".to_owned(), text(label)));
    score.into_iter().chain(label).chain(feedback.rationale.as_ref().map(explanation)).collect()
}

pub(super) fn explanation(words: impl AsRef<str>) -> (String, Json) {
    ("gen_ai.evaluation.explanation".to_owned(), text(words))
}

pub(super) fn error_type(failure: &Failure) -> Json {
    let kind = serde_json::to_value(failure.kind).ok();
    text(kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("other"))
}

pub(super) fn text(text: impl AsRef<str>) -> Json {
    value(text.as_ref())
}

/// A text or a number.
pub(super) fn value(value: impl Serialize) -> Json {
    Json::from_serialize(&value).unwrap_or_else(|_| Json::from_raw(RawValue::NULL))
}
