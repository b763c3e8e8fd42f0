//! One result as a span.

use model::feedback::{Feedback, Value as Verdict};
use model::json::Json;
use model::outcome::{Failure, Outcome};
use model::row::RowRecord;
use model::run::RowResult;

use super::{Attributes, Event, Origin, Span, Value};

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
pub(super) fn span(origin: &Origin, row: &RowRecord, outputs: Option<&Json>, result: &RowResult) -> Span {
    let start = origin.started.saturating_mul(1_000_000);
    let latency = result.predicted.as_ref().and_then(|predicted| predicted.latency).unwrap_or_default();
    let end = start.saturating_add(latency.as_nanos() as u64);
    let (trace, id) = row_ids(origin, &result.id, result.trial);
    Span {
        trace,
        id,
        parent: None,
        name: "karat.row".into(),
        start,
        end,
        error: result.error.as_ref().map(|error| error.message.clone()),
        attributes: attributes(row, outputs, result),
        events: events(origin, result, end),
    }
}

/// The same for the same row and trial of a run, whenever they are exported.
pub(super) fn row_ids(origin: &Origin, row: &str, trial: u32) -> ([u8; 16], [u8; 8]) {
    let mut hasher = blake3::Hasher::new_derive_key("karat 2026 trace of a row and trial");
    hasher.update(origin.run.0.as_bytes()).update(&trial.to_le_bytes()).update(row.as_bytes());
    let hash = hasher.finalize();
    let (trace, rest) = hash.as_bytes().split_first_chunk().expect("32 bytes");
    (*trace, *rest.first_chunk().expect("16 bytes"))
}

fn attributes(row: &RowRecord, outputs: Option<&Json>, result: &RowResult) -> Attributes {
    let mut attributes = vec![
        ("karat.row.id".to_owned(), text(&result.id)),
        ("karat.row.index".to_owned(), Value::Whole(result.index.cast_signed())),
        ("karat.row.trial".to_owned(), Value::Whole(result.trial.into())),
        ("input.value".to_owned(), text(row.inputs.as_str())),
        ("input.mime_type".to_owned(), text("application/json")),
    ];
    let mut add = |key: &str, value: Option<Value>| {
        attributes.extend(value.map(|value| (key.to_owned(), value)));
    };
    add("output.value", outputs.map(|outputs| text(outputs.as_str())));
    add("output.mime_type", outputs.map(|_| text("application/json")));
    add("karat.row.expectations", row.expectations.as_ref().map(|expectations| text(expectations.as_str())));
    add("session.id", row.session.as_ref().map(text));
    let tokens = |tokens: Option<u64>| tokens.map(|tokens| Value::Whole(tokens.cast_signed()));
    if let Some(predicted) = &result.predicted {
        add("karat.row.attempts", Some(Value::Whole(predicted.attempts.into())));
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
            Event { time, name: "gen_ai.evaluation.result", attributes }
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
    let score = score.map(|score| ("gen_ai.evaluation.score.value".to_owned(), Value::Number(score)));
    let label = label.map(|label| ("gen_ai.evaluation.score.label".to_owned(), text(label)));
    score.into_iter().chain(label).chain(feedback.rationale.as_ref().map(explanation)).collect()
}

fn explanation(words: impl Into<String>) -> (String, Value) {
    ("gen_ai.evaluation.explanation".to_owned(), text(words))
}

pub(super) fn error_type(failure: &Failure) -> Value {
    let kind = serde_json::to_value(failure.kind).ok();
    text(kind.as_ref().and_then(serde_json::Value::as_str).unwrap_or("other"))
}

pub(super) fn text(text: impl Into<String>) -> Value {
    Value::Text(text.into())
}
