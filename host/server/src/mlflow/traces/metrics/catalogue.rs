//! Which numbers there are, what can be worked out of each, and what each can be split by.

use model::search::TokenKind;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Traces,
    Spans,
    Assessments,
}

/// A number that each item of a view may have.
#[derive(Debug)]
pub(super) struct Metric {
    pub(super) view: View,
    pub(super) name: &'static str,
    pub(super) measure: Measure,
    pub(super) aggregations: &'static [&'static str],
    pub(super) dimensions: &'static [(&'static str, Dimension)],
}

/// What is measured of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// That it is there.
    Presence,
    /// Its session, which counts once.
    Session,
    Latency,
    Tokens(TokenKind),
    Cost(CostPart),
    /// What an assessment says, as a number.
    Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CostPart {
    Input,
    Output,
    Total,
}

/// What items are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    Name,
    Status,
    Type,
    Model,
    Provider,
    Value,
}

pub(super) const VIEWS: [(&str, View); 3] =
    [("TRACES", View::Traces), ("SPANS", View::Spans), ("ASSESSMENTS", View::Assessments)];

pub(super) const METRICS: [Metric; 15] = [
    metric(View::Traces, "trace_count", Measure::Presence, COUNT, &[NAME, STATUS]),
    metric(View::Traces, "session_count", Measure::Session, COUNT, &[]),
    metric(View::Traces, "latency", Measure::Latency, SPREAD, &[NAME, STATUS]),
    metric(View::Traces, "input_tokens", Measure::Tokens(TokenKind::Input), SUMS, &[NAME]),
    metric(View::Traces, "output_tokens", Measure::Tokens(TokenKind::Output), SUMS, &[NAME]),
    metric(View::Traces, "total_tokens", Measure::Tokens(TokenKind::Total), SUMS, &[NAME]),
    metric(View::Traces, "cache_read_input_tokens", Measure::Tokens(TokenKind::CacheRead), SUMS, &[NAME]),
    metric(View::Traces, "cache_creation_input_tokens", Measure::Tokens(TokenKind::CacheWrite), SUMS, &[NAME]),
    metric(View::Spans, "span_count", Measure::Presence, COUNT, OF_SPANS),
    metric(View::Spans, "latency", Measure::Latency, SPREAD, &[SPAN_NAME, SPAN_STATUS]),
    metric(View::Spans, "input_cost", Measure::Cost(CostPart::Input), SUMS, &[MODEL, PROVIDER]),
    metric(View::Spans, "output_cost", Measure::Cost(CostPart::Output), SUMS, &[MODEL, PROVIDER]),
    metric(View::Spans, "total_cost", Measure::Cost(CostPart::Total), SUMS, &[MODEL, PROVIDER]),
    metric(View::Assessments, "assessment_count", Measure::Presence, COUNT, &[ASSESSMENT_NAME, ASSESSMENT_VALUE]),
    metric(View::Assessments, "assessment_value", Measure::Verdict, SPREAD, &[ASSESSMENT_NAME]),
];

const COUNT: &[&str] = &["COUNT"];
const SPREAD: &[&str] = &["AVG", "MAX", "MIN", "PERCENTILE"];
const SUMS: &[&str] = &["AVG", "MAX", "MIN", "PERCENTILE", "SUM"];

type Named = (&'static str, Dimension);

const NAME: Named = ("trace_name", Dimension::Name);
const STATUS: Named = ("trace_status", Dimension::Status);
const SPAN_NAME: Named = ("span_name", Dimension::Name);
const SPAN_TYPE: Named = ("span_type", Dimension::Type);
const SPAN_STATUS: Named = ("span_status", Dimension::Status);
const MODEL: Named = ("span_model_name", Dimension::Model);
const PROVIDER: Named = ("span_model_provider", Dimension::Provider);
const OF_SPANS: &[Named] = &[MODEL, PROVIDER, SPAN_NAME, SPAN_STATUS, SPAN_TYPE];
const ASSESSMENT_NAME: Named = ("assessment_name", Dimension::Name);
const ASSESSMENT_VALUE: Named = ("assessment_value", Dimension::Value);

const fn metric(
    view: View,
    name: &'static str,
    measure: Measure,
    aggregations: &'static [&'static str],
    dimensions: &'static [Named],
) -> Metric {
    Metric { view, name, measure, aggregations, dimensions }
}
