//! The power goes at any moment: everything that was acknowledged is there, and nothing that was never written.
//!
//! A process works on a store under a shim that journals what it does to files. From the journal comes what a disk
//! would hold had the power gone at any of its steps: strictly what was synced, or with a random part of the rest. Each
//! such disk is opened and has to hold what a memory store holds after the operations that were acknowledged by then,
//! or one more.
//!
//! `KARAT_ROUNDS` asks for more rounds, see CONTRIBUTING.

#![expect(clippy::print_stdout, reason = "the process reports to the test, and the test to who runs the full set")]

#[path = "../../../tests/powerloss/mod.rs"]
mod power;

#[path = "store/samples.rs"]
#[expect(dead_code, reason = "the conformance suite uses the rest")]
mod samples;

#[path = "store/workload.rs"]
mod workload;

#[path = "store/commits.rs"]
mod commits;

#[path = "store/tasks.rs"]
mod tasks;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use model::judge::{BatchId, Exchange};
use model::ports::{Store, StoreError, TraceRetention};
use model::run::{RowResult, Run};
use storage::{EmbeddedStore, MemoryStore, Options};
use tempfile::TempDir;

use power::{Disk, Step};
use samples::{batch, exchanges, header, id, keep, long_result, report, result};

/// Powers cut by the ordinary test.
const ROUNDS: usize = 200;

/// Operations of the process.
const OPERATIONS: u64 = 240;

/// Small, so that there are many segments.
const SEGMENT_BYTES: u64 = 16 << 10;

const STORE: &str = "KARAT_POWER_STORE";

/// Operation number `number` of the process. Runs 1 to 3 have been made before.
async fn operate(store: &dyn Store, number: u64) -> Result<(), StoreError> {
    let run = id(1 + u128::from(number % 3));
    let done = match number {
        _ if number % 31 == 30 => store.finish_run(run, &report(run, number as f64)).await,
        _ if number % 83 == 82 => store.delete_run(id(3)).await.map(drop),
        _ if number % 83 == 2 => store.create_run(&header(id(3), &keep(store, b"rows of a power loss"))).await,
        _ if number % 5 == 4 => store.put_exchanges(run, batch((number % 40).into()), exchanges(number)).await,
        _ => store.put_results(run, written(number)).await,
    };
    match done {
        // Run 3 is deleted at times.
        Err(StoreError::Missing { .. }) => Ok(()),
        done => done,
    }
}

/// Results of this operation alone; rows are written more than once.
fn written(number: u64) -> Vec<RowResult> {
    let mut random = fastrand::Rng::with_seed(number);
    let place = random.u64(0..600);
    let results = (place..place + random.u64(1..12)).map(|index| result(index, 0));
    let mut results: Vec<_> = results.map(|result| RowResult { id: format!("{number}"), ..result }).collect();
    if number.is_multiple_of(9) {
        results.push(long_result(number, 9000));
    }
    results
}

#[ignore = "it is the process that works under the shim"]
#[tokio::test]
async fn child() {
    let root = PathBuf::from(std::env::var_os(STORE).expect("started by another test"));
    let options = Options { segment_bytes: SEGMENT_BYTES, checkpoint_bytes: SEGMENT_BYTES, ..Options::default() };
    let store = EmbeddedStore::open_with(&root, options).expect("a store");
    println!();
    for number in 0..OPERATIONS {
        operate(&store, number).await.expect("done");
        if number % 60 == 59 {
            store.compact().await.expect("compacted");
        }
        println!("acknowledged {number}");
    }
}

/// A store with what the process begins with.
async fn begun(store: &dyn Store) {
    for number in 1..=3 {
        let digest = keep(store, b"rows of a power loss");
        store.create_run(&header(id(number), &digest)).await.expect("created");
    }
}

/// Lets the process work. Returns the disk as it was before, and what was done to it.
async fn recorded(home: &Path, shim: &Path, test: &str) -> Vec<Step> {
    let journal = home.join("journal");
    let root = home.join("store");
    let mut child = Command::new(std::env::current_exe().expect("a path"));
    child.args(["--exact", test, "--ignored", "--nocapture"]).env(STORE, &root);
    power::watch(&mut child, shim, &root, &journal);
    let worked = child.stdout(Stdio::null()).status().expect("started");
    assert!(worked.success());
    power::read(&journal)
}

type Content = (Run, Vec<RowResult>, Vec<(BatchId, Vec<Exchange>)>);

/// Everything in a store.
async fn content(store: &dyn Store) -> Result<Vec<Content>, StoreError> {
    let mut content = Vec::new();
    for run in store.runs(None, 100).await? {
        let results = store.results(run.header.id, None, usize::MAX).await?;
        let mut exchanges: Vec<(BatchId, Vec<Exchange>)> = Vec::new();
        while let Some(next) = store.exchanges(run.header.id, exchanges.last().map(|last| last.0)).await? {
            exchanges.push(next);
        }
        content.push((run, results, exchanges));
    }
    Ok(content)
}

/// How many operations were acknowledged by then.
fn acknowledged(steps: &[Step]) -> u64 {
    let said = steps.iter().rev().filter_map(Step::said);
    let last = said.flat_map(|said| said.lines().rev()).find_map(|line| line.strip_prefix("acknowledged "));
    last.map_or(0, |number| number.parse::<u64>().expect("a number") + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost_whenever_the_power_goes() {
    let home = TempDir::new().expect("a temporary folder");
    let Some(shim) = power::shim(home.path()) else {
        return println!("skipped: `nothing_acknowledged_is_lost_whenever_the_power_goes` needs a C compiler");
    };
    let root = home.path().join("store");
    begun(&EmbeddedStore::open(&root).expect("a store")).await;
    let before = TempDir::new().expect("a temporary folder");
    Disk::of(&root).survive(before.path(), None);
    let steps = recorded(home.path(), &shim, "child").await;
    assert_eq!(acknowledged(&steps), OPERATIONS);

    // What has to be there after so many operations.
    let oracle = MemoryStore::new();
    begun(&oracle).await;
    let mut expected = vec![content(&oracle).await.expect("read")];
    for number in 0..OPERATIONS {
        operate(&oracle, number).await.expect("done");
        expected.push(content(&oracle).await.expect("read"));
    }

    let rounds = power::rounds(ROUNDS);
    let mut rebuilt = 0;
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(round as u64);
        let at = random.usize(0..=steps.len());
        let mut disk = Disk::of(before.path());
        steps[..at].iter().for_each(|step| disk.apply(step));
        let survived = TempDir::new().expect("a temporary folder");
        disk.survive(survived.path(), (round % 2 == 1).then_some(&mut random));
        let store = EmbeddedStore::open(survived.path());
        let store = store.unwrap_or_else(|error| panic!("round {round}, step {at}: {error:?}"));
        let found = content(&store).await.unwrap_or_else(|error| panic!("round {round}, step {at}: {error:?}"));
        let done = acknowledged(&steps[..at]) as usize;
        let may_be = &expected[done..expected.len().min(done + 2)];
        assert!(may_be.contains(&found), "round {round}, step {at} of {}, {done} acknowledged", steps.len());
        rebuilt += usize::from(survived.path().join("view.bad").exists());
        drop(store);
        let findings = EmbeddedStore::check(survived.path()).expect("read").expect("a store");
        assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]), "round {round}");
    }
    println!(
        r#"{{"rounds": {rounds}, "steps": {}, "lost": 0, "unopenable": 0, "views made anew": {rebuilt}}}"#,
        steps.len()
    );
}

/// Tasks that take in traces or commit documents at once.
const TASKS: u64 = 4;

/// Operations of each.
const OF_EACH: u64 = 130;

#[ignore = "it is the process that works under the shim"]
#[tokio::test(flavor = "multi_thread")]
async fn child_with_tasks() {
    let root = PathBuf::from(std::env::var_os(STORE).expect("started by another test"));
    let options =
        Options { segment_bytes: 2 * SEGMENT_BYTES, checkpoint_bytes: SEGMENT_BYTES / 4, ..Options::default() };
    let store = Arc::new(EmbeddedStore::open_with(&root, options).expect("a store"));
    println!();
    let tasks = (0..TASKS).map(|task| {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            for number in 0..OF_EACH {
                tasks::operate(&*store, task, number).await.expect("done");
                println!("acknowledged {task} {number}");
                match (number + task) % 40 {
                    10 => store.compact().await.expect("compacted"),
                    30 => drop(store.reclaim().await.expect("given back")),
                    _ => {}
                }
            }
        })
    });
    for task in Vec::from_iter(tasks) {
        task.await.expect("done");
    }
}

/// How many operations of each task were acknowledged by then.
fn acknowledged_by_task(steps: &[Step]) -> [usize; TASKS as usize] {
    let mut done = [0; TASKS as usize];
    for line in steps.iter().filter_map(Step::said).flat_map(str::lines) {
        if let Some((task, number)) = line.strip_prefix("acknowledged ").and_then(|said| said.split_once(' ')) {
            done[task.parse::<usize>().expect("a task")] = number.parse::<usize>().expect("a number") + 1;
        }
    }
    done
}

#[tokio::test(flavor = "multi_thread")]
async fn no_trace_and_no_commit_is_lost_or_comes_back_whenever_the_power_goes() {
    let home = TempDir::new().expect("a temporary folder");
    let Some(shim) = power::shim(home.path()) else {
        return println!(
            "skipped: `no_trace_and_no_commit_is_lost_or_comes_back_whenever_the_power_goes` needs a C compiler"
        );
    };
    let root = home.path().join("store");
    drop(EmbeddedStore::open(&root).expect("a store"));
    let before = TempDir::new().expect("a temporary folder");
    Disk::of(&root).survive(before.path(), None);
    let steps = recorded(home.path(), &shim, "child_with_tasks").await;
    assert_eq!(acknowledged_by_task(&steps), [OF_EACH as usize; TASKS as usize]);

    // By task: what has to be there after so many operations.
    let mut expected: Vec<Vec<BTreeMap<String, String>>> = Vec::new();
    for task in 0..TASKS {
        let oracle = MemoryStore::new();
        let mut after = vec![tasks::everything(&oracle).await.expect("read")];
        for number in 0..OF_EACH {
            tasks::operate(&oracle, task, number).await.expect("done");
            after.push(tasks::everything(&oracle).await.expect("read"));
        }
        expected.push(after);
    }

    let rounds = power::rounds(ROUNDS / 4);
    let mut without_index = 0;
    for round in 0..rounds {
        let mut random = fastrand::Rng::with_seed(round as u64);
        let at = random.usize(0..=steps.len());
        let mut disk = Disk::of(before.path());
        steps[..at].iter().for_each(|step| disk.apply(step));
        let survived = TempDir::new().expect("a temporary folder");
        disk.survive(survived.path(), (round % 2 == 1).then_some(&mut random));
        without_index += usize::from(!survived.path().join("traces/INDEX").exists());
        let store = EmbeddedStore::open(survived.path());
        let store = store.unwrap_or_else(|error| panic!("round {round}, step {at}: {error:?}"));
        let found = tasks::everything(&store).await;
        let found = found.unwrap_or_else(|error| panic!("round {round}, step {at}: {error:?}"));
        for (task, done) in (0..).zip(acknowledged_by_task(&steps[..at])) {
            let expected = &expected[task as usize];
            let may_be = &expected[done..expected.len().min(done + 2)];
            let is_so = may_be.contains(&workload::of_task(&found, task));
            assert!(is_so, "round {round}, step {at} of {}: task {task}, {done} acknowledged", steps.len());
        }
        drop(store);
        let findings = EmbeddedStore::check(survived.path()).expect("read").expect("a store");
        assert_eq!((&findings.problems[..], &findings.notes[..]), (&[][..], &[][..]), "round {round}");
        assert_eq!(findings.traces + findings.documents, found.len() as u64);
    }
    println!(
        r#"{{"rounds": {rounds}, "steps": {}, "lost": 0, "come back": 0, "unopenable": 0, "indexes made anew": {without_index}}}"#,
        steps.len()
    );
}
