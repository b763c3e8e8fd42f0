//! Results of a run as OpenTelemetry: one trace for each row and trial, with an event for each verdict and a span for each
//! exchange with a judge.
//!
//! Names are those of OpenTelemetry's conventions for generative AI (`gen_ai.evaluation.result` and its attributes) and of
//! OpenInference (`input.value`), so that others know what they are looking at; what neither has a name for begins with
//! `karat.`. Ids are a function of run, row and trial, and so are batches: who exports a run twice sends the same again.

mod exchange;
mod json;
mod protobuf;
mod row;

use std::borrow::Cow;

use model::json::Json;
use model::judge::{BatchId, Exchange};
use model::row::RowRecord;
use model::run::{PlannedScorer, RowResult, RunHeader, RunId};
use model::telemetry::{Batch, Encoding};

/// Where a batch ends: one row more would be more than this, in spans or in bytes.
const MOST_SPANS: usize = 500;
const MOST_BYTES: usize = 256 << 10;

/// A value of an attribute.
enum Value {
    Text(String),
    Whole(i64),
    Number(f64),
}

type Attributes = Vec<(String, Value)>;

/// A span as it is sent. Times are nanoseconds since 1970.
struct Span {
    trace: [u8; 16],
    id: [u8; 8],
    parent: Option<[u8; 8]>,
    name: Cow<'static, str>,
    start: u64,
    end: u64,
    /// What went wrong, where something did.
    error: Option<String>,
    attributes: Attributes,
    events: Vec<Event>,
}

/// The number of a span's kind: it goes on within this process, or asks another.
fn kind(span: &Span) -> u64 {
    if span.parent.is_none() { 1 } else { 3 }
}

struct Event {
    time: u64,
    name: &'static str,
    attributes: Attributes,
}

/// Who speaks, and of what run.
struct Source {
    resource: Attributes,
    version: String,
}

/// The run that results are of, as far as spans tell of it.
#[derive(Clone, Debug)]
pub struct Origin {
    pub run: RunId,
    /// Milliseconds since 1970.
    pub started: u64,
    /// Of Karat.
    pub version: String,
    pub suite: String,
    /// The digest of the dataset.
    pub dataset: String,
    /// In suite order.
    pub scorers: Vec<Scored>,
}

/// A scorer, as far as its verdicts tell of it.
#[derive(Clone, Debug)]
pub struct Scored {
    /// Its name in results.
    pub key: String,
    /// The version of what it asks judges.
    pub prompt: Option<String>,
}

impl From<&PlannedScorer> for Scored {
    fn from(scorer: &PlannedScorer) -> Self {
        Self { key: scorer.key.clone(), prompt: scorer.prompt.clone() }
    }
}

impl From<&RunHeader> for Origin {
    fn from(header: &RunHeader) -> Self {
        Self {
            run: header.id,
            started: header.started,
            version: header.version.clone(),
            suite: header.plan.suite.clone(),
            dataset: header.data.digest.clone(),
            scorers: header.plan.scorers.iter().map(Scored::from).collect(),
        }
    }
}

/// Makes batches of the results of a run, in the order that they are put in.
pub struct Batches {
    origin: Origin,
    source: Source,
    encoding: Encoding,
    /// Encoded spans that wait for others.
    waiting: Vec<Vec<u8>>,
    bytes: usize,
    /// Names the batch by the spans in it.
    hasher: blake3::Hasher,
}

impl Batches {
    pub fn new(origin: Origin, encoding: Encoding) -> Self {
        let source = Source { resource: row::resource(&origin), version: origin.version.clone() };
        Self { origin, source, encoding, waiting: Vec::new(), bytes: 0, hasher: blake3::Hasher::new() }
    }

    /// Adds a result with its row; `outputs` are those that were scored. Gives the batch that came before it, where that is
    /// full.
    pub fn add(&mut self, row: &RowRecord, outputs: Option<&Json>, result: &RowResult) -> Option<Batch> {
        self.put(&row::span(&self.origin, row, outputs, result))
    }

    /// Adds an exchange on behalf of a row, by its place in its batch. Gives a batch as `add` does.
    pub fn add_exchange(&mut self, row: &str, batch: BatchId, place: usize, exchange: &Exchange) -> Option<Batch> {
        self.put(&exchange::span(&self.origin, row, batch, place, exchange))
    }

    fn put(&mut self, span: &Span) -> Option<Batch> {
        let encoded = match self.encoding {
            Encoding::OtlpJson => json::span(span),
            Encoding::OtlpProtobuf => protobuf::span(span),
        };
        let is_full = self.waiting.len() == MOST_SPANS || self.bytes + encoded.len() > MOST_BYTES;
        let full = if is_full { self.finish() } else { None };
        self.bytes += encoded.len();
        self.hasher.update(&span.trace).update(&span.id);
        self.waiting.push(encoded);
        full
    }

    /// The batch that is left; none where nothing is.
    pub fn finish(&mut self) -> Option<Batch> {
        if self.waiting.is_empty() {
            return None;
        }
        self.bytes = 0;
        let (spans, hasher) = (std::mem::take(&mut self.waiting), std::mem::take(&mut self.hasher));
        let payload = match self.encoding {
            Encoding::OtlpJson => json::request(&self.source, &spans),
            Encoding::OtlpProtobuf => protobuf::request(&self.source, &spans),
        };
        let id = hasher.finalize().to_hex()[..32].to_owned();
        Some(Batch { id, encoding: self.encoding, spans: spans.len() as u32, payload })
    }
}

#[cfg(test)]
mod tests;
