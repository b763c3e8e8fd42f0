//! Sends traces on to exporters as they come in.
//!
//! Spans are forwarded when the store has them, so an exporter has nothing that the store has not. Each exporter has a queue
//! and a task of its own: one that is slow, that hangs or traps delays nobody. What it does not take in the end goes to its
//! dead letters, one OTLP request a line, which can be imported or sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use model::digest::{ANNOUNCEMENT, SpanDigest};
use model::outcome::{Failure, FailureKind};
use model::ports::{Annotation, AnnotationChange, Exporting, FoundTrace, Sink, SpanBatch, StoreError, TraceStore};
use model::search::{Cursor, Page, Query};
use model::telemetry::{Batch, Encoding, Receipt};
use model::trace::Span;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::again::{may_pass, wait};

/// Spans that may wait for an exporter; what comes beyond goes to its dead letters at once.
const MOST_WAITING: usize = 20_000;

/// Spans of a batch, and how long is waited for more.
const MOST_SPANS: usize = 500;
const PATIENCE: Duration = Duration::from_millis(500);

/// How often a batch is sent again: for about two minutes.
const RETRIES: u32 = 10;

/// How long what still waits is sent when the server ends.
const ENDING: Duration = Duration::from_secs(10);

/// Writes spans, of several traces, as one `ExportTraceServiceRequest`.
pub type Encode = fn(&[(&str, &[Span])], Encoding) -> Vec<u8>;

/// An exporter, and where what it does not take goes.
pub struct Exporter {
    /// As the user named it.
    pub name: String,
    pub exporting: Arc<dyn Exporting>,
    pub dead_letters: Arc<dyn Sink>,
}

/// What an exporter has done so far, in spans.
#[derive(Debug, Default)]
pub struct Counts {
    pub accepted: AtomicU64,
    pub rejected: AtomicU64,
    /// In its dead letters.
    pub dead: AtomicU64,
}

/// A store that forwards what it is given.
pub struct Forwarding {
    store: Arc<dyn TraceStore>,
    queues: Vec<Queue>,
}

/// The way to an exporter's task.
struct Queue {
    spans: mpsc::UnboundedSender<Arc<Vec<SpanBatch>>>,
    waiting: Arc<AtomicUsize>,
    letters: Letters,
}

/// How far the end of everything has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Running,
    /// What waits is sent, and nothing is sent again.
    Ending,
    /// Nothing is sent any more.
    Over,
}

/// The tasks of all exporters.
pub struct Ending {
    stage: watch::Sender<Stage>,
    tasks: Vec<JoinHandle<()>>,
    counts: Vec<(String, Arc<Counts>)>,
}

impl Forwarding {
    /// Forwards what `store` is given. The tasks end with [`Ending::finish`].
    ///
    /// # Errors
    ///
    /// Fails where an exporter can't say what it takes, with its name.
    pub async fn start(
        store: Arc<dyn TraceStore>,
        exporters: Vec<Exporter>,
        encode: Encode,
    ) -> Result<(Self, Ending), (String, Failure)> {
        let (stage, now) = watch::channel(Stage::Running);
        let mut ending = Ending { stage, tasks: Vec::new(), counts: Vec::new() };
        let mut queues = Vec::new();
        for Exporter { name, exporting, dead_letters } in exporters {
            let encoding = match exporting.accepts().await {
                Ok(encodings) => encodings[0],
                Err(failure) => return Err((name, failure)),
            };
            let (spans, coming) = mpsc::unbounded_channel();
            let (waiting, counts) = (Arc::new(AtomicUsize::new(0)), Arc::new(Counts::default()));
            let letters = Letters { name: name.clone(), sink: dead_letters, encode, counts: Arc::clone(&counts) };
            let work = Work {
                exporting,
                encoding,
                letters: letters.clone(),
                waiting: Arc::clone(&waiting),
                stage: now.clone(),
                sent: 0,
            };
            ending.tasks.push(tokio::spawn(work.run(coming)));
            ending.counts.push((name, counts));
            queues.push(Queue { spans, waiting, letters });
        }
        Ok((Self { store, queues }, ending))
    }

    fn forward(&self, batches: Vec<SpanBatch>) {
        let spans: usize = batches.iter().map(|batch| batch.spans.len()).sum();
        let batches = Arc::new(batches);
        for Queue { spans: queue, waiting, letters } in &self.queues {
            let before = waiting.fetch_add(spans, Ordering::Relaxed);
            if before + spans <= MOST_WAITING && queue.send(Arc::clone(&batches)).is_ok() {
                continue;
            }
            waiting.fetch_sub(spans, Ordering::Relaxed);
            let (letters, batches) = (letters.clone(), Arc::clone(&batches));
            // Writing takes as long as the disk does.
            tokio::task::spawn_blocking(move || letters.write(&[batches]));
        }
    }
}

impl Ending {
    /// What each exporter has done so far, by name.
    pub fn counts(&self) -> &[(String, Arc<Counts>)] {
        &self.counts
    }

    /// Sends what waits, for some seconds; the rest goes to the dead letters. Nothing is forwarded any more.
    pub async fn finish(self) {
        self.stage.send_replace(Stage::Ending);
        let end = tokio::time::sleep(ENDING);
        tokio::pin!(end);
        for mut task in self.tasks {
            let ended = tokio::select! {
                ended = &mut task => ended,
                () = &mut end => {
                    self.stage.send_replace(Stage::Over);
                    task.await
                }
            };
            if ended.is_err() {
                tracing::error!("the task of an exporter panicked");
            }
        }
    }
}

/// Where spans go that an exporter does not take.
#[derive(Clone)]
struct Letters {
    name: String,
    sink: Arc<dyn Sink>,
    encode: Encode,
    counts: Arc<Counts>,
}

impl Letters {
    fn write(&self, batches: &[Arc<Vec<SpanBatch>>]) {
        let (count, mut line) = encoded(batches, self.encode, Encoding::OtlpJson);
        line.push(b'\n');
        self.counts.dead.fetch_add(count, Ordering::Relaxed);
        if let Err(failure) = self.sink.write(&line) {
            tracing::error!("{count} spans for the exporter `{}` are lost to it: {failure}", self.name);
        }
    }
}

/// How many spans there are, and a request of all of them.
fn encoded(batches: &[Arc<Vec<SpanBatch>>], encode: Encode, encoding: Encoding) -> (u64, Vec<u8>) {
    let batches = batches.iter().flat_map(|batches| batches.iter());
    let traces: Vec<(&str, Vec<Span>)> =
        batches.map(|batch| (&batch.trace[..], batch.spans.iter().map(|(span, _)| span.clone()).collect())).collect();
    let traces: Vec<(&str, &[Span])> = traces.iter().map(|(trace, spans)| (*trace, &spans[..])).collect();
    let count = traces.iter().map(|(_, spans)| spans.len() as u64).sum();
    (count, encode(&traces, encoding))
}

/// The task of an exporter.
struct Work {
    exporting: Arc<dyn Exporting>,
    encoding: Encoding,
    letters: Letters,
    waiting: Arc<AtomicUsize>,
    stage: watch::Receiver<Stage>,
    /// Batches so far: a batch's id says which it was.
    sent: u64,
}

impl Work {
    async fn run(mut self, mut coming: mpsc::UnboundedReceiver<Arc<Vec<SpanBatch>>>) {
        loop {
            let first = tokio::select! {
                first = coming.recv() => first,
                // What waits now is all that is sent.
                _ = self.stage.wait_for(|stage| *stage > Stage::Running) => coming.try_recv().ok(),
            };
            let Some(first) = first else { break };
            let batches = collect(first, &mut coming).await;
            let spans: usize = batches.iter().flat_map(|batches| batches.iter()).map(|batch| batch.spans.len()).sum();
            self.send(&batches).await;
            self.waiting.fetch_sub(spans, Ordering::Relaxed);
        }
        let is_over = async { drop(self.stage.wait_for(|stage| *stage == Stage::Over).await) };
        tokio::select! {
            flushed = self.exporting.flush() => if let Err(failure) = flushed {
                tracing::error!("the exporter `{}` did not send what it held back: {failure}", self.letters.name);
            },
            () = is_over => tracing::error!("the exporter `{}` did not end", self.letters.name),
        }
    }

    async fn send(&mut self, batches: &[Arc<Vec<SpanBatch>>]) {
        self.sent += 1;
        let (count, payload) = encoded(batches, self.letters.encode, self.encoding);
        let spans = u32::try_from(count).unwrap_or(u32::MAX);
        let id = format!("live-{}", self.sent);
        let batch = Batch { id, encoding: self.encoding, spans, payload };
        let counts = Arc::clone(&self.letters.counts);
        // Which of some were rejected is not told; all of them are sent somewhere else.
        let taken = self.insist(&batch).await.and_then(|receipt| match (receipt.accepted, &receipt.message) {
            (0, message) if receipt.rejected > 0 => {
                let said = message.as_deref().unwrap_or("it took none of them");
                Err(Failure::new(FailureKind::BadInput, said))
            }
            _ => Ok(receipt),
        });
        match taken {
            Ok(receipt) => {
                counts.accepted.fetch_add(receipt.accepted.into(), Ordering::Relaxed);
                counts.rejected.fetch_add(receipt.rejected.into(), Ordering::Relaxed);
                if let Some(message) = receipt.message {
                    tracing::warn!("the exporter `{}` says: {message}", self.letters.name);
                }
            }
            Err(failure) => {
                tracing::warn!("{count} spans go to the dead letters of `{}`: {failure}", self.letters.name);
                let (letters, batches) = (self.letters.clone(), batches.to_vec());
                let written = tokio::task::spawn_blocking(move || letters.write(&batches)).await;
                if written.is_err() {
                    tracing::error!("writing the dead letters of `{}` panicked", self.letters.name);
                }
            }
        }
    }

    async fn insist(&mut self, batch: &Batch) -> Result<Receipt, Failure> {
        let mut attempts = 1;
        let mut stage = self.stage.clone();
        loop {
            // A trap of the last batch is no reason not to try this one: a call that fails gets another instance.
            let exported = tokio::select! {
                exported = self.exporting.export(batch) => exported,
                _ = stage.wait_for(|stage| *stage == Stage::Over) => {
                    return Err(Failure::new(FailureKind::Cancelled, "the server ended"));
                }
            };
            match exported {
                Err(failure)
                    if attempts <= RETRIES && may_pass(failure.kind) && *self.stage.borrow() == Stage::Running =>
                {
                    tokio::select! {
                        () = tokio::time::sleep(wait(&batch.id, attempts)) => {}
                        // Once more, and not again.
                        _ = self.stage.wait_for(|stage| *stage > Stage::Running) => {}
                    }
                    attempts += 1;
                }
                ended => return ended,
            }
        }
    }
}

/// What comes within a moment, up to a batch.
async fn collect(
    first: Arc<Vec<SpanBatch>>,
    coming: &mut mpsc::UnboundedReceiver<Arc<Vec<SpanBatch>>>,
) -> Vec<Arc<Vec<SpanBatch>>> {
    let count = |batches: &Vec<SpanBatch>| batches.iter().map(|batch| batch.spans.len()).sum::<usize>();
    let mut spans = count(&first);
    let mut batches = vec![first];
    let end = tokio::time::sleep(PATIENCE);
    tokio::pin!(end);
    while spans < MOST_SPANS {
        tokio::select! {
            more = coming.recv() => match more {
                Some(more) => {
                    spans += count(&more);
                    batches.push(more);
                }
                None => break,
            },
            () = &mut end => break,
        }
    }
    batches
}

/// Without what clients say of traces as a whole: that is no span, and OpenTelemetry has no word for it.
fn of_spans(batches: Vec<SpanBatch>) -> Vec<SpanBatch> {
    let of_spans = |mut batch: SpanBatch| {
        batch.spans.retain(|(span, _)| span.id != ANNOUNCEMENT);
        batch
    };
    batches.into_iter().map(of_spans).filter(|batch| !batch.spans.is_empty()).collect()
}

#[async_trait]
impl TraceStore for Forwarding {
    async fn put_spans(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), StoreError> {
        if self.queues.is_empty() {
            return self.store.put_spans(experiment, batches).await;
        }
        self.store.put_spans(experiment, batches.clone()).await?;
        self.forward(of_spans(batches));
        Ok(())
    }

    async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), StoreError> {
        self.store.annotate(annotations).await
    }

    /// Is no span, and goes nowhere else: see [`of_spans`].
    async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError> {
        self.store.announce(experiment, trace, announcement, said).await
    }

    async fn traces(&self, ids: &[String], spans: usize) -> Result<Vec<Option<FoundTrace>>, StoreError> {
        self.store.traces(ids, spans).await
    }

    async fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        self.store.spans(id, skip, limit).await
    }

    async fn announcement(&self, id: &str) -> Result<Option<(Span, SpanDigest)>, StoreError> {
        self.store.announcement(id).await
    }

    async fn search(&self, query: &Query, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        self.store.search(query, after, limit).await
    }

    async fn delete_traces(&self, ids: &[String]) -> Result<u64, StoreError> {
        self.store.delete_traces(ids).await
    }

    async fn experiments(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.store.experiments().await
    }
}
