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

use model::document::{self, Committed};
use model::ports::{Annotation, StoreError};
use model::run::RunId;
use tokio::sync::{mpsc, oneshot};

use super::backup;
use super::checkpoint::{self, Checkpoint};
use super::compact::{self, Stopped};
use super::digested::Folders;
use super::read::Reader;
use super::space::Space;
use super::watchdog::Watchdog;
use crate::documents::{Ahead, Verdict};
use crate::log::{Address, Appender, frame};
use crate::operation::{self, Payload};
use crate::traces::Traces;
use crate::traces::frames::{self, is_of_traces};
use crate::view::{HeadedFrame, View, keys};

/// Requests that may wait before senders do.
const QUEUE: usize = 64;

/// From so many bytes on, what else has arrived is written by another write.
const GROUP_BYTES: u64 = 64 << 20;

/// What one change may take in the log. A copy of a record says more than the record, and needs room for that.
const LARGEST_CHANGE: usize = frame::LARGEST_PAYLOAD - (1 << 16);

/// A change of one run, or of what else there is.
pub(crate) enum Change {
    /// Writes the header of a run on the dataset of this digest.
    Create { run: RunId, dataset: String, header: Payload },
    /// Writes something of a run that exists.
    Add { run: RunId, payload: Payload },
    /// Removes a run that exists, and everything of it.
    Delete { run: RunId },
    /// Writes what is new of traces, where what it speaks of is there.
    Traces { payloads: Vec<Payload>, about: Vec<Annotation>, home: Option<Home> },
    /// Changes documents, if all of them are as expected. The payload says the same.
    Commit { changes: Vec<document::Change>, payload: Payload },
    /// Completes the last segment of the log.
    Roll,
    /// Gives back the space of what was deleted or replaced in this segment, if it is the oldest.
    Compact(u64),
    /// Makes a copy of the store in this folder.
    Backup(PathBuf),
}

/// The trace that a change makes or adds to, which is not to be in another experiment.
pub(crate) struct Home {
    pub(crate) trace: String,
    pub(crate) experiment: String,
}

/// What is not a commit is made, or fails.
type Answer = oneshot::Sender<Result<Committed, StoreError>>;

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
    pub(super) folders: Folders,
    pub(super) space: Space,
}

/// The handle of the thread; it ends with it, after what was requested is done.
pub(crate) struct Writer {
    queue: Option<mpsc::Sender<Request>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(parts: Parts, checkpoint_bytes: u64) -> Result<Self, StoreError> {
        let (sender, queue) = mpsc::channel(QUEUE);
        let watchdog = Watchdog::start()?;
        let mut work = Work { parts, watchdog, checkpoint_bytes, unchecked: 0, checkpoint: None, failure: None };
        // What had to be replayed need not be again.
        if work.parts.appender.is_ahead_of_view() {
            work.checkpoint()?;
        }
        let thread = thread::Builder::new().name("store-writer".to_owned()).spawn(|| work.run(queue))?;
        Ok(Self { queue: Some(sender), thread: Some(thread) })
    }

    /// Returns when the change is durable.
    pub(crate) async fn make(&self, change: Change) -> Result<(), StoreError> {
        self.commit(change).await.map(drop)
    }

    /// Returns when the change is durable, or meets a document that is not as expected.
    pub(crate) async fn commit(&self, change: Change) -> Result<Committed, StoreError> {
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
    checkpoint_bytes: u64,
    /// Bytes of the log since its last checkpoint began.
    unchecked: u64,
    /// The one that is being written.
    checkpoint: Option<Checkpoint>,
    /// What the first failed write said.
    failure: Option<String>,
}

/// What a change takes.
enum Plan {
    Write(Frames),
    /// Nothing: there is an answer already.
    Nothing(Committed),
    Chore(Chore),
}

/// What is written for a change. None where it is made with what others of the group write.
#[derive(Default)]
struct Frames {
    payloads: Vec<Payload>,
    /// The dataset of a run that is being deleted.
    dataset: Option<String>,
    /// It only takes something away.
    makes_room: bool,
}

impl Frames {
    fn of(payloads: Vec<Payload>) -> Self {
        let is_deletion = |(kind, _): &Payload| matches!(*kind, operation::DELETION | frames::DELETION);
        Self { makes_room: payloads.iter().all(is_deletion), payloads, dataset: None }
    }

    fn bytes(&self) -> u64 {
        self.payloads.iter().map(|(_, payload)| payload.len() as u64).sum()
    }
}

/// What is done after the frames of a group are written.
enum Chore {
    Roll,
    Compact(u64),
    Backup(PathBuf),
}

/// A change whose frames are going to be written.
struct Planned {
    frames: Frames,
    answer: Answer,
}

/// What will be so once the group that is being planned is written.
#[derive(Default)]
struct Coming {
    /// Which runs are made or deleted.
    runs: HashMap<RunId, bool>,
    documents: Ahead,
}

impl Work {
    fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        while let Some(first) = queue.blocking_recv() {
            let others = iter::from_fn(|| queue.try_recv().ok());
            let group: Vec<Request> = iter::once(first).chain(others).take(QUEUE).collect();
            let _busy = self.watchdog.busy();
            self.commit(group);
        }
        if self.failure.is_none() && self.finish_checkpoint().is_ok() && self.unchecked > 0 {
            let _ = self.checkpoint();
        }
    }

    /// Makes the changes of a group, with one sync for all of them.
    fn commit(&mut self, group: Vec<Request>) {
        let mut planned = Vec::new();
        let mut chores = Vec::new();
        let mut coming = Coming::default();
        for Request { change, answer } in group {
            match self.plan(change, &mut coming) {
                Ok(Plan::Write(frames)) => planned.push(Planned { frames, answer }),
                Ok(Plan::Nothing(committed)) => reply(answer, Ok(committed)),
                Ok(Plan::Chore(chore)) => chores.push((chore, answer)),
                Err(error) => reply(answer, Err(error)),
            }
        }
        for planned in in_groups(planned) {
            self.write(planned);
        }
        for (chore, answer) in chores {
            let done = self.usable().and_then(|()| match chore {
                Chore::Roll => self.roll(),
                Chore::Compact(segment) => self.compact(segment),
                Chore::Backup(to) => self.back_up(&to),
            });
            reply(answer, done.map(|()| Committed::Made));
        }
        if self.failure.is_none() {
            let _ = self.check_point();
        }
    }

    fn plan(&self, change: Change, Coming { runs, documents }: &mut Coming) -> Result<Plan, StoreError> {
        self.usable()?;
        check_size(&change)?;
        let exists = |run, runs: &HashMap<RunId, bool>| match runs.get(&run) {
            Some(&exists) => Ok(exists),
            None => self.parts.view.read(|now| Ok(now.get(&keys::header(run))?.is_some())),
        };
        match change {
            Change::Create { dataset, .. } if !self.parts.folders.datasets.contains(&dataset)? => {
                Err(crate::missing_dataset(&dataset))
            }
            Change::Create { run, header, .. } => {
                runs.insert(run, true);
                Ok(Plan::Write(Frames::of(vec![header])))
            }
            Change::Add { run, .. } | Change::Delete { run } if !exists(run, runs)? => Err(crate::missing_run(run)),
            Change::Add { payload, .. } => Ok(Plan::Write(Frames::of(vec![payload]))),
            Change::Traces { payloads, about, home } => {
                if let Some(Home { trace, experiment }) = &home {
                    self.parts.traces.check_home(trace, experiment)?;
                }
                self.parts.traces.check(&about, home.as_ref().map(|home| home.trace.as_str()))?;
                for (_, payload) in payloads.iter().filter(|(kind, _)| *kind == frames::SPANS) {
                    self.parts.traces.prepare(payload)?;
                }
                Ok(Plan::Write(Frames::of(payloads)))
            }
            Change::Delete { run } => {
                runs.insert(run, false);
                // A run that can't be read is deleted all the same.
                let header = self.parts.view.read(|now| self.parts.reader.run(now, run)).ok().flatten();
                let dataset = header.map(|run| run.header.data.digest);
                Ok(Plan::Write(Frames { dataset, ..Frames::of(vec![operation::deletion(run)?]) }))
            }
            Change::Commit { changes, payload } => self.plan_commit(changes, payload, documents),
            Change::Roll => Ok(Plan::Chore(Chore::Roll)),
            Change::Compact(segment) => Ok(Plan::Chore(Chore::Compact(segment))),
            Change::Backup(to) => Ok(Plan::Chore(Chore::Backup(to))),
        }
    }

    fn plan_commit(
        &self,
        changes: Vec<document::Change>,
        payload: Payload,
        coming: &mut Ahead,
    ) -> Result<Plan, StoreError> {
        let log = self.parts.reader.log();
        let verdict = self.parts.view.read(|now| coming.judge(&changes, now, log))?;
        let is_under = coming.is_under(&changes);
        match verdict {
            Verdict::Conflict => Ok(Plan::Nothing(Committed::Conflict)),
            Verdict::Leave if is_under => Ok(Plan::Write(Frames::default())),
            Verdict::Leave => Ok(Plan::Nothing(Committed::Made)),
            Verdict::Write => {
                let makes_room = !is_under && changes.iter().all(|change| change.value.is_none());
                coming.add(changes);
                Ok(Plan::Write(Frames { makes_room, ..Frames::of(vec![payload]) }))
            }
        }
    }

    fn write(&mut self, planned: Vec<Planned>) {
        let (mut group, mut answers) = (Vec::new(), Vec::new());
        for Planned { frames: Frames { payloads, dataset, .. }, answer } in self.refuse_what_has_no_room(planned) {
            group.extend(payloads);
            answers.push((answer, dataset));
        }
        if group.is_empty() {
            return answers.into_iter().for_each(|(answer, _)| reply(answer, self.usable().map(|()| Committed::Made)));
        }
        // Nothing was written of a group that failed, or nobody knows.
        let written = self.usable().and_then(|()| self.append(&group));
        for (answer, dataset) in answers {
            let outcome = match &written {
                Ok(()) => dataset.map_or(Ok(()), |dataset| self.remove_unused(&dataset)),
                Err(_) => self.usable(),
            };
            reply(answer, outcome.map(|()| Committed::Made));
        }
    }

    /// Keeps what there is room for. Behind a change that there is none for, only what makes room goes on: others may rest
    /// on it.
    fn refuse_what_has_no_room(&self, planned: Vec<Planned>) -> Vec<Planned> {
        let (mut kept, mut bytes, mut is_full) = (Vec::new(), 0, false);
        for planned in planned {
            let (more, makes_room) = (planned.frames.bytes(), planned.frames.makes_room);
            let room = if makes_room {
                self.parts.space.check_for_less(bytes + more)
            } else if is_full {
                self.parts.space.full()
            } else {
                self.parts.space.check(bytes + more)
            };
            match room {
                Ok(()) => {
                    bytes += more;
                    kept.push(planned);
                }
                Err(error) => {
                    is_full |= !makes_room;
                    reply(planned.answer, Err(error));
                }
            }
        }
        kept
    }

    /// Makes a group durable, then visible.
    fn append(&mut self, group: &[Payload]) -> Result<(), StoreError> {
        let bytes: u64 = group.iter().map(|(_, payload)| payload.len() as u64).sum();
        append(&mut self.parts, group).map(|_| self.unchecked += bytes).map_err(|error| self.note_failure(error))
    }

    fn roll(&mut self) -> Result<(), StoreError> {
        self.parts.appender.roll().map_err(|error| self.note_failure(error.into()))
    }

    fn compact(&mut self, segment: u64) -> Result<(), StoreError> {
        // What is moved is as safe as what it was before only once the view no longer needs the old places.
        self.unchecked = self.unchecked.max(1);
        self.finish_checkpoint()?;
        compact::run(&mut self.parts, segment).map_err(|stopped| match stopped {
            Stopped::Before(error) => error,
            Stopped::Failed(error) => self.note_failure(error),
        })
    }

    /// What fails in the other folder is no failure of this store.
    fn back_up(&mut self, to: &Path) -> Result<(), StoreError> {
        self.roll()?;
        backup::run(&self.parts, to)
    }

    /// Begins a checkpoint where one is due, and notes one that is written.
    fn check_point(&mut self) -> Result<(), StoreError> {
        let is_due = self.unchecked > self.checkpoint_bytes;
        if is_due || self.checkpoint.as_ref().is_some_and(Checkpoint::is_written) {
            self.finish_checkpoint()?;
        }
        if is_due {
            match Checkpoint::begin(&self.parts) {
                Ok(checkpoint) => (self.checkpoint, self.unchecked) = (Some(checkpoint), 0),
                // Nothing was written out: the view's mark did not move, or there is no thread to be had.
                Err(error) => tracing::warn!(%error, "a checkpoint can't be written; it is tried again"),
            }
        }
        Ok(())
    }

    /// Waits for the checkpoint that is being written, if there is one.
    fn finish_checkpoint(&mut self) -> Result<(), StoreError> {
        let written = self.checkpoint.take().map_or(Ok(()), |checkpoint| checkpoint.finish(&mut self.parts));
        written.map_err(|error| self.note_failure(error))
    }

    fn checkpoint(&mut self) -> Result<(), StoreError> {
        self.unchecked = 0;
        checkpoint::write(&mut self.parts).map_err(|error| self.note_failure(error))
    }

    fn remove_unused(&self, dataset: &str) -> Result<(), StoreError> {
        let Parts { view, reader, folders, .. } = &self.parts;
        let is_used = view.read(|now| {
            let runs = reader.runs(now, None, usize::MAX);
            // A run that can't be read may use it.
            Ok(runs.map_or(true, |runs| runs.iter().any(|run| run.header.data.digest == dataset)))
        })?;
        if !is_used {
            folders.datasets.remove(dataset)?;
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

/// What is written by one write each: offsets within a segment stay far below 4 GiB.
fn in_groups(planned: Vec<Planned>) -> Vec<Vec<Planned>> {
    let (mut groups, mut bytes) = (Vec::<Vec<Planned>>::new(), u64::MAX);
    for planned in planned {
        let more = planned.frames.bytes();
        match groups.last_mut() {
            Some(group) if bytes + more <= GROUP_BYTES => group.push(planned),
            _ => {
                groups.push(vec![planned]);
                bytes = 0;
            }
        }
        bytes += more;
    }
    groups
}

/// Refuses what no record can hold, before anything is written.
fn check_size(change: &Change) -> Result<(), StoreError> {
    let bytes: usize = match change {
        Change::Create { header: (_, payload), .. }
        | Change::Add { payload: (_, payload), .. }
        | Change::Commit { payload: (_, payload), .. } => payload.len(),
        Change::Traces { payloads, .. } => payloads.iter().map(|(_, payload)| payload.len()).sum(),
        Change::Delete { .. } | Change::Roll | Change::Compact(_) | Change::Backup(_) => 0,
    };
    if bytes > LARGEST_CHANGE {
        return Err(StoreError::Invalid { what: format!("{bytes} bytes are too many for one request to the store") });
    }
    Ok(())
}

/// Writes a group to the log and applies it to the view.
pub(super) fn append(parts: &mut Parts, group: &[Payload]) -> Result<Vec<Address>, StoreError> {
    let first = parts.appender.next();
    let addresses = parts.appender.append(group)?;
    let written = || {
        let placed = (first..).zip(group).zip(&addresses);
        placed.map(|((sequence, (kind, payload)), &address)| (*kind, sequence, &payload[..], address))
    };
    parts.traces.apply(written().filter(|(kind, ..)| is_of_traces(*kind)))?;
    // Of traces there is nothing in the view, and its mark is moved by the next checkpoint.
    if group.iter().any(|(kind, _)| !is_of_traces(*kind)) {
        parts.view.change(parts.appender.end(), parts.appender.next(), |changes| {
            for (kind, sequence, payload, address) in written().filter(|(kind, ..)| !is_of_traces(*kind)) {
                HeadedFrame::read(kind, sequence, payload, address)?.apply(changes)?;
            }
            Ok(())
        })?;
    }
    Ok(addresses)
}

fn reply(answer: Answer, outcome: Result<Committed, StoreError>) {
    // Who asked may have stopped waiting.
    let _ = answer.send(outcome);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::EmbeddedStore;

    #[tokio::test]
    async fn what_no_record_can_hold_is_refused_and_the_store_goes_on() {
        let home = tempfile::tempdir().expect("a folder");
        let store = EmbeddedStore::open(home.path()).expect("a store");
        // Never touched, so it takes no memory.
        let payloads = vec![(frames::SPANS, vec![0; LARGEST_CHANGE + 1])];
        let refused = store.writer.make(Change::Traces { payloads, about: Vec::new(), home: None }).await;
        assert!(matches!(refused, Err(StoreError::Invalid { .. })), "{refused:?}");
        store.writer.make(Change::Roll).await.expect("it goes on");
    }

    #[test]
    fn what_is_written_at_once_is_bounded() {
        let planned = |bytes: u64| {
            let payloads = vec![(frames::DELETION, vec![0; bytes as usize])];
            Planned { frames: Frames::of(payloads), answer: oneshot::channel().0 }
        };
        let sizes = [1, 2, GROUP_BYTES, 3, GROUP_BYTES - 3, 1].map(planned);
        let groups = in_groups(sizes.into());
        let bytes: Vec<Vec<u64>> =
            groups.iter().map(|group| group.iter().map(|planned| planned.frames.bytes()).collect()).collect();
        assert_eq!(bytes, [vec![1, 2], vec![GROUP_BYTES], vec![3, GROUP_BYTES - 3], vec![1]]);
    }
}
