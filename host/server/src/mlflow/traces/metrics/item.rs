//! What one trace, one span or one assessment adds to a number.

use model::assessment::Assessment;
use model::digest::{SpanDigest, to_dollars};
use model::search::{Field, Found, SpanField, TokenKind, TraceInfo, found, found_in_span};
use model::trace::Span;
use serde_json::Value as Json;
use telemetry::facts::Facts;

use super::catalogue::{CostPart, Dimension, Measure};
use crate::mlflow::traces::{said, tags};

const MILLISECOND: u64 = 1_000_000;

/// The type of a span that says none.
pub(super) const NO_TYPE: &str = "UNKNOWN";

pub(super) enum Item<'a> {
    Trace(&'a TraceInfo),
    Span { trace: &'a TraceInfo, span: &'a Span, digest: &'a SpanDigest },
    Assessment(&'a Assessment),
}

/// What is measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Number(f64),
    /// It counts once, however many have it.
    Named(String),
    /// It counts.
    Present,
}

impl Item<'_> {
    /// The moment that it is counted at, in milliseconds since 1970-01-01T00:00:00Z.
    pub(super) fn time(&self, measure: Measure) -> u64 {
        let nanoseconds = match (self, measure) {
            (Self::Span { span, .. }, Measure::Cost(_)) => span.start,
            (Self::Trace(trace) | Self::Span { trace, .. }, _) => trace.header.start,
            (Self::Assessment(assessment), _) => assessment.created,
        };
        nanoseconds / MILLISECOND
    }

    /// None where it does not say.
    pub(super) fn value(&self, measure: Measure) -> Option<Value> {
        match (self, measure) {
            (_, Measure::Presence) => Some(Value::Present),
            (Self::Trace(trace), Measure::Session) => trace.header.session.clone().map(Value::Named),
            (Self::Trace(trace), Measure::Latency) => latency(trace.header.start, trace.header.end),
            (Self::Trace(trace), Measure::Tokens(kind)) => tokens(trace, kind),
            (Self::Span { span, .. }, Measure::Latency) => latency(span.start, span.end),
            (Self::Span { digest, .. }, Measure::Cost(part)) => cost(digest, part).map(Value::Number),
            (Self::Assessment(assessment), Measure::Verdict) => verdict(&said::value(assessment)).map(Value::Number),
            _ => None,
        }
    }

    /// None where it does not say.
    pub(super) fn dimension(&self, dimension: Dimension) -> Option<String> {
        match (self, dimension) {
            (Self::Trace(trace), Dimension::Name) => name(trace),
            (Self::Trace(trace), Dimension::Status) => text(found(&Field::Status, trace).pop()),
            (Self::Span { span, .. }, Dimension::Name) => Some(span.name.clone()),
            (Self::Span { span, digest, .. }, Dimension::Status) => {
                text(found_in_span(&SpanField::Status, span, digest))
            }
            (Self::Span { digest, .. }, Dimension::Type) => {
                Some(digest.kind.clone().unwrap_or_else(|| NO_TYPE.to_owned()))
            }
            (Self::Span { digest, .. }, Dimension::Model) => digest.model.clone(),
            (Self::Span { span, .. }, Dimension::Provider) => Facts::of(span).provider,
            (Self::Assessment(assessment), Dimension::Name) => Some(assessment.name.clone()),
            (Self::Assessment(assessment), Dimension::Type) => Some(said::kind(assessment).to_owned()),
            // As JSON: a text stands in quotes.
            (Self::Assessment(assessment), Dimension::Value) => Some(said::value(assessment).to_string()),
            _ => None,
        }
    }
}

/// Whole milliseconds, as a trace shows its duration.
fn latency(start: u64, end: Option<u64>) -> Option<Value> {
    end.map(|end| Value::Number((end.saturating_sub(start) / MILLISECOND) as f64))
}

fn tokens(trace: &TraceInfo, kind: TokenKind) -> Option<Value> {
    match found(&Field::Tokens(kind), trace).pop() {
        // Of a cache, none is as good as nothing said.
        Some(Found::Number(0.0)) if matches!(kind, TokenKind::CacheRead | TokenKind::CacheWrite) => None,
        Some(Found::Number(count)) => Some(Value::Number(count)),
        _ => None,
    }
}

/// US dollars.
fn cost(digest: &SpanDigest, part: CostPart) -> Option<f64> {
    let cost = match part {
        CostPart::Input => digest.input_cost,
        CostPart::Output => digest.output_cost,
        CostPart::Total => digest.cost,
    };
    cost.map(to_dollars)
}

/// What counts as a number: judges say yes and no.
fn verdict(value: &Json) -> Option<f64> {
    match value {
        Json::Number(number) => number.as_f64(),
        Json::Bool(is_so) => Some(f64::from(u8::from(*is_so))),
        Json::String(text) if text.eq_ignore_ascii_case("yes") => Some(1.0),
        Json::String(text) if text.eq_ignore_ascii_case("no") => Some(0.0),
        _ => None,
    }
}

/// MLflow has it among the tags, where it can be changed.
fn name(trace: &TraceInfo) -> Option<String> {
    let name = trace.tags.get(tags::NAME).unwrap_or(&trace.header.name);
    Some(name.clone()).filter(|name| !name.is_empty())
}

fn text(found: Option<Found<'_>>) -> Option<String> {
    match found {
        Some(Found::Text(text)) => Some(text.into_owned()),
        _ => None,
    }
}
