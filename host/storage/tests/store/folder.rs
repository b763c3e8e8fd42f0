//! What the embedded store does with its folder.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use model::ports::{Store, StoreError};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
use storage::EmbeddedStore;
use tempfile::TempDir;

use crate::samples::{all_results, dataset, header, id, keep, result, started_run};

fn folder() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

fn open(root: &Path) -> EmbeddedStore {
    EmbeddedStore::open(root).expect("a store")
}

/// Every file below `root`, and its bytes.
fn contents(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(root).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            files.push((path.clone(), fs::read(path).expect("a file")));
        }
    }
    files.sort();
    files
}

#[test]
fn looking_for_a_store_makes_none() {
    let home = folder();
    assert!(EmbeddedStore::open_existing(home.path()).expect("looked").is_none());
    assert!(EmbeddedStore::open_existing(&home.path().join("absent")).expect("looked").is_none());
    assert_eq!(contents(home.path()), []);
    assert!(!home.path().join("absent").exists());
}

#[test]
fn a_new_store_is_for_this_user_alone() {
    let home = folder();
    drop(open(&home.path().join("a/b")));
    let mode = fs::metadata(home.path().join("a/b")).expect("a folder").permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

#[test]
fn a_store_is_locked_until_it_is_dropped() {
    let home = folder();
    for _ in 0..20 {
        let store = open(home.path());
        for second in
            [EmbeddedStore::open(home.path()), EmbeddedStore::open_existing(home.path()).map(|s| s.expect("it"))]
        {
            assert!(matches!(second, Err(StoreError::Locked { path }) if path == home.path().display().to_string()));
        }
        drop(store);
    }
}

#[test]
fn a_store_of_a_newer_layout_is_refused_untouched() {
    let home = folder();
    drop(open(home.path()));
    fs::write(home.path().join("LAYOUT"), "3\n").expect("written");
    let before = contents(home.path());
    for refused in [EmbeddedStore::open(home.path()).map(Some), EmbeddedStore::open_existing(home.path())] {
        let Err(StoreError::Version { found, supported, .. }) = refused else { panic!("it was opened") };
        assert_eq!((found.as_str(), supported.as_str()), ("3", "2"));
    }
    assert_eq!(contents(home.path()), before);
}

/// Runs `check` in a thread that permissions apply to, as they do not to root.
fn without_privileges(check: impl FnOnce() + Send) {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut sets = capabilities(None).expect("capabilities");
            sets.effective.remove(CapabilitySet::DAC_OVERRIDE | CapabilitySet::DAC_READ_SEARCH);
            set_capabilities(None, sets).expect("fewer of them");
            check();
        });
        thread.join().expect("no panic");
    });
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("permissions");
}

#[test]
fn no_store_is_begun_in_a_folder_that_cannot_be_written() {
    let home = folder();
    set_mode(home.path(), 0o555);
    without_privileges(|| {
        for root in [home.path().to_owned(), home.path().join("below")] {
            let refused = EmbeddedStore::open(&root).err();
            assert!(matches!(refused, Some(StoreError::ReadOnly { .. })), "{refused:?}");
        }
    });
    assert_eq!(contents(home.path()), []);
}

#[tokio::test]
async fn a_store_that_cannot_be_written_is_refused_untouched() {
    let home = folder();
    started_run(&open(home.path()), 1).await;
    let before = contents(home.path());
    for (path, _) in &before {
        set_mode(path, 0o444);
    }
    for name in ["", "log", "view", "view/blobs", "datasets"] {
        set_mode(&home.path().join(name), 0o555);
    }
    without_privileges(|| {
        let refused = EmbeddedStore::open_existing(home.path()).err();
        assert!(matches!(refused, Some(StoreError::ReadOnly { .. })), "{refused:?}");
    });
    assert!(contents(home.path()) == before);
}

#[tokio::test]
async fn what_a_killed_process_was_writing_is_cleared_away_and_nothing_else() {
    let home = folder();
    let store = open(home.path());
    let digest = keep(&store, b"rows");
    let datasets = home.path().join("datasets");
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
    let left = fs::File::create(datasets.join(".draft-left")).expect("made");
    left.set_modified(long_ago).expect("set");
    drop(left);
    // As if another process that shares the store were writing it.
    let mut written = store.new_dataset().expect("a place to write");
    for entry in fs::read_dir(&datasets).expect("a folder") {
        let file = fs::File::options().write(true).open(entry.expect("an entry").path()).expect("a file");
        file.set_modified(long_ago).expect("set");
    }
    drop(store);
    let store = open(home.path());
    assert_eq!(fs::read_dir(&datasets).expect("a folder").count(), 2);
    assert_eq!(dataset(&store, &digest).expect("kept"), b"rows");
    written.write_all(b"more").expect("written");
    assert_eq!(dataset(&store, &written.keep().expect("kept")).expect("kept"), b"more");
}

#[test]
fn a_damaged_dataset_is_not_handed_out() {
    let home = folder();
    let store = open(home.path());
    let (digest, other) = (keep(&store, b"rows of one"), keep(&store, b"rows of two"));
    let path = |digest: &str| home.path().join("datasets").join(format!("{digest}.zst"));
    fs::copy(path(&other), path(&digest)).expect("copied");
    assert!(matches!(dataset(&store, &digest), Err(StoreError::Io(error)) if error.to_string().contains(&digest)));
    assert_eq!(keep(&store, b"rows of one"), digest);
    assert_eq!(dataset(&store, &digest).expect("mended"), b"rows of one");
}

#[tokio::test]
async fn a_deletion_is_made_whether_or_not_somebody_waits_for_it() {
    let home = folder();
    let store = open(home.path());
    let run = started_run(&store, 1).await;
    let digest = store.run(run).await.expect("read").expect("a run").header.data.digest;
    store.put_results(run, (0..6000).map(|index| result(index, 0)).collect()).await.expect("stored");
    tokio::select! {
        biased;
        _ = store.delete_run(run) => panic!("a deletion takes more than one step"),
        () = std::future::ready(()) => {}
    }
    drop(store);

    let store = open(home.path());
    assert_eq!(store.run(run).await.expect("read"), None);
    assert!(store.results(run, None, 1).await.is_err());
    assert!(matches!(dataset(&store, &digest), Err(StoreError::Missing { .. })));
}

#[tokio::test]
async fn a_deleted_run_can_be_stored_again() {
    let home = folder();
    let store = open(home.path());
    let run = started_run(&store, 1).await;
    store.put_results(run, (0..6000).map(|index| result(index, 0)).collect()).await.expect("stored");
    assert!(store.delete_run(run).await.expect("deleted"));
    let digest = keep(&store, b"rows");
    store.create_run(&header(id(1), &digest)).await.expect("created");
    store.put_results(run, vec![result(5999, 0)]).await.expect("stored");
    drop(store);
    EmbeddedStore::rebuild(home.path()).expect("made anew");
    assert_eq!(all_results(&open(home.path()), run, 1000).await, [result(5999, 0)]);
}
