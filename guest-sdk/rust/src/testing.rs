//! Scorers tried natively, without a host.
//!
//! ```
//! # use karat_sdk::prelude::*;
//! # #[derive(Deserialize, JsonSchema)]
//! # struct Apology {}
//! # impl Scorer for Apology {
//! #     const NAME: &str = "apology";
//! #     const SUMMARY: &str = "whether the answer says sorry";
//! #     const BETTER: Direction = Direction::Maximize;
//! #     type Verdict = bool;
//! #     fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
//! #         Ok(row.outputs()?.text()?.contains("sorry").into())
//! #     }
//! # }
//! use karat_sdk::testing::row;
//!
//! assert!(row().outputs("We are sorry.").verdict::<Apology>(json!({})));
//! assert!(!row().outputs("No.").verdict::<Apology>(json!({})));
//! assert!(row().score::<Apology>(json!({})).is_err());
//! ```

use std::cell::RefCell;

use serde::Serialize;
use serde_json::{Value, json};

use crate::aggregator::{Aggregator, Measure, Scored};
use crate::bindings::karat::eval::types;
use crate::exporter::{Batch, Encoding};
use crate::failure::Failure;
use crate::feedback::{Feedback, Outcome};
use crate::http;
use crate::judge;
use crate::row::Row;
use crate::scorer::Scorer;
use crate::trace::{Filter, Span, SpanKind, Status};

type Answering = Box<dyn Fn(&http::Request) -> Option<http::Response>>;
type Judging = Box<dyn Fn(&judge::Question) -> String>;

thread_local! {
    static HTTP: RefCell<Option<Answering>> = const { RefCell::new(None) };
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static JUDGE: RefCell<Option<Judging>> = const { RefCell::new(None) };
    static TRACE: RefCell<Option<Vec<Span>>> = const { RefCell::new(None) };
}

/// Has `answers` answer the requests of this thread from now on; one that it has no answer to is denied.
pub fn http(answers: impl Fn(&http::Request) -> Option<http::Response> + 'static) {
    HTTP.set(Some(Box::new(answers)));
}

/// Has `judge` reply to the questions of this thread from now on.
pub fn judge(judge: impl Fn(&judge::Question) -> String + 'static) {
    JUDGE.set(Some(Box::new(judge)));
}

/// A batch with the span of a row of this id, that scorers gave these scores.
pub fn batch(row: &str, scores: &[(&str, f64)]) -> Batch {
    let event = |(name, score): &(&str, f64)| {
        let name = json!({ "key": "gen_ai.evaluation.name", "value": { "stringValue": name } });
        let score = json!({ "key": "gen_ai.evaluation.score.value", "value": { "doubleValue": score } });
        json!({ "name": "gen_ai.evaluation.result", "attributes": [name, score] })
    };
    let id = json!({ "key": "karat.row.id", "value": { "stringValue": row } });
    let events: Vec<_> = scores.iter().map(event).collect();
    let span = json!({ "name": "karat.row", "attributes": [id], "events": events });
    let payload = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [span] }] }] }).to_string().into_bytes();
    Batch { id: "batch".to_owned(), encoding: Encoding::OtlpJson, span_count: 1, payload }
}

/// What exporters of this thread have written so far.
pub fn written() -> Vec<u8> {
    WRITTEN.with_borrow(Vec::clone)
}

#[cfg(not(target_family = "wasm"))]
pub(crate) fn write(bytes: &[u8]) {
    WRITTEN.with_borrow_mut(|written| written.extend_from_slice(bytes));
}

#[cfg(not(target_family = "wasm"))]
pub(crate) fn answer(request: http::Request) -> Result<http::Response, Failure> {
    let answer = HTTP.with_borrow(|http| http.as_ref().and_then(|answers| answers(&request)));
    answer.ok_or_else(|| denied(&format!("no answer to {}", request.url())))
}

#[cfg(not(target_family = "wasm"))]
pub(crate) fn reply(question: &judge::Question) -> Result<judge::Reply, Failure> {
    let text = JUDGE.with_borrow(|judge| judge.as_ref().map(|judge| judge(question)));
    let usage = judge::Usage { input_tokens: 0, output_tokens: 0, cost: None };
    let reply = text.map(|text| judge::Reply { text, tool_calls: Vec::new(), usage, cached: false });
    reply.ok_or_else(|| denied("there is no judge here"))
}

/// Spans of the row that this thread has built last.
#[cfg(not(target_family = "wasm"))]
pub(crate) fn spans(filter: Option<&Filter>) -> Option<Vec<Span>> {
    let fits = |span: &Span| {
        filter.is_none_or(|filter| {
            filter.name.as_ref().is_none_or(|name| *name == span.name)
                && filter.attribute.as_ref().is_none_or(|wanted| span.attributes.contains(wanted))
                && (!filter.errors_only || matches!(span.status, Status::Error(_)))
        })
    };
    TRACE.with_borrow(|trace| Some(trace.as_ref()?.iter().filter(|span| fits(span)).cloned().collect()))
}

#[cfg(not(target_family = "wasm"))]
fn denied(message: &str) -> Failure {
    Failure { code: crate::failure::ErrorCode::Denied, message: message.to_owned() }
}

/// Buckets in memory, of each thread.
#[cfg(not(target_family = "wasm"))]
pub(crate) mod memory {
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    use crate::failure::Failure;

    type Values = Rc<RefCell<BTreeMap<String, Vec<u8>>>>;

    thread_local! {
        static BUCKETS: RefCell<BTreeMap<String, Values>> = const { RefCell::new(BTreeMap::new()) };
    }

    pub(crate) struct Bucket(Values);

    pub(crate) fn open(name: &str) -> Result<Bucket, Failure> {
        Ok(Bucket(BUCKETS.with_borrow_mut(|buckets| buckets.entry(name.to_owned()).or_default().clone())))
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the host's")]
    impl Bucket {
        pub(crate) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
            Ok(self.0.borrow().get(key).cloned())
        }

        pub(crate) fn set(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
            self.0.borrow_mut().insert(key.to_owned(), value.to_vec());
            Ok(())
        }

        pub(crate) fn delete(&self, key: &str) -> Result<(), Failure> {
            self.0.borrow_mut().remove(key);
            Ok(())
        }

        pub(crate) fn compare_and_set(&self, key: &str, old: Option<&[u8]>, new: &[u8]) -> Result<bool, Failure> {
            let is_same = self.0.borrow().get(key).map(Vec::as_slice) == old;
            if is_same {
                self.set(key, new)?;
            }
            Ok(is_same)
        }

        pub(crate) fn keys(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Failure> {
            let values = self.0.borrow();
            let fits = |key: &&String| key.starts_with(prefix) && after.is_none_or(|after| key.as_str() > after);
            Ok(values.keys().filter(fits).take(limit as usize).cloned().collect())
        }
    }
}

/// A row to try a scorer on, empty but for its `id`.
pub fn row() -> TestRow {
    let row = types::Row {
        id: "test".to_owned(),
        inputs: "{}".to_owned(),
        outputs: None,
        candidate: None,
        expectations: None,
        tags: Vec::new(),
        session: None,
        trial: 0,
        seed: 0,
    };
    TestRow { row, trace: None }
}

/// A span with these attributes, of no time and without a parent. Its id is its name.
pub fn span(name: &str, attributes: Value) -> Span {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    let attribute = |(key, value): (String, Value)| types::Attribute { key, value: value.to_string() };
    Span {
        id: name.to_owned(),
        parent: None,
        name: name.to_owned(),
        kind: SpanKind::Internal,
        start: 0,
        end: None,
        status: Status::Unset,
        attributes: attributes.into_iter().map(attribute).collect(),
    }
}

/// A row in the making.
#[derive(Clone, Debug)]
#[must_use]
pub struct TestRow {
    row: types::Row,
    trace: Option<Vec<Span>>,
}

impl TestRow {
    /// Sets what the application was asked: an object.
    pub fn inputs(mut self, inputs: impl Serialize) -> Self {
        self.row.inputs = text(&inputs);
        self
    }

    /// Sets what the application answered: any JSON value; a `&str` is a JSON string.
    pub fn outputs(mut self, outputs: impl Serialize) -> Self {
        self.row.outputs = Some(text(&outputs));
        self
    }

    /// Sets all ground truth: an object.
    pub fn expectations(mut self, expectations: impl Serialize) -> Self {
        self.row.expectations = Some(text(&expectations));
        self
    }

    /// Sets the right answer as the only ground truth.
    pub fn expected_response(self, response: impl Serialize) -> Self {
        self.expectations(json!({ "expected_response": response }))
    }

    /// Adds a tag.
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        self.row.tags.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.row.seed = seed;
        self
    }

    /// Sets the spans of the row's trace, by start; without it, the row has none.
    pub fn trace(mut self, spans: impl IntoIterator<Item = Span>) -> Self {
        self.trace = Some(spans.into_iter().collect());
        self
    }

    /// The row as a scorer gets it. Its trace is the thread's from now on.
    pub fn build(self) -> Row {
        TRACE.set(self.trace);
        Row(self.row)
    }

    /// Reads a scorer from `parameters`, as the host's call does, and scores the row.
    ///
    /// # Errors
    ///
    /// Fails when the parameters can't be read or the scorer fails.
    pub fn score<S: Scorer>(self, parameters: Value) -> Result<Outcome<S::Verdict>, Failure> {
        crate::raw::parameters::<S>(S::NAME, &parameters.to_string())?.score(&self.build())
    }

    /// The verdict with its reason.
    ///
    /// # Panics
    ///
    /// Panics when the scorer abstains or fails.
    pub fn feedback<S: Scorer>(self, parameters: Value) -> Feedback<S::Verdict> {
        match self.score::<S>(parameters) {
            Ok(Outcome::Scored(feedback)) => feedback,
            Ok(Outcome::Abstained(reason)) => panic!("`{}` abstained: {reason}", S::NAME),
            Err(failure) => panic!("`{}` failed: {}", S::NAME, failure.message),
        }
    }

    /// The bare verdict.
    ///
    /// # Panics
    ///
    /// Panics when the scorer abstains or fails.
    pub fn verdict<S: Scorer>(self, parameters: Value) -> S::Verdict {
        self.feedback::<S>(parameters).into_value()
    }
}

/// What an aggregator read from `parameters` makes of some rows: of [`Row`]s, or of [`Scored`] ones.
///
/// # Errors
///
/// Fails when the parameters can't be read or the aggregator fails.
pub fn aggregate<A: Aggregator>(
    parameters: Value,
    rows: impl IntoIterator<Item = impl Into<Scored>>,
) -> Result<Measure, Failure> {
    let aggregator = crate::raw::parameters::<A>(A::NAME, &parameters.to_string())?;
    let mut sums = A::Sums::default();
    for row in rows {
        aggregator.add(&mut sums, &row.into())?;
    }
    aggregator.finish(sums)
}

/// The JSON Schema that a scorer declares for its parameters.
pub fn schema<S: Scorer>() -> Value {
    schemars::schema_for!(S).to_value()
}

/// JSON objects keep their keys in the order of the alphabet.
fn text(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_else(|error| panic!("no JSON: {error}"));
    value.to_string()
}
