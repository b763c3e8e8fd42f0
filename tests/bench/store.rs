//! What the embedded store costs: durable commits beside plain sled, a million results, opening and remaking them;
//! replies of judges kept and found, for who owns the store and for who asks its owner.
//! Prints a JSON line for each. `cargo bench -p storage`

#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::unwrap_used, reason = "a benchmark that fails has nothing to say")]

#[path = "../../host/storage/tests/store/samples.rs"]
#[expect(dead_code, reason = "the conformance suite uses the rest")]
mod samples;

use std::path::Path;
use std::time::{Duration, Instant};

use model::feedback::{Feedback, Value};
use model::outcome::Outcome;
use model::ports::{JudgeCache, Store};
use model::run::RowResult;
use storage::{EmbeddedStore, SharedStore};
use tempfile::TempDir;

/// Results of the large run; each has three outcomes.
const MANY: u64 = 1_000_000;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    // First, so that the peaks of memory are their own.
    runtime.block_on(many());
    runtime.block_on(replies());
    for records in [1, 100, 1000] {
        runtime.block_on(commits(records));
        sled_commits(records);
    }
}

/// A row as evaluations leave it: three plain verdicts.
fn row(index: u64) -> RowResult {
    let verdict = |value| Outcome::Scored(vec![Feedback { name: None, value, rationale: None }]);
    let outcomes = vec![
        verdict(Value::Boolean(index.is_multiple_of(3))),
        verdict(Value::Boolean(index.is_multiple_of(7))),
        verdict(Value::Number(index as f64 / 3.0)),
    ];
    RowResult { index, trial: 0, id: format!("q-{index}"), error: None, predicted: None, outcomes }
}

fn rows(start: u64, number: u64) -> Vec<RowResult> {
    (start..start + number).map(row).collect()
}

async fn commits(records: u64) {
    let home = TempDir::new().unwrap();
    let store = EmbeddedStore::open(home.path()).unwrap();
    let run = samples::started_run(&store, 1).await;
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let one = Instant::now();
        store.put_results(run, rows(times.len() as u64 * records, records)).await.unwrap();
        times.push(one.elapsed());
    }
    told("log and view", records, times, begun.elapsed());
}

/// One key for each record and a flush for each commit, which is durable only as far as sled is.
fn sled_commits(records: u64) {
    let home = TempDir::new().unwrap();
    let sled = sled::Config::new().path(home.path()).flush_every_ms(None).open().unwrap();
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        let one = Instant::now();
        let mut batch = sled::Batch::default();
        for index in 0..records {
            let index = times.len() as u64 * records + index;
            batch.insert(&index.to_be_bytes(), vec![7; 40]);
        }
        sled.apply_batch(batch).unwrap();
        sled.flush().unwrap();
        times.push(one.elapsed());
    }
    told("plain sled", records, times, begun.elapsed());
}

fn told(what: &str, records: u64, mut times: Vec<Duration>, all: Duration) {
    times.sort();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e3;
    println!(
        r#"{{"bench": "commit", "store": "{what}", "records": {records}, "commits_per_s": {:.0}, "p50_ms": {:.2}, "p99_ms": {:.2}}}"#,
        times.len() as f64 / all.as_secs_f64(),
        at(50),
        at(99)
    );
}

async fn many() {
    let home = TempDir::new().unwrap();
    let store = EmbeddedStore::open(home.path()).unwrap();
    let run = samples::started_run(&store, 1).await;
    let before = cpu();
    for start in (0..MANY).step_by(200) {
        store.put_results(run, rows(start, 200)).await.unwrap();
    }
    let spent = cpu() - before;
    store.compact().await.unwrap();
    drop(store);
    let open = timed(|| drop(EmbeddedStore::open(home.path()).unwrap()));
    let bytes = size(home.path());
    let rebuild = timed(|| drop(EmbeddedStore::rebuild(home.path()).unwrap()));
    println!(
        r#"{{"bench": "many", "rows": {MANY}, "outcomes": {}, "cpu_us_per_row": {:.1}, "bytes_per_row": {:.1}, "open_s": {open:.3}, "rebuild_s": {rebuild:.2}, "peak_rss_mib": {:.0}}}"#,
        3 * MANY,
        spent.as_secs_f64() * 1e6 / MANY as f64,
        bytes as f64 / MANY as f64,
        peak_rss_mib()
    );
}

/// A thousand replies of 2 KiB in a new cache and in one that is nearly full.
async fn replies() {
    let home = TempDir::new().unwrap();
    let owner = SharedStore::open(home.path()).unwrap();
    let user = SharedStore::open(home.path()).unwrap();
    let mut next = 0;
    for (who, cache) in [("owner", &owner), ("user", &user)] {
        replies_of(who, "new", cache, &mut next).await;
    }
    let begun = Instant::now();
    while next < 400_000 {
        owner.put(&samples::cache_key(next), &samples::cached_reply(next)).await.unwrap();
        next += 1;
    }
    let filled = begun.elapsed().as_secs_f64();
    for (who, cache) in [("owner", &owner), ("user", &user)] {
        replies_of(who, "filled", cache, &mut next).await;
    }
    let kept = owner.statistics().await.unwrap();
    drop((owner, user));
    let taken = size(&home.path().join("cache"));
    let owner = SharedStore::open(home.path()).unwrap();
    let begun = Instant::now();
    owner.get(&samples::cache_key(next - 1)).await.unwrap().unwrap();
    println!(
        r#"{{"bench": "cache", "replies": {}, "bytes_told": {}, "bytes_taken": {taken}, "fill_s": {filled:.1}, "open_s": {:.3}, "peak_rss_mib": {:.0}}}"#,
        kept.replies,
        kept.bytes,
        begun.elapsed().as_secs_f64(),
        peak_rss_mib()
    );
}

async fn replies_of(who: &str, state: &str, cache: &SharedStore, next: &mut u64) {
    let numbers = *next..*next + 1000;
    *next += 1000;
    let replies: Vec<_> = numbers.map(|number| (samples::cache_key(number), samples::cached_reply(number))).collect();
    let begun = Instant::now();
    for (key, reply) in &replies {
        cache.put(key, reply).await.unwrap();
    }
    let put = begun.elapsed();
    let begun = Instant::now();
    for (key, reply) in &replies {
        assert!(cache.get(key).await.unwrap().as_ref() == Some(reply));
    }
    let get = begun.elapsed();
    println!(
        r#"{{"bench": "replies", "cache": "{state}", "who": "{who}", "replies": 1000, "put_ms": {:.1}, "get_ms": {:.1}}}"#,
        put.as_secs_f64() * 1e3,
        get.as_secs_f64() * 1e3
    );
}

fn timed(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// What the process has used, user and system.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn peak_rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1024.0
}

fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}
