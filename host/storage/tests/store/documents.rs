//! What every store promises of documents and blobs, and what the embedded one promises beyond that.

use std::path::Path;
use std::sync::Arc;

use model::document::{Change, Committed, Document, Expected, Kind, LONGEST_KEY};
use model::json::Json;
use model::ports::{DocumentStore, StoreError, TraceRetention};
use storage::{EmbeddedStore, Options};
use tempfile::TempDir;

use crate::compaction::bytes;
use crate::subject::{Subject, every_store};

every_store! {
    a_document_comes_back_as_it_was_committed,
    documents_are_listed_by_the_bytes_of_their_keys,
    a_list_goes_on_behind_a_removed_document,
    a_commit_is_made_as_a_whole_or_not_at_all,
    what_is_expected_is_looked_at,
    a_version_is_never_that_of_an_earlier_document,
    a_commit_that_is_made_again_changes_nothing,
    what_can_be_no_commit_is_refused,
    of_commits_that_expect_the_same_version_one_is_made,
    what_counts_up_at_the_same_time_counts_all,
    a_commit_of_many_documents_comes_back,
    what_was_removed_stays_away,
}

pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

pub(crate) fn put(key: &str, expected: Expected, value: &str) -> Change {
    Change { kind: Kind::Experiment, key: key.to_owned(), expected, value: Some(json(value)) }
}

pub(crate) fn remove(key: &str, expected: Expected) -> Change {
    Change { value: None, ..put(key, expected, "0") }
}

async fn commit(store: &dyn DocumentStore, changes: Vec<Change>) -> Committed {
    store.commit(changes).await.expect("answered")
}

async fn made(store: &dyn DocumentStore, changes: Vec<Change>) {
    assert_eq!(commit(store, changes.clone()).await, Committed::Made, "{changes:?}");
}

async fn conflicts(store: &dyn DocumentStore, changes: Vec<Change>) {
    assert_eq!(commit(store, changes.clone()).await, Committed::Conflict, "{changes:?}");
}

async fn document(store: &dyn DocumentStore, key: &str) -> Option<Document> {
    let found = store.document(Kind::Experiment, key).await.expect("read");
    assert!(found.as_ref().is_none_or(|found| found.key == key));
    found
}

async fn value(store: &dyn DocumentStore, key: &str) -> Option<String> {
    document(store, key).await.map(|found| found.value.to_string())
}

async fn version(store: &dyn DocumentStore, key: &str) -> u64 {
    document(store, key).await.expect("it is there").version
}

/// Keys of all documents, read in pages.
async fn keys(store: &dyn DocumentStore, prefix: &str, page: usize) -> Vec<String> {
    let mut keys: Vec<String> = Vec::new();
    loop {
        let more = store.documents(Kind::Experiment, prefix, keys.last().map(|last| &last[..]), page).await;
        let more = more.expect("a page");
        assert!(more.len() <= page);
        if more.is_empty() {
            return keys;
        }
        keys.extend(more.into_iter().map(|found| found.key));
    }
}

async fn a_document_comes_back_as_it_was_committed(subject: Subject) {
    let long = format!("[{}1.50]", "\"ä\",".repeat(100_000));
    let values = ["null", "{\"b\":1.0,\"a\":[1e400,\"\\u0000\"]}", "-0", "\"\"", &long];
    let longest = "k".repeat(LONGEST_KEY);
    let names = ["a", "a/\0b", "ä\u{10ffff}", &longest, "z"];
    for (name, value) in names.iter().zip(values) {
        made(subject.documents(), vec![put(name, Expected::Absent, value)]).await;
    }
    let subject = subject.reopened().compacted().await.rebuilt();
    for (name, expected) in names.iter().zip(values) {
        assert!(value(subject.documents(), name).await.as_deref() == Some(expected), "{name:?}");
        assert_eq!(subject.documents().document(Kind::Index, name).await.expect("read"), None);
    }
    let all = subject.documents().documents(Kind::Experiment, "", None, 10).await.expect("read");
    assert!(all.iter().all(|found| names.iter().zip(values).any(|of| of == (&&found.key[..], found.value.as_str()))));
    assert_eq!(all.len(), names.len());
    assert_eq!(value(subject.documents(), "").await, None);
}

async fn documents_are_listed_by_the_bytes_of_their_keys(subject: Subject) {
    let store = subject.documents();
    for names in [&["b", "a/2", "ä"][..], &["a/10", "a0", "a"], &["a/1"]] {
        made(store, names.iter().map(|name| put(name, Expected::Anything, "1")).collect()).await;
    }
    made(store, vec![Change { kind: Kind::TrackedRun, ..put("a/3", Expected::Anything, "1") }]).await;
    for page in [1, 2, 100] {
        assert_eq!(keys(store, "", page).await, ["a", "a/1", "a/10", "a/2", "a0", "b", "ä"]);
        assert_eq!(keys(store, "a/", page).await, ["a/1", "a/10", "a/2"]);
        assert_eq!(keys(store, "c", page).await, [""; 0]);
    }
    let listed = |prefix, after, limit| async move {
        let found = store.documents(Kind::Experiment, prefix, Some(after), limit).await.expect("read");
        found.into_iter().map(|found| found.key).collect::<Vec<_>>()
    };
    assert_eq!(listed("a/", "A", 2).await, ["a/1", "a/10"]);
    assert_eq!(listed("a/", "a/11", 2).await, ["a/2"]);
    assert_eq!(listed("a/", "b", 2).await, [""; 0]);
    assert_eq!(listed("", "a", 0).await, [""; 0]);
}

async fn a_list_goes_on_behind_a_removed_document(subject: Subject) {
    let store = subject.documents();
    made(store, ["a", "b", "c"].map(|name| put(name, Expected::Absent, "1")).into()).await;
    made(store, vec![remove("b", Expected::Anything)]).await;
    assert_eq!(keys(store, "", 1).await, ["a", "c"]);
    let behind = store.documents(Kind::Experiment, "", Some("b"), 5).await.expect("read");
    assert_eq!(behind.len(), 1);
}

async fn a_commit_is_made_as_a_whole_or_not_at_all(subject: Subject) {
    let store = subject.documents();
    made(store, vec![put("there", Expected::Absent, "1"), put("gone", Expected::Absent, "1")]).await;
    let changes =
        [put("new", Expected::Absent, "2"), put("there", Expected::Anything, "2"), remove("gone", Expected::Anything)];
    for conflict in [put("other", Expected::Version(1), "2"), remove("other", Expected::Version(1))] {
        let mut with_conflict = changes.to_vec();
        with_conflict.insert(1, conflict);
        conflicts(store, with_conflict).await;
        assert_eq!(keys(store, "", 10).await, ["gone", "there"]);
        assert_eq!(value(store, "there").await.as_deref(), Some("1"));
    }
    made(store, changes.to_vec()).await;
    assert_eq!(keys(store, "", 10).await, ["new", "there"]);
    assert_eq!(value(store, "there").await.as_deref(), Some("2"));
}

async fn what_is_expected_is_looked_at(subject: Subject) {
    let store = subject.documents();
    for expected in [Expected::Version(0), Expected::Version(1)] {
        conflicts(store, vec![put("a", expected, "1")]).await;
    }
    made(store, vec![put("a", Expected::Absent, "1")]).await;
    let first = version(store, "a").await;
    conflicts(store, vec![put("a", Expected::Absent, "2")]).await;
    conflicts(store, vec![put("a", Expected::Version(first + 1), "2")]).await;
    conflicts(store, vec![remove("a", Expected::Absent)]).await;
    made(store, vec![put("a", Expected::Version(first), "2")]).await;
    conflicts(store, vec![put("a", Expected::Version(first), "3")]).await;
    conflicts(store, vec![remove("a", Expected::Version(first))]).await;
    made(store, vec![put("a", Expected::Anything, "3")]).await;
    made(store, vec![remove("a", Expected::Version(version(store, "a").await))]).await;
    assert_eq!(document(store, "a").await, None);
    conflicts(store, vec![put("a", Expected::Version(first), "1")]).await;
}

async fn a_version_is_never_that_of_an_earlier_document(mut subject: Subject) {
    let mut versions = Vec::new();
    for round in 0..12 {
        let store = subject.documents();
        made(store, vec![put("a", Expected::Anything, &round.to_string()), put("b", Expected::Anything, "1")]).await;
        versions.push(version(store, "a").await);
        for stale in &versions[..versions.len() - 1] {
            conflicts(store, vec![put("a", Expected::Version(*stale), "\"stale\"")]).await;
        }
        if round % 3 == 1 {
            made(store, vec![remove("a", Expected::Version(versions[round]))]).await;
        }
        subject = match round % 4 {
            0 => subject.compacted().await,
            1 => subject.reopened(),
            2 => subject.rebuilt(),
            _ => subject.compacted().await.compacted().await.rebuilt(),
        };
        if round % 3 != 1 {
            assert_eq!(version(subject.documents(), "a").await, versions[round]);
        }
    }
    assert!(versions.is_sorted_by(|a, b| a < b), "{versions:?}");
}

async fn a_commit_that_is_made_again_changes_nothing(subject: Subject) {
    let store = subject.documents();
    let create = vec![put("a", Expected::Absent, "1"), put("b", Expected::Absent, "1")];
    made(store, create.clone()).await;
    let first = version(store, "a").await;
    for again in [create.clone(), vec![put("a", Expected::Anything, "1"), remove("c", Expected::Anything)]] {
        made(store, again).await;
        assert_eq!(version(store, "a").await, first);
    }
    let replace = vec![put("a", Expected::Version(first), "2"), remove("b", Expected::Version(first))];
    if version(store, "b").await == first {
        for _ in 0..2 {
            made(store, replace.clone()).await;
        }
    }
    made(store, vec![put("a", Expected::Anything, "2"), remove("b", Expected::Anything)]).await;
    assert_eq!(value(store, "a").await.as_deref(), Some("2"));
    // It is as wanted in part only.
    conflicts(store, create).await;
    made(store, Vec::new()).await;
}

async fn what_can_be_no_commit_is_refused(subject: Subject) {
    let store = subject.documents();
    let too_long = "k".repeat(LONGEST_KEY + 1);
    for wrong in [
        vec![put("", Expected::Anything, "1")],
        vec![put("a", Expected::Anything, "1"), put(&too_long, Expected::Anything, "1")],
        vec![put("a", Expected::Anything, "1"), remove("a", Expected::Anything)],
    ] {
        let refused = store.commit(wrong).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(keys(store, "", 10).await, [""; 0]);
    let of_two_kinds = Change { kind: Kind::Index, ..put("a", Expected::Absent, "1") };
    made(store, vec![put("a", Expected::Absent, "1"), of_two_kinds]).await;
}

async fn of_commits_that_expect_the_same_version_one_is_made(subject: Subject) {
    let subject = Arc::new(subject);
    made(subject.documents(), vec![put("a", Expected::Absent, "\"first\"")]).await;
    for round in 0..5 {
        let expected = Expected::Version(version(subject.documents(), "a").await);
        let rivals = (0..64).map(|rival| {
            let subject = Arc::clone(&subject);
            let own = put(&format!("{round}/{rival}"), Expected::Absent, "1");
            let changes = vec![own, put("a", expected, &format!("[{round},{rival}]"))];
            tokio::spawn(async move { commit(subject.documents(), changes).await })
        });
        let mut winners = Vec::new();
        for (rival, answer) in Vec::from_iter(rivals).into_iter().enumerate() {
            if answer.await.expect("no panic") == Committed::Made {
                winners.push(rival);
            }
        }
        assert_eq!(winners.len(), 1);
        let winner = winners[0];
        assert_eq!(value(subject.documents(), "a").await, Some(format!("[{round},{winner}]")));
        assert_eq!(keys(subject.documents(), &format!("{round}/"), 100).await, [format!("{round}/{winner}")]);
    }
}

/// Each counter says who it is: of two that want the very same, both are told that it is made.
async fn what_counts_up_at_the_same_time_counts_all(subject: Subject) {
    let subject = Arc::new(subject);
    made(subject.documents(), vec![put("count", Expected::Absent, "[0,0]")]).await;
    let counters = (0..8).map(|counter| {
        let subject = Arc::clone(&subject);
        tokio::spawn(async move {
            let store = subject.documents();
            let mut left = 10;
            while left > 0 {
                let Document { version, value, .. } = document(store, "count").await.expect("it is there");
                let (count, _): (u64, u64) = serde_json::from_str(value.as_str()).expect("two numbers");
                let next = format!("[{},{counter}]", count + 1);
                let changes = vec![put("count", Expected::Version(version), &next)];
                left -= u64::from(commit(store, changes).await == Committed::Made);
            }
        })
    });
    for counter in Vec::from_iter(counters) {
        counter.await.expect("no panic");
    }
    let count = value(subject.documents(), "count").await.expect("it is there");
    assert!(count.starts_with("[80,"), "{count}");
}

async fn a_commit_of_many_documents_comes_back(subject: Subject) {
    let name = |number: usize| format!("{number:0>width$}", width = LONGEST_KEY - number % 100);
    let changes = (0..1500).map(|number| put(&name(number), Expected::Absent, &format!("[{number}]")));
    made(subject.documents(), changes.collect()).await;
    let removed = (0..1500).step_by(2).map(|number| remove(&name(number), Expected::Anything));
    made(subject.documents(), removed.collect()).await;
    let subject = subject.reopened().compacted().await.rebuilt();
    let mut expected: Vec<String> = (1..1500).step_by(2).map(name).collect();
    expected.sort();
    assert_eq!(keys(subject.documents(), "", 400).await, expected);
    assert_eq!(value(subject.documents(), &name(777)).await.as_deref(), Some("[777]"));
}

async fn what_was_removed_stays_away(mut subject: Subject) {
    for round in 0..4 {
        let value = format!("[{round}]");
        made(subject.documents(), vec![put("a", Expected::Absent, &value), put("b", Expected::Anything, &value)]).await;
        if round % 2 == 1 {
            subject = subject.compacted().await;
        }
        made(subject.documents(), vec![remove("a", Expected::Anything)]).await;
        subject = if round % 2 == 0 { subject.reopened().rebuilt() } else { subject.rebuilt().compacted().await };
        assert_eq!(document(subject.documents(), "a").await, None);
        assert_eq!(keys(subject.documents(), "", 10).await, ["b"]);
        subject = subject.compacted().await.rebuilt();
        assert_eq!(keys(subject.documents(), "", 10).await, ["b"]);
    }
}

fn open(root: &Path) -> EmbeddedStore {
    let options = Options { segment_bytes: 100_000, ..Options::default() };
    EmbeddedStore::open_with(root, options).expect("a store")
}

fn check_is_whole(root: &Path) {
    let findings = EmbeddedStore::check(root).expect("read").expect("a store");
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]));
}

#[tokio::test(flavor = "multi_thread")]
async fn replaced_and_removed_documents_give_their_space_back() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    let mut random = fastrand::Rng::with_seed(1);
    let mut noise = || format!("\"{}\"", (0..20_000).map(|_| random.alphanumeric()).collect::<String>());
    made(&store, vec![put("kept", Expected::Absent, "1"), put("passing", Expected::Absent, &noise())]).await;
    for number in 0..100 {
        let name = format!("n{number}");
        made(&store, vec![put("all", Expected::Anything, &noise()), put(&name, Expected::Absent, &noise())]).await;
        made(&store, vec![remove(&name, Expected::Anything), remove("passing", Expected::Anything)]).await;
    }
    let before = bytes(&home.path().join("log"));
    assert!(store.reclaim().await.expect("given back") > before / 2);
    store.compact().await.expect("compacted");
    let after = bytes(&home.path().join("log"));
    assert!(after < 25_000, "{after} of {before} bytes are left");
    drop(store);
    check_is_whole(home.path());
    EmbeddedStore::rebuild(home.path()).expect("made anew");
    assert_eq!(keys(&open(home.path()), "", 10).await, ["all", "kept"]);
    let findings = EmbeddedStore::check(home.path()).expect("read").expect("a store");
    assert_eq!((findings.documents, findings.frames), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_note_that_documents_are_gone_gives_its_space_back() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    let name = |number: usize| format!("{number:0>LONGEST_KEY$}");
    made(&store, (0..150).map(|number| put(&name(number), Expected::Absent, "1")).collect()).await;
    made(&store, (0..150).map(|number| remove(&name(number), Expected::Anything)).collect()).await;
    made(&store, vec![put("kept", Expected::Absent, "1")]).await;
    assert!(store.reclaim().await.expect("given back") > 2 * 150 * LONGEST_KEY as u64);
    assert_eq!(keys(&store, "", 200).await, ["kept"]);
    drop(store);
    check_is_whole(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wanted_by_many_at_the_same_time_is_written_once() {
    let home = TempDir::new().expect("a temporary folder");
    let store = Arc::new(open(home.path()));
    let same = (0..64).map(|_| {
        let store = Arc::clone(&store);
        tokio::spawn(async move { commit(&*store, vec![put("a", Expected::Absent, "1")]).await })
    });
    for answer in Vec::from_iter(same) {
        assert_eq!(answer.await.expect("no panic"), Committed::Made);
    }
    drop(store);
    assert_eq!(EmbeddedStore::check(home.path()).expect("read").expect("a store").frames, 1);
}

/// sled writes what is long to files that it never syncs.
#[tokio::test(flavor = "multi_thread")]
async fn the_longest_keys_make_no_files_of_sled() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    let mut random = fastrand::Rng::with_seed(2);
    for _ in 0..20 {
        let name = |random: &mut fastrand::Rng| (0..LONGEST_KEY).map(|_| random.alphanumeric()).collect::<String>();
        made(&store, (0..200).map(|_| put(&name(&mut random), Expected::Absent, "1")).collect()).await;
    }
    store.compact().await.expect("compacted");
    drop(store);
    assert_eq!(std::fs::read_dir(home.path().join("view/blobs")).expect("a folder").count(), 0);
    check_is_whole(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_document_is_named_costs_itself_alone_and_can_be_replaced() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    for name in ["a", "b", "c"] {
        made(&store, vec![put(name, Expected::Absent, "[1]")]).await;
    }
    let log = home.path().join("log/0000000000000001.seg");
    let mut content = std::fs::read(&log).expect("a file");
    // Frames of these documents have 40 bytes.
    content[32 + 40 + 24 + 3] ^= 1;
    std::fs::write(&log, content).expect("written");
    let damaged = |error: StoreError| match error {
        StoreError::Damaged { what } => assert!(what.contains("byte 72 of `log/0000000000000001.seg`"), "{what}"),
        other => panic!("{other:?}"),
    };
    damaged(store.document(Kind::Experiment, "b").await.expect_err("damaged"));
    damaged(store.documents(Kind::Experiment, "", None, 3).await.expect_err("damaged"));
    assert_eq!(value(&store, "c").await.as_deref(), Some("[1]"));
    made(&store, vec![put("c", Expected::Anything, "[2]")]).await;
    // Its segment can't be given back, but nothing else stops.
    damaged(store.compact().await.expect_err("damaged"));
    made(&store, vec![put("b", Expected::Anything, "[1]")]).await;
    assert_eq!(keys(&store, "", 10).await, ["a", "b", "c"]);
    drop(store);
    let problems = EmbeddedStore::check(home.path()).expect("read").expect("a store").problems;
    assert!(problems.iter().any(|what| what == "`log/0000000000000001.seg` is broken at byte 72"), "{problems:?}");
    assert_eq!(EmbeddedStore::rebuild(home.path()).expect("made anew").expect("a store").len(), 1);
    let store = open(home.path());
    assert_eq!(keys(&store, "", 10).await, ["a", "b", "c"]);
    assert_eq!(value(&store, "c").await.as_deref(), Some("[2]"));
    drop(store);
    check_is_whole(home.path());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_of_a_damaged_log_takes_no_other_document_with_it() {
    let home = TempDir::new().expect("a temporary folder");
    let store = open(home.path());
    for number in 0..50 {
        let own = put(&format!("{number:02}"), Expected::Absent, "[1]");
        made(&store, vec![own, put("all", Expected::Anything, &number.to_string())]).await;
    }
    made(&store, vec![remove("07", Expected::Anything)]).await;
    let before = version(&store, "all").await;
    drop(store);
    let log = home.path().join("log/0000000000000001.seg");
    let mut content = std::fs::read(&log).expect("a file");
    let middle = content.len() / 2;
    content[middle] ^= 1;
    std::fs::write(&log, content).expect("written");
    std::fs::remove_file(home.path().join("log/CHECKPOINT")).expect("removed");
    assert_eq!(EmbeddedStore::rebuild(home.path()).expect("made anew").expect("a store").len(), 1);
    let store = open(home.path());
    assert_eq!(keys(&store, "", 100).await.len(), 50 - 1 - 1 + 1);
    assert_eq!(document(&store, "07").await, None);
    assert_eq!((value(&store, "all").await.as_deref(), version(&store, "all").await), (Some("49"), before));
    made(&store, vec![put("all", Expected::Version(before), "50")]).await;
    assert!(version(&store, "all").await > before);
}
