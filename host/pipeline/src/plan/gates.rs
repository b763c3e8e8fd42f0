//! The gates of a suite, and whether there will be a number for each.

use model::gate::{Condition, Gate, LATENCY, Number, Statistic};
use model::scorer::{Direction, ValueKind};
use model::suite::{OneOrMany, Suite};

use super::{aggregators, scorers};
use crate::problem::{Problem, Problems};
use crate::suite::Source;
use crate::{gate, nearest};

/// What gates can speak of.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub suite: &'a Suite,
    pub source: &'a Source,
    pub scorers: &'a [scorers::Entry],
    pub aggregators: &'a [aggregators::Entry],
    /// What gates compare with that name no run.
    pub baseline: Option<&'a str>,
}

pub(super) fn resolve(found: Found<'_>, problems: &mut Problems) -> Vec<Gate> {
    let Found { suite, source, .. } = found;
    let mut gates = Vec::new();
    for (index, text) in suite.gate.iter().flat_map(OneOrMany::as_slice).enumerate() {
        let at = match &suite.gate {
            Some(OneOrMany::Many(_)) => format!("/gate/{index}"),
            _ => "/gate".to_owned(),
        };
        match gate::parse(text) {
            Ok(parsed) => {
                let parts = parsed.iter().flat_map(Gate::parts);
                problems.0.extend(parts.filter_map(|gate| problem(gate, &at, found)));
                gates.extend(parsed);
            }
            Err(error) => {
                problems.0.push(Problem { hint: error.hint.clone(), ..source.problem(&at, error.to_string()) });
            }
        }
    }
    gates
}

fn problem(gate: &Gate, at: &str, found: Found<'_>) -> Option<Problem> {
    match &gate.condition {
        Condition::Number(number) => of_number(number, at, found),
        Condition::Regressed { regressed, baseline } => comparison_problem(regressed, baseline.as_deref(), at, found),
        Condition::NonInferior { non_inferior, baseline, .. } => {
            comparison_problem(non_inferior, baseline.as_deref(), at, found)
        }
        Condition::Not { .. } | Condition::Any { .. } | Condition::All { .. } => None,
    }
    // Whether there will be a number is known before anything runs; a stop asks more of it.
    .or_else(|| undecidable(gate, at, found))
}

/// A run that stops once its gates are decided needs gates that can be decided before the last row.
fn undecidable(gate: &Gate, at: &str, found: Found<'_>) -> Option<Problem> {
    found.suite.stop?;
    let why = match &gate.condition {
        Condition::Number(number) if number.slice.is_some() => "is about a part of the rows",
        Condition::Number(Number { statistic: Statistic::Value, scorer, .. }) => {
            let entry = found.scorers.iter().find(|entry| entry.key.as_deref() == Some(scorer));
            match entry.map(|entry| &entry.resolved) {
                Some(Some((_, scorer))) if scorer.value == ValueKind::Boolean => return None,
                // What is wrong with it is told already.
                Some(None) => return None,
                _ => "is not about a rate",
            }
        }
        Condition::Number(_) => "is not about the value of a rate",
        Condition::Regressed { .. } | Condition::NonInferior { .. } => "compares with another run",
        Condition::Not { .. } | Condition::Any { .. } | Condition::All { .. } => return None,
    };
    let hint = "take `stop` out, or the gate: only rates such as `exact_match >= 0.9` are decided before the last row";
    let message = format!("`stop` can't wait for `{}`, which {why}", gate.text);
    Some(found.source.problem(at, message).hint(hint))
}

/// The entry of a scorer, or what is wrong with its name.
fn entry<'a>(key: &str, at: &str, found: Found<'a>) -> Result<&'a scorers::Entry, Problem> {
    let Found { source, scorers, aggregators, .. } = found;
    scorers.iter().find(|entry| entry.key.as_deref() == Some(key)).ok_or_else(|| {
        let keys = scorers.iter().map(|entry| &entry.key).chain(aggregators.iter().map(|entry| &entry.key));
        let keys: Vec<_> = keys.filter_map(|key| key.as_deref()).collect();
        let (nouns, what) = match aggregators {
            [] => ("scorers", "no scorer has"),
            _ => ("scorers and aggregators", "no scorer or aggregator has"),
        };
        let hint = nearest::hint(key, nouns, keys);
        source.problem(at, format!("{what} the key `{key}`")).hint(hint)
    })
}

fn main_key(key: &str) -> (&str, Option<&str>) {
    key.split_once('/').map_or((key, None), |(key, sub)| (key, Some(sub)))
}

fn comparison_problem(scorer: &str, baseline: Option<&str>, at: &str, found: Found<'_>) -> Option<Problem> {
    let Found { source, aggregators, .. } = found;
    let (key, sub) = main_key(scorer);
    if aggregators.iter().any(|entry| entry.key.as_deref() == Some(key)) {
        let hint = format!("compare its value, `{key} >= …`");
        let message = format!("`{key}` is an aggregator: it has no verdicts on rows that could be compared");
        return Some(source.problem(at, message).hint(hint));
    }
    let entry = match entry(key, at, found) {
        Ok(entry) => entry,
        Err(problem) => return Some(problem),
    };
    if let Some((_, scorer)) = entry.resolved.as_ref().filter(|_| sub.is_none())
        && !matches!(scorer.value, ValueKind::Boolean | ValueKind::Number | ValueKind::Any)
    {
        let message = format!("`{key}` gives {}, which are neither better nor worse", verdicts(scorer.value));
        return Some(
            source.problem(at, message).hint("compare what a scorer of numbers, or of `true` and `false`, gives"),
        );
    }
    if let Some((_, scorer)) = entry.resolved.as_ref().filter(|(_, scorer)| scorer.better == Direction::Neutral) {
        let message = format!("`{}` does not say which of its verdicts are better", scorer.key);
        return Some(source.problem(at, message).hint(format!("compare its value, such as `{key} <= …`")));
    }
    let hint = "name one with `baseline` in the suite or in the gate, or with `--baseline`: a run's id, `last`, a name, a \
                tag or a branch of git";
    let is_missing = baseline.or(found.baseline).is_none();
    is_missing.then(|| source.problem(at, format!("there is no run to compare `{scorer}` with")).hint(hint))
}

fn of_number(gate: &Number, at: &str, found: Found<'_>) -> Option<Problem> {
    let Found { suite, source, aggregators, .. } = found;
    let (key, sub) = main_key(&gate.scorer);
    if let Some(slice) = gate.slice.as_ref().filter(|_| gate.statistic.is_of_latency()) {
        let hint = "take `slice` out: latency is known of all rows only";
        return Some(source.problem(at, format!("`{slice}` has no latency of its own")).hint(hint));
    }
    if gate.statistic.is_of_latency() {
        return latency_problem(gate, at, source, suite);
    }
    if aggregators.iter().any(|entry| entry.key.as_deref() == Some(key)) {
        return aggregator_problem(gate, at, source);
    }
    let entry = match entry(key, at, found) {
        Ok(entry) => entry,
        Err(problem) => return Some(problem),
    };
    // What sub-feedbacks are, and verdicts of a scorer that does not say, is known when the first one arrives.
    let (_, scorer) = entry.resolved.as_ref().filter(|(_, scorer)| sub.is_none() && scorer.value != ValueKind::Any)?;
    let is_numeric = matches!(scorer.value, ValueKind::Boolean | ValueKind::Number);
    let what = match gate.statistic {
        Statistic::Value | Statistic::Lower | Statistic::Upper if !is_numeric => "have no value to compare",
        Statistic::Passed if scorer.value != ValueKind::Boolean => "neither pass nor fail",
        _ => return None,
    };
    let hint = "compare a count, such as `.scored` or `.failed`";
    Some(source.problem(at, format!("`{key}` gives {}, which {what}", verdicts(scorer.value))).hint(hint))
}

/// A number of all rows has no interval, and is not of rows that pass.
fn aggregator_problem(gate: &Number, at: &str, source: &Source) -> Option<Problem> {
    let key = &gate.scorer;
    if let Some(slice) = &gate.slice {
        let message = format!("`{key}` is an aggregator, which has no number for `{slice}`");
        return Some(source.problem(at, message).hint(format!("compare its value, `{key} >= …`")));
    }
    let what = match gate.statistic {
        Statistic::Lower | Statistic::Upper => "has no interval",
        Statistic::Passed => "neither passes nor fails rows",
        _ => return None,
    };
    let hint = format!("compare its value, `{key} >= …`, or a count, such as `{key}.scored`");
    Some(source.problem(at, format!("`{key}` is an aggregator, which {what}")).hint(hint))
}

/// Times are those of predictions, of which there have to be some.
fn latency_problem(gate: &Number, at: &str, source: &Source, suite: &Suite) -> Option<Problem> {
    let key = &gate.scorer;
    if key != LATENCY {
        let hint = format!("only `{LATENCY}` has; a scorer has `.lower` and `.upper`, and its value without any");
        return Some(source.problem(at, format!("`{key}` has no such statistic")).hint(hint));
    }
    let hint = "it is the time that `predict` takes; rows that carry their outputs have none";
    suite.predict.is_none().then(|| source.problem(at, "there is no latency without a predictor").hint(hint))
}

fn verdicts(value: ValueKind) -> &'static str {
    match value {
        ValueKind::Boolean => "`true` or `false`",
        ValueKind::Number => "numbers",
        ValueKind::Label => "labels",
        ValueKind::Text => "texts",
        ValueKind::Booleans | ValueKind::Numbers | ValueKind::Texts => "lists",
        ValueKind::Any => "anything",
    }
}
