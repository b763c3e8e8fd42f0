//! Space that is given back.

use std::path::Path;

use model::ports::Store;
use storage::EmbeddedStore;
use tempfile::TempDir;

use crate::samples::{all_exchanges, all_results, batch, exchanges, long_result, result, started_run};

pub(crate) fn bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    let sizes = entries.map(|entry| match entry.metadata().expect("metadata") {
        metadata if metadata.is_dir() => bytes(&entry.path()),
        metadata => metadata.len(),
    });
    sizes.sum()
}

/// Bytes that do not compress.
fn noise(index: u64, random: &mut fastrand::Rng) -> model::run::RowResult {
    let mut long = long_result(index, 0);
    long.id = (0..1 << 20).map(|_| random.alphanumeric()).collect();
    long
}

#[tokio::test(flavor = "multi_thread")]
async fn long_values_that_were_replaced_give_their_space_back() {
    let home = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let run = started_run(&store, 1).await;
    let mut random = fastrand::Rng::with_seed(1);
    let mut live = vec![None; 20];
    for number in 0..100 {
        let value = noise(number % 20, &mut random);
        store.put_results(run, vec![value.clone()]).await.expect("stored");
        live[(number % 20) as usize] = Some(value);
    }
    assert!(bytes(home.path()) > 70 << 20);
    store.compact().await.expect("compacted");
    assert!(bytes(home.path()) < 3 * (20 << 20), "{} bytes are left", bytes(home.path()));
    let live: Vec<_> = live.into_iter().flatten().collect();
    assert!(all_results(&store, run, 7).await == live);
    drop(store);
    EmbeddedStore::rebuild(home.path()).expect("made anew");
    assert!(all_results(&EmbeddedStore::open(home.path()).expect("a store"), run, 7).await == live);
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_runs_give_their_space_back_and_stay_deleted() {
    let home = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let kept = started_run(&store, 1).await;
    store.put_results(kept, vec![result(1, 0)]).await.expect("stored");
    store.put_exchanges(kept, batch(1), exchanges(1)).await.expect("stored");
    for number in 2..10 {
        let run = started_run(&store, number).await;
        store.put_results(run, (0..2000).map(|index| result(index, 0)).collect()).await.expect("stored");
        for number in 0..50 {
            store.put_exchanges(run, batch(number), exchanges(number as u64)).await.expect("stored");
        }
        assert!(store.delete_run(run).await.expect("deleted"));
    }
    store.compact().await.expect("compacted");
    assert!(bytes(&home.path().join("log")) < 5000, "{} bytes are left", bytes(&home.path().join("log")));
    drop(store);
    EmbeddedStore::rebuild(home.path()).expect("made anew");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    assert_eq!(store.runs(None, 10).await.expect("read").len(), 1);
    assert_eq!(all_results(&store, kept, 10).await, [result(1, 0)]);
    assert_eq!(all_exchanges(&store, kept).await, [(batch(1), exchanges(1))]);
    drop(store);
    assert_eq!(EmbeddedStore::check(home.path()).expect("read").expect("a store").notes, [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_far_apart_that_were_written_together_survive() {
    let home = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let run = started_run(&store, 1).await;
    let at = |number: u64| result(number * 300, 0);
    store.put_results(run, (0..500).map(at).collect()).await.expect("stored");
    let replaced = |number: u64| long_result(number * 300, 50);
    for number in (0..500).step_by(7) {
        store.put_results(run, vec![replaced(number)]).await.expect("stored");
    }
    for _ in 0..2 {
        store.compact().await.expect("compacted");
        let expected: Vec<_> =
            (0..500).map(|number| if number % 7 == 0 { replaced(number) } else { at(number) }).collect();
        assert!(all_results(&store, run, 100).await == expected);
    }
}
