//! The only thread that writes.
//!
//! Requests that arrive while others are being written share the next write and its sync. None is answered before it
//! is durable in the log and visible in the view. After the first failure nothing more is written: what the operating
//! system or sled holds back then is unknown, and a second attempt may succeed without the first one's bytes. Reading
//! goes on.

use std::collections::HashMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::{io, iter};

use model::ports::{Annotation, StoreError};
use model::run::RunId;
use tokio::sync::{mpsc, oneshot};

use super::backup;
use super::compact;
use super::datasets::Datasets;
use super::read::Reader;
use super::space::Space;
use super::watchdog::Watchdog;
use crate::log::{Address, Appender};
use crate::operation::{self, Payload};
use crate::traces::Traces;
use crate::traces::frames::is_of_traces;
use crate::view::{HeadedFrame, View, keys};

/// Requests that may wait before senders do.
const QUEUE: usize = 64;

/// How much is replayed, at most, when a store is opened that was not closed.
const CHECKPOINT_BYTES: u64 = 64 << 20;

/// A change of one run.
pub(crate) enum Change {
    /// Writes the header of a run on the dataset of this digest.
    Create { run: RunId, dataset: String, header: Payload },
    /// Writes something of a run that exists.
    Add { run: RunId, payload: Payload },
    /// Removes a run that exists, and everything of it.
    Delete { run: RunId },
    /// Writes what is new of traces, where what it speaks of is there.
    Traces { payloads: Vec<Payload>, about: Vec<Annotation> },
    /// Gives back the space of what was deleted or replaced.
    Compact,
    /// Makes a copy of the store in this folder.
    Backup(PathBuf),
}

type Answer = oneshot::Sender<Result<(), StoreError>>;

struct Request {
    change: Change,
    answer: Answer,
}

/// What the thread works with.
pub(super) struct Parts {
    pub(super) appender: Appender,
    pub(super) view: Arc<View>,
    pub(super) traces: Arc<Traces>,
    pub(super) reader: Arc<Reader>,
    pub(super) datasets: Datasets,
    pub(super) space: Space,
}

/// The handle of the thread; it ends with it, after what was requested is done.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(parts: Parts) -> Result<Self, StoreError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let watchdog = Watchdog::start()?;
        let mut work = Work { parts, watchdog, unchecked: 0, failure: None };
        // What had to be replayed need not be again.
        if work.parts.appender.is_ahead_of_view() {
            work.checkpoint()?;
        }
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(|| work.run(queue))?;
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
    parts: Parts,
    watchdog: Watchdog,
    /// Bytes of the log since its last checkpoint.
    unchecked: u64,
    /// What the first failed write said.
    failure: Option<String>,
}

/// What a change takes.
enum Plan {
    /// Frames, and the dataset that may go with them.
    Write(Vec<Payload>, Option<String>),
    Chore(Chore),
}

/// What is done after the frames of a group are written.
enum Chore {
    Compact,
    Backup(PathBuf),
}

/// A change whose frames are going to be written.
struct Planned {
    payloads: Vec<Payload>,
    answer: Answer,
    /// The dataset of a run that is being deleted.
    dataset: Option<String>,
}

impl Work {
    fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            let others = iter::from_fn(|| queue.try_recv().ok());
            let group: Vec<Request> = iter::once(first).chain(others).take(QUEUE).collect();
            let _busy = self.watchdog.busy();
            self.commit(group);
        }
        if self.unchecked > 0 && self.failure.is_none() {
            let _ = self.checkpoint();
        }
    }

    /// Makes the changes of a group, with one sync for all of them.
    fn commit(&mut self, group: Vec<Request>) {
        let mut planned = Vec::new();
        let mut chores = Vec::new();
        // Which runs are made or deleted within the group.
        let mut runs = HashMap::new();
        for Request { change, answer } in group {
            match self.plan(change, &mut runs) {
                Ok(Plan::Write(payloads, dataset)) => planned.push(Planned { payloads, answer, dataset }),
                Ok(Plan::Chore(chore)) => chores.push((chore, answer)),
                Err(error) => reply(answer, Err(error)),
            }
        }
        if !planned.is_empty() {
            self.write(planned);
        }
        for (chore, answer) in chores {
            let done = self.usable().and_then(|()| match chore {
                Chore::Compact => self.compact(),
                Chore::Backup(to) => self.back_up(&to),
            });
            reply(answer, done);
        }
        if self.unchecked > CHECKPOINT_BYTES && self.failure.is_none() {
            let _ = self.checkpoint();
        }
    }

    fn plan(&self, change: Change, runs: &mut HashMap<RunId, bool>) -> Result<Plan, StoreError> {
        self.usable()?;
        let exists = |run, runs: &HashMap<RunId, bool>| match runs.get(&run) {
            Some(&exists) => Ok(exists),
            None => self.parts.view.read(|now| Ok(now.get(&keys::header(run))?.is_some())),
        };
        match change {
            Change::Create { dataset, .. } if !self.parts.datasets.contains(&dataset)? => {
                Err(crate::missing_dataset(&dataset))
            }
            Change::Create { run, header, .. } => {
                runs.insert(run, true);
                Ok(Plan::Write(vec![header], None))
            }
            Change::Add { run, .. } | Change::Delete { run } if !exists(run, runs)? => Err(crate::missing_run(run)),
            Change::Add { payload, .. } => Ok(Plan::Write(vec![payload], None)),
            Change::Traces { payloads, about } => {
                self.parts.traces.check(&about)?;
                Ok(Plan::Write(payloads, None))
            }
            Change::Delete { run } => {
                runs.insert(run, false);
                // A run that can't be read is deleted all the same.
                let header = self.parts.view.read(|now| self.parts.reader.run(now, run)).ok().flatten();
                Ok(Plan::Write(vec![operation::deletion(run)?], header.map(|run| run.header.data.digest)))
            }
            Change::Compact => Ok(Plan::Chore(Chore::Compact)),
            Change::Backup(to) => Ok(Plan::Chore(Chore::Backup(to))),
        }
    }

    fn write(&mut self, planned: Vec<Planned>) {
        let (mut group, mut answers) = (Vec::new(), Vec::new());
        for Planned { payloads, answer, dataset } in planned {
            group.extend(payloads);
            answers.push((answer, dataset));
        }
        let written = self.append(&group);
        for (answer, dataset) in answers {
            let outcome = match &written {
                Ok(()) => dataset.map_or(Ok(()), |dataset| self.remove_unused(&dataset)),
                Err(StoreError::Full { path, free }) => Err(StoreError::Full { path: path.clone(), free: *free }),
                Err(_) => self.usable(),
            };
            reply(answer, outcome);
        }
    }

    /// Makes a group durable, then visible.
    fn append(&mut self, group: &[Payload]) -> Result<(), StoreError> {
        let bytes = group.iter().map(|(_, payload)| payload.len() as u64).sum();
        self.parts.space.check(bytes)?;
        append(&mut self.parts, group).map(|_| self.unchecked += bytes).map_err(|error| self.note_failure(error))
    }

    fn compact(&mut self) -> Result<(), StoreError> {
        // What is moved is as safe as what it was before only once the view no longer needs the old places.
        self.unchecked = 1;
        compact::run(&mut self.parts).map_err(|error| self.note_failure(error))
    }

    /// What fails in the other folder is no failure of this store.
    fn back_up(&mut self, to: &Path) -> Result<(), StoreError> {
        self.parts.appender.roll().map_err(|error| self.note_failure(error.into()))?;
        backup::run(&self.parts, to)
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.unchecked = 0;
        checkpoint(&mut self.parts).map_err(|error| self.note_failure(error))
    }

    fn remove_unused(&self, dataset: &str) -> Result<(), StoreError> {
        let Parts { view, reader, datasets, .. } = &self.parts;
        let is_used = view.read(|now| {
            let runs = reader.runs(now, None, usize::MAX);
            // A run that can't be read may use it.
            Ok(runs.map_or(true, |runs| runs.iter().any(|run| run.header.data.digest == dataset)))
        })?;
        if !is_used {
            datasets.remove(dataset)?;
        }
        Ok(())
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

/// Writes a group to the log and applies it to the view.
pub(super) fn append(parts: &mut Parts, group: &[Payload]) -> Result<Vec<Address>, StoreError> {
    let first = parts.appender.next();
    let addresses = parts.appender.append(group)?;
    let frames = || {
        let placed = (first..).zip(group).zip(&addresses);
        placed.map(|((sequence, (kind, payload)), &address)| (*kind, sequence, &payload[..], address))
    };
    parts.traces.apply(frames().filter(|(kind, ..)| is_of_traces(*kind)))?;
    parts.view.change(parts.appender.end(), parts.appender.next(), |changes| {
        for (kind, sequence, payload, address) in frames().filter(|(kind, ..)| !is_of_traces(*kind)) {
            HeadedFrame::read(kind, sequence, payload, address)?.apply(changes)?;
        }
        Ok(())
    })?;
    Ok(addresses)
}

/// Writes the view out, so that no frame before has to be replayed.
pub(super) fn checkpoint(parts: &mut Parts) -> Result<(), StoreError> {
    parts.traces.save(parts.appender.next(), parts.appender.end())?;
    parts.view.flush()?;
    Ok(parts.appender.checkpoint()?)
}

fn reply(answer: Answer, outcome: Result<(), StoreError>) {
    // Who asked may have stopped waiting.
    let _ = answer.send(outcome);
}
