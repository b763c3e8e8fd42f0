//! What becomes of rows when the process of an isolated plugin ends.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use guests::wat;
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::Outcome;
use model::ports::{Binding, Call, Plugin, Scoring};
use rustix::process::{Pid, Signal, kill_process};
use sandbox::{Options, Program, Sandbox};

use crate::{ourselves, row};

fn program(program: &str, arguments: &[&str]) -> Program {
    Program { program: program.into(), arguments: arguments.iter().map(|&argument| argument.to_owned()).collect() }
}

fn sandbox(worker: Option<Program>) -> Sandbox {
    Sandbox::new(Options { worker, slots: 64, ..Options::default() }).unwrap()
}

async fn scoring(sandbox: &Sandbox, plugin: &[u8], scorers: &[&str], limits: CallLimits) -> Arc<dyn Scoring> {
    let plugin = sandbox.load(plugin, Isolation::Process).await.unwrap();
    assert_eq!(plugin.isolation(), Isolation::Process);
    let call = |scorer: &&str| Call {
        key: (*scorer).to_owned(),
        item: (*scorer).to_owned(),
        parameters: Json::parse("{}").unwrap(),
    };
    let calls = scorers.iter().map(call).collect();
    let (grant, config) = (Default::default(), Default::default());
    plugin.bind(Binding { calls, limits, reuse: Reuse::Never, seed: 0, grant, config })
}

/// Processes that this one has started.
fn children() -> Vec<Pid> {
    let threads = fs::read_dir("/proc/self/task").unwrap();
    let lists = threads.filter_map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).ok());
    let numbers: Vec<_> =
        lists.flat_map(|list| list.split(' ').filter_map(|n| n.parse().ok()).collect::<Vec<_>>()).collect();
    numbers.into_iter().filter_map(Pid::from_raw).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_is_scored_however_often_the_worker_is_killed() {
    let sandbox = sandbox(Some(ourselves()));
    let scoring = scoring(&sandbox, &wat::Plugin::default().bytes(), &["probe"], CallLimits::default()).await;
    let done = Arc::new(AtomicUsize::new(0));
    let rows: Vec<_> = (0..8)
        .map(|lane| {
            let (scoring, done) = (Arc::clone(&scoring), Arc::clone(&done));
            tokio::spawn(async move {
                let mut outcomes = Vec::new();
                for index in 0..100 {
                    outcomes.extend(scoring.score(&row(lane * 100 + index), &[0]).await);
                    done.fetch_add(1, Ordering::Relaxed);
                }
                outcomes
            })
        })
        .collect();
    let mut kills = 0;
    for stage in [100, 300, 500, 700] {
        while done.load(Ordering::Relaxed) < stage {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for child in children() {
            kills += usize::from(kill_process(child, Signal::KILL).is_ok());
        }
    }
    for outcomes in rows {
        let outcomes = outcomes.await.unwrap();
        assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Scored(_))), "{outcomes:?}");
    }
    assert!(kills >= 4, "{kills}");
}

#[tokio::test]
async fn a_call_that_nobody_waits_for_is_ended_there_too() {
    let one_at_a_time = Sandbox::new(Options { worker: Some(ourselves()), slots: 1, ..Options::default() }).unwrap();
    let limits = CallLimits { fuel: u64::MAX >> 1, ..CallLimits::default() };
    let scoring = scoring(&one_at_a_time, guests::HOSTILE, &["loops", "counts"], limits).await;
    let row = row(0);
    let waited = tokio::time::timeout(Duration::from_millis(50), scoring.score(&row, &[0])).await;
    assert!(waited.is_err(), "{waited:?}");
    let next = tokio::time::timeout(Duration::from_secs(30), scoring.score(&row, &[1])).await.unwrap();
    assert!(matches!(next[..], [Outcome::Scored(_)]), "{next:?}");
}

#[tokio::test]
async fn a_worker_that_is_none_is_told() {
    let refused = async |worker| {
        let loaded = sandbox(worker).load(&wat::Plugin::default().bytes(), Isolation::Process).await;
        loaded.err().unwrap().to_string()
    };
    assert!(refused(Some(program("/bin/sh", &["-c", "exit 3"]))).await.contains("exit status: 3"));
    assert!(refused(Some(program("/no/such/program", &[]))).await.contains("can't be started"));
    assert!(refused(None).await.contains("there is no program for it"));
}
