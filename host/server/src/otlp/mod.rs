//! Spans on their way in: what all doors for them have in common.
//!
//! Whatever does not depend on the protocol is done here, once: a request is as large, as often sent and as clean by one door
//! as by the other.

pub(crate) mod grpc;
pub(crate) mod http;
mod repeated;
mod rpc;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use ::http::HeaderMap;
use bytes::Bytes;
use model::digest::SpanDigest;
use model::ports::{AnnotationChange, SpanBatch, StoreError, TraceStore};
use model::telemetry::Encoding;
use model::trace::Span;
use telemetry::facts::Prices;
use telemetry::otlp::{Received, Unreadable, receive};
use tokio::sync::Semaphore;

use self::repeated::{Key, Repeated};
use crate::admission::{Admission, Held};
use crate::decompress::{Compression, decompress};
use crate::health::Health;
use crate::metrics::Metrics;
use crate::mlflow;
use crate::options::Bounds;
use crate::redact::{Redacting, Redactor};
use crate::refusal::Refusal;
use crate::shared::Shared;

/// Bytes of a request that is read at once: another thread's turn would take longer.
const SMALL: usize = 16 << 10;

/// Takes spans in.
#[derive(Clone)]
pub(crate) struct Intake(Arc<Inner>);

struct Inner {
    traces: Arc<dyn TraceStore>,
    prices: Arc<dyn Prices + Send + Sync>,
    redactor: Redactor,
    bounds: Bounds,
    admission: Admission,
    /// Decompressing and decoding take a core each, and no more than there are.
    cores: Semaphore,
    repeated: Repeated,
    health: Arc<Health>,
    metrics: Arc<Metrics>,
}

/// One request, as it was sent.
pub(crate) struct Delivery {
    pub(crate) sent: Bytes,
    pub(crate) held: Held,
    pub(crate) compression: Compression,
    pub(crate) encoding: Encoding,
    pub(crate) experiment: String,
}

/// What became of the spans of a request that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    accepted: usize,
    pub(crate) rejected: usize,
    /// Why those were rejected.
    pub(crate) message: String,
}

/// A request that was looked at, before anything of it is stored.
enum Looked {
    /// It was taken before, and answered so.
    Repeated(Answer),
    New {
        key: Key,
        answer: Answer,
        batches: Vec<SpanBatch>,
    },
}

impl Intake {
    pub(crate) fn new(
        traces: Arc<dyn TraceStore>,
        prices: Arc<dyn Prices + Send + Sync>,
        redactor: Redactor,
        bounds: Bounds,
        health: Arc<Health>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (admission, cores) = (Admission::new(bounds.bytes_in_flight), Semaphore::new(cores));
        let repeated = Repeated::default();
        Self(Arc::new(Inner { traces, prices, redactor, bounds, admission, cores, repeated, health, metrics }))
    }

    pub(crate) fn admission(&self) -> &Admission {
        &self.0.admission
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.0.bounds
    }

    pub(crate) fn bytes_in_flight(&self) -> usize {
        self.0.admission.in_flight()
    }

    /// Traces were deleted: what is sent again now is wanted again.
    pub(crate) fn forget(&self) {
        self.0.repeated.clear();
    }

    /// Takes a request in, to its end also where its sender has gone meanwhile: what has begun holds its bytes, and is given
    /// up by nobody halfway.
    ///
    /// # Errors
    ///
    /// Refuses what is broken, what there is no room for, and what the store does not take.
    pub(crate) async fn take(&self, delivery: Delivery) -> Result<Answer, Refusal> {
        let inner = Arc::clone(&self.0);
        tokio::spawn(inner.take(delivery)).await.unwrap_or_else(|error| Err(Refusal::failed(&error)))
    }

    /// A span without what is not to be kept.
    pub(crate) fn redacted(&self, experiment: &str, mut span: Span) -> Span {
        self.0.redactor.of(experiment).span(&mut span);
        span
    }

    /// Whether everything is kept as it comes.
    pub(crate) fn redacts_nothing(&self) -> bool {
        self.0.redactor.is_empty()
    }

    /// What is said of a trace of an experiment, without what is not to be kept.
    pub(crate) fn redacted_change(&self, experiment: &str, change: AnnotationChange) -> AnnotationChange {
        self.0.redactor.of(experiment).change(change)
    }

    /// Takes in what a client says of a trace as a whole, redacted, and what is said of it beside that.
    ///
    /// # Errors
    ///
    /// `Missing` where the trace is in another experiment, and as the store fails.
    pub(crate) async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError> {
        let said = said.into_iter().map(|change| self.redacted_change(experiment, change)).collect();
        self.0.written(self.0.traces.announce(experiment, trace, announcement, said)).await
    }

    /// Takes in spans that have not come by OpenTelemetry.
    ///
    /// # Errors
    ///
    /// Refuses what the store does not take.
    pub(crate) async fn keep(&self, experiment: &str, trace: &str, spans: Vec<Span>) -> Result<(), Refusal> {
        let inner = Arc::clone(&self.0);
        let core = inner.cores.acquire().await.map_err(|_| Refusal::unavailable("the server is about to end"))?;
        let looking = {
            let inner = Arc::clone(&self.0);
            let (experiment, trace) = (experiment.to_owned(), trace.to_owned());
            tokio::task::spawn_blocking(move || inner.batch(&mut inner.redactor.of(&experiment), trace, spans))
        };
        let batch = looking.await.map_err(|error| Refusal::failed(&error))?;
        drop(core);
        let accepted = batch.spans.len() as u64;
        inner.put(experiment, vec![batch]).await?;
        inner.metrics.accepted.fetch_add(accepted, Ordering::Relaxed);
        Ok(())
    }
}

impl Inner {
    async fn take(self: Arc<Self>, delivery: Delivery) -> Result<Answer, Refusal> {
        let experiment = delivery.experiment.clone();
        let (looked, held) = if delivery.compression == Compression::Identity && delivery.sent.len() < SMALL {
            self.look(delivery)
        } else {
            let core = self.cores.acquire().await.map_err(|_| Refusal::unavailable("the server is about to end"))?;
            let inner = Arc::clone(&self);
            let looked = tokio::task::spawn_blocking(move || inner.look(delivery)).await;
            drop(core);
            looked.map_err(|error| Refusal::failed(&error))?
        };
        let answer = match looked? {
            Looked::Repeated(answer) => {
                self.metrics.repeated.fetch_add(answer.accepted as u64, Ordering::Relaxed);
                answer
            }
            Looked::New { key, answer, batches } => {
                self.put(&experiment, batches).await?;
                self.metrics.accepted.fetch_add(answer.accepted as u64, Ordering::Relaxed);
                self.metrics.rejected.fetch_add(answer.rejected as u64, Ordering::Relaxed);
                self.repeated.remember(key, answer.clone());
                answer
            }
        };
        drop(held);
        Ok(answer)
    }

    /// Everything that takes a core.
    fn look(&self, delivery: Delivery) -> (Result<Looked, Refusal>, Held) {
        let Delivery { sent, mut held, compression, encoding, experiment } = delivery;
        let request = decompress(sent, compression, &self.bounds, &mut held);
        (request.and_then(|request| self.read(&request, encoding, &experiment)), held)
    }

    fn read(&self, request: &[u8], encoding: Encoding, experiment: &str) -> Result<Looked, Refusal> {
        let key = repeated::key(request, encoding, experiment);
        if let Some(answer) = self.repeated.answer(&key) {
            return Ok(Looked::Repeated(answer));
        }
        let unreadable = |Unreadable(message)| Refusal::bad_request(message);
        let received = receive(request, encoding, &self.bounds.spans).map_err(unreadable)?;
        let message = received.message().unwrap_or_default();
        let Received { traces, accepted, rejected, .. } = received;
        let mut redacting = self.redactor.of(experiment);
        let batches = traces.into_iter().map(|(trace, spans)| self.batch(&mut redacting, trace, spans)).collect();
        Ok(Looked::New { key, answer: Answer { accepted, rejected, message }, batches })
    }

    /// Spans of one trace, as they are kept.
    fn batch(&self, redacting: &mut Redacting<'_>, trace: String, mut spans: Vec<Span>) -> SpanBatch {
        spans.iter_mut().for_each(|span| redacting.span(span));
        let digests = telemetry::digest(&spans, &*self.prices);
        SpanBatch { trace, spans: spans.into_iter().zip(digests).collect() }
    }

    async fn put(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), Refusal> {
        if batches.is_empty() {
            return Ok(());
        }
        let put = self.written(self.traces.put_spans(experiment, batches)).await;
        put.map_err(|error| {
            tracing::warn!(%error, "the store does not take spans");
            Refusal::of_intake(&error)
        })
    }

    /// Waits for a write, and notes how long that took and how well the store is.
    async fn written(&self, write: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
        let started = Instant::now();
        let written = write.await;
        self.metrics.put(started.elapsed());
        // That something is missing, a store can say that is well.
        self.health.wrote(matches!(written, Ok(()) | Err(StoreError::Missing { .. })));
        written
    }
}

/// The most that the name of an experiment may have.
const LONGEST_EXPERIMENT: usize = 250;

/// Names the experiment that spans go to.
const EXPERIMENT: &str = "x-karat-experiment";

/// Where the spans of a request go.
pub(crate) async fn experiment(shared: &Shared, headers: &HeaderMap) -> Result<String, Refusal> {
    let Some(value) = headers.get(EXPERIMENT) else {
        return Ok(mlflow::experiment_of_otlp(shared, headers).await?.unwrap_or_else(|| "default".to_owned()));
    };
    let text = str::from_utf8(value.as_bytes()).map(str::trim).ok();
    match text.filter(|text| text.len() <= LONGEST_EXPERIMENT && !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Refusal::bad_request(format!("`{EXPERIMENT}` is no name of an experiment"))
            .hint(format!("use 1 to {LONGEST_EXPERIMENT} bytes of UTF-8"))
            .field(EXPERIMENT)),
    }
}
