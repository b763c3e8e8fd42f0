//! The gates of a suite, and whether there will be a number for each.

use model::gate::{Gate, LATENCY, Statistic};
use model::scorer::ValueKind;
use model::suite::{OneOrMany, Suite};

use super::{aggregators, scorers};
use crate::problem::{Problem, Problems};
use crate::suite::Source;
use crate::{gate, nearest};

pub(super) fn resolve(
    suite: &Suite,
    source: &Source,
    scorers: &[scorers::Entry],
    aggregators: &[aggregators::Entry],
    problems: &mut Problems,
) -> Vec<Gate> {
    let found = Found { suite, source, scorers, aggregators };
    let mut gates = Vec::new();
    for (index, text) in suite.gate.iter().flat_map(OneOrMany::as_slice).enumerate() {
        let at = match &suite.gate {
            Some(OneOrMany::Many(_)) => format!("/gate/{index}"),
            _ => "/gate".to_owned(),
        };
        match gate::parse(text) {
            Ok(parsed) => {
                problems.0.extend(parsed.iter().filter_map(|gate| problem(gate, &at, &found)));
                gates.extend(parsed);
            }
            Err(error) => {
                problems.0.push(Problem { hint: error.hint.clone(), ..source.problem(&at, error.to_string()) });
            }
        }
    }
    gates
}

/// What gates can speak of.
struct Found<'a> {
    suite: &'a Suite,
    source: &'a Source,
    scorers: &'a [scorers::Entry],
    aggregators: &'a [aggregators::Entry],
}

fn problem(gate: &Gate, at: &str, found: &Found<'_>) -> Option<Problem> {
    let Found { suite, source, scorers, aggregators } = *found;
    let (key, sub) = match gate.scorer.split_once('/') {
        Some((key, sub)) => (key, Some(sub)),
        None => (gate.scorer.as_str(), None),
    };
    if gate.statistic.is_of_latency() {
        return latency_problem(gate, at, source, suite);
    }
    if aggregators.iter().any(|entry| entry.key.as_deref() == Some(key)) {
        return aggregator_problem(gate, at, source);
    }
    let Some(entry) = scorers.iter().find(|entry| entry.key.as_deref() == Some(key)) else {
        let keys = scorers.iter().map(|entry| &entry.key).chain(aggregators.iter().map(|entry| &entry.key));
        let keys: Vec<_> = keys.filter_map(|key| key.as_deref()).collect();
        let (nouns, what) = match aggregators {
            [] => ("scorers", "no scorer has"),
            _ => ("scorers and aggregators", "no scorer or aggregator has"),
        };
        let hint = nearest::hint(key, nouns, keys);
        return Some(source.problem(at, format!("{what} the key `{key}`")).hint(hint));
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
fn aggregator_problem(gate: &Gate, at: &str, source: &Source) -> Option<Problem> {
    let key = &gate.scorer;
    let what = match gate.statistic {
        Statistic::Lower | Statistic::Upper => "has no interval",
        Statistic::Passed => "neither passes nor fails rows",
        _ => return None,
    };
    let hint = format!("compare its value, `{key} >= …`, or a count, such as `{key}.scored`");
    Some(source.problem(at, format!("`{key}` is an aggregator, which {what}")).hint(hint))
}

/// Times are those of predictions, of which there have to be some.
fn latency_problem(gate: &Gate, at: &str, source: &Source, suite: &Suite) -> Option<Problem> {
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
