//! A copy of a store while it is in use.

use model::document::Expected;
use model::ports::{DocumentStore, Store};
use storage::{EmbeddedStore, SharedStore};
use tempfile::TempDir;

use crate::blobs;
use crate::documents::put;
use crate::samples::{all_results, dataset, id, result, started_run};

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_holds_what_was_acknowledged_and_goes_its_own_way() {
    let folder = TempDir::new().expect("a temporary folder");
    let (root, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let store = EmbeddedStore::open(&root).expect("a store");
    let run = started_run(&store, 1).await;
    store.put_results(run, vec![result(0, 0)]).await.expect("stored");
    store.commit(vec![put("a", Expected::Absent, "1")]).await.expect("answered");
    let blob = blobs::keep(&store, b"bytes");
    store.back_up(&copy).await.expect("copied");

    // Neither sees what the other does from here on.
    store.put_results(run, vec![result(1, 0)]).await.expect("stored");
    let backup = EmbeddedStore::open_existing(&copy).expect("it opens").expect("it is there");
    backup.put_results(run, vec![result(7, 0)]).await.expect("stored");
    store.commit(vec![put("a", Expected::Anything, "2")]).await.expect("answered");
    let found = backup.documents(model::document::Kind::Experiment, "", None, 10).await.expect("read");
    assert!(found.iter().map(|found| (&found.key[..], found.value.as_str())).eq([("a", "1")]));
    assert_eq!(blobs::read(&backup, &blob).expect("there"), b"bytes");
    assert_eq!(all_results(&backup, run, 10).await, [result(0, 0), result(7, 0)]);
    assert_eq!(all_results(&store, run, 10).await, [result(0, 0), result(1, 0)]);

    // Not even when one gives up what they share.
    let digest = store.run(run).await.expect("read").expect("a run").header.data.digest;
    assert!(store.delete_run(run).await.expect("deleted"));
    store.compact().await.expect("compacted");
    drop(backup);
    let findings = EmbeddedStore::check(&copy).expect("read").expect("a store");
    assert_eq!((findings.runs, findings.datasets, findings.problems), (1, 1, Vec::new()));
    let backup = EmbeddedStore::open(&copy).expect("it opens");
    assert_eq!(dataset(&backup, &digest).expect("there"), 1_u128.to_be_bytes());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_another_process_owns_can_be_copied() {
    let folder = TempDir::new().expect("a temporary folder");
    let (root, copy) = (folder.path().join("store"), folder.path().join("copy"));
    let owner = SharedStore::open(&root).expect("a store");
    let user = SharedStore::open(&root).expect("shared");
    started_run(&owner, 1).await;
    user.back_up(&copy).await.expect("copied");
    let backup = EmbeddedStore::open_existing(&copy).expect("it opens").expect("it is there");
    assert!(backup.run(id(1)).await.expect("read").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_replaces_nothing_and_the_store_goes_on() {
    let folder = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(&folder.path().join("store")).expect("a store");
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).expect("made");
    std::fs::write(taken.join("letter"), "dear").expect("written");
    let refused = store.back_up(&taken).await.expect_err("there is something");
    assert!(format!("{refused:?}").contains("is not empty"), "{refused:?}");
    assert_eq!(std::fs::read(taken.join("letter")).expect("there"), b"dear");
    // Nor does one that can't be made stop the store.
    assert!(store.back_up(&folder.path().join("taken/letter/x")).await.is_err());
    started_run(&store, 1).await;
}
