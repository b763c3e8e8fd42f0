//! Results of a run as OpenTelemetry: one trace for each row and trial, with an event for each verdict and a span for each
//! exchange with a judge.
//!
//! Names are those of OpenTelemetry's conventions for generative AI (`gen_ai.evaluation.result` and its attributes) and of
//! OpenInference (`input.value`), so that others know what they are looking at; what neither has a name for begins with
//! `karat.`. Ids are a function of run, row and trial, and so are batches: who exports a run twice sends the same again.

mod assessed;
mod exchange;
mod row;

use model::json::Json;
use model::judge::{BatchId, Exchange};
use model::row::RowRecord;
use model::run::{PlannedScorer, RowResult, RunHeader, RunId};
use model::telemetry::{Batch, Encoding};
use model::trace::{Source, Span};

pub use assessed::add_evaluations;

use crate::otlp::write::{self, Group};

/// Where a batch ends: one row more would be more than this, in spans or in bytes.
const MOST_SPANS: usize = 500;
const MOST_BYTES: usize = 256 << 10;

/// A span of a trace.
type Sent = (String, Span);

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
        let source = Source {
            resource: row::resource(&origin).into(),
            scope: "karat".to_owned(),
            scope_version: origin.version.clone(),
            ..Source::default()
        };
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

    fn put(&mut self, (trace, span): &Sent) -> Option<Batch> {
        let encoded = write::span(trace, span, self.encoding);
        let is_full = self.waiting.len() == MOST_SPANS || self.bytes + encoded.len() > MOST_BYTES;
        let full = if is_full { self.finish() } else { None };
        self.bytes += encoded.len();
        self.hasher.update(trace.as_bytes()).update(span.id.as_bytes());
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
        let count = spans.len() as u32;
        let payload = write::request(&[Group { source: &self.source, spans }], self.encoding);
        let id = hasher.finalize().to_hex()[..32].to_owned();
        Some(Batch { id, encoding: self.encoding, spans: count, payload })
    }
}

#[cfg(test)]
mod tests;
