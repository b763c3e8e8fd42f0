//! A store in a folder, for one process at a time.

mod backup;
mod check;
mod checkpoint;
mod compact;
pub(crate) mod digested;
mod documents;
pub(crate) mod layout;
pub(crate) mod lock;
mod read;
mod reclaim;
pub(crate) mod space;
pub(crate) mod watchdog;
mod writer;

use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use model::digest::SpanDigest;
use model::judge::{BatchId, Exchange};
use model::ports::{
    Annotation, AnnotationChange, CacheKey, CacheStatistics, DatasetWriter, Expired, FoundTrace, JudgeCache, Retention,
    SpanBatch, Store, StoreError, TraceRetention, TraceStore,
};
use model::report::Report;
use model::run::{RowResult, Run, RunHeader, RunId};
use model::search::{Cursor, Page, Query};
use model::trace::Span;
use tokio::sync::Semaphore;

pub use check::Findings;
use digested::Folders;
use layout::Layout;
use lock::Lock;
use read::Reader;
use space::Space;
pub(crate) use writer::Home;
use writer::{Change, Parts, Writer};

use crate::cache::Cache;
use crate::database::Snapshot;
use crate::files::{Disk, Files};
use crate::log::{self, Opened};
use crate::operation;
use crate::traces::{self, Traces, frames::SPANS};
use crate::view::View;

/// Length from which on a segment of the log is complete.
const SEGMENT_BYTES: u64 = 128 << 20;

/// No segment is longer, but for what its last write adds: places in it are kept in 32 bits.
const LONGEST_SEGMENT: u64 = 1 << 30;

/// How much is replayed, at most, when a store is opened that was not closed.
const CHECKPOINT_BYTES: u64 = 64 << 20;

/// Traces that are deleted by one record where they are many: searches wait for each.
const EXPIRED_AT_ONCE: usize = 10_000;

/// What replies of judges may take.
const CACHE_BYTES: u64 = 1 << 30;

/// Keeps everything in a folder: a log that is the truth, a view of it that finds things, and a file for each dataset and blob.
///
/// Reading and writing work at any time from any task. Dropping the store waits for writes that were requested and
/// lets the next process in.
pub struct EmbeddedStore {
    view: Arc<View>,
    traces: Arc<Traces>,
    reader: Arc<Reader>,
    folders: Folders,
    writer: Writer,
    cache: Arc<Cache>,
    /// The cache works on one request at a time; more than another would be threads that wait.
    cache_places: Semaphore,
    segment_bytes: u64,
    /// Released last: fields are dropped in order.
    _lock: Arc<Lock>,
}

/// How a store works on its files.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the log's files are opened with.
    pub files: Arc<dyn Files>,
    /// Length in bytes from which on a segment of the log is complete.
    pub segment_bytes: u64,
    /// After so many bytes of the log, what finds things in it is written out.
    pub checkpoint_bytes: u64,
    /// What replies of judges may take on the disk, in bytes.
    pub cache_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            files: Arc::new(Disk),
            segment_bytes: SEGMENT_BYTES,
            checkpoint_bytes: CHECKPOINT_BYTES,
            cache_bytes: CACHE_BYTES,
        }
    }
}

impl EmbeddedStore {
    /// Opens the store in the folder `root`, or makes one, and the folder with it.
    ///
    /// # Errors
    ///
    /// Fails when another process has the store open, when the folder can't be written (then nothing is left there),
    /// and when what is in it is damaged or was written by a newer version.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        Self::open_with(root, Options::default())
    }

    /// Opens the store in the folder `root`, or makes one, to work on its files in another way.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::open`] does.
    pub fn open_with(root: &Path, options: Options) -> Result<Self, StoreError> {
        let open = || {
            if layout::found(root)?.is_none() {
                layout::create(root)?;
            }
            Self::start(root, options, Lock::take(root)?)
        };
        open().map_err(|error| in_folder(root, error))
    }

    /// Opens the store in the folder `root`, if there is one.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::open`] does.
    pub fn open_existing(root: &Path) -> Result<Option<Self>, StoreError> {
        let open = || match layout::found(root)? {
            Some(_) => Self::start(root, Options::default(), Lock::take(root)?).map(Some),
            None => Ok(None),
        };
        open().map_err(|error| in_folder(root, error))
    }

    /// Gives back the space of what was deleted or replaced.
    ///
    /// # Errors
    ///
    /// Fails when writing does, when something that is to be kept can't be read, and when there is no room for the copies.
    /// Then nothing is lost that was there before.
    pub async fn compact(&self) -> Result<(), StoreError> {
        self.writer.make(Change::Roll).await?;
        let mut segments = self.reader.log().numbers();
        // It holds nothing yet.
        segments.pop();
        self.compact_segments(segments).await
    }

    /// Compacts the oldest segments, one after the other; others write in between.
    async fn compact_segments(&self, segments: Vec<u64>) -> Result<(), StoreError> {
        for segment in segments {
            self.writer.make(Change::Compact(segment)).await?;
        }
        Ok(())
    }

    /// Makes a store in the folder `to`, which is empty or not there, that holds what this one holds now. It takes no
    /// space until either of the two changes.
    ///
    /// # Errors
    ///
    /// Fails when there is something in `to`, when it is on another disk, and when writing fails.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        self.writer.make(Change::Backup(to.to_owned())).await
    }

    /// Reads everything in the store in the folder `root`, if there is one, and says what there is and what is wrong.
    ///
    /// # Errors
    ///
    /// Fails when another process has the store open, and when reading itself fails.
    pub fn check(root: &Path) -> Result<Option<Findings>, StoreError> {
        Self::alone(root, check::check)
    }

    /// Makes the view of the store in the folder `root` anew, if there is one; where the log is damaged, from a copy of
    /// what is whole in it. Returns what is lost, in words.
    ///
    /// # Errors
    ///
    /// Fails when another process has the store open, and when reading or writing fails. Then nothing has changed.
    pub fn rebuild(root: &Path) -> Result<Option<Vec<String>>, StoreError> {
        let lost = Self::alone(root, check::rebuild)?;
        // Opening makes the view.
        Self::open_existing(root)?;
        Ok(lost)
    }

    /// Does something to a store that nobody has open.
    fn alone<T>(
        root: &Path,
        work: impl FnOnce(&Path, &Arc<dyn Files>, u64) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Options { files, segment_bytes, .. } = Options::default();
        let work = || {
            if layout::found(root)?.is_none() {
                return Ok(None);
            }
            let _lock = Lock::take(root)?;
            migrate_if_needed(root, &files, segment_bytes)?;
            work(root, &files, segment_bytes).map(Some)
        };
        work().map_err(|error| in_folder(root, error))
    }

    /// Opens a store that is there, and whose lock the caller has taken.
    pub(crate) fn start(root: &Path, options: Options, lock: Lock) -> Result<Self, StoreError> {
        let Options { files, segment_bytes, checkpoint_bytes, .. } = options.clone();
        let segment_bytes = segment_bytes.min(LONGEST_SEGMENT);
        migrate_if_needed(root, &files, segment_bytes)?;
        let folders = Folders::open(root)?;
        let trace_files = Arc::clone(&files);
        let Opened { log, appender, viewed } = log::open(files, &root.join("log"), segment_bytes)?;
        let view = Arc::new(View::open(&root.join("view"), &log, &appender, viewed)?);
        let traces = Arc::new(Traces::open(trace_files, &root.join("traces"), &log, &appender)?);
        let reader = Arc::new(Reader::new(log));
        let parts = Parts {
            appender,
            view: Arc::clone(&view),
            traces: Arc::clone(&traces),
            reader: Arc::clone(&reader),
            folders: folders.clone(),
            space: Space::of(root),
        };
        let lock = Arc::new(lock);
        let cache = Arc::new(Cache::of(root, options, Arc::clone(&lock)));
        Ok(Self {
            view,
            traces,
            reader,
            folders,
            writer: Writer::start(parts, checkpoint_bytes)?,
            cache,
            cache_places: Semaphore::new(2),
            segment_bytes,
            _lock: lock,
        })
    }

    /// Adds spans that another process has made the payload of a frame of.
    pub(crate) async fn put_foreign_frame(&self, frame: Vec<u8>) -> Result<(), StoreError> {
        self.put_frame(checked(frame).await?).await
    }

    /// As [`TraceStore::announce`], with such a payload.
    pub(crate) async fn announce_foreign_frame(
        &self,
        home: Home,
        frame: Vec<u8>,
        said: Vec<Annotation>,
    ) -> Result<(), StoreError> {
        self.announce_frame(home, checked(frame).await?, said).await
    }

    async fn announce_frame(&self, home: Home, frame: Vec<u8>, said: Vec<Annotation>) -> Result<(), StoreError> {
        let mut payloads = vec![(SPANS, frame)];
        payloads.extend(traces::annotation_frames(&said)?);
        self.writer.make(Change::Traces { payloads, about: said, home: Some(home) }).await
    }

    async fn put_frame(&self, frame: Vec<u8>) -> Result<(), StoreError> {
        self.writer.make(Change::Traces { payloads: vec![(SPANS, frame)], about: Vec::new(), home: None }).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Reader, Snapshot<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (view, reader) = (Arc::clone(&self.view), Arc::clone(&self.reader));
        off_thread(move || view.read(|now| work(&reader, now))).await
    }

    async fn cached<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Cache) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let cache = Arc::clone(&self.cache);
        // The semaphore is never closed.
        let _place = self.cache_places.acquire().await;
        off_thread(move || work(&cache)).await
    }
}

#[async_trait]
impl Store for EmbeddedStore {
    async fn create_run(&self, header: &RunHeader) -> Result<(), StoreError> {
        let (run, dataset) = (header.id, header.data.digest.clone());
        let header = operation::document(operation::HEADER, run, header)?;
        self.writer.make(Change::Create { run, dataset, header }).await
    }

    async fn put_results(&self, run: RunId, results: Vec<RowResult>) -> Result<(), StoreError> {
        let payload = operation::results(run, &results)?;
        drop(results);
        self.writer.make(Change::Add { run, payload }).await
    }

    async fn put_exchanges(&self, run: RunId, batch: BatchId, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        let payload = operation::exchanges(run, batch, &exchanges)?;
        drop(exchanges);
        self.writer.make(Change::Add { run, payload }).await
    }

    async fn finish_run(&self, run: RunId, report: &Report) -> Result<(), StoreError> {
        let payload = operation::document(operation::REPORT, run, report)?;
        self.writer.make(Change::Add { run, payload }).await
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        self.read(move |reader, now| reader.run(now, run)).await
    }

    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        self.read(move |reader, now| reader.runs(now, after, limit)).await
    }

    async fn results(&self, run: RunId, after: Option<(u64, u32)>, limit: usize) -> Result<Vec<RowResult>, StoreError> {
        self.read(move |reader, now| reader.results(now, run, after, limit)).await
    }

    async fn exchanges(
        &self,
        run: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError> {
        self.read(move |reader, now| reader.exchanges(now, run, after)).await
    }

    async fn delete_run(&self, run: RunId) -> Result<bool, StoreError> {
        match self.writer.make(Change::Delete { run }).await {
            Err(StoreError::Missing { .. }) => Ok(false),
            deleted => deleted.map(|()| true),
        }
    }

    fn new_dataset(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        Ok(Box::new(self.folders.datasets.create()?))
    }

    fn open_dataset(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(self.folders.datasets.read(digest)?))
    }
}

#[async_trait]
impl TraceStore for EmbeddedStore {
    async fn put_spans(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), StoreError> {
        if batches.is_empty() {
            return Ok(());
        }
        self.put_frame(span_frame(experiment, batches).await?).await
    }

    async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), StoreError> {
        let payloads = traces::annotation_frames(&annotations)?;
        self.writer.make(Change::Traces { payloads, about: annotations, home: None }).await
    }

    async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError> {
        let home = Home { trace: trace.to_owned(), experiment: experiment.to_owned() };
        let batch = SpanBatch { trace: trace.to_owned(), spans: vec![announcement] };
        self.announce_frame(home, span_frame(experiment, vec![batch]).await?, Annotation::all(trace, said)).await
    }

    async fn traces(&self, ids: &[String], spans: usize) -> Result<Vec<Option<FoundTrace>>, StoreError> {
        let (traces, ids) = (Arc::clone(&self.traces), ids.to_vec());
        off_thread(move || ids.iter().map(|id| traces.find(id, spans)).collect()).await
    }

    async fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        let (traces, id) = (Arc::clone(&self.traces), id.to_owned());
        off_thread(move || traces.spans(&id, skip, limit)).await
    }

    async fn announcement(&self, id: &str) -> Result<Option<(Span, SpanDigest)>, StoreError> {
        let (traces, id) = (Arc::clone(&self.traces), id.to_owned());
        off_thread(move || traces.announcement(&id)).await
    }

    async fn search(&self, query: &Query, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        let (traces, query, after) = (Arc::clone(&self.traces), query.clone(), after.cloned());
        off_thread(move || traces.search(&query, after.as_ref(), limit)).await
    }

    async fn delete_traces(&self, ids: &[String]) -> Result<u64, StoreError> {
        let present = self.traces.present(ids);
        if present.is_empty() {
            return Ok(0);
        }
        let payloads = vec![traces::deletion_frame(&present)?];
        self.writer.make(Change::Traces { payloads, about: Vec::new(), home: None }).await?;
        Ok(present.len() as u64)
    }

    async fn experiments(&self) -> Result<Vec<(String, u64)>, StoreError> {
        Ok(self.traces.experiments())
    }
}

#[async_trait]
impl TraceRetention for EmbeddedStore {
    async fn expire(&self, experiment: &str, limits: &Retention) -> Result<Expired, StoreError> {
        let (traces, experiment, limits) = (Arc::clone(&self.traces), experiment.to_owned(), *limits);
        let beyond = off_thread(move || Ok(traces.beyond(&experiment, &limits, now()))).await?;
        let mut expired = Expired::default();
        for some in beyond.chunks(EXPIRED_AT_ONCE) {
            let ids: Vec<_> = some.iter().map(|trace| trace.id).collect();
            let payloads = vec![traces::deletion_frame(&ids)?];
            self.writer.make(Change::Traces { payloads, about: Vec::new(), home: None }).await?;
            expired.traces += some.len() as u64;
            expired.bytes += some.iter().map(|trace| trace.bytes).sum::<u64>();
        }
        Ok(expired)
    }

    async fn reclaim(&self) -> Result<u64, StoreError> {
        let (view, traces, reader) = (Arc::clone(&self.view), Arc::clone(&self.traces), Arc::clone(&self.reader));
        let measured = off_thread(move || {
            let segments = reader.log().lengths()?;
            let mut useful = view.bytes_by_segment()?;
            for (segment, bytes) in traces.bytes_by_segment() {
                *useful.entry(segment).or_default() += bytes;
            }
            Ok((segments, useful))
        });
        let (mut segments, useful) = measured.await?;
        // Completing the last segment early, again and again, would make many of few bytes.
        let before: u64 = segments.iter().map(|(_, bytes)| bytes).sum();
        let last = segments.pop_if(|(_, bytes)| *bytes < self.segment_bytes / 8);
        let worthwhile = reclaim::worthwhile(&segments, &useful);
        if worthwhile == 0 {
            return Ok(0);
        }
        if worthwhile == segments.len() && last.is_none() {
            self.writer.make(Change::Roll).await?;
        }
        self.compact_segments(segments[..worthwhile].iter().map(|(number, _)| *number).collect()).await?;
        let after: u64 = self.reader.log().lengths()?.iter().map(|(_, bytes)| bytes).sum();
        Ok(before.saturating_sub(after))
    }
}

#[async_trait]
impl JudgeCache for EmbeddedStore {
    async fn get(&self, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError> {
        let key = *key;
        self.cached(move |cache| cache.get(&key)).await
    }

    async fn put(&self, key: &CacheKey, reply: &[u8]) -> Result<(), StoreError> {
        let (key, reply) = (*key, reply.to_vec());
        self.cached(move |cache| cache.put(&key, &reply)).await
    }

    async fn statistics(&self) -> Result<CacheStatistics, StoreError> {
        self.cached(Cache::statistics).await
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.cached(Cache::clear).await
    }
}

/// Milliseconds since 1970-01-01T00:00:00Z.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}

/// What a frame of fewer bytes takes is less than another thread's turn.
const SMALL: usize = 32 << 10;

/// The payload of a frame of spans.
pub(crate) async fn span_frame(experiment: &str, batches: Vec<SpanBatch>) -> Result<Vec<u8>, StoreError> {
    if traces::about_bytes(&batches) < SMALL {
        return traces::span_frame(experiment, now(), batches).map(|(_, frame)| frame);
    }
    let experiment = experiment.to_owned();
    off_thread(move || traces::span_frame(&experiment, now(), batches).map(|(_, frame)| frame)).await
}

/// A payload that another process has made, if it is one of spans.
async fn checked(frame: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    off_thread(move || traces::check_frame(&frame).map(|()| frame)).await
}

/// Does what takes long away from the threads that everything else is waited for on.
pub(crate) async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(StoreError::Io(io::Error::other(error))))
}

/// Another process may have done so before this one got the lock.
fn migrate_if_needed(root: &Path, files: &Arc<dyn Files>, segment_bytes: u64) -> Result<(), StoreError> {
    if layout::found(root)? == Some(Layout::Sled) {
        crate::migrate::run(root, files, segment_bytes)?;
    }
    Ok(())
}

/// Says of an error which store it is about.
pub(crate) fn in_folder(root: &Path, error: StoreError) -> StoreError {
    let path = root.display().to_string();
    match error {
        StoreError::Io(source) => match source.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                StoreError::ReadOnly { path, source }
            }
            io::ErrorKind::StorageFull => StoreError::Full { path, free: 0 },
            kind => StoreError::Io(io::Error::new(kind, format!("`{path}` can't be opened: {source}"))),
        },
        StoreError::Damaged { what } => StoreError::Damaged { what: format!("{what} (in `{path}`)") },
        other => other,
    }
}
