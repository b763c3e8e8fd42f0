//! Traces that a task takes in, changes and deletes: what it does is a function of the task and of the number of the
//! operation, so that what has to be there after any of them is known.
//!
//! Tasks have traces of their own, and do the same on any store. An operation that is made twice means the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::assessment::{Assessment, AssessmentId, Said, Source as Asker, SourceKind};
use model::digest::SpanDigest;
use model::json::Json;
use model::ports::{Annotation, AnnotationChange, SpanBatch, StoreError, TraceStore};
use model::search::Query;
use model::trace::{Source, Span, SpanKind, Status};

/// Operations of a round; each round begins three traces.
const ROUND: u64 = 6;

/// After so many rounds a trace is deleted, but for the first of every fifth round.
const KEPT_ROUNDS: u64 = 8;

pub(crate) fn trace(task: u64, number: u64) -> String {
    format!("{:016x}{number:016x}", task + 1)
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

/// Spans of a trace, each with what it adds. Those of a number that is not 0 come late, and have a parent.
pub(crate) fn batch(task: u64, number: u64, spans: std::ops::Range<u64>) -> SpanBatch {
    let source = Arc::new(Source { scope: "crash".to_owned(), ..Source::default() });
    let made = spans.map(|span| {
        let mut random = fastrand::Rng::with_seed(task << 40 | number << 8 | span);
        let text: String = (0..random.usize(10..1500)).map(|_| random.alphanumeric()).collect();
        let start = 1_000_000_000 * (number + 1) + span;
        let made = Span {
            id: format!("{:016x}", span + 1),
            parent: (span > 0).then(|| format!("{:016x}", 1)),
            name: format!("step {}", span % 3),
            kind: SpanKind::Client,
            start,
            end: Some(start + 1000 * random.u64(1..9)),
            status: if random.u32(0..5) == 0 { Status::Error("no".to_owned()) } else { Status::Ok },
            attributes: vec![("text".to_owned(), json(&format!("{text:?}")))],
            source: Some(Arc::clone(&source)),
            ..Span::default()
        };
        let digest = SpanDigest {
            end: made.end,
            start,
            version: random.u64(..),
            id: made.id.clone(),
            parent: made.parent.clone(),
            name: made.name.clone(),
            is_error: matches!(made.status, Status::Error(_)),
            session: Some(format!("s{}", number / 4)),
            metadata: vec![(format!("k{}", span % 2), text[..5].to_owned())],
            inputs: Some(text[..10].to_owned()),
            ..SpanDigest::default()
        };
        (made, digest)
    });
    SpanBatch { trace: trace(task, number), spans: made.collect() }
}

fn assessment(task: u64, number: u64, place: u128) -> AssessmentId {
    AssessmentId(uuid::Uuid::from_u128(u128::from(task) << 96 | u128::from(number) << 32 | place))
}

fn assess(task: u64, number: u64, place: u128, overrides: Option<u128>) -> Annotation {
    let assessment = Assessment {
        id: assessment(task, number, place),
        span: None,
        name: "good".to_owned(),
        said: Said::Feedback(json(if place.is_multiple_of(2) { "true" } else { "0.5" })),
        source: Asker { kind: SourceKind::Human, id: Some("ada".to_owned()) },
        rationale: Some(format!("because of {place}")),
        created: number,
        updated: number,
        metadata: BTreeMap::new(),
        overrides: overrides.map(|place| assessment(task, number, place)),
    };
    Annotation { trace: trace(task, number), change: AnnotationChange::Assess(assessment) }
}

fn tag(task: u64, number: u64, value: Option<u64>) -> Annotation {
    let value = value.map(|value| format!("of {value}"));
    Annotation { trace: trace(task, number), change: AnnotationChange::Tag { name: "state".to_owned(), value } }
}

/// Operation number `number` of a task.
pub(crate) async fn operate(store: &dyn TraceStore, task: u64, number: u64) -> Result<(), StoreError> {
    let (round, first) = (number / ROUND, number / ROUND * 3);
    // A trace of an earlier round, that is there for sure.
    let before = |rounds: u64, place: u64| (round >= rounds).then(|| (round - rounds) * 3 + place);
    match number % ROUND {
        // Of one trace the root is missing yet; others get more, from another experiment.
        0 => {
            let more = before(1, 0).into_iter().chain(before(1, 1)).map(|old| batch(task, old, 3..5));
            store.put_spans("other", std::iter::once(batch(task, first, 1..3)).chain(more).collect()).await
        }
        1 => {
            let batches = vec![batch(task, first + 1, 0..4), batch(task, first + 2, 0..1)];
            store.put_spans("default", batches).await
        }
        2 => {
            let late = before(4, 1).map(|old| batch(task, old, 4..7));
            let batches = std::iter::once(batch(task, first, 0..2)).chain(late).collect();
            store.put_spans("default", batches).await
        }
        3 => {
            let mut said = vec![tag(task, first, Some(number)), tag(task, first + 1, Some(1))];
            said.extend([assess(task, first + 1, 1, None), assess(task, first + 1, 2, Some(1))]);
            said.extend(before(2, 0).map(|old| tag(task, old, Some(number))));
            store.annotate(said).await
        }
        4 => {
            let mut said: Vec<_> = before(3, 1).map(|old| tag(task, old, None)).into_iter().collect();
            said.extend(before(3, 1).map(|old| assess(task, old, 2, None)));
            let withdrawn = before(1, 1).map(|old| Annotation {
                trace: trace(task, old),
                change: AnnotationChange::Withdraw(assessment(task, old, 1)),
            });
            // It is gone when the operation is made again.
            said.extend(before(1, 1).map(|old| assess(task, old, 1, None)));
            said.extend(withdrawn);
            store.annotate(said).await
        }
        _ => {
            let is_kept = |old: &u64| (old / 3).is_multiple_of(5) && old.is_multiple_of(3);
            let ids: Vec<_> = (0..3).filter_map(|place| before(KEPT_ROUNDS, place)).collect();
            let ids: Vec<_> = ids.into_iter().filter(|old| !is_kept(old)).map(|old| trace(task, old)).collect();
            store.delete_traces(&ids).await.map(drop)
        }
    }
}

/// Everything in a store, each trace under its id.
pub(crate) async fn everything(store: &dyn TraceStore) -> Result<BTreeMap<String, String>, StoreError> {
    let (mut found, mut after) = (BTreeMap::new(), None);
    loop {
        let page = store.search(&Query::default(), after.as_ref(), 1000).await?;
        for info in page.traces {
            let spans = store.spans(&info.id, 0, usize::MAX).await?;
            let asked = store.trace(&info.id).await?;
            assert_eq!(asked.as_ref(), Some(&info));
            found.insert(info.id.clone(), format!("{info:?} {spans:?}"));
        }
        after = match page.next {
            Some(next) => Some(next),
            None => return Ok(found),
        };
    }
}

/// What of everything is of one task.
pub(crate) fn of_task(everything: &BTreeMap<String, String>, task: u64) -> BTreeMap<String, String> {
    let beginning = &trace(task, 0)[..16];
    let of_task = everything.iter().filter(|(id, _)| id.starts_with(beginning));
    of_task.map(|(id, said)| (id.clone(), said.clone())).collect()
}
