//! Traces that are beyond the limits go, and so does the space they took.

use std::path::Path;
use std::time::Duration;

use model::ports::{Expired, Retention, TraceRetention, TraceStore};
use storage::{EmbeddedStore, MemoryStore, Options};
use tempfile::TempDir;

use crate::compaction::bytes;
use crate::subject::Subject;
use crate::workload::{self, batch, trace};

fn open(root: &Path) -> EmbeddedStore {
    let options = Options { segment_bytes: 100_000, ..Options::default() };
    EmbeddedStore::open_with(root, options).expect("a store")
}

const NONE: Retention = Retention { max_age: None, max_traces: None, max_bytes: None };

/// Numbers of the traces of an experiment that are there.
async fn numbers(store: &dyn TraceStore, of: u64) -> Vec<u64> {
    let mut numbers = Vec::new();
    for number in 0..of {
        if store.trace(&trace(1, number)).await.expect("read").is_some() {
            numbers.push(number);
        }
    }
    numbers
}

async fn check_limits(subject: Subject) {
    let (store, retention) = (subject.traces(), subject.retention());
    for number in 0..20 {
        store.put_spans("default", vec![batch(1, number, 0..2)]).await.expect("put");
    }
    store.put_spans("other", vec![batch(2, 0, 0..2)]).await.expect("put");
    for unlimited in [NONE, Retention { max_age: Some(Duration::from_secs(3600)), ..NONE }] {
        assert_eq!(retention.expire("default", &unlimited).await.expect("expired"), Expired::default());
    }
    assert_eq!(retention.expire("unknown", &Retention { max_traces: Some(0), ..NONE }).await.expect("").traces, 0);
    let expired = retention.expire("default", &Retention { max_traces: Some(15), ..NONE }).await.expect("expired");
    assert_eq!(expired.traces, 5);
    assert!(expired.bytes > 500, "{expired:?}");
    assert_eq!(numbers(store, 20).await, (5..20).collect::<Vec<_>>());
    // A trace is as young as the last of its spans.
    store.put_spans("default", vec![batch(1, 5, 4..5)]).await.expect("put");
    retention.expire("default", &Retention { max_traces: Some(2), ..NONE }).await.expect("expired");
    assert_eq!(numbers(store, 20).await, [5, 19]);
    let expired = retention.expire("default", &Retention { max_bytes: Some(1), ..NONE }).await.expect("expired");
    assert_eq!(expired.traces, 2);
    assert_eq!(store.experiments().await.expect("read"), [("other".to_owned(), 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oldest_traces_go_where_there_are_too_many() {
    for subject in [Subject::memory(), Subject::embedded(), Subject::shared()] {
        check_limits(subject).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_expired_gives_its_space_back_and_what_stays_is_intact() {
    let home = TempDir::new().expect("a temporary folder");
    let (store, oracle) = (open(home.path()), MemoryStore::new());
    let log = || bytes(&home.path().join("log"));
    let keep_20 = Retention { max_traces: Some(20), ..NONE };
    // Task 0 keeps its traces: some of those in every segment, and what is said of them in later ones.
    for round in 0..6 {
        for number in 0..200 {
            for store in [&store as &dyn TraceStore, &oracle] {
                store.put_spans("short", vec![batch(1, round * 200 + number, 0..5)]).await.expect("put");
                if number % 5 == 0 {
                    workload::operate(store, 0, round * 40 + number / 5).await.expect("done");
                }
            }
        }
        for store in [&store as &dyn TraceRetention, &oracle] {
            assert!(store.expire("short", &keep_20).await.expect("expired").traces >= 180);
        }
        let full = log();
        let given_back = store.reclaim().await.expect("given back");
        // The list of segments is a little longer or shorter.
        let is_so = given_back > full / 2 && log() < full - given_back + 1000;
        assert!(is_so, "{given_back} of {full}, {} left", log());
        // The second time there is nothing to do.
        let left = log();
        assert_eq!(store.reclaim().await.expect("given back"), 0);
        assert_eq!(log(), left);
        assert!(
            workload::everything(&store).await.expect("read") == workload::everything(&oracle).await.expect("read")
        );
    }
    assert!(log() < 1_500_000, "{} bytes are left", log());
    drop(store);
    let findings = EmbeddedStore::check(home.path()).expect("read").expect("a store");
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]));
    for folder in ["traces", "view"] {
        std::fs::remove_dir_all(home.path().join(folder)).expect("removed");
    }
    let store = open(home.path());
    assert!(workload::everything(&store).await.expect("read") == workload::everything(&oracle).await.expect("read"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_of_what_is_of_use_is_left_as_it_is() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    assert_eq!(store.reclaim().await.expect("given back"), 0);
    for number in 0..200 {
        store.put_spans("default", vec![batch(1, number, 0..5)]).await.expect("put");
    }
    let before = bytes(&home.path().join("log"));
    assert_eq!(store.reclaim().await.expect("given back"), 0);
    assert_eq!(bytes(&home.path().join("log")), before);
}
