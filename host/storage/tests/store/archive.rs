//! A store carried to another one in a file.

use std::collections::BTreeMap;

use model::document::{Change, Expected, Kind};
use model::judge::{BatchId, Exchange};
use model::ports::{BlobStore, DocumentStore, Store, TraceStore};
use model::run::{RowResult, Run};
use storage::archive::{self, ArchiveError, Contents};
use storage::{EmbeddedStore, MemoryStore};
use tempfile::TempDir;

use crate::samples::{
    all_exchanges, all_results, batch, dataset, exchanges, header, id, keep, long_exchange, long_result, report,
    result, started_run,
};
use crate::{blobs, commits, documents, traces};

/// A store with a finished run, one that goes on, and two runs on one dataset.
async fn filled() -> MemoryStore {
    let store = MemoryStore::new();
    let finished = started_run(&store, 1).await;
    store.put_results(finished, (0..1200).map(|index| result(index, 0)).collect()).await.expect("stored");
    for number in 0..20 {
        store.put_exchanges(finished, batch(number), exchanges(number as u64)).await.expect("stored");
    }
    store.finish_run(finished, &report(finished, 0.1)).await.expect("finished");
    let going_on = started_run(&store, 2).await;
    store.put_results(going_on, vec![result(3, 1), long_result(9, 200_000)]).await.expect("stored");
    store.put_exchanges(going_on, batch(7), vec![long_exchange(3, 200_000)]).await.expect("stored");
    // Longer than what is written at once.
    let digest = keep(&store, &vec![7; 3 << 20]);
    for number in [3, 4] {
        store.create_run(&header(id(number), &digest)).await.expect("created");
    }
    traces::fill(&store, 7).await;
    for number in 0..50 {
        commits::operate(&store, 0, number).await.expect("done");
    }
    let long = format!("\"{}\"", "long ".repeat(300_000));
    let change = |number, value: &str| documents::put(&format!("long/{number}"), Expected::Absent, value);
    store.commit((0..3).map(|number| change(number, &long)).collect()).await.expect("answered");
    blobs::keep(&store, b"");
    blobs::keep(&store, &vec![9; 3 << 20]);
    store
}

/// Every blob under its digest.
fn files(store: &dyn BlobStore) -> BTreeMap<String, Vec<u8>> {
    let digests = store.blobs().expect("listed").into_iter();
    digests.map(|digest| (digest.clone(), blobs::read(store, &digest).expect("there"))).collect()
}

async fn archived<S: Store + TraceStore + DocumentStore + BlobStore>(store: &S) -> (Vec<u8>, Contents) {
    let mut archive = Vec::new();
    let contents = archive::export(store, &mut archive).await.expect("exported");
    (archive, contents)
}

type Content = (Run, Vec<RowResult>, Vec<(BatchId, Vec<Exchange>)>, Vec<u8>);

async fn content(store: &dyn Store) -> Vec<Content> {
    let mut content = Vec::new();
    for run in store.runs(None, 100).await.expect("runs") {
        let results = all_results(store, run.header.id, 100).await;
        let exchanges = all_exchanges(store, run.header.id).await;
        let rows = dataset(store, &run.header.data.digest).expect("a dataset");
        content.push((run, results, exchanges, rows));
    }
    content
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_exported_is_there_after_the_import_however_often_it_is_done() {
    let store = filled().await;
    let (archive, contents) = archived(&store).await;
    let Contents { traces, spans, documents, .. } = contents;
    let expected = Contents { runs: 4, results: 1202, exchanges: 61, datasets: 3, traces, spans, documents, blobs: 2 };
    assert_eq!(contents, expected);
    assert!(traces > 5 && spans > 20 && documents > 20, "{contents:?}");
    assert_eq!(archive::verify(&archive[..]).expect("whole"), contents);

    let folder = TempDir::new().expect("a temporary folder");
    let other = EmbeddedStore::open(folder.path()).expect("a store");
    for known in [0, 1] {
        let imported = archive::import(&other, &archive[..]).await.expect("imported");
        assert_eq!((imported.contents, imported.known), (contents, known));
        assert!(content(&other).await == content(&store).await);
        assert_eq!(traces::everything(&other).await, traces::everything(&store).await);
        assert!(commits::everything(&other).await.expect("read") == commits::everything(&store).await.expect("read"));
        assert!(files(&other) == files(&store));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_that_changed_after_the_export_is_not_set_back() {
    let store = MemoryStore::new();
    let put = |key: &str, value: &str| documents::put(key, Expected::Anything, value);
    store.commit(vec![put("changed", "1"), put("same", "1"), put("removed", "1")]).await.expect("answered");
    let (archive, contents) = archived(&store).await;
    assert_eq!(contents.documents, 3);
    let removed = Change { value: None, ..put("removed", "1") };
    store.commit(vec![put("changed", "2"), put("new", "1"), removed]).await.expect("answered");
    archive::import(&store, &archive[..]).await.expect("imported");
    let found = store.documents(Kind::Experiment, "", None, 10).await.expect("read");
    let found: Vec<_> = found.iter().map(|found| (&found.key[..], found.value.as_str())).collect();
    assert_eq!(found, [("changed", "2"), ("new", "1"), ("removed", "1"), ("same", "1")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_ended_after_the_export_is_not_set_back() {
    let store = filled().await;
    let (archive, _) = archived(&store).await;
    store.put_results(id(2), vec![result(3, 1)]).await.expect("stored");
    store.finish_run(id(2), &report(id(2), 5.0)).await.expect("finished");
    let now = content(&store).await;
    archive::import(&store, &archive[..]).await.expect("imported");
    assert!(content(&store).await == now);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_cut_and_every_changed_byte_of_an_archive_is_noticed_or_harmless() {
    let store = MemoryStore::new();
    let run = started_run(&store, 1).await;
    store.put_results(run, vec![result(0, 0)]).await.expect("stored");
    store.put_exchanges(run, batch(1), exchanges(1)).await.expect("stored");
    traces::fill(&store, 1).await;
    let documents = ["a", "b"].map(|key| documents::put(key, Expected::Absent, "[1]"));
    store.commit(documents.into()).await.expect("answered");
    blobs::keep(&store, b"bytes");
    let (archive, _) = archived(&store).await;
    for length in 0..archive.len() {
        assert!(archive::verify(&archive[..length]).is_err(), "{length} bytes of {}", archive.len());
    }
    for place in 0..archive.len() {
        let mut changed = archive.clone();
        changed[place] ^= 0x10;
        // Some bits of zstd's heads mean nothing.
        if archive::verify(&changed[..]).is_ok() {
            let other = MemoryStore::new();
            archive::import(&other, &changed[..]).await.expect("verified");
            assert!(content(&other).await == content(&store).await, "byte {place}");
            assert_eq!(traces::everything(&other).await, traces::everything(&store).await, "byte {place}");
            let found = commits::everything(&other).await.expect("read");
            assert!(found == commits::everything(&store).await.expect("read"), "byte {place}");
            assert!(files(&other) == files(&store), "byte {place}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_archive_or_a_newer_one_says_so() {
    for bytes in [&b""[..], b"KARATARC", b"{\"inputs\": {}}\n and more"] {
        assert!(matches!(archive::verify(bytes), Err(ArchiveError::Foreign)), "{bytes:?}");
    }
    let (mut archive, _) = archived(&filled().await).await;
    archive[8] = 9;
    assert!(matches!(archive::verify(&archive[..]), Err(ArchiveError::Version { found: 9, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_of_version_1_is_read_which_has_no_exchanges() {
    let store = MemoryStore::new();
    started_run(&store, 1).await;
    let (mut archive, contents) = archived(&store).await;
    archive[8] = 1;
    assert_eq!(archive::verify(&archive[..]).expect("whole"), contents);
    let counted: Contents = serde_json::from_str(r#"{"runs":1,"results":0,"datasets":1}"#).expect("contents");
    assert_eq!(counted, contents);
}
