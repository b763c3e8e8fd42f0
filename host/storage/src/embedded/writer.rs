//! The only thread that writes to the database.
//!
//! Requests that arrive while others are being written share the next flush; none is answered before that. After the
//! first failure nothing more is written: what the operating system or sled holds back then is unknown, and a second
//! attempt may succeed without the first one's bytes. Reading goes on.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::{io, iter};

use model::ports::StoreError;
use model::run::{RunHeader, RunId};
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::{mpsc, oneshot};

use super::database::{Batch, Database, LARGEST_BATCH, Snapshot};
use super::datasets::Datasets;
use super::envelope::{Record, damaged};
use super::{keys, records};

/// Requests that may wait before senders do.
const QUEUE: usize = 64;

/// A change of one run.
pub(crate) enum Change {
    /// Writes the header of a run on the dataset of this digest.
    Create { run: RunId, dataset: String, header: Batch },
    /// Writes something of a run that exists.
    Add { run: RunId, batches: Vec<Batch> },
    /// Removes a run that exists, and everything of it.
    Delete { run: RunId },
}

type Answer = oneshot::Sender<Result<(), StoreError>>;

struct Request {
    change: Change,
    answer: Answer,
}

/// A run that is no longer there, while its results still are.
struct Deletion {
    run: RunId,
    /// None where the header could not be read.
    dataset: Option<String>,
    /// None where an earlier process was asked.
    answer: Option<Answer>,
}

/// The handle of the thread; it ends with it, after what was requested is done.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Starts the thread, which first of all goes on with deletions that were cut off.
    pub(crate) fn start(database: Arc<Database>, datasets: Datasets) -> Result<Self, StoreError> {
        let deletions = database.read(unfinished_deletions)?;
        let (sender, queue) = mpsc::channel(QUEUE);
        let work = Work { database, datasets, queue, deletions, failure: None };
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(|| work.run())?;
        Ok(Self { queue: Some(sender), thread: Some(thread) })
    }

    /// Returns when the change is durable.
    pub(crate) async fn make(&self, change: Change) -> Result<(), StoreError> {
        let (answer, answered) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // Where the thread is gone, the answer says so.
            let _ = queue.send(Request { change, answer }).await;
        }
        answered.await.unwrap_or_else(|_| Err(StoreError::Io(io::Error::other("the store is closed"))))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.queue = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer panicked");
        }
    }
}

struct Work {
    database: Arc<Database>,
    datasets: Datasets,
    queue: mpsc::Receiver<Request>,
    deletions: VecDeque<Deletion>,
    /// What the first failed write said.
    failure: Option<String>,
}

impl Work {
    fn run(mut self) {
        loop {
            let next = if self.deletions.is_empty() {
                self.queue.blocking_recv().ok_or(TryRecvError::Disconnected)
            } else {
                self.queue.try_recv()
            };
            match next {
                Ok(request) => self.commit(request),
                Err(TryRecvError::Empty) => {}
                // Deletions that are left over are finished by the next process.
                Err(TryRecvError::Disconnected) => return,
            }
            self.delete_some();
        }
    }

    /// Makes the changes that are waiting, with one flush for all of them.
    fn commit(&mut self, first: Request) {
        let others = iter::from_fn(|| self.queue.try_recv().ok());
        let group: Vec<Request> = iter::once(first).chain(others).take(QUEUE).collect();
        let mut made = Vec::new();
        for Request { change, answer } in group {
            match self.make(change) {
                Ok(None) => made.push(answer),
                Ok(Some(deletion)) => self.deletions.push_back(Deletion { answer: Some(answer), ..deletion }),
                Err(error) => reply(answer, Err(error)),
            }
        }
        let flushed = self.flush().is_ok();
        for answer in made {
            reply(answer, if flushed { Ok(()) } else { self.usable() });
        }
    }

    /// Makes one change visible. A deletion is only begun.
    fn make(&mut self, change: Change) -> Result<Option<Deletion>, StoreError> {
        match change {
            Change::Create { run, dataset, header } => self.create(run, &dataset, header).map(|()| None),
            Change::Add { run, batches } => self.add(run, batches).map(|()| None),
            Change::Delete { run } => self.begin_deletion(run).map(Some),
        }
    }

    fn create(&mut self, run: RunId, dataset: &str, header: Batch) -> Result<(), StoreError> {
        // What is left of a deleted run of this id must not be taken for results of the new one.
        while self.deletions.iter().any(|deletion| deletion.run == run) {
            self.delete_some();
        }
        if !self.datasets.contains(dataset)? {
            return Err(crate::missing_dataset(dataset));
        }
        self.apply(header)
    }

    fn add(&mut self, run: RunId, batches: Vec<Batch>) -> Result<(), StoreError> {
        if !self.database.read(|now| now.contains(&keys::run(run)))? {
            return Err(crate::missing_run(run));
        }
        batches.into_iter().try_for_each(|batch| self.apply(batch))
    }

    /// Takes the run away in one step, so that no reader ever finds a part of it, and notes what is left to remove.
    fn begin_deletion(&mut self, run: RunId) -> Result<Deletion, StoreError> {
        let (dataset, run_keys) = self.database.read(|now| {
            if !now.contains(&keys::run(run))? {
                return Err(crate::missing_run(run));
            }
            let header = now.get(&keys::run(run)).ok().flatten();
            let header = header.and_then(|record| records::decode_json::<RunHeader>(&record).ok());
            let run_keys = [now.keys(&keys::run(run), usize::MAX)?, now.keys(&keys::report(run), usize::MAX)?];
            Ok((header.map(|header| header.data.digest), run_keys))
        })?;
        let mut batch = Batch::default();
        batch.put(&keys::deletion(run), records::JSON, &records::encode_json(&dataset)?)?;
        run_keys.into_iter().flatten().for_each(|key| batch.remove(key));
        self.apply(batch)?;
        Ok(Deletion { run, dataset, answer: None })
    }

    /// Goes on with the first deletion by one batch.
    fn delete_some(&mut self) {
        let Some(deletion) = self.deletions.pop_front() else {
            return;
        };
        match (self.delete_batch(&deletion), deletion.answer) {
            (Ok(false), answer) => self.deletions.push_front(Deletion { answer, ..deletion }),
            (Ok(true), Some(answer)) => reply(answer, Ok(())),
            (Err(error), Some(answer)) => reply(answer, Err(error)),
            (Ok(true), None) => {}
            (Err(error), None) => tracing::warn!("run {} can't be deleted completely: {error}", deletion.run),
        }
    }

    /// Removes some results, or what else there is when none is left. Returns whether that was all.
    fn delete_batch(&mut self, deletion: &Deletion) -> Result<bool, StoreError> {
        self.usable()?;
        let results = self.database.read(|now| now.keys(&keys::results(deletion.run), LARGEST_BATCH))?;
        let mut batch = Batch::default();
        if !results.is_empty() {
            results.into_iter().for_each(|key| batch.remove(key));
            return self.apply(batch).map(|()| false);
        }
        // The run must be gone for good before its data is.
        self.flush()?;
        if let Some(dataset) = &deletion.dataset
            && !self.database.read(|now| Ok(may_be_used(&now, dataset)))?
        {
            self.datasets.remove(dataset)?;
        }
        batch.remove(keys::deletion(deletion.run)[..].into());
        self.apply(batch)?;
        self.flush().map(|()| true)
    }

    fn apply(&mut self, batch: Batch) -> Result<(), StoreError> {
        self.usable()?;
        self.database.apply(batch).map_err(|error| self.note_failure(error))
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.usable()?;
        self.database.flush().map_err(|error| self.note_failure(error))
    }

    /// Stops all further writing, which [`Self::usable`] is asked about.
    fn note_failure(&mut self, error: StoreError) -> StoreError {
        tracing::error!("the store can't be written any more: {error}");
        self.failure.get_or_insert_with(|| match error.source() {
            Some(cause) => cause.to_string(),
            None => error.to_string(),
        });
        error
    }

    fn usable(&self) -> Result<(), StoreError> {
        match &self.failure {
            None => Ok(()),
            Some(failure) => Err(StoreError::Io(io::Error::other(format!(
                "nothing is written any more since a write failed ({failure}); mend the cause and start again"
            )))),
        }
    }
}

fn reply(answer: Answer, outcome: Result<(), StoreError>) {
    // Who asked may have stopped waiting.
    let _ = answer.send(outcome);
}

fn unfinished_deletions(now: Snapshot<'_>) -> Result<VecDeque<Deletion>, StoreError> {
    now.scan(keys::DELETIONS, None, keys::RUN_LENGTH).map(|record| unfinished_deletion(&record?)).collect()
}

fn unfinished_deletion(record: &Record) -> Result<Deletion, StoreError> {
    let run = keys::deleted_run(&record.key).ok_or_else(|| damaged(&record.key, "has a wrong key"))?;
    Ok(Deletion { run, dataset: records::decode_json(record)?, answer: None })
}

/// Whether a run refers to the dataset; a run that can't be read may do so.
fn may_be_used(now: &Snapshot<'_>, dataset: &str) -> bool {
    let mut headers = now.scan(keys::RUNS, None, keys::RUN_LENGTH);
    headers.any(|record| {
        let header = record.and_then(|record| records::decode_json::<RunHeader>(&record));
        header.map_or(true, |header| header.data.digest == dataset)
    })
}
