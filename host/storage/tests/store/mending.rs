//! Damage of every kind: nothing that is wrong is ever handed out, and what can be mended is.

use std::fs;
use std::path::{Path, PathBuf};

use model::judge::{BatchId, Exchange};
use model::ports::{Store, StoreError};
use model::run::{RowResult, Run, RunId};
use storage::{EmbeddedStore, Options};
use tempfile::TempDir;

use crate::samples::{all_results, batch, dataset, exchanges, long_result, report, result, started_run};

/// Single faults that are tried; `KARAT_FAULTS` asks for more.
const FAULTS: usize = 150;

/// Everything a user can see.
#[derive(Debug, PartialEq)]
struct Content {
    runs: Vec<Run>,
    results: Vec<Vec<RowResult>>,
    exchanges: Vec<(BatchId, Vec<Exchange>)>,
    datasets: Vec<Vec<u8>>,
}

async fn content(root: &Path) -> Result<Content, StoreError> {
    let store = EmbeddedStore::open(root)?;
    let runs = store.runs(None, 100).await?;
    let (mut results, mut exchanges, mut datasets) = (Vec::new(), Vec::new(), Vec::new());
    for run in &runs {
        results.push(store.results(run.header.id, None, usize::MAX).await?);
        let mut after = None;
        while let Some(next) = store.exchanges(run.header.id, after).await? {
            after = Some(next.0);
            exchanges.push(next);
        }
        datasets.push(dataset(&store, &run.header.data.digest)?);
    }
    Ok(Content { runs, results, exchanges, datasets })
}

/// A closed store with runs, replaced results, exchanges, a deletion and long values.
async fn sample() -> (TempDir, RunId) {
    let home = TempDir::new().expect("a temporary folder");
    let options = Options { segment_bytes: 32 << 10, ..Options::default() };
    let store = EmbeddedStore::open_with(home.path(), options).expect("a store");
    let first = started_run(&store, 1).await;
    for number in 2..6 {
        let run = started_run(&store, number).await;
        for start in (0..1200).step_by(60) {
            store.put_results(run, (start..start + 60).map(|index| result(index, 0)).collect()).await.expect("stored");
            store.put_exchanges(run, batch(start.into()), exchanges(start)).await.expect("stored");
        }
        store.put_results(run, vec![long_result(7, 5000)]).await.expect("stored");
        store.finish_run(run, &report(run, 1.5)).await.expect("stored");
    }
    assert!(store.delete_run(first).await.expect("deleted"));
    drop(store);
    (home, crate::samples::id(3))
}

fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if fs::metadata(&path).expect("metadata").len() > 0 {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn copy(from: &Path) -> TempDir {
    let to = TempDir::new().expect("a temporary folder");
    for path in files(from) {
        let place = to.path().join(path.strip_prefix(from).expect("below"));
        fs::create_dir_all(place.parent().expect("a folder")).expect("made");
        fs::copy(&path, place).expect("copied");
    }
    to
}

/// Does one thing to a file that disks, or people, do. Returns what, in words.
fn damage(path: &Path, random: &mut fastrand::Rng) -> String {
    match random.u32(0..8) {
        0 => {
            fs::remove_file(path).expect("removed");
            format!("the loss of {}", path.display())
        }
        1 => {
            let beside = files(path.parent().expect("a folder"));
            let other = &beside[random.usize(0..beside.len())];
            let (mine, theirs) = (fs::read(path).expect("a file"), fs::read(other).expect("a file"));
            fs::write(path, theirs).expect("written");
            fs::write(other, mine).expect("written");
            format!("{} swapped with {}", path.display(), other.display())
        }
        _ => change(path, random),
    }
}

fn change(path: &Path, random: &mut fastrand::Rng) -> String {
    let mut bytes = fs::read(path).expect("a file");
    // The rest of sled's file is empty.
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(1, |last| last + 1);
    let at = random.usize(0..used);
    let what = match random.u32(0..5) {
        0 | 1 => {
            bytes[at] ^= 1 << random.u8(0..8);
            "a flipped bit"
        }
        2 => {
            bytes.iter_mut().skip(at).take(16).for_each(|byte| *byte = random.u8(..));
            "16 bytes"
        }
        3 => {
            bytes.iter_mut().skip(at / 4096 * 4096).take(4096).for_each(|byte| *byte = 0);
            "a zeroed page"
        }
        _ => {
            bytes.truncate(at);
            "a truncation"
        }
    };
    fs::write(path, bytes).expect("written");
    format!("{what} at {at} of {}", path.display())
}

#[tokio::test(flavor = "multi_thread")]
async fn no_single_fault_changes_what_is_read() {
    let (home, _) = sample().await;
    let whole = content(home.path()).await.expect("whole");
    let paths = files(home.path());
    let faults = std::env::var("KARAT_FAULTS").map_or(FAULTS, |number| number.parse().expect("a number"));
    let mut random = fastrand::Rng::with_seed(11);
    let mut detected = 0;
    for _ in 0..faults {
        let copied = copy(home.path());
        let path = paths[random.usize(0..paths.len())].strip_prefix(home.path()).expect("below").to_owned();
        let what = damage(&copied.path().join(&path), &mut random);
        match content(copied.path()).await {
            Ok(found) => {
                assert!(found == whole, "{what}");
                // What nobody has asked for yet is found when one looks for it.
                let is_changed = fs::read(home.path().join(&path)).ok() != fs::read(copied.path().join(&path)).ok();
                if is_changed && path.extension().is_some_and(|extension| extension == "seg") {
                    let findings = EmbeddedStore::check(copied.path()).expect("read").expect("a store");
                    assert!(!findings.problems.is_empty(), "{what}");
                }
            }
            Err(error) => {
                // The view never costs more than its making.
                assert!(!path.starts_with("view"), "{what}: {error}");
                detected += 1;
            }
        }
    }
    assert!(detected > faults / 10, "{detected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_its_view_is_whole() {
    let (home, _) = sample().await;
    let whole = content(home.path()).await.expect("whole");
    fs::remove_dir_all(home.path().join("view")).expect("removed");
    assert!(content(home.path()).await.expect("whole") == whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_finds_nothing_in_a_whole_store_and_names_what_is_damaged() {
    let (home, _) = sample().await;
    let check = || EmbeddedStore::check(home.path()).expect("read").expect("a store");
    let findings = check();
    assert_eq!((findings.runs, findings.datasets), (4, 4));
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]));
    flip(&home.path().join("log/0000000000000001.seg"), 3000);
    let problems = check().problems;
    assert!(!problems.is_empty() && problems.iter().all(|what| what.contains("0000000000000001.seg")), "{problems:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_whole_in_a_damaged_log_is_saved_and_what_is_lost_is_told() {
    let (home, run) = sample().await;
    let before = all_results(&EmbeddedStore::open(home.path()).expect("a store"), run, 1000).await;
    let log = home.path().join("log/0000000000000001.seg");
    flip(&log, fs::metadata(&log).expect("metadata").len() as usize / 2);
    fs::remove_file(home.path().join("log/CHECKPOINT")).expect("removed");
    let refused = EmbeddedStore::open(home.path()).err();
    assert!(matches!(refused, Some(StoreError::Damaged { .. })), "{refused:?}");

    let lost = EmbeddedStore::rebuild(home.path()).expect("made anew").expect("a store");
    assert_eq!(lost.len(), 1, "{lost:?}");
    let store = EmbeddedStore::open(home.path()).expect("a store");
    assert_eq!(store.runs(None, 10).await.expect("read").len(), 4);
    let after = all_results(&store, run, 1000).await;
    assert!(after.iter().all(|result| before.contains(result)));
    assert!(after.len() + 60 >= before.len());
    // What is written now is newer than everything that was saved.
    store.put_results(run, vec![result(7, 0)]).await.expect("stored");
    assert!(all_results(&store, run, 1000).await.contains(&result(7, 0)));
}

fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[at] ^= 1;
    fs::write(path, bytes).expect("written");
}
