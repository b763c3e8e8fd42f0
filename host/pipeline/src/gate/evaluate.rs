//! A gate against the numbers of a run.

use model::aggregate::{Aggregate, AggregateKind};
use model::gate::{Comparison, Gate, GateResult, LATENCY, Statistic};
use model::report::{Latency, Predictions, Scorers};

/// Says whether a gate holds. Where there is no number to compare, it does not.
pub fn evaluate(gate: &Gate, scorers: &Scorers, predictions: Option<&Predictions>) -> GateResult {
    let found = match gate.statistic.is_of_latency() {
        true => latency(gate.statistic, predictions),
        false => number(gate, scorers),
    };
    let (holds, reason) = match found {
        Ok(value) => compare(value, gate.comparison, gate.threshold),
        Err(reason) => (false, reason),
    };
    GateResult { text: gate.text.clone(), holds, reason }
}

fn latency(statistic: Statistic, predictions: Option<&Predictions>) -> Result<f64, String> {
    let measured = predictions.and_then(|predictions| predictions.latency);
    let Latency { mean, p50, p90, p99, max } = measured.ok_or_else(|| format!("no row has a {LATENCY}"))?;
    Ok(match statistic {
        Statistic::Mean => mean,
        Statistic::P50 => p50,
        Statistic::P90 => p90,
        Statistic::P99 => p99,
        _ => max,
    })
}

fn number(gate: &Gate, scorers: &Scorers) -> Result<f64, String> {
    let key = &gate.scorer;
    let aggregate = scorers.get(key).ok_or_else(|| format!("no row was given a `{key}`"))?;
    let counts = aggregate.counts;
    match gate.statistic {
        Statistic::Value => aggregate.value.ok_or_else(|| no_value(aggregate)),
        Statistic::Lower => aggregate.lower.ok_or_else(|| no_interval(aggregate)),
        Statistic::Upper => aggregate.upper.ok_or_else(|| no_interval(aggregate)),
        Statistic::Scored => Ok(counts.scored as f64),
        Statistic::Passed => Ok(counts.passed as f64),
        Statistic::Abstained => Ok(counts.abstained as f64),
        Statistic::Failed => Ok(counts.failed as f64),
        Statistic::Unpredicted => Ok(counts.unpredicted as f64),
        Statistic::Mean | Statistic::P50 | Statistic::P90 | Statistic::P99 | Statistic::Max => {
            Err(format!("`{key}` has no such number"))
        }
    }
}

fn no_value(aggregate: &Aggregate) -> String {
    match aggregate.kind {
        AggregateKind::Rate | AggregateKind::Mean => "no row was scored".to_owned(),
        AggregateKind::Categorical => "labels have no value".to_owned(),
        AggregateKind::Text => "texts and lists have no value".to_owned(),
        AggregateKind::Corpus => match &aggregate.failure {
            Some(failure) => format!("the aggregator failed: {failure}"),
            None => "no row was scored".to_owned(),
        },
    }
}

fn no_interval(aggregate: &Aggregate) -> String {
    match aggregate.value {
        Some(_) => "too few rows were scored for an interval".to_owned(),
        None => no_value(aggregate),
    }
}

fn compare(value: f64, comparison: Comparison, threshold: f64) -> (bool, String) {
    let (holds, holding, failing) = match comparison {
        Comparison::AtLeast => (value >= threshold, "at least", "below"),
        Comparison::AtMost => (value <= threshold, "at most", "above"),
        Comparison::Above => (value > threshold, "above", "not above"),
        Comparison::Below => (value < threshold, "below", "not below"),
        Comparison::Equal => (value == threshold, "equal to", "not equal to"),
    };
    (holds, format!("{} is {} {threshold}", shown(value, threshold), if holds { holding } else { failing }))
}

/// Four digits behind the point, or all of them where four would look like the threshold.
fn shown(value: f64, threshold: f64) -> String {
    let rounded = (value * 1e4).round() / 1e4;
    let is_misleading = rounded == threshold && value != threshold;
    if is_misleading || !rounded.is_finite() { value.to_string() } else { rounded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::parse;
    use model::aggregate::Counts;

    fn scorers() -> Scorers {
        let aggregate = |kind, value, lower: Option<f64>| Aggregate {
            kind,
            value,
            lower,
            upper: lower.map(|_| 1.0),
            counts: Counts { scored: 1319, passed: 286, ..Counts::default() },
            note: None,
            failure: None,
            labels: Default::default(),
        };
        Scorers(vec![
            ("rate".to_owned(), aggregate(AggregateKind::Rate, Some(286.0 / 1319.0), Some(0.195_4))),
            ("close".to_owned(), aggregate(AggregateKind::Mean, Some(0.899_999_9), None)),
            ("label".to_owned(), aggregate(AggregateKind::Categorical, None, None)),
            ("empty".to_owned(), aggregate(AggregateKind::Mean, None, None)),
        ])
    }

    #[test]
    fn the_reason_has_the_numbers() {
        for (text, holds, reason) in [
            ("rate >= 0.9", false, "0.2168 is below 0.9"),
            ("rate >= 20%", true, "0.2168 is at least 0.2"),
            ("rate.lower > 0.2", false, "0.1954 is not above 0.2"),
            ("rate.upper <= 1", true, "1 is at most 1"),
            ("rate.passed == 286", true, "286 is equal to 286"),
            ("rate.failed == 1", false, "0 is not equal to 1"),
            ("close >= 0.9", false, "0.8999999 is below 0.9"),
        ] {
            let gate = &parse(text).expect("a gate")[0];
            let expected = GateResult { text: text.to_owned(), holds, reason: reason.to_owned() };
            assert_eq!(evaluate(gate, &scorers(), None), expected);
        }
    }

    #[test]
    fn a_gate_without_a_number_does_not_hold() {
        for (text, reason) in [
            ("label <= 1", "labels have no value"),
            ("empty <= 1", "no row was scored"),
            ("close.lower <= 1", "too few rows were scored for an interval"),
            ("rate/sub <= 1", "no row was given a `rate/sub`"),
            ("latency.p90 <= 1s", "no row has a latency"),
        ] {
            let result = evaluate(&parse(text).expect("a gate")[0], &scorers(), None);
            assert!(!result.holds, "{text}");
            assert_eq!(result.reason, reason);
        }
    }
}
