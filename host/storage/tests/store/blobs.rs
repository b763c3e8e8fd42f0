//! Files of any content: what every store promises of them, and what the embedded one does with them.

use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, SystemTime};

use model::ports::{BlobStore, StoreError};
use storage::EmbeddedStore;
use tempfile::TempDir;

use crate::samples;
use crate::subject::{Subject, every_store};

every_store! {
    a_blob_is_known_by_its_digest,
    a_blob_that_is_not_kept_is_not_there,
    a_blob_is_no_dataset,
    young_blobs_are_not_swept,
    blobs_are_there_after_reopening,
}

pub(crate) fn keep(store: &dyn BlobStore, bytes: &[u8]) -> String {
    let mut blob = store.new_blob().expect("a place to write");
    blob.write_all(bytes).expect("written");
    blob.keep().expect("kept")
}

pub(crate) fn read(store: &dyn BlobStore, digest: &str) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.open_blob(digest)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_missing<T>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Missing { what }) if what.starts_with("blob "))
}

async fn a_blob_is_known_by_its_digest(subject: Subject) {
    let store = subject.blobs();
    let megabytes: Vec<u8> = (0..500_000_u32).flat_map(|at| (at / 7).to_le_bytes()).collect();
    let mut digests = Vec::new();
    for bytes in [&b""[..], b"\xff\x00picture", &megabytes] {
        let digest = keep(store, bytes);
        assert_eq!(digest, blake3::hash(bytes).to_hex().as_str());
        assert_eq!(keep(store, bytes), digest);
        assert!(read(store, &digest).expect("kept") == bytes);
        digests.push(digest);
    }
    digests.sort();
    assert_eq!(store.blobs().expect("listed"), digests);
    for unknown in ["00".repeat(32), String::new(), "../LAYOUT".to_owned()] {
        assert!(is_missing(read(store, &unknown)));
    }
}

async fn a_blob_that_is_not_kept_is_not_there(subject: Subject) {
    let mut given_up = subject.blobs().new_blob().expect("a place to write");
    given_up.write_all(b"bytes").expect("written");
    assert_eq!(subject.blobs().blobs().expect("listed"), [""; 0]);
    drop(given_up);
    assert!(is_missing(read(subject.blobs(), &blake3::hash(b"bytes").to_hex())));
}

async fn a_blob_is_no_dataset(subject: Subject) {
    let (blob, dataset) = (keep(subject.blobs(), b"blob"), samples::keep(subject.store(), b"rows"));
    assert!(is_missing(read(subject.blobs(), &dataset)));
    assert!(matches!(samples::dataset(subject.store(), &blob), Err(StoreError::Missing { .. })));
    assert_eq!(subject.blobs().blobs().expect("listed"), [blob]);
}

async fn young_blobs_are_not_swept(subject: Subject) {
    let digest = keep(subject.blobs(), b"about to be used");
    assert_eq!(subject.blobs().sweep_blobs(&|_| false).expect("swept"), 0);
    assert_eq!(read(subject.blobs(), &digest).expect("there"), b"about to be used");
}

async fn blobs_are_there_after_reopening(subject: Subject) {
    let digest = keep(subject.blobs(), b"bytes");
    let subject = subject.reopened().compacted().await.rebuilt();
    assert_eq!(read(subject.blobs(), &digest).expect("there"), b"bytes");
}

fn path(root: &Path, digest: &str) -> PathBuf {
    root.join("blobs").join(format!("{digest}.zst"))
}

/// Makes a blob as old as if it had been kept so many minutes ago.
fn age(root: &Path, digest: &str, minutes: u64) {
    let file = File::options().write(true).open(path(root, digest)).expect("a file");
    file.set_modified(SystemTime::now() - Duration::from_secs(60 * minutes)).expect("set");
}

#[test]
fn old_blobs_that_nobody_uses_are_swept_and_no_others() {
    let home = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let [old, used, young, refreshed] = [&b"old"[..], b"used", b"young", b"refreshed"].map(|bytes| keep(&store, bytes));
    for (digest, minutes) in [(&old, 61), (&used, 1000), (&young, 59), (&refreshed, 1000)] {
        age(home.path(), digest, minutes);
    }
    let being_written = store.new_blob().expect("a place to write");
    keep(&store, b"refreshed");
    let bytes = std::fs::metadata(path(home.path(), &old)).expect("a file").len();
    assert_eq!(store.sweep_blobs(&|digest| digest == used).expect("swept"), bytes);
    assert!(is_missing(read(&store, &old)));
    for digest in [&used, &young, &refreshed] {
        assert!(read(&store, digest).is_ok());
    }
    assert_eq!(store.sweep_blobs(&|digest| digest == used).expect("swept"), 0);
    assert!(being_written.keep().is_ok());
}

#[test]
fn what_is_kept_while_it_is_swept_stays() {
    let home = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let digest = keep(&store, b"bytes");
    age(home.path(), &digest, 100);
    let keeps_it_again = |digest: &str| {
        assert_eq!(keep(&store, b"bytes"), digest);
        false
    };
    assert_eq!(store.sweep_blobs(&keeps_it_again).expect("swept"), 0);
    assert_eq!(read(&store, &digest).expect("there"), b"bytes");
    // Nothing is kept between the last look at a file and its removal.
    let removal = File::open(home.path().join("blobs")).expect("a folder");
    removal.lock().expect("locked");
    std::thread::scope(|scope| {
        let (tell, told) = mpsc::channel();
        let store = &store;
        scope.spawn(move || tell.send(keep(store, b"bytes")));
        assert!(told.recv_timeout(Duration::from_millis(100)).is_err());
        drop(removal);
        assert_eq!(told.recv(), Ok(digest));
    });
}

#[test]
fn a_damaged_blob_is_not_handed_out_and_a_check_names_it() {
    let home = TempDir::new().expect("a temporary folder");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let digests = [b"one", b"two", b"thr"].map(|bytes| keep(&store, bytes));
    std::fs::copy(path(home.path(), &digests[1]), path(home.path(), &digests[0])).expect("copied");
    std::fs::write(path(home.path(), &digests[2]), b"no zstd").expect("written");
    for digest in [&digests[0], &digests[2]] {
        let refused = read(&store, digest).expect_err("damaged");
        assert!(matches!(&refused, StoreError::Io(error) if error.to_string().contains(digest)), "{refused:?}");
    }
    drop(store);
    let findings = EmbeddedStore::check(home.path()).expect("read").expect("a store");
    assert_eq!((findings.blobs, findings.problems.len()), (3, 2), "{:?}", findings.problems);
    let store = EmbeddedStore::open(home.path()).expect("a store");
    keep(&store, b"one");
    assert_eq!(read(&store, &digests[0]).expect("mended"), b"one");
}

#[test]
fn a_store_of_before_there_were_blobs_takes_some_in() {
    let home = TempDir::new().expect("a temporary folder");
    drop(EmbeddedStore::open(home.path()).expect("a store"));
    std::fs::remove_dir(home.path().join("blobs")).expect("removed");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    let digest = keep(&store, b"bytes");
    assert_eq!(read(&store, &digest).expect("kept"), b"bytes");
}
