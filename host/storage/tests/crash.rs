//! What is left of the embedded store when its process dies or the disk fails: everything that was acknowledged.
//!
//! The process that dies is this test binary itself, started again for one ignored test. A binary of its own, since
//! a child that is just being started would hold the locks of stores that other tests close.

#![expect(clippy::print_stdout, reason = "the process that dies reports to the test that started it")]

#[path = "store/samples.rs"]
#[expect(dead_code, reason = "the conformance suite uses the rest")]
mod samples;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use model::ports::{Store, StoreError};
use storage::EmbeddedStore;
use tempfile::TempDir;

use samples::{all_results, id, long_result, result, started_run};

/// Where the child finds the store.
const STORE: &str = "KARAT_CRASH_STORE";

/// Writes results one after the other until it is killed or the store fails, and prints each index that is durable.
#[ignore = "it is the process that the other tests kill"]
#[tokio::test]
async fn child() {
    let root = std::env::var_os(STORE).expect("started by another test");
    let store = EmbeddedStore::open(Path::new(&root)).expect("a store");
    let run = started_run(&store, 1).await;
    let next = all_results(&store, run, 1000).await.last().map_or(0, |last| last.index + 1);
    // The test harness has begun a line.
    println!();
    for index in next.. {
        if let Err(error) = store.put_results(run, vec![stored(index)]).await {
            assert!(matches!(error, StoreError::Io(_)), "{error:?}");
            return after_failure(&store, index).await;
        }
        println!("stored {index}");
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

fn spawn(mut command: Command, root: &Path) -> (Child, BufReader<ChildStdout>) {
    command.args(["--exact", "child", "--ignored", "--nocapture"]).env(STORE, root).stdout(Stdio::piped());
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
        let (mut child, lines) = spawn(Command::new(this_binary()), home.path());
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

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_ends_writing_and_loses_nothing_that_was_acknowledged() {
    let home = TempDir::new().expect("a temporary folder");
    // 2 MiB for each file, as an error instead of a signal.
    let mut limited = Command::new("sh");
    limited.args(["-c", r#"trap "" XFSZ; ulimit -f 4096; exec "$0" "$@""#]).arg(this_binary());
    let (mut child, lines) = spawn(limited, home.path());
    let lines: Vec<String> = lines.lines().map(|line| line.expect("text")).collect();
    assert!(child.wait().expect("it ended").success(), "{:?}", lines.last());
    assert!(lines.contains(&"refused".to_owned()));
    let acknowledged = lines.iter().filter(|line| line.starts_with("stored ")).count() as u64;
    assert!(acknowledged > 100);
    assert!(check_stored(home.path()).await >= acknowledged);
}
