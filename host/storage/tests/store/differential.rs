//! Random operations on both stores at once: every answer has to be the same.

use std::fmt::Debug;

use model::judge::{BatchId, Exchange};
use model::ports::{Store, StoreError};
use model::run::{RowResult, RunId};

use crate::samples::{batch, dataset, exchange, header, id, keep, long_exchange, long_result, report, result};
use crate::subject::Subject;

const SEEDS: [u64; 6] = [1, 2, 3, 5, 8, 13];
const OPERATIONS: usize = 300;

/// Operations on one store of the full set.
const LONG: usize = 2000;

/// Few runs, rows and datasets, so that operations meet.
#[derive(Debug)]
enum Operation {
    Create(RunId, u8),
    Put(RunId, Vec<RowResult>),
    PutExchanges(RunId, BatchId, Vec<Exchange>),
    Finish(RunId, f64),
    Run(RunId),
    Runs(Option<RunId>, usize),
    Results(RunId, Option<(u64, u32)>, usize),
    Exchanges(RunId, Option<BatchId>),
    Delete(RunId),
    Keep(u8),
    Dataset(u8),
    Reopen,
    Compact,
    Rebuild,
}

fn operation(random: &mut fastrand::Rng) -> Operation {
    let run = id(random.u128(0..4));
    let limit = random.usize(0..30);
    match random.u32(0..100) {
        0..10 => Operation::Create(run, random.u8(0..3)),
        10..35 => Operation::Put(run, (0..random.usize(0..20)).map(|_| any_result(random)).collect()),
        35..45 => Operation::PutExchanges(run, any_batch(random), any_exchanges(random)),
        45..50 => Operation::Finish(run, random.f64()),
        50..55 => Operation::Run(run),
        55..65 => Operation::Runs(random.bool().then_some(run), limit),
        65..75 => Operation::Exchanges(run, random.bool().then(|| any_batch(random))),
        75..82 => Operation::Results(run, random.bool().then(|| position(random)), limit),
        82..86 => Operation::Delete(run),
        86..93 => Operation::Keep(random.u8(0..3)),
        93..97 => Operation::Dataset(random.u8(0..3)),
        97..98 => Operation::Compact,
        98..99 => Operation::Rebuild,
        _ => Operation::Reopen,
    }
}

fn position(random: &mut fastrand::Rng) -> (u64, u32) {
    (random.u64(0..60), random.u32(0..3))
}

fn any_result(random: &mut fastrand::Rng) -> RowResult {
    let (index, trial) = position(random);
    match random.u32(0..8) {
        0 => RowResult { trial, ..long_result(index, random.usize(0..15_000)) },
        _ => result(index, trial),
    }
}

fn any_batch(random: &mut fastrand::Rng) -> BatchId {
    batch(random.u128(0..6))
}

fn any_exchanges(random: &mut fastrand::Rng) -> Vec<Exchange> {
    let mut exchanges: Vec<_> = (0..random.u32(0..5)).map(|ordinal| exchange(random.u64(0..60), ordinal)).collect();
    if random.u32(0..8) == 0 {
        exchanges.push(long_exchange(0, random.usize(0..15_000)));
    }
    exchanges
}

fn rows(number: u8) -> Vec<u8> {
    vec![number; 1000]
}

/// What a caller can see of an answer.
fn seen<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(error) => format!("error: {error}"),
    }
}

async fn answer(store: &dyn Store, operation: &Operation) -> String {
    let digest = |number: &u8| blake3::hash(&rows(*number)).to_hex().to_string();
    match operation {
        Operation::Create(run, number) => seen(store.create_run(&header(*run, &digest(number))).await),
        Operation::Put(run, results) => seen(store.put_results(*run, results.clone()).await),
        Operation::PutExchanges(run, batch, exchanges) => {
            seen(store.put_exchanges(*run, *batch, exchanges.clone()).await)
        }
        Operation::Exchanges(run, after) => seen(store.exchanges(*run, *after).await),
        Operation::Finish(run, seconds) => seen(store.finish_run(*run, &report(*run, *seconds)).await),
        Operation::Run(run) => seen(store.run(*run).await),
        Operation::Runs(after, limit) => seen(store.runs(*after, *limit).await),
        Operation::Results(run, after, limit) => seen(store.results(*run, *after, *limit).await),
        Operation::Delete(run) => seen(store.delete_run(*run).await),
        Operation::Keep(number) => keep(store, &rows(*number)),
        Operation::Dataset(number) => seen(dataset(store, &digest(number))),
        Operation::Reopen | Operation::Compact | Operation::Rebuild => String::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_answers_as_the_memory_store_does() {
    for seed in SEEDS {
        compare(seed, OPERATIONS, Subject::embedded()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_store_answers_as_the_memory_store_does() {
    for seed in SEEDS {
        compare(seed, OPERATIONS, Subject::shared()).await;
    }
}

/// A part of the full set, see CONTRIBUTING.
#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_goes_on_answering_as_the_memory_store_does() {
    let operations = std::env::var("KARAT_OPERATIONS").map_or(100_000, |number| number.parse().expect("a number"));
    for seed in 0..operations / LONG {
        compare(1000 + seed as u64, LONG, Subject::embedded()).await;
    }
}

/// Does the same on a memory store and on `subject`.
async fn compare(seed: u64, operations: usize, mut subject: Subject) {
    let mut random = fastrand::Rng::with_seed(seed);
    let oracle = Subject::memory();
    for step in 0..operations {
        let operation = operation(&mut random);
        subject = match operation {
            Operation::Reopen => subject.reopened(),
            Operation::Compact => subject.compacted().await,
            Operation::Rebuild => subject.rebuilt(),
            _ => subject,
        };
        let expected = answer(oracle.store(), &operation).await;
        let found = answer(subject.store(), &operation).await;
        assert_eq!(found, expected, "seed {seed}, step {step}: {operation:?}");
    }
}
