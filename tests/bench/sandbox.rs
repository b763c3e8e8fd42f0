//! What the sandbox costs, beside bare wasmtime in the same run: `cargo bench -p sandbox`, or one part of it by name
//! (`calls`, `isolated`, `languages`, `kills`, `soak`, `scale`). Prints a JSON line for each measurement.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use guests::wat;
use model::grant::{Grant, HttpRule};
use model::json::Json;
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, Outcome};
use model::ports::{Binding, Call, HttpDoor, HttpRequest, HttpResponse, Plugin, Scoring};
use model::row::Row;
use sandbox::{Doors, Options, Program, Sandbox};
use serde_json::json;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const SCORER: &str = "echo";

/// How this program is told to be a worker of itself.
const WORKER: &str = "worker";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    if asked.iter().any(|asked| asked == WORKER) {
        return sandbox::work().unwrap();
    }
    let parts: [(&str, fn()); 6] = [
        ("calls", calls),
        ("isolated", isolated),
        ("languages", languages),
        ("kills", kills),
        ("soak", soak),
        ("scale", scale),
    ];
    for (name, measure) in parts {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            measure();
        }
    }
}

fn row(index: u64) -> Row {
    Row {
        index,
        id: format!("row-{index}"),
        trial: 0,
        inputs: Json::parse(&format!(r#"{{"question": "{}"}}"#, "x".repeat(80))).unwrap(),
        outputs: Some(Json::parse(r#""Half of 48 is 24, so she sold 48 + 24 = 72 clips. A: 72""#).unwrap()),
        expectations: Some(Json::parse(r#"{"expected_response": "48 / 2 = 24, 48 + 24 = 72. A: 72"}"#).unwrap()),
        tags: BTreeMap::new(),
        session: None,
        trace: None,
    }
}

fn runtime(threads: usize) -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build().unwrap()
}

fn binding(scorers: &[&str], reuse: Reuse) -> Binding {
    let call = |scorer: &&str| Call {
        key: (*scorer).to_owned(),
        item: (*scorer).to_owned(),
        parameters: Json::parse("{}").unwrap(),
    };
    let limits = CallLimits { fuel: 20_000_000, ..CallLimits::default() };
    let calls = scorers.iter().map(call).collect();
    Binding { calls, limits, reuse, seed: 0, grant: Grant::default(), config: serde_json::Map::new() }
}

/// Rows a second over `threads`, each of which works on its own rows.
fn rate(threads: usize, scoring: &Arc<dyn Scoring>, rows: u64) -> f64 {
    rate_on(&runtime(threads), threads, scoring, rows)
}

/// Rows a second with so many in work, each lane on its own rows.
fn rate_on(runtime: &Runtime, lanes: usize, scoring: &Arc<dyn Scoring>, rows: u64) -> f64 {
    let begun = Instant::now();
    runtime.block_on(async {
        let mut working = JoinSet::new();
        for thread in 0..lanes as u64 {
            let scoring = Arc::clone(scoring);
            working.spawn(async move {
                for index in 0..rows {
                    let outcomes = scoring.score(&row(thread * rows + index), &[0]).await;
                    assert!(matches!(outcomes[0], Outcome::Scored(_)));
                }
            });
        }
        working.join_all().await;
    });
    (rows * lanes as u64) as f64 / begun.elapsed().as_secs_f64()
}

/// What two threads gain on work that shares nothing.
fn control() -> f64 {
    let work = || {
        let mut sum = 0_u64;
        for number in 0..400_000_000_u64 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(number));
        }
        sum
    };
    let begun = Instant::now();
    work();
    let one = begun.elapsed();
    let begun = Instant::now();
    let threads = [std::thread::spawn(work), std::thread::spawn(work)];
    threads.into_iter().for_each(|thread| assert_ne!(thread.join().unwrap(), 0));
    2.0 * one.as_secs_f64() / begun.elapsed().as_secs_f64()
}

/// Components of other languages, from the folder `KARAT_BENCH_PLUGINS`, which `tests/bench/languages` fills.
fn languages() {
    let Some(folder) = std::env::var_os("KARAT_BENCH_PLUGINS") else { return };
    let parameters = Json::parse(r#"{"pattern": "A:\\s*(-?[\\d.,]+)"}"#).unwrap();
    let numeric_match = Call { key: "numeric_match".to_owned(), item: "numeric_match".to_owned(), parameters };
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "wasm")) {
        let bytes = std::fs::read(&path).unwrap();
        let begun = Instant::now();
        sandbox::inspect(&bytes).unwrap();
        let inspected = begun.elapsed();
        let cache = tempfile::tempdir().unwrap();
        let load = || {
            let sandbox = Sandbox::new(Options { cache: Some(cache.path().to_owned()), ..Options::default() }).unwrap();
            let begun = Instant::now();
            let plugin = runtime(1).block_on(sandbox.load(&bytes, Isolation::Thread)).unwrap();
            (plugin, begun.elapsed())
        };
        let (_, compiled) = load();
        let (plugin, cached) = load();
        let binding = |reuse| Binding { calls: vec![numeric_match.clone()], ..binding(&[], reuse) };
        let (fresh, kept) = (plugin.bind(binding(Reuse::Never)), plugin.bind(binding(Reuse::Run)));
        let measured = runtime(1).block_on(plugin.measure(&binding(Reuse::Never), &row(0), 3)).unwrap();
        let rows = (0.5 * rate(1, &fresh, 20)) as u64 + 1;
        let [one, two] = [1, 2].map(|threads| best_of_three(|| rate(threads, &fresh, rows)));
        let runtime = runtime(2);
        let elsewhere = isolating(Some(cache.path().to_owned()));
        let isolated = runtime.block_on(elsewhere.load(&bytes, Isolation::Process)).unwrap();
        let isolated = isolated.bind(binding(Reuse::Never));
        rate_on(&runtime, 2, &isolated, 20);
        let [one_there, two_there] = [1, 2].map(|lanes| best_of_three(|| rate_on(&runtime, lanes, &isolated, rows)));
        println!(
            "{}",
            json!({
                "measures": "languages", "plugin": path.file_stem().unwrap().to_string_lossy(), "bytes": bytes.len(),
                "inspect_ms": inspected.as_secs_f64() * 1e3, "compile_s": compiled.as_secs_f64(), "load_cached_ms": cached.as_secs_f64() * 1e3,
                "fresh_us": 1e6 / one, "reused_us": 1e6 / rate(1, &kept, 20_000),
                "two_threads_gain": two / one, "control_gains": control(),
                "fuel": measured.fuel, "memory": measured.memory, "isolated_us": 1e6 / one_there, "two_workers_gain": two_there / one_there,
            })
        );
    }
}

/// What else the machine does comes and goes.
fn best_of_three(measure: impl Fn() -> f64) -> f64 {
    (0..3).map(|_| measure()).fold(0.0, f64::max)
}

fn isolating(cache: Option<PathBuf>) -> Sandbox {
    let worker = Program { program: std::env::current_exe().unwrap(), arguments: vec![WORKER.to_owned()] };
    Sandbox::new(Options { cache, worker: Some(worker), slots: 256, ..Options::default() }).unwrap()
}

/// The same plugin in a process of its own, one row at a time and several.
fn isolated() {
    const ROWS: u64 = 20_000;
    let sandbox = isolating(None);
    let runtime = runtime(2);
    runtime.block_on(sandbox.load(guests::HOSTILE, Isolation::Process)).unwrap();
    let begun = Instant::now();
    let plugin = runtime.block_on(sandbox.load(guests::HOSTILE, Isolation::Process)).unwrap();
    let start = begun.elapsed();
    let fresh = plugin.bind(binding(&[SCORER], Reuse::Never));
    rate_on(&runtime, 1, &fresh, ROWS / 10);
    let [one, eight] = [1, 8].map(|lanes| rate_on(&runtime, lanes, &fresh, ROWS));
    println!(
        "{}",
        json!({
            "measures": "isolated", "load_ms": start.as_secs_f64() * 1e3, "fresh_us": 1e6 / one,
            "rows_per_second": [one as u64, eight as u64],
        })
    );
}

/// A fresh instance for each row, beside the same on bare wasmtime, and one that is kept.
fn calls() {
    const ROWS: u64 = 100_000;
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let plugin = runtime(1).block_on(sandbox.load(guests::HOSTILE, Isolation::Thread)).unwrap();
    let fresh = plugin.bind(binding(&[SCORER], Reuse::Never));
    let kept = plugin.bind(binding(&[SCORER], Reuse::Run));
    rate(1, &fresh, ROWS / 10);
    // Best of three, in turns: what else the machine does comes and goes.
    let mut best = [0.0_f64; 4];
    for _ in 0..3 {
        let rates = [bare::rate(ROWS), rate(1, &fresh, ROWS), rate(2, &fresh, ROWS), rate(1, &kept, ROWS)];
        best.iter_mut().zip(rates).for_each(|(best, rate)| *best = best.max(rate));
    }
    let [bare, one, two, kept] = best;
    let micros = |rate: f64| (1e8 / rate).round() / 100.0;
    println!(
        "{}",
        json!({
            "measures": "calls", "bare_fresh_us": micros(bare), "fresh_us": micros(one), "reused_us": micros(kept),
            "fresh_to_bare": bare / one, "fresh_rows_per_second": [one as u64, two as u64],
            "two_threads_gain": two / one, "control_gains": control(),
        })
    );
}

/// How long after its deadline a guest that never ends is gone.
fn kills() {
    const LIMIT: Duration = Duration::from_millis(50);
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let runtime = runtime(2);
    let plugin = runtime.block_on(sandbox.load(guests::HOSTILE, Isolation::Thread)).unwrap();
    let limits = CallLimits { fuel: u64::MAX / 2, time: LIMIT, ..CallLimits::default() };
    let endless = plugin.bind(Binding { limits, ..binding(&["loops"], Reuse::Never) });
    let late = |index| {
        let begun = Instant::now();
        let outcomes = runtime.block_on(endless.score(&row(index), &[0]));
        assert!(matches!(outcomes[0], Outcome::Failed(_)));
        begun.elapsed().saturating_sub(LIMIT).as_secs_f64() * 1e3
    };
    let mut late: Vec<_> = (0..200).map(late).collect();
    late.sort_by(f64::total_cmp);
    println!("{}", json!({ "measures": "kills", "late_ms_p50": late[100], "late_ms_p99": late[198] }));
}

/// A million rows, one in a hundred of which traps.
fn soak() {
    let rows: u64 = std::env::var("KARAT_ROWS").map_or(1_000_000, |rows| rows.parse().unwrap());
    let sandbox = Sandbox::new(Options::default()).unwrap();
    let runtime = runtime(2);
    let plugin = runtime.block_on(sandbox.load(guests::HOSTILE, Isolation::Thread)).unwrap();
    let scoring = plugin.bind(binding(&[SCORER, "traps"], Reuse::Never));
    let some = |from: u64, to: u64| {
        runtime.block_on(async {
            let mut working = JoinSet::new();
            for thread in 0..2 {
                let scoring = Arc::clone(&scoring);
                working.spawn(async move {
                    for index in (from + thread..to).step_by(2) {
                        let outcomes = scoring.score(&row(index), &[usize::from(index % 100 == 7)]).await;
                        assert_eq!(matches!(outcomes[0], Outcome::Failed(_)), index % 100 == 7);
                    }
                });
            }
            working.join_all().await;
        });
    };
    some(0, rows / 10);
    let (before, open) = (resident(), descriptors());
    let mut most = before;
    for tenth in 1..10 {
        some(tenth * rows / 10, (tenth + 1) * rows / 10);
        most = most.max(resident());
    }
    println!(
        "{}",
        json!({
            "measures": "soak", "rows": rows, "rss_before_kib": before, "rss_after_kib": resident(),
            "rss_drift_mib": (most.saturating_sub(before)) as f64 / 1024.0, "idle": sandbox.is_idle(),
            "descriptors": [open, descriptors()],
        })
    );
}

/// Takes its time, as a server does.
struct Slow;

#[async_trait]
impl HttpDoor for Slow {
    async fn send(&self, _: &[HttpRule], _: u64, _: HttpRequest) -> Result<HttpResponse, Failure> {
        tokio::time::sleep(Duration::from_secs(2)).await;
        Ok(HttpResponse { status: 200, headers: Vec::new(), body: b"hello".to_vec(), truncated: false })
    }
}

/// Rows that all wait for a slow answer at once, then more of them than there is room for.
fn scale() {
    let rule =
        HttpRule { url: "https://a.test".to_owned(), methods: vec!["GET".to_owned()], secrets: Vec::new(), why: None };
    let capabilities = json!({ "http": [rule] });
    let identity = json!({ "name": "test/fetch", "version": env!("CARGO_PKG_VERSION") });
    let manifest = json!({ "manifest": 1, "plugin": identity, "capabilities": capabilities });
    let bytes = wat::with_manifest(guests::FETCH.to_vec(), &manifest.to_string());
    let sandbox =
        Sandbox::new(Options { doors: Doors { http: Some(Arc::new(Slow)), ..Doors::default() }, ..Options::default() })
            .unwrap();
    let runtime = runtime(2);
    let plugin = runtime.block_on(sandbox.load(&bytes, Isolation::Thread)).unwrap();
    let parameters = Json::parse(r#"{"url": "https://a.test/"}"#).unwrap();
    let calls = vec![Call { key: "fetches".to_owned(), item: "fetches".to_owned(), parameters }];
    let grant = Grant { http: vec![rule], ..Grant::default() };
    let scoring = plugin.bind(Binding { calls, grant, ..binding(&[], Reuse::Never) });
    for rows in [1000, 5000, 10_000] {
        let (before, begun) = (resident(), Instant::now());
        let (scored, most) = runtime.block_on(async {
            let mut working = JoinSet::new();
            for index in 0..rows {
                let scoring = Arc::clone(&scoring);
                working.spawn(async move { scoring.score(&row(index), &[0]).await });
            }
            tokio::time::sleep(Duration::from_millis(1500)).await;
            let most = resident();
            let outcomes = working.join_all().await;
            let scored = outcomes.iter().filter(|outcomes| matches!(outcomes[0], Outcome::Scored(_))).count();
            (scored, most)
        });
        assert_eq!(scored as u64, rows, "a full pool makes callers wait");
        println!(
            "{}",
            json!({
                "measures": "scale", "rows_at_once": rows, "scored": scored, "seconds": begun.elapsed().as_secs_f64(),
                "rss_more_mib": most.saturating_sub(before) / 1024, "rss_mib": most / 1024, "idle": sandbox.is_idle(),
            })
        );
    }
}

/// Resident memory of this process, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The same call with nothing of ours around it: no limits but fuel, no WASI that could be used, no checks.
mod bare {
    use std::time::Instant;

    use wasmtime::component::{Component, Linker};
    use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

    wasmtime::component::bindgen!({
        path: "../../wit",
        world: "scorer-plugin",
        imports: { default: trappable },
        exports: { default: async },
    });

    use karat::eval::types::Row;

    pub(crate) fn rate(rows: u64) -> f64 {
        let mut pool = PoolingAllocationConfig::new();
        pool.max_memory_size(512 << 20)
            .total_memories(100)
            .total_core_instances(400)
            .max_core_instance_size(2 << 20)
            .linear_memory_keep_resident(4 << 20)
            .table_keep_resident(128 << 10)
            .async_stack_keep_resident(32 << 10)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config.consume_fuel(true).concurrency_support(false).cranelift_nan_canonicalization(true);
        config.memory_reservation(4 << 30).memory_guard_size(32 << 20);
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).unwrap();
        let component = Component::from_binary(&engine, guests::HOSTILE).unwrap();
        let mut linker = Linker::<()>::new(&engine);
        linker.define_unknown_imports_as_traps(&component).unwrap();
        let plugin = ScorerPluginPre::new(linker.instantiate_pre(&component).unwrap()).unwrap();
        super::runtime(1).block_on(async {
            let parameters = "{}".to_owned();
            let begun = Instant::now();
            for index in 0..rows {
                let row = super::row(index);
                let text = |json: &model::json::Json| json.as_str().to_owned();
                let row = Row {
                    id: row.id,
                    inputs: text(&row.inputs),
                    outputs: row.outputs.as_ref().map(text),
                    candidate: None,
                    expectations: None,
                    tags: Vec::new(),
                    session: None,
                    trial: 0,
                    seed: 0,
                };
                let mut store = Store::new(&engine, ());
                store.set_fuel(20_000_000).unwrap();
                let instance = plugin.instantiate_async(&mut store).await.unwrap();
                let scorer = instance.karat_eval_scorer();
                scorer.call_score(&mut store, super::SCORER, &parameters, &row).await.unwrap().unwrap();
            }
            rows as f64 / begun.elapsed().as_secs_f64()
        })
    }
}
