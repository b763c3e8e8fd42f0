//! Runs and results to put into stores.

use std::time::Duration;

use std::collections::BTreeMap;
use std::io::{Read, Write};

use model::aggregate::{Aggregate, AggregateKind, Basis, Bounds, ClusterKey, Clusters, Counts, Method, Variance};
use model::feedback::{Feedback, Value};
use model::gate::{Comparison, Condition, Gate, GateResult, Number, Statistic};
use model::grant::Grant;
use model::json::Json;
use model::judge::{BatchId, Exchange, Known, ToolCall, Usage};
use model::limits::{CallLimits, Isolation, Reuse};
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{CacheKey, Store, StoreError};
use model::prediction::Predicted;
use model::quantity::Allowance;
use model::report::{Cost, Decided, Report, Scorers, Verdict};
use model::run::{
    AppUse, DatasetSnapshot, Lineage, Origin, PlannedScorer, PluginRef, PromptUse, RowResult, RunHeader, RunId,
    RunPlan, SuiteText, Tape,
};
use model::scorer::{Direction, ValueKind};
use model::slice::{Slice, SliceKey, Sliced};
use model::stability::{Ledger, Rows};
use model::suite::{DataFormat, Stop, StopWhen};

/// Ids that sort as their numbers do.
pub(crate) fn id(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

/// A header with something in every field.
pub(crate) fn header(run: RunId, digest: &str) -> RunHeader {
    RunHeader {
        id: run,
        started: 1_700_000_000_000,
        binary: "00".repeat(32),
        version: "0.1.0".to_owned(),
        plan: plan(),
        data: DatasetSnapshot {
            path: "rows.jsonl".to_owned(),
            version: None,
            digest: digest.to_owned(),
            rows: 3,
            trials: 6,
            left_out: 2,
            grouped: true,
        },
        origin: Origin {
            name: Some("nightly".to_owned()),
            tags: BTreeMap::from([("release".to_owned(), "1.2".to_owned())]),
            branch: Some("main".to_owned()),
            app: Some(AppUse { name: "bot".to_owned(), id: "m-1".to_owned() }),
        },
        baselines: BTreeMap::from([("main".to_owned(), id(3))]),
        lineage: Lineage {
            suite: Some(SuiteText {
                path: "karat.yaml".to_owned(),
                digest: "22".repeat(32),
                text: "name: t\n".to_owned(),
            }),
            plugins: BTreeMap::from([("./a.wasm".to_owned(), "33".repeat(32))]),
            prompts: BTreeMap::from([("near".to_owned(), "44".repeat(32))]),
            cassette: Some(Tape { path: "run.jsonl".to_owned(), digest: "55".repeat(32) }),
        },
    }
}

fn plan() -> RunPlan {
    RunPlan {
        predictor: None,
        suite: "sample".to_owned(),
        scorers: vec![scorer()],
        aggregators: Vec::new(),
        judges: Default::default(),
        trials: 2,
        seed: u64::MAX,
        max_failed: Allowance::Share(0.1),
        gates: gates(),
        slices: vec![SliceKey::Split, SliceKey::Tag("lang".to_owned())],
        baseline: Some("main".to_owned()),
        prompts: vec![PromptUse { prompt: "support".to_owned(), version: 2, named: "support@prod".to_owned() }],
        quarantine: vec!["q7".to_owned()],
        stop: Some(Stop { when: StopWhen::Decided, alpha: 0.1 }),
        format: DataFormat::Jsonl,
        map: Some(BTreeMap::from([("inputs.q".to_owned(), "question".to_owned())])),
        traces: None,
        split: Some("test".to_owned()),
        limit: Some(3),
        only: None,
    }
}

/// One of each kind, one in another.
fn gates() -> Vec<Gate> {
    let gate = |text: &str, condition| Gate { text: text.to_owned(), condition };
    let number = Number {
        scorer: "near".to_owned(),
        slice: Some(Slice { by: SliceKey::Split, value: "test".to_owned() }),
        statistic: Statistic::Lower,
        comparison: Comparison::AtLeast,
        threshold: 0.1 + 0.2,
    };
    let regressed = Condition::Regressed { regressed: "near".to_owned(), baseline: None };
    let baseline = Some("main".to_owned());
    let non_inferior = Condition::NonInferior { non_inferior: "near".to_owned(), margin: 0.02, baseline };
    let any = vec![gate("n", Condition::Number(number)), gate("r", regressed)];
    let not = Box::new(gate("any", Condition::Any { any }));
    let all = vec![gate("not", Condition::Not { not }), gate("i", non_inferior)];
    vec![gate("all", Condition::All { all })]
}

fn scorer() -> PlannedScorer {
    PlannedScorer {
        key: "near".to_owned(),
        plugin: PluginRef { name: "karat/text".to_owned(), version: "0.1.0".to_owned(), digest: "11".repeat(32) },
        scorer: "numeric_match".to_owned(),
        prompt: Some("1".to_owned()),
        parameters: Json::parse(r#"{"b":1.0,"a":[1e400,"\u0000"]}"#).expect("JSON"),
        value: ValueKind::Boolean,
        better: Direction::Maximize,
        reduce: Some("pass@2".parse().expect("a reducer")),
        needs_outputs: true,
        limits: CallLimits::default(),
        reuse: Reuse::Never,
        isolation: Isolation::Thread,
        grant: Grant::default(),
        config: serde_json::Map::new(),
    }
}

/// A report whose numbers have no short decimal form.
pub(crate) fn report(run: RunId, seconds: f64) -> Report {
    let aggregate = Aggregate {
        kind: AggregateKind::Rate,
        value: Some(1.0 / 3.0),
        lower: Some(0.061_491_943_878_435_11),
        upper: None,
        counts: Counts { scored: 3, passed: 1, ..Counts::default() },
        basis: Basis {
            reduce: Some("pass@2".parse().expect("a reducer")),
            rows: Some(3),
            method: Some(Method::WilsonRobust),
            clusters: Some(Clusters { by: ClusterKey::Session, count: 2 }),
            weighted: true,
            bounds: Some(Bounds { lower: 0.1 + 0.2, upper: 2.0 / 3.0 }),
            variance: Some(Variance { within_rows: 0.1 + 0.2, between_rows: 0.0 }),
        },
        note: None,
        failure: None,
        labels: BTreeMap::new(),
    };
    Report {
        predictions: None,
        run,
        suite: "sample".to_owned(),
        rows: 3,
        left_out: 2,
        verdict: Verdict::Failed,
        reason: None,
        failed_rows: 0,
        scorers: Scorers(vec![("near".to_owned(), aggregate.clone()), ("a".to_owned(), aggregate.clone())]),
        slices: vec![Sliced {
            slice: Slice { by: SliceKey::Tag("lang".to_owned()), value: "de".to_owned() },
            rows: 2,
            scorers: Scorers(vec![("near".to_owned(), aggregate)]),
        }],
        slices_left_out: 7,
        ledgers: vec![Ledger {
            scorer: "near".to_owned(),
            baseline: Some(run),
            runs: vec![run],
            regressed: Rows { count: 1, first: vec!["q-1".to_owned()] },
            ..Ledger::default()
        }],
        decided: Some(Decided { rows: 2, alpha: 0.1, reason: "enough".to_owned() }),
        gates: vec![GateResult { text: "near >= 1".to_owned(), holds: false, reason: "it is 0.33".to_owned() }],
        cost: Cost::default(),
        seconds,
    }
}

/// A result with one of each outcome.
pub(crate) fn result(index: u64, trial: u32) -> RowResult {
    RowResult {
        index,
        trial,
        id: format!("q-{index}"),
        error: None,
        predicted: index.is_multiple_of(3).then(|| Predicted {
            outputs: Some(Json::parse(&format!("\"answer {index}\"")).expect("JSON")),
            latency: Some(Duration::from_micros(index)),
            attempts: trial % 3 + 1,
            input_tokens: Some(index),
            output_tokens: None,
        }),
        outcomes: vec![
            verdict(index.is_multiple_of(2)),
            Outcome::Scored(vec![
                Feedback { name: None, value: Value::Number(0.1 + 0.2), rationale: Some("because".to_owned()) },
                Feedback { name: Some("sub".to_owned()), value: Value::Texts(vec![String::new()]), rationale: None },
            ]),
            Outcome::Abstained { reason: "no idea".to_owned() },
            Outcome::Failed(Failure::new(FailureKind::Trapped, "it trapped")),
            Outcome::Unpredicted,
        ],
    }
}

/// A result whose only rationale has so many bytes.
pub(crate) fn long_result(index: u64, bytes: usize) -> RowResult {
    let rationale = (0..bytes).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
    let feedback = Feedback { name: None, value: Value::Boolean(true), rationale: Some(rationale) };
    RowResult { outcomes: vec![Outcome::Scored(vec![feedback])], ..result(index, 0) }
}

/// Ids that sort as their numbers do.
pub(crate) fn batch(number: u128) -> BatchId {
    BatchId(uuid::Uuid::from_u128(number))
}

/// An exchange with something in every field, in turns.
pub(crate) fn exchange(index: u64, ordinal: u32) -> Exchange {
    let call = ToolCall {
        id: "c".to_owned(),
        name: "search".to_owned(),
        arguments: Json::parse(r#"{"b":1.0,"a":[1e400,"\u0000"]}"#).expect("JSON"),
    };
    Exchange {
        plugin: "11".repeat(32),
        key: "tone".to_owned(),
        index,
        trial: ordinal % 2,
        role: "default".to_owned(),
        endpoint: "small".to_owned(),
        model: "openai:/gpt-5-mini".to_owned(),
        digest: "22".repeat(32),
        sent: Json::parse(&format!(r#"[{{"role":"user","content":"question {index}"}}]"#)).expect("JSON"),
        reply: index.is_multiple_of(2).then(|| format!("reply {index}")),
        tool_calls: if index.is_multiple_of(3) { vec![call] } else { Vec::new() },
        failure: (!index.is_multiple_of(2)).then(|| Failure::new(FailureKind::RateLimited, "too many")),
        usage: Usage { input_tokens: index, output_tokens: u64::MAX, cost: index.is_multiple_of(5).then_some(index) },
        saved: Usage { input_tokens: index % 7, ..Usage::default() },
        known: index.is_multiple_of(7).then_some(Known::Cache),
        requests: ordinal,
        started: 1_700_000_000_000,
        duration: Duration::new(index, 123_456_789),
        waited: Duration::new(0, 23_456_789),
    }
}

pub(crate) fn exchanges(number: u64) -> Vec<Exchange> {
    (0..3).map(|ordinal| exchange(number, ordinal)).collect()
}

/// An exchange in which so many bytes were sent.
pub(crate) fn long_exchange(index: u64, bytes: usize) -> Exchange {
    let text: String = (0..bytes).map(|at| char::from(b'a' + (at % 26) as u8)).collect();
    Exchange { sent: Json::from_serialize(&text).expect("JSON"), ..exchange(index, 0) }
}

pub(crate) fn verdict(value: bool) -> Outcome {
    Outcome::Scored(vec![Feedback { name: None, value: Value::Boolean(value), rationale: None }])
}

/// Stores a dataset. Returns its digest.
pub(crate) fn keep(store: &dyn Store, bytes: &[u8]) -> String {
    let mut dataset = store.new_dataset().expect("a place to write");
    dataset.write_all(bytes).expect("written");
    dataset.keep().expect("kept")
}

/// All bytes of a stored dataset.
pub(crate) fn dataset(store: &dyn Store, digest: &str) -> Result<Vec<u8>, StoreError> {
    let mut bytes = Vec::new();
    store.open_dataset(digest)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Stores a dataset of its own and a run on it.
pub(crate) async fn started_run(store: &dyn Store, number: u128) -> RunId {
    let digest = keep(store, &number.to_be_bytes());
    store.create_run(&header(id(number), &digest)).await.expect("created");
    id(number)
}

/// All results of a run, read in pages.
pub(crate) async fn all_results(store: &dyn Store, run: RunId, page: usize) -> Vec<RowResult> {
    let mut all: Vec<RowResult> = Vec::new();
    loop {
        let after = all.last().map(|last| (last.index, last.trial));
        let more = store.results(run, after, page).await.expect("a page");
        assert!(more.len() <= page);
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

/// All exchanges of a run, by batch.
pub(crate) async fn all_exchanges(store: &dyn Store, run: RunId) -> Vec<(BatchId, Vec<Exchange>)> {
    let mut all: Vec<(BatchId, Vec<Exchange>)> = Vec::new();
    while let Some(next) = store.exchanges(run, all.last().map(|last| last.0)).await.expect("read") {
        all.push(next);
    }
    all
}

/// The key of a reply.
pub(crate) fn cache_key(number: u64) -> CacheKey {
    *blake3::hash(&number.to_le_bytes()).as_bytes()
}

/// A reply of 2 KiB, all of which depends on its number.
pub(crate) fn cached_reply(number: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(number);
    (0..2048).map(|_| random.u8(..)).collect()
}
