//! Documents that a task commits: what it does is a function of the task and of the number of the operation, so that what has
//! to be there after any of them is known.
//!
//! Tasks have documents of their own, and do the same on any store. An operation that is made twice means the same.

use std::collections::BTreeMap;

use model::document::{Change, Committed, Expected, Kind};
use model::json::Json;
use model::ports::{DocumentStore, StoreError};

/// Operations of a round; each begins three documents.
const ROUND: u64 = 6;

const KINDS: [Kind; 4] = [Kind::Experiment, Kind::TrackedRun, Kind::Metric, Kind::Index];

fn key(task: u64, round: u64, name: &str) -> String {
    format!("{:016x}/{round:04}/{name}", task + 1)
}

fn json(task: u64, number: u64) -> Json {
    let mut random = fastrand::Rng::with_seed(task << 40 | number);
    let text: String = (0..random.usize(0..2000)).map(|_| random.alphanumeric()).collect();
    Json::parse(&format!(r#"{{"number":{number},"text":"{text}"}}"#)).expect("JSON")
}

fn change(kind: Kind, key: String, expected: Expected, value: Option<Json>) -> Change {
    Change { kind, key, expected, value }
}

/// What is so of a document now.
async fn as_it_is(store: &dyn DocumentStore, kind: Kind, key: &str) -> Result<Expected, StoreError> {
    let found = store.document(kind, key).await?;
    Ok(found.map_or(Expected::Absent, |found| Expected::Version(found.version)))
}

/// Operation number `number` of a task.
pub(crate) async fn operate(store: &dyn DocumentStore, task: u64, number: u64) -> Result<(), StoreError> {
    let (round, value) = (number / ROUND, json(task, number));
    let (a, b, c) = (key(task, round, "a"), key(task, round, "b"), key(task, round, "c"));
    let before = |rounds: u64, name: &str| key(task, round.saturating_sub(rounds), name);
    let mut committed = Committed::Made;
    let changes = match number % ROUND {
        0 => [(Kind::Experiment, a), (Kind::TrackedRun, b), (Kind::Index, c)]
            .map(|(kind, key)| change(kind, key, Expected::Absent, Some(value.clone())))
            .into(),
        // One that is replaced again and again, with one that is replaced once.
        1 => {
            let (all, old) = (key(task, 0, "all"), before(3, "a"));
            let (all_as_is, old_as_is) =
                (as_it_is(store, Kind::Metric, &all).await?, as_it_is(store, Kind::Experiment, &old).await?);
            vec![
                change(Kind::Metric, all, all_as_is, Some(value.clone())),
                change(Kind::Experiment, old, old_as_is, Some(value)),
            ]
        }
        // Those of earlier rounds go, one of them for good.
        2 => vec![
            change(Kind::TrackedRun, before(2, "b"), Expected::Anything, None),
            change(Kind::Index, before(2, "c"), Expected::Anything, None),
            change(Kind::Experiment, a, Expected::Anything, Some(value)),
        ],
        // None of it is made.
        3 => {
            committed = Committed::Conflict;
            vec![
                change(Kind::Index, key(task, round, "never"), Expected::Absent, Some(value.clone())),
                change(Kind::Experiment, a, Expected::Absent, Some(value)),
            ]
        }
        4 => vec![change(Kind::Index, before(4, "c"), Expected::Anything, Some(value))],
        _ => {
            let many = (0..40).map(|place| {
                let of_place = (place % 7 == round % 7).then(|| value.clone());
                change(Kind::Metric, key(task, 0, &format!("m{place}")), Expected::Anything, of_place)
            });
            many.collect()
        }
    };
    assert_eq!(store.commit(changes).await?, committed, "task {task}, operation {number}");
    Ok(())
}

/// Everything in a store, each document under its key.
pub(crate) async fn everything(store: &dyn DocumentStore) -> Result<BTreeMap<String, String>, StoreError> {
    let mut everything = BTreeMap::new();
    for kind in KINDS {
        let mut after: Option<String> = None;
        loop {
            let page = store.documents(kind, "", after.as_deref(), 50).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            everything
                .extend(page.into_iter().map(|found| (format!("{}/{kind:?}", found.key), found.value.to_string())));
        }
    }
    Ok(everything)
}
