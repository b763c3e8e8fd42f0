//! Random traces and questions on two stores at once: every answer has to be the same.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use model::assessment::{Assessment, AssessmentId, SESSION, Said, Source as Asker, SourceKind};
use model::digest::{ANNOUNCEMENT, SpanDigest, Tokens};
use model::json::Json;
use model::outcome::{Failure, FailureKind};
use model::ports::{Annotation, AnnotationChange, SpanBatch, StoreError, TraceStore};
use model::search::{Comparison, Cursor, Field, Filter, Order, Query, SpanField, SpanFilter, Test, TokenKind, Value};
use model::trace::{Event, Link, Source, Span, SpanKind, Status};

use storage::EmbeddedStore;

use crate::subject::Subject;

const SEEDS: [u64; 6] = [1, 2, 3, 5, 8, 13];
const OPERATIONS: usize = 400;

/// Few of everything, so that things meet.
const TRACES: u64 = 12;
const SPANS: u64 = 8;
const NAMES: [&str; 5] = ["answer", "search docs", "Search", "search_web", "10"];

fn trace(number: u64) -> String {
    format!("{number:032x}")
}

fn span_id(number: u64) -> String {
    format!("{:016x}", number + 1)
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

fn some<T>(random: &mut fastrand::Rng, value: impl FnOnce(&mut fastrand::Rng) -> T) -> Option<T> {
    random.bool().then(|| value(random))
}

fn name(random: &mut fastrand::Rng) -> String {
    match random.u32(0..30) {
        0 => "ä".repeat(300),
        1 => format!("{}!", "ä".repeat(300)),
        _ => random.choice(NAMES).expect("names").to_owned(),
    }
}

/// A span with what it adds: both are a function of the seed, as they would be of what was sent.
fn any_span(random: &mut fastrand::Rng) -> (Span, SpanDigest) {
    let number = random.u64(0..SPANS);
    let start = 1_000_000 * random.u64(1..40);
    let is_error = random.u32(0..4) == 0;
    let parent = some(random, |random| random.u64(0..SPANS)).filter(|parent| *parent != number).map(span_id);
    let source = Arc::new(Source { scope: "tests".to_owned(), ..Source::default() });
    let span = Span {
        // Now and then, what a client says of the trace as a whole.
        id: if random.u32(0..8) == 0 { ANNOUNCEMENT.to_owned() } else { span_id(number) },
        parent: parent.clone(),
        name: name(random),
        kind: SpanKind::Client,
        start,
        end: some(random, |random| start + random.u64(0..9_000_000)),
        status: if is_error {
            Status::Error("no".to_owned())
        } else {
            [Status::Unset, Status::Ok][random.usize(0..2)].clone()
        },
        attributes: vec![
            ("model".to_owned(), json("\"small\"")),
            ("n".to_owned(), json(&random.u32(0..3).to_string())),
        ],
        events: vec![Event { name: name(random), time: start, attributes: Vec::new() }],
        links: vec![Link { trace: trace(1), span: span_id(2), attributes: vec![("why".to_owned(), json("[1]"))] }],
        source: some(random, |_| source),
    };
    let count = random.u64(0..50);
    let digest = SpanDigest {
        end: span.end,
        start,
        version: random.u64(..),
        id: span.id.clone(),
        parent,
        name: span.name.clone(),
        kind: some(random, |random| random.choice(["LLM", "TOOL"]).expect("kinds").to_owned()),
        is_error,
        service: some(random, name),
        session: some(random, |random| format!("s{}", random.u32(0..3))),
        user: some(random, name),
        model: some(random, |random| format!("m{}", random.u32(0..3))),
        tokens: some(random, |_| Tokens { input: count, output: 2, total: count + 2, ..Tokens::default() }),
        cost: some(random, |random| random.u64(0..5) * 1_000_000_000),
        input_cost: some(random, |random| random.u64(0..5) * 1_000_000_000),
        output_cost: some(random, |random| random.u64(0..5) * 1_000_000_000),
        prompts: Vec::from_iter(some(random, |random| format!("p/{}", random.u32(0..3)))),
        metadata: vec![(format!("k{}", random.u32(0..2)), name(random))],
        inputs: some(random, name),
        outputs: some(random, name),
    };
    (span, digest)
}

fn any_assessment(random: &mut fastrand::Rng, overrides: bool) -> Assessment {
    let id = |random: &mut fastrand::Rng| AssessmentId(uuid::Uuid::from_u128(random.u128(0..6)));
    let value = json(["true", "false", "0.5", "10", "\"yes\"", "\"10\"", "[1,2]", "null"][random.usize(0..8)]);
    let own = id(random);
    Assessment {
        id: own,
        span: some(random, |random| span_id(random.u64(0..SPANS))),
        name: ["good", "fast"][random.usize(0..2)].to_owned(),
        said: match random.u32(0..5) {
            0 => Said::Expectation(value),
            1 => Said::Failed(Failure::new(FailureKind::TimedOut, "too slow")),
            _ => Said::Feedback(value),
        },
        source: Asker { kind: SourceKind::Human, id: Some("ada".to_owned()) },
        rationale: some(random, name),
        created: random.u64(0..9),
        updated: 9,
        metadata: BTreeMap::from([(["a", SESSION][random.usize(0..2)].to_owned(), "b".to_owned())]),
        overrides: overrides.then(|| id(random)).filter(|other| *other != own),
    }
}

fn any_annotation(random: &mut fastrand::Rng) -> Annotation {
    let trace = trace(random.u64(0..TRACES));
    let tag = format!("t{}", random.u32(0..3));
    let change = match random.u32(0..10) {
        0..3 => AnnotationChange::Tag { name: tag, value: Some(name(random)) },
        3 => AnnotationChange::Tag { name: tag, value: None },
        4 => AnnotationChange::Withdraw(AssessmentId(uuid::Uuid::from_u128(random.u128(0..6)))),
        other => AnnotationChange::Assess(any_assessment(random, other == 5)),
    };
    Annotation { trace, change }
}

fn any_value(random: &mut fastrand::Rng) -> Value {
    match random.u32(0..6) {
        0 => Value::Number(f64::from(random.u32(0..40))),
        1 => Value::Number(0.5),
        2 => Value::Boolean(random.bool()),
        3 => Value::Text(["OK", "ERROR", "IN_PROGRESS", "UNSET", "LLM", "TOOL", "true"][random.usize(0..7)].to_owned()),
        4 => Value::Text(["s1", "m2", "p/0", "yes", "10"][random.usize(0..5)].to_owned()),
        _ => Value::Text(name(random)),
    }
}

fn any_test(random: &mut fastrand::Rng) -> Test {
    use Comparison::{AtLeast, AtMost, Equal, Greater, Less, NotEqual};
    let values = |random: &mut fastrand::Rng| (0..random.u32(1..4)).map(|_| any_value(random)).collect::<Vec<_>>();
    match random.u32(0..12) {
        0..5 => {
            let comparison = [Equal, NotEqual, Less, AtMost, Greater, AtLeast][random.usize(0..6)];
            Test::Is(comparison, any_value(random))
        }
        5 => Test::Like {
            pattern: ["search%", "%s%", "_0", "%"][random.usize(0..4)].to_owned(),
            ignores_case: random.bool(),
        },
        6 => Test::Matches(["^s", "h.w", "[0-9]+"][random.usize(0..3)].to_owned()),
        7 => Test::Contains(["SEARCH", "an", "ä"][random.usize(0..3)].to_owned()),
        8 => Test::AnyOf(values(random)),
        9 => Test::NoneOf(values(random)),
        10 => Test::Between(any_value(random), any_value(random)),
        _ => [Test::Present, Test::Missing][random.usize(0..2)].clone(),
    }
}

fn any_field(random: &mut fastrand::Rng) -> Field {
    let tokens = [TokenKind::Input, TokenKind::Output, TokenKind::Total, TokenKind::Reasoning];
    match random.u32(0..24) {
        0 => Field::Id,
        1 | 2 => Field::Name,
        3 | 4 => Field::Status,
        5 => Field::Service,
        6 => Field::Session,
        7 => Field::User,
        8 => Field::Model,
        9 => Field::Prompt,
        10 => Field::Start,
        11 => Field::End,
        12 => Field::Duration,
        13 => Field::Cost,
        14 => Field::Tokens(tokens[random.usize(0..4)]),
        15 => Field::Spans,
        16 => Field::Errors,
        17 => Field::Tag(format!("t{}", random.u32(0..4))),
        18 => Field::Metadata(format!("k{}", random.u32(0..3))),
        19 | 20 => Field::Feedback(["good", "fast", "other"][random.usize(0..3)].to_owned()),
        21 => Field::Expectation("good".to_owned()),
        22 => [Field::Inputs, Field::Outputs][random.usize(0..2)].clone(),
        _ => Field::Text,
    }
}

fn any_span_filter(random: &mut fastrand::Rng, depth: u32) -> SpanFilter {
    let several =
        |random: &mut fastrand::Rng| (0..random.u32(0..3)).map(|_| any_span_filter(random, depth - 1)).collect();
    match random.u32(0..if depth == 0 { 1 } else { 4 }) {
        0 => {
            let field = match random.u32(0..8) {
                0 | 1 => SpanField::Name,
                2 | 3 => SpanField::Type,
                4 => SpanField::Status,
                5 => SpanField::Model,
                6 => SpanField::Duration,
                _ => [SpanField::Attribute("n".to_owned()), SpanField::Content][random.usize(0..2)].clone(),
            };
            SpanFilter::Span(field, any_test(random))
        }
        1 => SpanFilter::All(several(random)),
        2 => SpanFilter::Any(several(random)),
        _ => SpanFilter::Not(Box::new(any_span_filter(random, depth - 1))),
    }
}

fn any_filter(random: &mut fastrand::Rng, depth: u32) -> Filter {
    let several = |random: &mut fastrand::Rng| (0..random.u32(0..4)).map(|_| any_filter(random, depth - 1)).collect();
    match random.u32(0..if depth == 0 { 3 } else { 6 }) {
        0 | 1 => Filter::Trace(any_field(random), any_test(random)),
        2 => Filter::Span(any_span_filter(random, 2)),
        3 => Filter::All(several(random)),
        4 => Filter::Any(several(random)),
        _ => Filter::Not(Box::new(any_filter(random, depth - 1))),
    }
}

fn any_query(random: &mut fastrand::Rng) -> Query {
    let order = |random: &mut fastrand::Rng| loop {
        let field = any_field(random);
        if !matches!(field, Field::Inputs | Field::Outputs | Field::Text | Field::Name | Field::Service | Field::User) {
            return Order { field, descending: random.bool() };
        }
    };
    Query {
        experiments: Vec::from_iter((random.u32(0..4) == 0).then(|| "other".to_owned())),
        filter: (random.u32(0..10) > 0).then(|| any_filter(random, 3)),
        order: (0..random.usize(0..3)).map(|_| order(random)).collect(),
    }
}

/// Few traces, spans and names, so that operations meet.
#[derive(Debug)]
enum Operation {
    Put(&'static str, Vec<SpanBatch>),
    Annotate(Vec<Annotation>),
    Announce(&'static str, String, Box<(Span, SpanDigest)>, Vec<AnnotationChange>),
    Traces(Vec<String>, usize),
    Spans(String, usize, usize),
    Search(Query, usize),
    Delete(Vec<String>),
    Experiments,
    Reopen,
    Compact,
    Rebuild,
}

fn operation(random: &mut fastrand::Rng) -> Operation {
    let id = trace(random.u64(0..TRACES));
    let batch = |random: &mut fastrand::Rng| SpanBatch {
        trace: trace(random.u64(0..TRACES)),
        spans: (0..random.u32(0..6)).map(|_| any_span(random)).collect(),
    };
    match random.u32(0..100) {
        0..22 => Operation::Put(
            if random.bool() { "default" } else { "other" },
            (0..random.u32(0..4)).map(|_| batch(random)).collect(),
        ),
        22..26 => {
            let (mut span, mut digest) = any_span(random);
            (span.id, digest.id) = (ANNOUNCEMENT.to_owned(), ANNOUNCEMENT.to_owned());
            let said = (0..random.u32(0..3)).map(|_| any_annotation(random).change).collect();
            Operation::Announce(if random.bool() { "default" } else { "other" }, id, Box::new((span, digest)), said)
        }
        26..35 => Operation::Annotate((0..random.u32(1..4)).map(|_| any_annotation(random)).collect()),
        35..42 => Operation::Traces(vec![id, trace(random.u64(0..TRACES))], random.usize(0..9)),
        42..50 => Operation::Spans(id, random.usize(0..4), random.usize(0..9)),
        50..90 => Operation::Search(any_query(random), random.usize(1..6)),
        90..93 => Operation::Delete(vec![id, trace(random.u64(0..TRACES))]),
        93..95 => Operation::Experiments,
        95..97 => Operation::Compact,
        97..98 => Operation::Rebuild,
        _ => Operation::Reopen,
    }
}

fn seen<T: Debug>(answer: Result<T, StoreError>) -> String {
    match answer {
        Ok(answer) => format!("{answer:#?}"),
        Err(error) => format!("error: {error} {:?}", std::error::Error::source(&error)),
    }
}

async fn answer(store: &dyn TraceStore, operation: &Operation) -> String {
    match operation {
        Operation::Put(experiment, batches) => seen(store.put_spans(experiment, batches.clone()).await),
        Operation::Annotate(annotations) => seen(store.annotate(annotations.clone()).await),
        Operation::Announce(experiment, trace, announcement, said) => {
            seen(store.announce(experiment, trace, (**announcement).clone(), said.clone()).await)
        }
        Operation::Traces(ids, spans) => seen(store.traces(ids, *spans).await),
        Operation::Spans(id, skip, limit) => seen(store.spans(id, *skip, *limit).await),
        Operation::Search(query, limit) => seen(pages(store, query, *limit).await),
        Operation::Delete(ids) => seen(store.delete_traces(ids).await),
        Operation::Experiments => seen(store.experiments().await),
        Operation::Reopen | Operation::Compact | Operation::Rebuild => String::new(),
    }
}

/// All that is found, page by page, each trace without its pages.
async fn pages(store: &dyn TraceStore, query: &Query, limit: usize) -> Result<Vec<String>, StoreError> {
    let mut found = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = store.search(query, after.as_ref(), limit).await?;
        assert!(page.traces.len() <= limit);
        found.extend(page.traces.iter().map(|info| format!("{info:?}")));
        match page.next {
            Some(next) => after = Some(next),
            None => return Ok(found),
        }
    }
}

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
        let expected = answer(oracle.traces(), &operation).await;
        let found = answer(subject.traces(), &operation).await;
        let differs = found.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert!(found == expected, "seed {seed}, step {step}: {operation:#?}\n{differs:#?}");
    }
    if let Subject::Embedded { store, folder } = subject {
        drop(store);
        let findings = EmbeddedStore::check(folder.path()).expect("checked").expect("it is there");
        assert!(findings.problems.is_empty() && findings.notes.is_empty(), "seed {seed}: {findings:#?}");
        assert_eq!(findings.traces, count(oracle.traces()).await);
    }
}

/// Puts some traces into a store, with what is said of them.
pub(crate) async fn fill(store: &dyn TraceStore, requests: u32) {
    let mut random = fastrand::Rng::with_seed(5);
    for request in 0..requests {
        let batch = |random: &mut fastrand::Rng| SpanBatch {
            trace: trace(random.u64(0..TRACES)),
            spans: (0..random.u32(1..6)).map(|_| any_span(random)).collect(),
        };
        let batches: Vec<_> = (0..4).map(|_| batch(&mut random)).collect();
        let known = batches[0].trace.clone();
        store.put_spans(["default", "other"][request as usize % 2], batches).await.expect("put");
        let said: Vec<_> = (0..4).map(|_| Annotation { trace: known.clone(), ..any_annotation(&mut random) }).collect();
        // What is taken back may not be there.
        let _ = store.annotate(said).await;
    }
}

/// All traces with their spans, as text.
pub(crate) async fn everything(store: &dyn TraceStore) -> Vec<String> {
    let mut everything = Vec::new();
    for info in store.search(&Query::default(), None, 1000).await.expect("found").traces {
        let spans = store.spans(&info.id, 0, usize::MAX).await.expect("read");
        let announcement = store.announcement(&info.id).await.expect("read");
        everything.push(format!("{info:?} {spans:?} {announcement:?}"));
    }
    everything
}

async fn count(store: &dyn TraceStore) -> u64 {
    store.experiments().await.expect("read").iter().map(|(_, count)| count).sum()
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

/// A trace with one span.
fn small_batch(number: u64) -> SpanBatch {
    let mut random = fastrand::Rng::with_seed(number);
    SpanBatch { trace: trace(number), spans: vec![any_span(&mut random)] }
}

fn said(number: u64, change: AnnotationChange) -> Annotation {
    Annotation { trace: trace(number), change }
}

fn assessed(number: u64, id: u128) -> Annotation {
    let id = AssessmentId(uuid::Uuid::from_u128(id));
    let assessment = any_assessment(&mut fastrand::Rng::with_seed(1), false);
    said(number, AnnotationChange::Assess(Assessment { id, ..assessment }))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assessment_that_came_with_others_stays_withdrawn() {
    let subject = Subject::embedded();
    let store = subject.traces();
    store.put_spans("default", vec![small_batch(1)]).await.expect("put");
    store.annotate(vec![assessed(1, 1), assessed(1, 2)]).await.expect("annotated");
    let withdrawn = AnnotationChange::Withdraw(AssessmentId(uuid::Uuid::from_u128(1)));
    store.annotate(vec![said(1, withdrawn)]).await.expect("annotated");
    let info = store.trace(&trace(1)).await.expect("read").expect("it is there");
    assert_eq!(info.assessments.iter().map(|said| said.id.0.as_u128()).collect::<Vec<_>>(), [2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_of_a_session_is_found_where_the_log_is_asked_and_when_the_store_is_opened_again() {
    let mut subject = Subject::embedded();
    let store = subject.traces();
    for (number, session) in [(1, "s"), (2, "s"), (3, "t")] {
        let mut batch = small_batch(number);
        batch.spans[0].1.session = Some(session.to_owned());
        store.put_spans("default", vec![batch]).await.expect("put");
    }
    let Annotation { change: AnnotationChange::Assess(assessment), .. } = assessed(1, 1) else { unreachable!() };
    let assessment = Assessment { name: "good".to_owned(), said: Said::Feedback(json("true")), ..assessment };
    store.annotate(vec![said(1, AnnotationChange::Assess(assessment.of_session("s")))]).await.expect("annotated");
    let is_good = Filter::Trace(Field::Feedback("good".to_owned()), Test::Is(Comparison::Equal, Value::Boolean(true)));
    // Inputs are in the log alone.
    let of_log = Filter::Trace(Field::Inputs, Test::Contains("nowhere".to_owned()));
    let asked = Filter::All(vec![is_good.clone(), Filter::Not(Box::new(of_log))]);
    for _ in 0..2 {
        for filter in [is_good.clone(), asked.clone()] {
            let query = Query { filter: Some(filter), ..Query::of_session("s", None) };
            let found = subject.traces().search(&query, None, 9).await.expect("found").traces;
            let mut ids: Vec<_> = found.into_iter().map(|info| info.id).collect();
            ids.sort_unstable();
            assert_eq!(ids, [trace(1), trace(2)]);
        }
        subject = subject.reopened();
    }
}

/// More than one answer between processes has.
#[tokio::test(flavor = "multi_thread")]
async fn large_traces_that_are_asked_for_at_once_come_as_they_are() {
    let subject = Subject::shared();
    let store = subject.traces();
    let large = |number: u64| {
        let mut batch = small_batch(number);
        batch.spans[0].0.attributes = vec![("text".to_owned(), json(&format!("\"{}\"", "a".repeat(9 << 20))))];
        batch
    };
    for number in 1..=3 {
        store.put_spans("default", vec![large(number)]).await.expect("put");
    }
    let ids: Vec<String> = [1, 9, 2, 3].map(trace).into();
    let found = store.traces(&ids, 1).await.expect("read");
    let found: Vec<_> = found.into_iter().map(|found| found.map(|found| (found.info.id, found.spans))).collect();
    let expected = |number: u64| (number != 9).then(|| (trace(number), large(number).spans));
    assert!(found == [1, 9, 2, 3].map(expected), "other traces were read than were put");
}

/// A part of the full set, see CONTRIBUTING.
#[ignore = "takes minutes"]
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_questions_are_answered_as_by_looking_at_everything() {
    for seed in 0..25 {
        compare(1000 + seed, 1000, Subject::embedded()).await;
    }
}
