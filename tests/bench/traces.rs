//! Traces in the embedded store: taking them in, finding them, reading them. Prints a JSON line for each.
//!
//! ```text
//! cargo bench -p storage --bench traces [ingest] [search] [large]        default: all three
//! ```
//!
//! `KARAT_TRACES` is how many there are to be searched, a million where nothing is said.

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::assessment::{Assessment, AssessmentId, Said, Source as Asker, SourceKind};
use model::digest::{SpanDigest, Tokens};
use model::json::Json;
use model::ports::{Annotation, AnnotationChange, SpanBatch, TraceStore};
use model::search::{Cursor, Query};
use model::trace::{Source, Span, SpanKind, Status};
use storage::EmbeddedStore;
use tempfile::TempDir;

/// Questions of every kind that the language has, and in what order.
const QUESTIONS: [(&str, &str); 20] = [
    ("", ""),
    ("status = 'ERROR'", ""),
    ("user = 'u77'", ""),
    ("session = 's4321'", ""),
    ("user = 'u77' and status = 'ERROR'", ""),
    ("name = 'rare'", ""),
    ("name like '%chat%' and duration > 2s", ""),
    ("tokens > 3990", ""),
    ("cost >= 0.039", "cost desc"),
    ("", "duration desc"),
    ("model = 'large' or metadata.tenant = 't9'", ""),
    ("not (status = 'OK' or user like 'u1%')", ""),
    ("start between '2026-03-01' and '2026-03-02'", ""),
    ("span.type = 'TOOL' and span.name like 'search%'", ""),
    ("span.type = 'TOOL' and span.status = 'ERROR'", "tokens desc"),
    ("feedback.good = false", ""),
    ("feedback.score >= 0.9 and status = 'OK'", "feedback.score desc"),
    ("tags.env = 'prod' and service = 'bot'", ""),
    ("user = 'u77' and inputs contains 'question 12'", ""),
    ("session = 's4321' and trace.text like '%word 5%'", ""),
];

/// 2026-01-01.
const BEGINNING: u64 = 1_767_225_600_000_000_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wants = |name: &str| arguments.is_empty() || arguments.iter().any(|argument| argument == name);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    if wants("ingest") {
        runtime.block_on(ingest());
    }
    if wants("search") {
        runtime.block_on(search());
    }
    if wants("large") {
        runtime.block_on(large());
    }
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

/// A span of about `bytes` bytes, and what it adds: the same for the same number.
fn span(trace: u64, number: u64, bytes: usize, source: &Arc<Source>) -> (Span, SpanDigest) {
    let mut random = fastrand::Rng::with_seed(trace * 1000 + number);
    let start = BEGINNING + trace * 31_000_000_000 + number * 1_000_000;
    let is_root = number == 0;
    let duration = if is_root { random.u64(1..3_000_000_000) } else { 900_000 };
    let is_error = random.u32(0..50) == 0;
    let name = match number {
        0 if trace % 50_000 == 7 => "rare",
        0 => ["chat", "answer", "summarise"][trace as usize % 3],
        1 => "search docs",
        _ => "complete",
    };
    let words: Vec<String> = (0..bytes / 9).map(|_| format!("word {}", random.u32(0..1000))).collect();
    let span = Span {
        id: format!("{:016x}", number + 1),
        parent: (!is_root).then(|| format!("{:016x}", 1)),
        name: name.to_owned(),
        kind: SpanKind::Client,
        start,
        end: Some(start + duration),
        status: if is_error { Status::Error("it failed".to_owned()) } else { Status::Unset },
        attributes: vec![
            ("gen_ai.request.model".to_owned(), json("\"small\"")),
            ("gen_ai.usage.input_tokens".to_owned(), json("812")),
            ("gen_ai.input.messages".to_owned(), json(&format!("{:?}", words.join(" ")))),
        ],
        events: Vec::new(),
        links: Vec::new(),
        source: Some(Arc::clone(source)),
    };
    let tokens = random.u64(100..4000);
    let digest = SpanDigest {
        end: span.end,
        start,
        version: random.u64(..),
        id: span.id.clone(),
        parent: span.parent.clone(),
        name: span.name.clone(),
        kind: Some(["CHAIN", "TOOL", "LLM"][number.min(2) as usize].to_owned()),
        is_error,
        service: Some("bot".to_owned()),
        session: is_root.then(|| format!("s{}", trace / 5)),
        user: is_root.then(|| format!("u{}", trace % 5000)),
        model: (number > 1).then(|| if trace % 1000 == 3 { "large" } else { "small" }.to_owned()),
        tokens: (number > 1).then(|| Tokens { input: tokens - 50, output: 50, total: tokens, ..Tokens::default() }),
        cost: (number > 1).then_some(tokens * 10_000_000),
        input_cost: None,
        output_cost: None,
        prompts: Vec::new(),
        metadata: if is_root { vec![("tenant".to_owned(), format!("t{}", trace % 200))] } else { Vec::new() },
        inputs: is_root.then(|| {
            format!("question {} of user {}: {}", trace % 100, trace % 5000, words[..words.len().min(40)].join(" "))
        }),
        outputs: is_root.then(|| words.iter().rev().take(40).cloned().collect::<Vec<_>>().join(" ")),
    };
    (span, digest)
}

fn batch(trace: u64, spans: u64, bytes: usize, source: &Arc<Source>) -> SpanBatch {
    let spans = (0..spans).map(|number| span(trace, number, bytes, source)).collect();
    SpanBatch { trace: format!("{:032x}", u128::from(trace) * 0x9e37_79b9_7f4a_7c15_u128 + 1), spans }
}

async fn ingest() {
    const SECONDS: u64 = 20;
    let folder = TempDir::new().expect("a folder");
    let store = Arc::new(EmbeddedStore::open(folder.path()).expect("a store"));
    let source = Arc::new(Source::default());
    // Made before, so that what is measured is the store.
    let made: Vec<Vec<SpanBatch>> =
        (0..40).map(|request| (0..50).map(|n| batch(request * 50 + n, 10, 2000, &source)).collect()).collect();
    let made = Arc::new(made);
    let (begun, before) = (Instant::now(), cpu());
    let next = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let senders: Vec<_> = (0..8)
        .map(|_| {
            let (store, made, next) = (Arc::clone(&store), Arc::clone(&made), Arc::clone(&next));
            tokio::spawn(async move {
                let mut waits = Vec::new();
                while begun.elapsed() < Duration::from_secs(SECONDS) {
                    let number = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let mut request = made[number as usize % made.len()].clone();
                    for (place, batch) in request.iter_mut().enumerate() {
                        batch.trace = format!("{:016x}{:016x}", number + 1, place);
                    }
                    let asked = Instant::now();
                    store.put_spans("default", request).await.expect("put");
                    waits.push(asked.elapsed());
                }
                waits
            })
        })
        .collect();
    let mut waits = Vec::new();
    for sender in senders {
        waits.extend(sender.await.expect("sent"));
    }
    let (elapsed, used) = (begun.elapsed().as_secs_f64(), cpu() - before);
    let spans = waits.len() as f64 * 500.0;
    let bytes = size(folder.path());
    println!(
        r#"{{"bench": "ingest", "spans": {spans}, "spans_per_s": {:.0}, "cpu_us_per_span": {:.1}, "put_ms": {}, "disk_bytes_per_span": {:.0}, "rss_mib": {:.0}}}"#,
        spans / elapsed,
        used * 1e6 / spans,
        percentiles(&mut waits),
        bytes as f64 / spans,
        rss(),
    );
    drop(store);
    let begun = Instant::now();
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let found = store.experiments().await.expect("read");
    println!(r#"{{"bench": "reopen", "traces": {}, "seconds": {:.2}}}"#, found[0].1, begun.elapsed().as_secs_f64());
}

async fn search() {
    let traces: u64 = std::env::var("KARAT_TRACES").map_or(1_000_000, |number| number.parse().expect("a number"));
    let folder = TempDir::new().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let source = Arc::new(Source::default());
    let begun = Instant::now();
    for first in (0..traces).step_by(500) {
        let batches: Vec<_> = (first..(first + 500).min(traces)).map(|n| batch(n, 3, 200, &source)).collect();
        let ids: Vec<_> = batches.iter().map(|batch| batch.trace.clone()).collect();
        store.put_spans("default", batches).await.expect("put");
        store.annotate(ids.iter().zip(first..).flat_map(|(id, n)| said(id, n)).collect()).await.expect("annotated");
    }
    println!(
        r#"{{"bench": "fill", "traces": {traces}, "traces_per_s": {:.0}, "disk_mib": {}, "rss_mib": {:.0}}}"#,
        traces as f64 / begun.elapsed().as_secs_f64(),
        size(folder.path()) >> 20,
        rss(),
    );
    drop(store);
    let begun = Instant::now();
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    println!(
        r#"{{"bench": "reopen", "traces": {traces}, "seconds": {:.2}, "rss_mib": {:.0}}}"#,
        begun.elapsed().as_secs_f64(),
        rss()
    );
    let mut all = Vec::new();
    for (filter, order) in QUESTIONS {
        let query = Query {
            filter: search::parse(filter, BEGINNING).expect("a filter"),
            order: search::parse_order(order).expect("an order"),
            ..Query::default()
        };
        let (mut took, mut after, mut found, mut pages): (Vec<Duration>, Option<Cursor>, usize, usize) =
            (Vec::new(), None, 0, 0);
        for _ in 0..20 {
            let asked = Instant::now();
            let page = store.search(&query, after.as_ref(), 100).await.expect("found");
            took.push(asked.elapsed());
            (found, pages, after) = (found + page.traces.len(), pages + 1, page.next);
        }
        all.extend(took.iter().copied());
        let question = format!("{filter} | {order}");
        println!(
            r#"{{"bench": "search", "question": {question:?}, "found_on_{pages}_pages": {found}, "ms": {}}}"#,
            percentiles(&mut took)
        );
    }
    println!(
        r#"{{"bench": "search", "questions": {}, "ms": {}, "rss_mib": {:.0}}}"#,
        QUESTIONS.len(),
        percentiles(&mut all),
        rss()
    );
}

/// What is said of every tenth trace.
fn said(id: &str, n: u64) -> Vec<Annotation> {
    if !n.is_multiple_of(10) {
        return Vec::new();
    }
    let assessment = |place: u64, name: &str, value: &str| Assessment {
        id: AssessmentId(uuid::Uuid::from_u128(u128::from(n) * 10 + u128::from(place))),
        span: None,
        name: name.to_owned(),
        said: Said::Feedback(json(value)),
        source: Asker { kind: SourceKind::Human, id: None },
        rationale: None,
        created: n,
        updated: n,
        metadata: Default::default(),
        overrides: None,
    };
    let good = if n.is_multiple_of(70) { "false" } else { "true" };
    let score = format!("{:.3}", (n % 997) as f64 / 997.0);
    let changes = [
        AnnotationChange::Tag { name: "env".to_owned(), value: Some("prod".to_owned()) },
        AnnotationChange::Assess(assessment(1, "good", good)),
        AnnotationChange::Assess(assessment(2, "score", &score)),
    ];
    changes.into_iter().map(|change| Annotation { trace: id.to_owned(), change }).collect()
}

async fn large() {
    const SPANS: u64 = 50_000;
    let folder = TempDir::new().expect("a folder");
    let store = EmbeddedStore::open(folder.path()).expect("a store");
    let source = Arc::new(Source::default());
    let mut id = String::new();
    for first in (0..SPANS).step_by(500) {
        let spans = (first..first + 500).map(|number| span(1, number, 2000, &source)).collect();
        id = format!("{:032x}", 1);
        store.put_spans("default", vec![SpanBatch { trace: id.clone(), spans }]).await.expect("put");
    }
    for (what, skip, limit) in [("all", 0, usize::MAX), ("first page", 0, 1000), ("last page", 49_000, 1000)] {
        let asked = Instant::now();
        let spans = store.spans(&id, skip, limit).await.expect("read");
        println!(
            r#"{{"bench": "large trace", "read": "{what}", "spans": {}, "ms": {:.0}}}"#,
            spans.len(),
            asked.elapsed().as_secs_f64() * 1e3
        );
    }
}

fn percentiles(waits: &mut [Duration]) -> String {
    waits.sort_unstable();
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    format!(r#"{{"p50": {:.2}, "p90": {:.2}, "p99": {:.2}, "max": {:.2}}}"#, at(0.5), at(0.9), at(0.99), at(1.0))
}

fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn rss() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS")).expect("a line");
    line.split_whitespace().nth(1).expect("a number").parse::<f64>().expect("a number") / 1024.0
}

fn size(folder: &std::path::Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry"));
    entries
        .map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().expect("a file").len() })
        .sum()
}
