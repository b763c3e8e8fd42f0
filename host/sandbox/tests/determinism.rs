//! Same bytes in, same bytes out: whoever runs it, wherever, in whatever order.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

use std::collections::BTreeMap;
use std::sync::Arc;

use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::Outcome;
use model::ports::{Binding, Call, Plugin, Scoring};
use model::row::Row;
use sandbox::{Options, Sandbox};
use tokio::task::JoinSet;

const ROWS: u64 = 200;

const SCORERS: [&str; 8] = ["random", "seed", "clock", "echo", "counts", "surroundings", "loops", "panics"];

fn row(index: u64) -> Row {
    Row {
        index,
        id: format!("row-{index}"),
        trial: (index % 3) as u32,
        inputs: Json::parse("{}").unwrap(),
        outputs: Some(Json::parse("\"x\"").unwrap()),
        expectations: None,
        tags: BTreeMap::new(),
        session: None,
        trace: None,
    }
}

async fn bound() -> Arc<dyn Scoring> {
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let call = |scorer: &&str| Call {
        key: (*scorer).to_owned(),
        item: (*scorer).to_owned(),
        parameters: Json::parse("{}").unwrap(),
    };
    let limits = CallLimits { fuel: 2_000_000, ..CallLimits::default() };
    let calls = SCORERS.iter().map(call).collect();
    let plugin = sandbox.load(guests::HOSTILE, Isolation::Thread).await.unwrap();
    plugin.bind(Binding {
        calls,
        limits,
        reuse: Reuse::Never,
        seed: 7,
        grant: Default::default(),
        config: Default::default(),
    })
}

/// Outcomes of all rows, worked on so many at once, the last one first.
async fn outcomes(at_once: usize) -> BTreeMap<u64, Vec<Outcome>> {
    let scoring = bound().await;
    let all: Vec<usize> = (0..SCORERS.len()).collect();
    let mut found = BTreeMap::new();
    let mut working = JoinSet::new();
    for index in (0..ROWS).rev() {
        if working.len() == at_once {
            found.extend(working.join_next().await.unwrap());
        }
        let (scoring, all) = (Arc::clone(&scoring), all.clone());
        working.spawn(async move { (index, scoring.score(&row(index), &all).await) });
    }
    found.extend(working.join_all().await);
    found
}

#[test]
fn outcomes_do_not_depend_on_threads_order_or_engine() {
    let on = |threads: usize, at_once: usize| {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap();
        runtime.block_on(async move { tokio::spawn(outcomes(at_once)).await.unwrap() })
    };
    let first = on(1, 1);
    assert_eq!(first.len() as u64, ROWS);
    assert!(first == on(2, 16));
    assert!(first == on(1, 7));
    let fresh_seeds: std::collections::BTreeSet<_> = first.values().map(|of_row| format!("{:?}", of_row[0])).collect();
    assert_eq!(fresh_seeds.len() as u64, ROWS, "each row has chances of its own");
}
