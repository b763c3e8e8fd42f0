//! Random commits on two stores at once: every answer has to be the same. Versions are each store's own.

use std::collections::HashMap;

use model::document::{Change, Document, Expected, Kind};
use model::json::Json;
use model::ports::StoreError;

use crate::subject::Subject;

const SEEDS: [u64; 6] = [1, 2, 3, 5, 8, 13];
const OPERATIONS: usize = 300;

/// Operations on one store of the full set.
const LONG: usize = 2000;

/// Few keys and values, so that operations meet.
#[derive(Debug)]
enum Operation {
    Commit(Vec<Wanted>),
    Document(Kind, String),
    Documents(Kind, String, Option<String>, usize),
    Reopen,
    Compact,
    Rebuild,
}

#[derive(Clone, Debug)]
struct Wanted {
    kind: Kind,
    key: String,
    expected: Wish,
    value: Option<Json>,
}

/// What is expected, in words that mean the same to every store.
#[derive(Clone, Copy, Debug)]
enum Wish {
    Anything,
    Absent,
    Present,
    /// As it was so many versions ago.
    Stale(usize),
}

const KEYS: [&str; 8] = ["a", "a/", "a/b", "a/c", "a0", "b", "\u{e4}", "\0"];

fn kind(random: &mut fastrand::Rng) -> Kind {
    if random.u32(0..4) == 0 { Kind::Index } else { Kind::Experiment }
}

fn key(random: &mut fastrand::Rng) -> String {
    KEYS[random.usize(0..KEYS.len())].to_owned()
}

fn operation(random: &mut fastrand::Rng) -> Operation {
    match random.u32(0..100) {
        0..60 => Operation::Commit((0..random.usize(0..4)).map(|_| wanted(random)).collect()),
        60..75 => Operation::Document(kind(random), key(random)),
        75..92 => {
            let prefix = if random.bool() { String::new() } else { key(random) };
            Operation::Documents(kind(random), prefix, random.bool().then(|| key(random)), random.usize(0..6))
        }
        92..95 => Operation::Compact,
        95..97 => Operation::Rebuild,
        _ => Operation::Reopen,
    }
}

fn wanted(random: &mut fastrand::Rng) -> Wanted {
    let expected = match random.u32(0..10) {
        0..5 => Wish::Anything,
        5..7 => Wish::Absent,
        7..9 => Wish::Present,
        _ => Wish::Stale(random.usize(0..3)),
    };
    let value = match random.u32(0..10) {
        0..3 => None,
        3..9 => Some(random.u32(0..3).to_string()),
        _ => Some(format!("\"{}\"", "long ".repeat(random.usize(0..3000)))),
    };
    let value = value.map(|text| Json::parse(&text).expect("JSON"));
    Wanted { kind: kind(random), key: key(random), expected, value }
}

/// A store, and the versions that its documents have had, oldest first.
struct Rival {
    subject: Subject,
    seen: HashMap<(Kind, String), Vec<u64>>,
}

impl Rival {
    fn of(subject: Subject) -> Self {
        Self { subject, seen: HashMap::new() }
    }

    async fn answer(&mut self, operation: &Operation) -> String {
        let store = self.subject.documents();
        match operation {
            Operation::Commit(wanted) => {
                let changes: Vec<Change> = wanted.iter().map(|wanted| self.change(wanted)).collect();
                let answer = seen(store.commit(changes).await);
                for Wanted { kind, key, .. } in wanted {
                    self.note(*kind, key).await;
                }
                answer
            }
            Operation::Document(kind, key) => seen(store.document(*kind, key).await.map(|found| found.map(said))),
            Operation::Documents(kind, prefix, after, limit) => {
                let found = store.documents(*kind, prefix, after.as_deref(), *limit).await;
                seen(found.map(|found| found.into_iter().map(said).collect::<Vec<_>>()))
            }
            Operation::Reopen | Operation::Compact | Operation::Rebuild => String::new(),
        }
    }

    fn change(&self, Wanted { kind, key, expected, value }: &Wanted) -> Change {
        let seen = self.seen.get(&(*kind, key.clone())).map_or(&[][..], |seen| &seen[..]);
        let ago = |number: usize| Expected::Version(seen.iter().rev().nth(number).copied().unwrap_or(u64::MAX));
        let expected = match expected {
            Wish::Anything => Expected::Anything,
            Wish::Absent => Expected::Absent,
            Wish::Present => ago(0),
            Wish::Stale(number) => ago(number + 1),
        };
        Change { kind: *kind, key: key.clone(), expected, value: value.clone() }
    }

    /// Notes the version of a document, which is none that it has had before.
    async fn note(&mut self, kind: Kind, key: &str) {
        let Some(found) = self.subject.documents().document(kind, key).await.expect("read") else { return };
        let seen = self.seen.entry((kind, key.to_owned())).or_default();
        if seen.last() != Some(&found.version) {
            assert!(seen.last().is_none_or(|last| *last < found.version), "{seen:?}, then {}", found.version);
            seen.push(found.version);
        }
    }
}

fn said(Document { key, value, .. }: Document) -> (String, Json) {
    (key, value)
}

fn seen<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:?}"),
        Err(StoreError::Invalid { what }) => format!("invalid: {what}"),
        Err(error) => panic!("{error:?}"),
    }
}

/// Does the same on a memory store and on `subject`.
async fn compare(seed: u64, operations: usize, subject: Subject) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (mut oracle, mut rival) = (Rival::of(Subject::memory()), Rival::of(subject));
    for step in 0..operations {
        let operation = operation(&mut random);
        rival.subject = match operation {
            Operation::Reopen => rival.subject.reopened(),
            Operation::Compact => rival.subject.compacted().await,
            Operation::Rebuild => rival.subject.rebuilt(),
            _ => rival.subject,
        };
        let expected = oracle.answer(&operation).await;
        let found = rival.answer(&operation).await;
        assert_eq!(found, expected, "seed {seed}, step {step}: {operation:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_commits_as_the_memory_store_does() {
    for seed in SEEDS {
        compare(seed, OPERATIONS, Subject::embedded()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_store_commits_as_the_memory_store_does() {
    for seed in SEEDS {
        compare(seed, OPERATIONS, Subject::shared()).await;
    }
}

/// A part of the full set, see CONTRIBUTING.
#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_store_goes_on_committing_as_the_memory_store_does() {
    let operations = std::env::var("KARAT_OPERATIONS").map_or(100_000, |number| number.parse().expect("a number"));
    for seed in 0..operations / LONG {
        compare(1000 + seed as u64, LONG, Subject::embedded()).await;
    }
}
