//! What a trace and its spans have for a field.

use std::borrow::Cow;
use std::fmt::Write;

use crate::assessment::{Assessment, Said, counting};
use crate::digest::{SpanDigest, State, Tokens};
use crate::json::Json;
use crate::trace::{Span, Status};

use super::{Field, SpanField, TokenKind, TraceInfo};

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Found<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Boolean(bool),
}

impl<'a> Found<'a> {
    fn text(text: &'a str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }

    fn count(count: usize) -> Self {
        Self::Number(count as f64)
    }

    fn json(json: &'a Json) -> Option<Self> {
        found_in_json(json.as_str())
    }
}

/// What a JSON text says, in its compact form: a scalar, or else the text. None of `null`.
pub fn found_in_json(json: &str) -> Option<Found<'_>> {
    let text = || Found::text(json);
    Some(match json.as_bytes() {
        b"null" => return None,
        b"true" => Found::Boolean(true),
        b"false" => Found::Boolean(false),
        [b'"', ..] => Found::Text(Cow::Owned(serde_json::from_str(json).ok()?)),
        // A number that is out of range stays a text.
        [b'-' | b'0'..=b'9', ..] => serde_json::from_str(json).map_or_else(|_| text(), Found::Number),
        _ => text(),
    })
}

/// All values that a trace has for a field. None where it does not have it; more than one of models, prompts and assessments, by
/// name and by age. Of [`Field::Text`] there is only what the trace itself says: the rest is the [content] of each span.
pub fn found<'a>(field: &Field, info: &'a TraceInfo) -> Vec<Found<'a>> {
    let header = &info.header;
    let text = |text: &'a Option<String>| text.as_deref().map(Found::text).into_iter().collect();
    let texts = |texts: &'a [String]| texts.iter().map(|text| Found::text(text)).collect();
    match field {
        Field::Id => vec![Found::text(&info.id)],
        Field::Name => vec![Found::text(&header.name)],
        Field::Status => vec![Found::text(state(header.state))],
        Field::Service => text(&header.service),
        Field::Session => text(&header.session),
        Field::User => text(&header.user),
        Field::Model => texts(&header.models),
        Field::Prompt => texts(&header.prompts),
        Field::Start => vec![Found::Number(milliseconds(header.start))],
        Field::End => header.end.map(|end| Found::Number(milliseconds(end))).into_iter().collect(),
        Field::Duration => duration(header.start, header.end).into_iter().collect(),
        Field::Cost => header.cost.map(Found::Number).into_iter().collect(),
        Field::Tokens(kind) => {
            header.tokens.map(|tokens| Found::Number(count(tokens, *kind) as f64)).into_iter().collect()
        }
        Field::Spans => vec![Found::count(header.spans)],
        Field::Errors => vec![Found::count(header.errors)],
        Field::Tag(key) => info.tags.get(key).map(|value| Found::text(value)).into_iter().collect(),
        Field::Metadata(key) => header.metadata.get(key).map(|value| Found::text(value)).into_iter().collect(),
        Field::Feedback(_) | Field::Expectation(_) => found_said(field, counting(&info.assessments)),
        Field::Inputs => text(&header.inputs),
        Field::Outputs => text(&header.outputs),
        Field::Text => [&header.inputs, &header.outputs].into_iter().flatten().map(|text| Found::text(text)).collect(),
    }
}

/// What a span has for a field; none where it does not have it.
pub fn found_in_span<'a>(field: &SpanField, span: &'a Span, digest: &'a SpanDigest) -> Option<Found<'a>> {
    match field {
        SpanField::Name => Some(Found::text(&span.name)),
        SpanField::Type => digest.kind.as_deref().map(Found::text),
        SpanField::Status => Some(Found::text(match span.status {
            Status::Unset => "UNSET",
            Status::Ok => "OK",
            Status::Error(_) => "ERROR",
        })),
        SpanField::Model => digest.model.as_deref().map(Found::text),
        SpanField::Duration => duration(span.start, span.end),
        SpanField::Attribute(key) => span.attribute(key).map(|value| Found::Text(plain(value))),
        SpanField::Content => Some(Found::Text(Cow::Owned(content(span)))),
    }
}

/// Everything that a span says, as one text with a line for its name, for what is said about its failure, for each attribute
/// (`key: value`), and for each event and its attributes.
pub fn content(span: &Span) -> String {
    let mut text = span.name.clone();
    if let Status::Error(said) = &span.status {
        text.extend(["\n", said]);
    }
    let put = |text: &mut String, key: &str, value| write!(text, "\n{key}: {}", plain(value)).unwrap_or_default();
    span.attributes.iter().for_each(|(key, value)| put(&mut text, key, value));
    for event in &span.events {
        text.extend(["\n", &event.name]);
        event.attributes.iter().for_each(|(key, value)| put(&mut text, key, value));
    }
    text
}

/// A string as it is, anything else as JSON.
fn plain(json: &Json) -> Cow<'_, str> {
    let string = json.as_str().starts_with('"').then(|| serde_json::from_str(json.as_str()).ok()).flatten();
    string.map_or(Cow::Borrowed(json.as_str()), Cow::Owned)
}

/// The values that assessments have for a field.
pub(super) fn found_said<'a>(field: &Field, said: impl Iterator<Item = &'a Assessment>) -> Vec<Found<'a>> {
    let value = |one: &'a Assessment| match (field, &one.said) {
        (Field::Feedback(name), Said::Feedback(value)) | (Field::Expectation(name), Said::Expectation(value)) => {
            (one.name == *name).then_some(value)
        }
        _ => None,
    };
    said.filter_map(value).filter_map(Found::json).collect()
}

fn state(state: State) -> &'static str {
    match state {
        State::InProgress => "IN_PROGRESS",
        State::Ok => "OK",
        State::Error => "ERROR",
    }
}

fn count(tokens: Tokens, kind: TokenKind) -> u64 {
    match kind {
        TokenKind::Input => tokens.input,
        TokenKind::Output => tokens.output,
        TokenKind::Total => tokens.total,
        TokenKind::CacheRead => tokens.cache_read,
        TokenKind::CacheWrite => tokens.cache_write,
        TokenKind::Reasoning => tokens.reasoning,
    }
}

fn duration<'a>(start: u64, end: Option<u64>) -> Option<Found<'a>> {
    end.map(|end| Found::Number(milliseconds(end.saturating_sub(start))))
}

fn milliseconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e6
}
