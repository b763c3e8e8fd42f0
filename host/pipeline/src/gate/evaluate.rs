//! A gate against the numbers of a run.

use model::aggregate::{Aggregate, AggregateKind};
use model::gate::{Comparison, Condition, Gate, GateResult, LATENCY, Number, Statistic};
use model::report::{Latency, Predictions, Scorers};
use model::slice::Sliced;

/// What is known of a run when its gates are looked at.
#[derive(Clone, Copy)]
pub struct Evidence<'a> {
    pub scorers: &'a Scorers,
    pub slices: &'a [Sliced],
    pub predictions: Option<&'a Predictions>,
    pub against: &'a dyn Against,
}

/// A run beside its baselines. `baseline` is as a gate names it; none where it names none.
pub trait Against: Sync {
    /// Whether the verdicts of `scorer` became worse.
    fn regressed(&self, scorer: &str, baseline: Option<&str>) -> Finding;

    /// Whether the number of `scorer` is not worse by more than `margin`.
    fn non_inferior(&self, scorer: &str, margin: f64, baseline: Option<&str>) -> Finding;
}

/// What was found out about a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// None where that can't be said: then neither the condition holds nor its opposite.
    pub holds: Option<bool>,
    /// Why, in a sentence.
    pub reason: String,
}

impl Finding {
    fn unknown(reason: impl Into<String>) -> Self {
        Self { holds: None, reason: reason.into() }
    }
}

/// A run that is beside no other.
pub struct Alone;

impl Against for Alone {
    fn regressed(&self, _: &str, _: Option<&str>) -> Finding {
        Finding::unknown("there is no run to compare with")
    }

    fn non_inferior(&self, scorer: &str, _: f64, baseline: Option<&str>) -> Finding {
        self.regressed(scorer, baseline)
    }
}

/// Says whether a gate holds. Where there is no number to compare, it does not.
pub fn evaluate(gate: &Gate, evidence: Evidence<'_>) -> GateResult {
    let Finding { holds, reason } = examine(&gate.condition, evidence);
    GateResult { text: gate.text.clone(), holds: holds == Some(true), reason }
}

fn examine(condition: &Condition, evidence: Evidence<'_>) -> Finding {
    match condition {
        Condition::Number(number) => match value(number, evidence) {
            Ok(value) => {
                let (holds, reason) = compare(value, number.comparison, number.threshold);
                Finding { holds: Some(holds), reason }
            }
            Err(reason) => Finding::unknown(reason),
        },
        Condition::Regressed { regressed, baseline } => evidence.against.regressed(regressed, baseline.as_deref()),
        Condition::NonInferior { non_inferior, margin, baseline } => {
            evidence.against.non_inferior(non_inferior, *margin, baseline.as_deref())
        }
        Condition::Not { not } => {
            let Finding { holds, reason } = examine(&not.condition, evidence);
            Finding { holds: holds.map(|holds| !holds), reason }
        }
        // One that holds is enough, whatever is known of the others; of all, one that does not.
        Condition::Any { any } => joined(any, true, evidence),
        Condition::All { all } => joined(all, false, evidence),
    }
}

/// Several, of which one that comes out as `deciding` decides.
fn joined(of: &[Gate], deciding: bool, evidence: Evidence<'_>) -> Finding {
    let found: Vec<_> = of.iter().map(|gate| (&gate.text, examine(&gate.condition, evidence))).collect();
    let decides = |(_, finding): &&(&String, Finding)| finding.holds == Some(deciding);
    let told = |(text, finding): &(&String, Finding)| format!("`{text}`: {}", finding.reason);
    if found.iter().any(|one| decides(&one)) {
        let reasons: Vec<_> = found.iter().filter(decides).map(told).collect();
        return Finding { holds: Some(deciding), reason: reasons.join("; ") };
    }
    let is_known = found.iter().all(|(_, finding)| finding.holds.is_some());
    let reasons: Vec<_> = found.iter().map(told).collect();
    Finding { holds: is_known.then_some(!deciding), reason: reasons.join("; ") }
}

fn value(number: &Number, evidence: Evidence<'_>) -> Result<f64, String> {
    if number.statistic.is_of_latency() {
        return latency(number.statistic, evidence.predictions);
    }
    let Some(slice) = &number.slice else { return of_scorer(number, evidence.scorers) };
    let found = evidence.slices.iter().find(|sliced| sliced.slice == *slice);
    of_scorer(number, &found.ok_or_else(|| format!("no row has `{slice}`"))?.scorers)
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

fn of_scorer(number: &Number, scorers: &Scorers) -> Result<f64, String> {
    let key = &number.scorer;
    let aggregate = scorers.get(key).ok_or_else(|| format!("no row was given a `{key}`"))?;
    let counts = aggregate.counts;
    match number.statistic {
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
mod tests;
