//! Runs in a store, as an evaluation leaves them.

use std::io::Write;

use model::feedback::{Feedback, Value};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::Store;
use model::run::{RowResult, RunHeader, RunId};
use serde_json::json;

/// One scorer of a suite: its key, and which way is better.
pub(crate) type Scorer = (&'static str, &'static str);

/// Keeps a run of such scorers with these results.
pub(crate) async fn keep(store: &dyn Store, number: u128, scorers: &[Scorer], results: Vec<RowResult>) -> RunId {
    let mut dataset = store.new_dataset().expect("room");
    dataset.write_all(b"{}\n").expect("room");
    let digest = dataset.keep().expect("room");
    let header = header(number, scorers, &digest);
    store.create_run(&header).await.expect("room");
    let mut results = results.into_iter().peekable();
    while results.peek().is_some() {
        store.put_results(header.id, results.by_ref().take(1000).collect()).await.expect("room");
    }
    header.id
}

/// Made of JSON, so that it is what an older version has kept, too.
fn header(number: u128, scorers: &[Scorer], digest: &str) -> RunHeader {
    let scorers: Vec<_> = scorers
        .iter()
        .map(|(key, better)| {
            json!({
                "key": key, "scorer": key, "parameters": {}, "value": "any", "better": better,
                "plugin": {"name": "test/plugin", "version": "0.1.0", "digest": "d"},
                "needs_outputs": false, "limits": model::limits::CallLimits::default(), "reuse": "never",
            })
        })
        .collect();
    let header = json!({
        "id": format!("{:032x}", number), "started": 0, "binary": "b", "version": "0.1.0",
        "plan": {
            "suite": "test", "scorers": scorers, "trials": 1, "seed": 0, "max_failed": "0%", "gates": [],
            "format": "jsonl", "map": null, "limit": null, "only": null,
        },
        "data": {"path": "rows.jsonl", "digest": digest, "rows": 1, "trials": 1},
    });
    serde_json::from_value(header).expect("a header")
}

pub(crate) fn result(index: u64, outcomes: Vec<Outcome>) -> RowResult {
    RowResult { index, trial: 0, id: format!("q{index}"), error: None, predicted: None, outcomes }
}

pub(crate) fn scored(value: Value) -> Outcome {
    Outcome::Scored(vec![Feedback { name: None, value, rationale: None }])
}

pub(crate) fn passed(value: bool) -> Outcome {
    scored(Value::Boolean(value))
}

pub(crate) fn failed() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Panicked, "no"))
}
