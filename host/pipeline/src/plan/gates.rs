//! The gates of a suite, and whether there will be a number for each.

use model::gate::{Gate, LATENCY, Statistic};
use model::scorer::ValueKind;
use model::suite::{OneOrMany, Suite};

use super::scorers::Entry;
use crate::problem::{Problem, Problems};
use crate::suite::Source;
use crate::{gate, nearest};

pub(super) fn resolve(suite: &Suite, source: &Source, scorers: &[Entry], problems: &mut Problems) -> Vec<Gate> {
    let mut gates = Vec::new();
    for (index, text) in suite.gate.iter().flat_map(OneOrMany::as_slice).enumerate() {
        let at = match &suite.gate {
            Some(OneOrMany::Many(_)) => format!("/gate/{index}"),
            _ => "/gate".to_owned(),
        };
        match gate::parse(text) {
            Ok(parsed) => {
                problems.0.extend(parsed.iter().filter_map(|gate| problem(gate, &at, source, scorers, suite)));
                gates.extend(parsed);
            }
            Err(error) => {
                problems.0.push(Problem { hint: error.hint.clone(), ..source.problem(&at, error.to_string()) });
            }
        }
    }
    gates
}

fn problem(gate: &Gate, at: &str, source: &Source, scorers: &[Entry], suite: &Suite) -> Option<Problem> {
    let (key, sub) = match gate.scorer.split_once('/') {
        Some((key, sub)) => (key, Some(sub)),
        None => (gate.scorer.as_str(), None),
    };
    if gate.statistic.is_of_latency() {
        return latency_problem(gate, at, source, suite);
    }
    let Some(entry) = scorers.iter().find(|entry| entry.key.as_deref() == Some(key)) else {
        let keys: Vec<_> = scorers.iter().filter_map(|entry| entry.key.as_deref()).collect();
        let hint = nearest::hint(key, "scorers", keys);
        return Some(source.problem(at, format!("no scorer has the key `{key}`")).hint(hint));
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
