//! An exporter of a plugin.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use model::outcome::{Failure, FailureKind};
use model::ports::{Binding, Exporting, Sink};
use model::scorer::PluginDescription;
use model::telemetry::{Batch, Encoding, Receipt};

use crate::bindings::exporter;
use crate::convert;
use crate::instances::{Question, Reply, Turn};
use crate::place::Place;
use crate::surroundings::seed_about;

/// Bytes that an exporter may write for each byte that it was handed, and for each batch beyond them.
const WRITTEN_FOR_BYTE: u64 = 4;
const WRITTEN_FOR_BATCH: u64 = 64 << 10;

/// A plugin bound to an exporter, the first of the binding's calls.
pub(crate) struct BoundExporter {
    place: Place,
    plugin: Arc<PluginDescription>,
    binding: Binding,
    sink: Option<Arc<Bounded>>,
}

impl BoundExporter {
    pub(crate) fn new(
        place: Place,
        plugin: Arc<PluginDescription>,
        binding: Binding,
        sink: Option<Arc<Bounded>>,
    ) -> Self {
        Self { place, plugin, binding, sink }
    }

    /// Asks a question; `about` tells it from others.
    async fn ask(&self, mut question: Question, about: &str) -> Result<Reply, Failure> {
        let seed = seed_about(self.binding.seed, &self.plugin.digest, &self.binding.calls[0].item, about);
        let turn = Turn { seed, ..Turn::default() };
        self.place.answers(&mut question, vec![turn]).await.pop().ok_or_else(no_answer)?.answer
    }
}

#[async_trait]
impl Exporting for BoundExporter {
    async fn accepts(&self) -> Result<Vec<Encoding>, Failure> {
        let Reply::Accepts(answer) = self.ask(Question::Accepts, "accepts").await? else { return Err(no_answer()) };
        let encodings = answer.map_err(convert::failure)?;
        if encodings.is_empty() {
            return Err(Failure::new(FailureKind::InvalidOutput, "it takes spans in no encoding"));
        }
        Ok(encodings.into_iter().map(received).collect())
    }

    async fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
        if let Some(sink) = &self.sink {
            sink.allow(batch);
        }
        let question = Question::Export(exporter::Batch {
            id: batch.id.clone(),
            encoding: sent(batch.encoding),
            span_count: batch.spans,
            payload: batch.payload.clone(),
        });
        let Reply::Exported(answer) = self.ask(question, &batch.id).await? else { return Err(no_answer()) };
        receipt(answer.map_err(convert::failure)?, batch.spans)
    }

    async fn flush(&self) -> Result<(), Failure> {
        let Reply::Flushed(answer) = self.ask(Question::Flush, "flush").await? else { return Err(no_answer()) };
        answer.map_err(convert::failure)
    }
}

fn no_answer() -> Failure {
    Failure::new(FailureKind::Internal, "the call gave no answer")
}

/// What an exporter says became of so many spans, if it speaks of all of them and no others.
fn receipt(said: exporter::Receipt, spans: u32) -> Result<Receipt, Failure> {
    let exporter::Receipt { accepted, rejected, message } = said;
    if u64::from(accepted) + u64::from(rejected) != u64::from(spans) {
        let message = format!("it was handed {spans} spans, and says that it took {accepted} and rejected {rejected}");
        return Err(Failure::new(FailureKind::InvalidOutput, message));
    }
    Ok(Receipt { accepted, rejected, message })
}

fn sent(encoding: Encoding) -> exporter::Encoding {
    match encoding {
        Encoding::OtlpJson => exporter::Encoding::OtlpJson,
        Encoding::OtlpProtobuf => exporter::Encoding::OtlpProtobuf,
    }
}

fn received(encoding: exporter::Encoding) -> Encoding {
    match encoding {
        exporter::Encoding::OtlpJson => Encoding::OtlpJson,
        exporter::Encoding::OtlpProtobuf => Encoding::OtlpProtobuf,
    }
}

/// A sink that takes no more than what was handed over accounts for.
pub(crate) struct Bounded {
    sink: Arc<dyn Sink>,
    left: AtomicU64,
}

impl Bounded {
    pub(crate) fn new(sink: Arc<dyn Sink>) -> Self {
        Self { sink, left: AtomicU64::default() }
    }

    fn allow(&self, batch: &Batch) {
        let more = batch.payload.len() as u64 * WRITTEN_FOR_BYTE + WRITTEN_FOR_BATCH;
        self.left.fetch_add(more, Ordering::Relaxed);
    }
}

impl Sink for Bounded {
    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let take = |left: u64| left.checked_sub(bytes.len() as u64);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_err() {
            let message = format!("it would write more than {WRITTEN_FOR_BYTE} times what it was handed");
            return Err(Failure::new(FailureKind::BudgetExceeded, message));
        }
        self.sink.write(bytes)
    }
}
