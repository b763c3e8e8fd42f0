//! One owner, many users: a store that several processes use at once.
//!
//! The process that holds the lock is the owner. It works on the files and answers the others on a socket; a process
//! that finds the lock taken asks there. When the owner goes, whether it ended or was killed, the others take its
//! place: one of them gets the lock, the rest turn to it, and what was not answered is asked again. Every request
//! means the same when it is made twice.
//!
//! Datasets and blobs are files that any process reads and writes itself.

mod connection;
mod documents;
mod door;
mod protocol;
mod socket;

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

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

use crate::embedded::digested::Folders;
use crate::embedded::{EmbeddedStore, Options, in_folder, layout, lock::Lock, span_frame};
use crate::results::{self, Place};
use crate::traces;
use connection::{Connection, Gone};
use door::{Door, OpenDoor};
use protocol::{Answer, Request};

/// How long a lock may be held without a socket beside it: by a process that is just beginning or ending. One that
/// holds it longer knows nothing of sharing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Keeps everything in a folder that other processes may use at the same time.
pub struct SharedStore {
    root: PathBuf,
    folders: Folders,
    role: RwLock<Role>,
    /// Held by who is looking for another role.
    election: tokio::sync::Mutex<()>,
}

/// What this process is to the store.
#[derive(Clone)]
enum Role {
    Owner(Arc<Owner>),
    User(Arc<Connection>),
}

struct Owner {
    /// Closed first: fields are dropped in order.
    _door: OpenDoor,
    store: Arc<EmbeddedStore>,
}

impl SharedStore {
    /// Opens the store in the folder `root`, or makes one, and the folder with it.
    ///
    /// # Errors
    ///
    /// Fails when the folder can't be written (then nothing is left there), when what is in it is damaged or was
    /// written by a newer version, and when a process has it open that does not share it.
    pub fn open(root: &Path) -> Result<Self, StoreError> {
        let made = layout::found(root).and_then(|found| found.map_or_else(|| layout::create(root), Ok));
        made.map_err(|error| in_folder(root, error))?;
        Self::join(root)
    }

    /// Opens the store in the folder `root`, if there is one.
    ///
    /// # Errors
    ///
    /// Fails as [`Self::open`] does.
    pub fn open_existing(root: &Path) -> Result<Option<Self>, StoreError> {
        match layout::found(root).map_err(|error| in_folder(root, error))? {
            Some(_) => Self::join(root).map(Some),
            None => Ok(None),
        }
    }

    /// Gives back the space of what was deleted or replaced.
    ///
    /// # Errors
    ///
    /// Fails as [`EmbeddedStore::compact`] does.
    pub async fn compact(&self) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.compact().await,
            Role::User(_) => self.ask(Request::Compact).await.map(drop),
        }
    }

    /// Makes a copy of the store, as [`EmbeddedStore::back_up`] does. `to` is absolute: another process may make it.
    ///
    /// # Errors
    ///
    /// Fails as [`EmbeddedStore::back_up`] does.
    pub async fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.back_up(to).await,
            Role::User(_) => self.ask(Request::Backup { to: to.to_owned() }).await.map(drop),
        }
    }

    /// Length of the log, in bytes.
    ///
    /// # Errors
    ///
    /// Fails when the file system does.
    pub fn log_bytes(&self) -> io::Result<u64> {
        let files = std::fs::read_dir(self.root.join("log"))?;
        files.map(|file| Ok(file?.metadata()?.len())).sum()
    }

    fn join(root: &Path) -> Result<Self, StoreError> {
        let role = role(root).map_err(|error| in_folder(root, error))?;
        Ok(Self {
            root: root.to_owned(),
            folders: Folders::of(root),
            role: RwLock::new(role),
            election: tokio::sync::Mutex::default(),
        })
    }

    fn role(&self) -> Role {
        self.role.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Asks the owner, whoever that is; this process may have become it meanwhile.
    async fn ask(&self, request: Request) -> Result<Answer, StoreError> {
        loop {
            match self.role() {
                Role::Owner(owner) => return door::serve(&owner.store, request).await,
                Role::User(connection) => match connection.ask(&request).await {
                    Ok(Answer::Failed(failure)) => return Err(failure.into()),
                    Ok(answer) => return Ok(answer),
                    Err(Gone) => self.elect(&connection).await?,
                },
            }
        }
    }

    /// Finds another role than that of a user of `gone`.
    async fn elect(&self, gone: &Arc<Connection>) -> Result<(), StoreError> {
        let _one_at_a_time = self.election.lock().await;
        match self.role() {
            Role::User(connection) if Arc::ptr_eq(&connection, gone) => {}
            _ => return Ok(()),
        }
        let root = self.root.clone();
        let found = tokio::task::spawn_blocking(move || role(&root).map_err(|error| in_folder(&root, error))).await;
        let found = found.unwrap_or_else(|error| Err(StoreError::Io(io::Error::other(error))))?;
        *self.role.write().unwrap_or_else(PoisonError::into_inner) = found;
        Ok(())
    }
}

/// Becomes the owner, or a user where there is one. Waits while it makes the store ready.
fn role(root: &Path) -> Result<Role, StoreError> {
    let mut give_up = Instant::now() + PATIENCE;
    loop {
        match Lock::take(root) {
            Ok(lock) => return own(root, lock).map(|owner| Role::Owner(Arc::new(owner))),
            Err(StoreError::Locked { .. }) if Instant::now() < give_up => {}
            Err(error) => return Err(error),
        }
        match Connection::open(root) {
            Ok(connection) => return Ok(Role::User(Arc::new(connection))),
            // It was there, and is gone.
            Err(error) if is_of_a_leaver(&error) => give_up = Instant::now() + PATIENCE,
            // It is just coming or going.
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) => {}
            Err(error) => return Err(error.into()),
        }
        thread::sleep(Duration::from_millis(fastrand::u64(1..10)));
    }
}

fn own(root: &Path, lock: Lock) -> Result<Owner, StoreError> {
    let door = Door::put_up(root)?;
    let store = Arc::new(EmbeddedStore::start(root, Options::default(), lock)?);
    Ok(Owner { _door: door.open(Arc::clone(&store))?, store })
}

/// Whether somebody was there who left without an answer.
fn is_of_a_leaver(error: &io::Error) -> bool {
    use io::ErrorKind;
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof)
}

#[async_trait]
impl Store for SharedStore {
    async fn create_run(&self, header: &RunHeader) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.create_run(header).await,
            Role::User(_) => self.ask(Request::CreateRun { header: protocol::json(header)? }).await.map(drop),
        }
    }

    async fn put_results(&self, run: RunId, results: Vec<RowResult>) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.put_results(run, results).await,
            Role::User(_) => self.ask(Request::PutResults { run, results: results::write(&results)? }).await.map(drop),
        }
    }

    async fn put_exchanges(&self, run: RunId, batch: BatchId, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.put_exchanges(run, batch, exchanges).await,
            Role::User(_) => {
                let exchanges = protocol::json(&exchanges)?;
                self.ask(Request::PutExchanges { run, batch, exchanges }).await.map(drop)
            }
        }
    }

    async fn finish_run(&self, run: RunId, report: &Report) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.finish_run(run, report).await,
            Role::User(_) => self.ask(Request::FinishRun { run, report: protocol::json(report)? }).await.map(drop),
        }
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.run(run).await,
            Role::User(_) => Ok(runs(self.ask(Request::Run { run }).await?)?.pop()),
        }
    }

    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.runs(after, limit).await,
            Role::User(_) => runs(self.ask(Request::Runs { after, limit: limit as u64 }).await?),
        }
    }

    async fn results(&self, run: RunId, after: Option<Place>, limit: usize) -> Result<Vec<RowResult>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.results(run, after, limit).await;
        }
        let (mut found, mut after) = (Vec::new(), after);
        loop {
            let limit = (limit - found.len()) as u64;
            let Answer::Results { results, more } = self.ask(Request::Results { run, after, limit }).await? else {
                return Err(unexpected());
            };
            found.extend(protocol::from_results(&results)?);
            after = found.last().map(|last: &RowResult| (last.index, last.trial)).or(after);
            if !more {
                return Ok(found);
            }
        }
    }

    async fn exchanges(
        &self,
        run: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.exchanges(run, after).await;
        }
        match self.ask(Request::Exchanges { run, after }).await? {
            Answer::Exchanges(None) => Ok(None),
            Answer::Exchanges(Some((batch, exchanges))) => Ok(Some((batch, protocol::from_json(&exchanges)?))),
            _ => Err(unexpected()),
        }
    }

    async fn delete_run(&self, run: RunId) -> Result<bool, StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.delete_run(run).await,
            Role::User(_) => match self.ask(Request::DeleteRun { run }).await? {
                Answer::Deleted(deleted) => Ok(deleted),
                _ => Err(unexpected()),
            },
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
impl JudgeCache for SharedStore {
    async fn get(&self, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError> {
        match self.ask(Request::CachedReply { key: *key }).await? {
            Answer::CachedReply(reply) => Ok(reply),
            _ => Err(unexpected()),
        }
    }

    async fn put(&self, key: &CacheKey, reply: &[u8]) -> Result<(), StoreError> {
        self.ask(Request::CacheReply { key: *key, reply: reply.to_vec() }).await.map(drop)
    }

    async fn statistics(&self) -> Result<CacheStatistics, StoreError> {
        match self.ask(Request::CacheStatistics).await? {
            Answer::CacheStatistics(found) => Ok(found),
            _ => Err(unexpected()),
        }
    }

    async fn clear(&self) -> Result<(), StoreError> {
        self.ask(Request::ClearCache).await.map(drop)
    }
}

#[async_trait]
impl TraceStore for SharedStore {
    async fn put_spans(&self, experiment: &str, batches: Vec<SpanBatch>) -> Result<(), StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.put_spans(experiment, batches).await;
        }
        let frame = span_frame(experiment, batches).await?;
        self.ask(Request::PutSpans { frame }).await.map(drop)
    }

    async fn announce(
        &self,
        experiment: &str,
        trace: &str,
        announcement: (Span, SpanDigest),
        said: Vec<AnnotationChange>,
    ) -> Result<(), StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.announce(experiment, trace, announcement, said).await;
        }
        let (trace, experiment) = (trace.to_owned(), experiment.to_owned());
        let frame =
            span_frame(&experiment, vec![SpanBatch { trace: trace.clone(), spans: vec![announcement] }]).await?;
        let annotations = protocol::json(&Annotation::all(&trace, said))?;
        self.ask(Request::Announce { trace, experiment, frame, annotations }).await.map(drop)
    }

    async fn annotate(&self, annotations: Vec<Annotation>) -> Result<(), StoreError> {
        match self.role() {
            Role::Owner(owner) => owner.store.annotate(annotations).await,
            Role::User(_) => self.ask(Request::Annotate { annotations: protocol::json(&annotations)? }).await.map(drop),
        }
    }

    async fn traces(&self, ids: &[String], spans: usize) -> Result<Vec<Option<FoundTrace>>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.traces(ids, spans).await;
        }
        let mut found = Vec::with_capacity(ids.len());
        while found.len() < ids.len() {
            let request = Request::Traces { ids: ids[found.len()..].to_vec(), spans: spans as u64 };
            match self.ask(request).await? {
                Answer::Traces(some) if !some.is_empty() => {
                    for trace in some {
                        found.push(trace.as_ref().map(protocol::Trace::read).transpose()?);
                    }
                }
                _ => return Err(unexpected()),
            }
        }
        Ok(found)
    }

    async fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.spans(id, skip, limit).await;
        }
        match self.ask(Request::Spans { id: id.to_owned(), skip: skip as u64, limit: limit as u64 }).await? {
            Answer::Spans { spans, digests } => traces::read_spans(&spans, &digests),
            _ => Err(unexpected()),
        }
    }

    async fn announcement(&self, id: &str) -> Result<Option<(Span, SpanDigest)>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.announcement(id).await;
        }
        match self.ask(Request::Announcement { id: id.to_owned() }).await? {
            Answer::Spans { spans, digests } => Ok(traces::read_spans(&spans, &digests)?.pop()),
            _ => Err(unexpected()),
        }
    }

    async fn search(&self, query: &Query, after: Option<&Cursor>, limit: usize) -> Result<Page, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.search(query, after, limit).await;
        }
        let request = Request::Search { query: protocol::json(query)?, after: after.cloned(), limit: limit as u64 };
        match self.ask(request).await? {
            Answer::Page(page) => protocol::from_json(&page),
            _ => Err(unexpected()),
        }
    }

    async fn delete_traces(&self, ids: &[String]) -> Result<u64, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.delete_traces(ids).await;
        }
        match self.ask(Request::DeleteTraces { ids: ids.to_vec() }).await? {
            Answer::Counted(deleted) => Ok(deleted),
            _ => Err(unexpected()),
        }
    }

    async fn experiments(&self) -> Result<Vec<(String, u64)>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.experiments().await;
        }
        match self.ask(Request::Experiments).await? {
            Answer::Experiments(experiments) => Ok(experiments),
            _ => Err(unexpected()),
        }
    }
}

#[async_trait]
impl TraceRetention for SharedStore {
    async fn expire(&self, experiment: &str, limits: &Retention) -> Result<Expired, StoreError> {
        match self.ask(Request::Expire { experiment: experiment.to_owned(), limits: *limits }).await? {
            Answer::Expired(expired) => Ok(expired),
            _ => Err(unexpected()),
        }
    }

    async fn reclaim(&self) -> Result<u64, StoreError> {
        match self.ask(Request::Reclaim).await? {
            Answer::Counted(bytes) => Ok(bytes),
            _ => Err(unexpected()),
        }
    }
}

fn runs(answer: Answer) -> Result<Vec<Run>, StoreError> {
    match answer {
        Answer::Runs(runs) => runs.iter().map(|run| protocol::from_json(run)).collect(),
        _ => Err(unexpected()),
    }
}

fn unexpected() -> StoreError {
    StoreError::Io(io::Error::other("the process that owns the store answered something else than what was asked"))
}
