//! What is left of the embedded store when its process dies or the disk fails: everything that was acknowledged.
//!
//! The process that dies is this test binary itself, started again for one ignored test. A binary of its own, since
//! a child that is just being started would hold the locks of stores that other tests close.

#![expect(clippy::print_stdout, reason = "the process that dies reports to the test that started it")]

#[path = "store/samples.rs"]
#[expect(dead_code, reason = "the conformance suite uses the rest")]
mod samples;

#[path = "store/workload.rs"]
mod workload;

#[path = "store/commits.rs"]
mod commits;

#[path = "store/tasks.rs"]
mod tasks;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::document::{Change, Committed, Expected, Kind};
use model::feedback::{Feedback, Value};
use model::json::Json;
use model::outcome::Outcome;
use model::ports::{
    Annotation, AnnotationChange, DocumentStore, JudgeCache, SpanBatch, Store, StoreError, TraceRetention, TraceStore,
};
use storage::{EmbeddedStore, MemoryStore, Options};
use tempfile::TempDir;

use samples::{
    all_exchanges, all_results, batch, cache_key, cached_reply, exchanges, id, long_result, result, started_run,
};

/// Where the child finds the store.
const STORE: &str = "KARAT_CRASH_STORE";

/// How many results the child writes before it takes all file descriptors there are.
const HOARD_AFTER: &str = "KARAT_CRASH_HOARD_AFTER";

/// The first reply that the child keeps.
const FIRST_REPLY: &str = "KARAT_CRASH_FIRST_REPLY";

/// The next operation of each task, one after the other.
const NEXT: &str = "KARAT_CRASH_NEXT";

/// Tasks that take in traces or commit documents at once.
const TASKS: u64 = 6;

/// The longest that a store may take to open.
const OPENING: Duration = Duration::from_secs(5);

/// So little that generations go.
const CACHE_BYTES: u64 = 8 << 20;

/// Writes results, each with exchanges before it, until it is killed or the store fails, and prints each index that is
/// durable.
#[ignore = "it is the process that the other tests kill"]
#[tokio::test]
async fn child() {
    let root = std::env::var_os(STORE).expect("started by another test");
    let hoard_after: Option<u64> = std::env::var(HOARD_AFTER).ok().map(|number| number.parse().expect("a number"));
    // So small that new files are needed all the time.
    let segment_bytes = if hoard_after.is_some() { 16 << 10 } else { Options::default().segment_bytes };
    let options = Options { segment_bytes, ..Options::default() };
    let store = EmbeddedStore::open_with(Path::new(&root), options).expect("a store");
    let run = started_run(&store, 1).await;
    let mut hoard = Vec::new();
    let next = all_results(&store, run, 1000).await.last().map_or(0, |last| last.index + 1);
    // The test harness has begun a line.
    println!();
    for index in next.. {
        let stored = match store.put_exchanges(run, batch(index.into()), exchanges(index)).await {
            Ok(()) => store.put_results(run, vec![stored(index)]).await,
            refused => refused,
        };
        if let Err(error) = stored {
            assert!(matches!(error, StoreError::Io(_)), "{error:?}");
            return after_failure(&store, index).await;
        }
        println!("stored {index}");
        if hoard_after == Some(index) {
            hoard.extend(std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()));
        }
    }
}

fn stored(index: u64) -> model::run::RowResult {
    if index.is_multiple_of(7) { long_result(index, 10_000) } else { result(index, 0) }
}

/// A store that failed stays so, says so, and can still be read.
async fn after_failure(store: &EmbeddedStore, failed: u64) {
    for _ in 0..2 {
        let Err(StoreError::Io(refusal)) = store.put_results(id(1), vec![result(0, 0)]).await else {
            panic!("it writes on");
        };
        assert!(refusal.to_string().starts_with("nothing is written any more since a write failed"), "{refusal}");
    }
    assert!(all_results(store, id(1), 1000).await.len() >= failed as usize);
    println!("refused");
}

/// Keeps replies of judges until it is killed, and prints the number of each.
#[ignore = "it is the process that another test kills"]
#[tokio::test]
async fn child_with_a_cache() {
    let root = std::env::var_os(STORE).expect("started by another test");
    let options = Options { cache_bytes: CACHE_BYTES, ..Options::default() };
    let store = EmbeddedStore::open_with(Path::new(&root), options).expect("a store");
    let mut number = std::env::var(FIRST_REPLY).expect("started by another test").parse().expect("a number");
    println!();
    loop {
        store.put(&cache_key(number), &cached_reply(number)).await.expect("kept");
        println!("kept {number}");
        number += 1;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_changes_no_reply_of_a_judge() {
    let home = TempDir::new().expect("a temporary folder");
    let mut random = fastrand::Rng::with_seed(5);
    let mut next: u64 = 0;
    for _ in 0..kills() {
        let mut command = Command::new(this_binary());
        command.env(FIRST_REPLY, next.to_string());
        let (mut child, lines) = spawn(command, "child_with_a_cache", home.path());
        let stop = next + random.u64(0..2000);
        for line in lines.lines().map_while(Result::ok) {
            if let Some(number) = line.strip_prefix("kept ") {
                next = number.parse::<u64>().expect("a number") + 1;
                if next > stop {
                    child.kill().expect("killed");
                }
            }
        }
        child.wait().expect("it ended");
        let options = Options { cache_bytes: CACHE_BYTES, ..Options::default() };
        let store = EmbeddedStore::open_with(home.path(), options).expect("it opens");
        let mut found = 0;
        for number in 0..next + 10 {
            if let Some(reply) = store.get(&cache_key(number)).await.expect("looked up") {
                assert!(reply == cached_reply(number), "{number}");
                found += 1;
            }
        }
        // What was written before is with the operating system; what is older may have made room.
        assert!(found >= next.min(1000), "{found} of {next}");
    }
    assert!(next > 100);
}

fn spawn(mut command: Command, test: &str, root: &Path) -> (Child, BufReader<ChildStdout>) {
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(STORE, root).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().expect("started");
    let lines = BufReader::new(child.stdout.take().expect("piped"));
    (child, lines)
}

fn this_binary() -> std::path::PathBuf {
    std::env::current_exe().expect("a path")
}

/// How many results are in the store, all of them checked.
async fn check_stored(root: &Path) -> u64 {
    let store = EmbeddedStore::open_existing(root).expect("it opens").expect("it is there");
    let found = all_results(&store, id(1), 1000).await;
    for (index, found) in (0..).zip(&found) {
        assert_eq!(*found, stored(index));
    }
    let exchanged = all_exchanges(&store, id(1)).await;
    assert!(exchanged.len() >= found.len());
    for (number, exchanged) in (0..).zip(exchanged) {
        assert_eq!(exchanged, (batch(number), exchanges(number as u64)));
    }
    found.len() as u64
}

/// Processes that are killed; `KARAT_KILLS` asks for more.
fn kills() -> usize {
    std::env::var("KARAT_KILLS").map_or(10, |number| number.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let home = TempDir::new().expect("a temporary folder");
    let mut random = fastrand::Rng::with_seed(3);
    let mut acknowledged = 0;
    for _ in 0..kills() {
        let (mut child, lines) = spawn(Command::new(this_binary()), "child", home.path());
        let mut left = random.usize(0..60);
        for line in lines.lines().map_while(Result::ok) {
            if let Some(index) = line.strip_prefix("stored ") {
                acknowledged = index.parse::<u64>().expect("a number") + 1;
                left = left.saturating_sub(1);
            }
            // What is still in the pipe then is read as well.
            if left == 0 {
                child.kill().expect("killed");
            }
        }
        child.wait().expect("it ended");
        let found = check_stored(home.path()).await;
        assert!(found >= acknowledged, "{found} results of {acknowledged}");
    }
    assert!(acknowledged > 100);
}

/// Small, so that there are many segments.
fn with_small_segments() -> Options {
    Options { segment_bytes: 256 << 10, checkpoint_bytes: 64 << 10, ..Options::default() }
}

/// Takes in traces and commits documents from several tasks, as fast as it can, until it is killed, and prints what is durable: a task and the
/// number of its operation.
#[ignore = "it is the process that another test kills"]
#[tokio::test(flavor = "multi_thread")]
async fn child_with_tasks() {
    let root = std::env::var_os(STORE).expect("started by another test");
    let next = std::env::var(NEXT).expect("started by another test");
    let store = Arc::new(EmbeddedStore::open_with(Path::new(&root), with_small_segments()).expect("a store"));
    println!();
    let tasks = (0..).zip(next.split(' ')).map(|(task, next)| {
        let (store, next) = (Arc::clone(&store), next.parse::<u64>().expect("a number"));
        tokio::spawn(async move {
            for number in next.. {
                tasks::operate(&*store, task, number).await.expect("done");
                println!("done {task} {number}");
                if number % 100 == 50 + task {
                    println!("compacts");
                    give_back(&store, number / 100).await;
                }
            }
        })
    });
    for task in Vec::from_iter(tasks) {
        task.await.expect("it goes on until it is killed");
    }
}

/// All the space that there is to give back, or what is worth its while.
async fn give_back(store: &EmbeddedStore, time: u64) {
    match time % 3 {
        0 => store.compact().await.expect("compacted"),
        _ => drop(store.reclaim().await.expect("given back")),
    }
}

/// What a task has to have left.
struct Oracle {
    store: MemoryStore,
    /// Operations that were made.
    done: u64,
}

impl Oracle {
    /// What is there after so many operations.
    async fn after(&mut self, task: u64, operations: u64) -> std::collections::BTreeMap<String, String> {
        for number in self.done..operations {
            tasks::operate(&self.store, task, number).await.expect("done");
        }
        self.done = self.done.max(operations);
        tasks::everything(&self.store).await.expect("read")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_no_trace_and_no_commit_and_brings_none_back() {
    let home = TempDir::new().expect("a temporary folder");
    let mut random = fastrand::Rng::with_seed(7);
    let mut oracles: Vec<Oracle> = (0..TASKS).map(|_| Oracle { store: MemoryStore::new(), done: 0 }).collect();
    let (mut slowest, mut busiest, kills) = ((Duration::ZERO, Duration::ZERO), Duration::ZERO, kills());
    for round in 0..kills {
        let mut command = Command::new(this_binary());
        let next: Vec<String> = oracles.iter().map(|oracle| oracle.done.to_string()).collect();
        command.env(NEXT, next.join(" "));
        let (mut child, lines) = spawn(command, "child_with_tasks", home.path());
        let mut left = random.usize(0..400);
        let mut acknowledged: Vec<u64> = oracles.iter().map(|oracle| oracle.done).collect();
        for line in lines.lines().map_while(Result::ok) {
            if let Some((task, number)) = line.strip_prefix("done ").and_then(|done| done.split_once(' ')) {
                acknowledged[task.parse::<usize>().expect("a task")] = number.parse::<u64>().expect("a number") + 1;
                left = left.saturating_sub(1);
            }
            // Every second one dies at some moment of a compaction.
            if left == 0 && (round % 2 == 0 || line == "compacts") {
                if line == "compacts" {
                    std::thread::sleep(Duration::from_micros(random.u64(0..40_000)));
                }
                child.kill().expect("killed");
            }
        }
        child.wait().expect("it ended");
        let (begun, worked) = (Instant::now(), cpu());
        let store = EmbeddedStore::open_with(home.path(), with_small_segments()).expect("it opens");
        // On a machine that others use, waiting for them says nothing about the store.
        let (took, work) = (begun.elapsed(), cpu() - worked);
        slowest = slowest.max((took, work));
        busiest = busiest.max(work);
        let found = tasks::everything(&store).await.expect("read");
        drop(store);
        let mut known = 0;
        for (task, oracle) in (0..).zip(&mut oracles) {
            let (found, done) = (workload::of_task(&found, task), acknowledged[task as usize]);
            known += found.len();
            let is_as_told = found == oracle.after(task, done).await;
            // What was asked for last may have been done.
            let is_so = is_as_told || found == oracle.after(task, done + 1).await;
            assert!(is_so, "round {round}: task {task} has not what {done} operations leave");
        }
        assert_eq!(known, found.len(), "round {round}");
        let findings = EmbeddedStore::check(home.path()).expect("read").expect("a store");
        assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]), "round {round}");
        assert_eq!(findings.traces + findings.documents, found.len() as u64);
    }
    let operations: u64 = oracles.iter().map(|oracle| oracle.done).sum();
    assert!(operations > 100, "{operations}");
    println!(
        r#"{{"kills": {kills}, "operations": {operations}, "lost": 0, "come back": 0, "slowest opening in ms": {}, "of them at work": {}, "most work of an opening in ms": {}}}"#,
        slowest.0.as_millis(),
        slowest.1.as_millis(),
        busiest.as_millis(),
    );
    assert!(slowest.0 < OPENING, "{slowest:?}");
}

/// What this process has worked.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Lets a child write until it is refused. Returns how many results it was told are durable; all of them are there.
async fn refused_after(command: Command, home: &Path) -> u64 {
    let (mut child, lines) = spawn(command, "child", home);
    let lines: Vec<String> = lines.lines().map(|line| line.expect("text")).collect();
    assert!(child.wait().expect("it ended").success(), "{:?}", lines.last());
    assert!(lines.contains(&"refused".to_owned()));
    let acknowledged = lines.iter().filter(|line| line.starts_with("stored ")).count() as u64;
    assert!(check_stored(home).await >= acknowledged);
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_fails_ends_writing_and_loses_nothing_that_was_acknowledged() {
    let home = TempDir::new().expect("a temporary folder");
    // 2 MiB for each file, as an error instead of a signal.
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"trap "" XFSZ; ulimit -f 4096; exec "$0" "$@""#]).arg(this_binary());
    assert!(refused_after(limited, home.path()).await > 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_out_of_file_descriptors_ends_writing_and_loses_nothing_that_was_acknowledged() {
    for after in [0, 20, 100] {
        let home = TempDir::new().expect("a temporary folder");
        let mut limited = Command::new("sh");
        limited.args(["-c", r#"ulimit -n 64; exec "$0" "$@""#]).arg(this_binary()).env(HOARD_AFTER, after.to_string());
        assert!(refused_after(limited, home.path()).await > after);
    }
}

/// Writes to a small disk of its own until that is full, makes room and writes on.
#[ignore = "it is the process that another test gives a disk to"]
#[tokio::test]
async fn child_on_a_small_disk() {
    let disk = std::env::var_os(STORE).expect("started by another test");
    let (disk, root) = (Path::new(&disk), Path::new(&disk).join("store"));
    std::fs::write(disk.join("filler"), vec![1; 8 << 20]).expect("written");
    let store = EmbeddedStore::open(&root).expect("a store");
    let run = started_run(&store, 1).await;
    let mut next = 0;
    let refusal = loop {
        match store.put_results(run, vec![noise(next)]).await {
            Ok(()) => next += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refusal, StoreError::Full { .. }), "{refusal:?}");
    assert!(next > 10, "{next}");
    std::fs::remove_file(disk.join("filler")).expect("removed");
    for index in next..next + 10 {
        store.put_results(run, vec![noise(index)]).await.expect("there is room");
    }
    let document = |value: Option<&str>| Change {
        kind: Kind::Experiment,
        key: "a".to_owned(),
        expected: Expected::Anything,
        value: value.map(|value| Json::parse(value).expect("JSON")),
    };
    store.commit(vec![document(Some("1"))]).await.expect("there is room");
    // There is room for what only takes away.
    let free = rustix::fs::statvfs(disk).map(|found| found.f_bavail * found.f_frsize).expect("a disk");
    std::fs::write(disk.join("filler"), vec![1; free as usize - (10 << 20)]).expect("written");
    let refusal = store.commit(vec![document(Some("2"))]).await.expect_err("there is no room");
    assert!(matches!(refusal, StoreError::Full { .. }), "{refusal:?}");
    assert_eq!(store.commit(vec![document(None)]).await.expect("there is room"), Committed::Made);
    assert_eq!(store.document(Kind::Experiment, "a").await.expect("read"), None);
    // Somebody else takes all there is.
    let taken = std::fs::write(disk.join("filler"), vec![1; 64 << 20]);
    assert_eq!(taken.expect_err("that is too much").kind(), std::io::ErrorKind::StorageFull);
    let refusal = store.put_results(run, vec![noise(0)]).await.expect_err("there is no room");
    assert!(matches!(refusal, StoreError::Full { .. }), "{refusal:?}");
    drop(store);
    // Closed without a byte to spare.
    let refusal = EmbeddedStore::open(&root).err();
    assert!(matches!(refusal, Some(StoreError::Full { .. })), "{refusal:?}");
    std::fs::remove_file(disk.join("filler")).expect("removed");
    let store = EmbeddedStore::open(&root).expect("it opens");
    let found = all_results(&store, run, 1000).await;
    assert!(found == (0..next + 10).map(noise).collect::<Vec<_>>());
    println!("all there");
}

/// Takes in traces on a small disk of its own until that is full, deletes some and goes on, without being opened again.
#[ignore = "it is the process that another test gives a disk to"]
#[tokio::test(flavor = "multi_thread")]
async fn child_with_traces_on_a_small_disk() {
    let disk = std::env::var_os(STORE).expect("started by another test");
    let (disk, root) = (Path::new(&disk), Path::new(&disk).join("store"));
    let options = || Options { segment_bytes: 1 << 20, checkpoint_bytes: 1 << 20, ..Options::default() };
    let store = EmbeddedStore::open_with(&root, options()).expect("a store");
    let (mut next, mut deleted) = (0, 0);
    for _ in 0..3 {
        // Each fills the disk to where a store leaves off.
        let refusal = loop {
            match store.put_spans("default", vec![noisy(next)]).await {
                Ok(()) => next += 1,
                Err(error) => break error,
            }
        };
        assert!(matches!(refusal, StoreError::Full { .. }), "{refusal:?}");
        assert!(next > deleted + 10, "{next}");
        // To delete takes a little room, and gives back more.
        let ids: Vec<_> = (deleted..next - 5).map(|number| workload::trace(9, number)).collect();
        assert_eq!(store.delete_traces(&ids).await.expect("deleted"), ids.len() as u64);
        deleted = next - 5;
        assert!(store.reclaim().await.expect("given back") > 5 << 20);
        store.annotate(vec![tagged(next - 1)]).await.expect("there is room");
    }
    let found = workload::everything(&store).await.expect("read");
    assert!(found.keys().cloned().eq((deleted..next).map(|number| workload::trace(9, number))));
    drop(store);
    // Somebody else takes what is left.
    let taken = std::fs::write(disk.join("filler"), vec![1; 64 << 20]);
    assert_eq!(taken.expect_err("that is too much").kind(), std::io::ErrorKind::StorageFull);
    std::fs::remove_file(disk.join("filler")).expect("removed");
    let store = EmbeddedStore::open_with(&root, options()).expect("it opens");
    assert!(workload::everything(&store).await.expect("read") == found);
    drop(store);
    let findings = EmbeddedStore::check(&root).expect("read").expect("a store");
    assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]));
    println!("all there");
}

/// A trace that can't be compressed much.
fn noisy(number: u64) -> SpanBatch {
    let mut random = fastrand::Rng::with_seed(number);
    let text: String = (0..400_000).map(|_| random.alphanumeric()).collect();
    let mut batch = workload::batch(9, number, 0..1);
    batch.spans[0].0.attributes.push(("noise".to_owned(), Json::from_serialize(&text).expect("JSON")));
    batch
}

fn tagged(number: u64) -> Annotation {
    let change = AnnotationChange::Tag { name: "kept".to_owned(), value: Some("yes".to_owned()) };
    Annotation { trace: workload::trace(9, number), change }
}

/// What can't be compressed much.
fn noise(index: u64) -> model::run::RowResult {
    let mut random = fastrand::Rng::with_seed(index);
    let text = (0..500_000).map(|_| random.alphanumeric()).collect();
    let feedback = Feedback { name: None, value: Value::Boolean(true), rationale: Some(text) };
    model::run::RowResult { outcomes: vec![Outcome::Scored(vec![feedback])], ..result(index, 0) }
}

/// Gives the process that is this test a disk of 40 MiB.
fn check_on_a_small_disk(test: &str) {
    let disk = TempDir::new().expect("a temporary folder");
    let mut command = Command::new("unshare");
    let script = r#"mount -t tmpfs -o size=40m none "$KARAT_CRASH_STORE" || exit 77; exec "$0" "$@""#;
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]).arg(this_binary());
    command.args(["--exact", test, "--ignored", "--nocapture"]).env(STORE, disk.path());
    let done = command.output();
    let Some(done) = done.ok().filter(|done| done.status.success() || !done.stdout.is_empty()) else {
        return println!("skipped: `{test}` may not mount a disk here");
    };
    let said = String::from_utf8_lossy(&done.stdout);
    assert!(said.contains("all there"), "{said}{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_full_disk_refuses_and_takes_on_when_there_is_room() {
    check_on_a_small_disk("child_on_a_small_disk");
}

#[test]
fn traces_can_be_deleted_from_a_full_disk_and_others_come_in_again() {
    check_on_a_small_disk("child_with_traces_on_a_small_disk");
}
