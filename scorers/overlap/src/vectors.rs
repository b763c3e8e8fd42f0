//! Values of other implementations, which those here must equal: `tests/vectors/README.md`.

use karat_sdk::Aggregator;
use karat_sdk::prelude::*;
use karat_sdk::testing::{aggregate, row};
use serde_json::Value as Json;

/// Checks a scorer on all pairs of texts against the values that were recorded under `key`: one, or F1, precision and
/// recall.
#[track_caller]
pub(crate) fn check<S: Scorer<Verdict = f64>>(key: &str, parameters: Json) {
    let pairs = include_str!("../tests/vectors/pairs.jsonl");
    for line in pairs.lines() {
        let pair: Json = serde_json::from_str(line).expect("JSON");
        let row = row().outputs(&pair["outputs"]).expected_response(&pair["expected"]);
        let feedback = row.feedback::<S>(parameters.clone());
        let names = [None, Some("precision"), Some("recall")];
        let values = pair[key].as_array().map_or(std::slice::from_ref(&pair[key]), Vec::as_slice);
        for (name, expected) in names.into_iter().zip(values) {
            let expected = expected.as_f64().expect("a number");
            let seen = match name.map(|name| feedback.part(name)) {
                None => *feedback.value(),
                Some(Some(karat_sdk::Value::Number(part))) => *part,
                Some(other) => panic!("{key}: {name:?} is {other:?}"),
            };
            assert!((seen - expected).abs() < 1e-6, "{key}, {name:?}: {seen} for {line}");
        }
    }
    assert!(pairs.lines().count() > 300);
}

/// Checks an aggregator on corpora of these pairs against the values that were recorded under `key`.
#[track_caller]
pub(crate) fn check_corpora<A: Aggregator>(key: &str, parameters: Json) {
    let pairs = include_str!("../tests/vectors/pairs.jsonl").lines();
    let pairs: Vec<Json> = pairs.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let corpora = include_str!("../tests/vectors/corpora.jsonl");
    for line in corpora.lines() {
        let corpus: Json = serde_json::from_str(line).expect("JSON");
        let bound = |name: &str| corpus[name].as_u64().expect("a number") as usize;
        let rows = pairs[bound("from")..bound("to")].iter();
        let rows = rows.map(|pair| row().outputs(&pair["outputs"]).expected_response(&pair["expected"]).build());
        let seen = aggregate::<A>(parameters.clone(), rows).expect("a number").value();
        let expected = corpus[key].as_f64().expect("a number");
        assert!((seen - expected).abs() < 1e-6, "{key}: {seen} for {line}");
    }
    assert!(corpora.lines().count() > 30);
}
