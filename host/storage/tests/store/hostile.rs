//! What must not get into the store, and what must not keep it from working.

use std::fs;
use std::path::Path;

use model::assessment::{Assessment, AssessmentId, Said, Source, SourceKind};
use model::json::Json;
use model::ports::{Annotation, AnnotationChange, StoreError, TraceStore};
use storage::EmbeddedStore;
use tempfile::TempDir;

use crate::workload::{self, batch, trace};

fn open(root: &Path) -> EmbeddedStore {
    EmbeddedStore::open(root).expect("a store")
}

fn check_is_whole(root: &Path) {
    let findings = EmbeddedStore::check(root).expect("read").expect("a store");
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_spans_is_said_before_they_are_written() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    let whole = || batch(1, 1, 0..2);
    let (mut of_another, mut no_id, mut no_parent, mut no_trace) = (whole(), whole(), whole(), whole());
    of_another.spans[1].1.id = "00000000000000ff".to_owned();
    no_id.spans[0].0.id = "1".to_owned();
    no_id.spans[0].1.id = "1".to_owned();
    no_parent.spans[1].0.parent = Some("ABCDEF0123456789".to_owned());
    no_trace.trace = "trace".to_owned();
    for wrong in [of_another, no_id, no_parent, no_trace] {
        let refused = store.put_spans("default", vec![batch(1, 2, 0..1), wrong]).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(store.experiments().await.expect("read"), []);
    store.put_spans("default", vec![whole(), whole()]).await.expect("put");
    assert_eq!(store.spans(&trace(1, 1), 0, 10).await.expect("read").len(), 2);
    drop(store);
    check_is_whole(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn values_that_nest_deep_and_names_that_are_long_come_back() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep = Json::from_raw(&serde_json::value::RawValue::from_string(deep).expect("JSON"));
    let mut hostile = batch(1, 1, 0..2);
    hostile.spans[0].0.attributes.push(("deep".to_owned(), deep.clone()));
    let name = "\0 long ".repeat(100_000);
    for (span, digest) in &mut hostile.spans {
        (span.name, digest.name, digest.user) = (name.clone(), name.clone(), Some(name.clone()));
        digest.start = u64::MAX;
        digest.cost = Some(u64::MAX);
    }
    store.put_spans("default", vec![hostile.clone()]).await.expect("put");
    let assessment = Assessment {
        id: AssessmentId(uuid::Uuid::from_u128(1)),
        span: None,
        name: name.clone(),
        said: Said::Feedback(deep.clone()),
        source: Source { kind: SourceKind::Code, id: None },
        rationale: None,
        created: 1,
        updated: 1,
        metadata: Default::default(),
        overrides: None,
    };
    let change = AnnotationChange::Assess(assessment.clone());
    store.annotate(vec![Annotation { trace: trace(1, 1), change }]).await.expect("annotated");
    store.compact().await.expect("compacted");
    drop(store);
    check_is_whole(home.path());
    for _ in 0..2 {
        let store = open(home.path());
        let found = store.trace(&trace(1, 1)).await.expect("read").expect("it is there");
        assert!(found.header.name == name && found.header.user.as_ref() == Some(&name));
        assert!(found.assessments == std::slice::from_ref(&assessment));
        let spans = store.spans(&trace(1, 1), 0, 10).await.expect("read");
        assert!(spans == hostile.spans);
        drop(store);
        assert_eq!(EmbeddedStore::rebuild(home.path()).expect("made anew"), Some(Vec::new()));
    }
}

/// An index that was left beside the log of another store.
#[tokio::test(flavor = "multi_thread")]
async fn an_index_of_another_log_is_made_anew() {
    let (home, other) = (TempDir::new().expect("a folder"), TempDir::new().expect("a folder"));
    for (folder, operations, bytes) in [(&home, 90, 1), (&other, 60, 2)] {
        let store = open(folder.path());
        for number in 0..operations {
            workload::operate(&store, bytes, number).await.expect("done");
        }
    }
    let before = workload::everything(&open(home.path())).await.expect("read");
    fs::remove_dir_all(home.path().join("traces")).expect("removed");
    fs::rename(other.path().join("traces"), home.path().join("traces")).expect("moved");
    assert!(workload::everything(&open(home.path())).await.expect("read") == before);
    check_is_whole(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_a_trace_that_is_damaged_costs_that_trace_alone() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    for number in 1..4 {
        store.put_spans("default", vec![batch(1, number, 0..3)]).await.expect("put");
    }
    drop(store);
    let log = home.path().join("log/0000000000000001.seg");
    let mut bytes = fs::read(&log).expect("a file");
    // Within what the first frame says of its trace.
    bytes[32 + 24 + 80] ^= 1;
    fs::write(&log, bytes).expect("written");
    for round in 0..2 {
        let store = open(home.path());
        let refused = store.put_spans("default", vec![batch(1, 1, 3..5)]).await;
        assert!(matches!(refused, Err(StoreError::Damaged { .. })), "{refused:?}");
        store.put_spans("default", vec![batch(1, 2, 3 + round..4 + round)]).await.expect("put");
        // Its segment can't be given back, but nothing else stops.
        assert!(matches!(store.compact().await, Err(StoreError::Damaged { .. })));
        store.put_spans("default", vec![batch(1, 10 + round, 0..1)]).await.expect("put");
        assert_eq!(store.spans(&trace(1, 2), 0, 10).await.expect("read").len(), 4 + round as usize);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_by_a_store_whose_folder_is_gone() {
    let home = TempDir::new().expect("a temporary folder");
    let root = home.path().join("store");
    let store = open(&root);
    store.put_spans("default", vec![batch(1, 1, 0..1)]).await.expect("put");
    fs::rename(&root, home.path().join("moved")).expect("moved");
    let refused = store.put_spans("default", vec![batch(1, 2, 0..1)]).await;
    assert!(matches!(refused, Err(StoreError::Io(_))), "{refused:?}");
    assert_eq!(store.trace(&trace(1, 2)).await.expect("read"), None);
    fs::rename(home.path().join("moved"), &root).expect("moved");
    store.put_spans("default", vec![batch(1, 2, 0..1)]).await.expect("put");
}
