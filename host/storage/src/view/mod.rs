//! The view: where in the log everything is. It can be made anew from the log at any time.
//!
//! One sled tree of small entries. The mark among them says up to where the log has been applied, and how many
//! entries there are with what sum; it is written in the same batch as what it speaks of. A view that does not open,
//! whose entries don't add up, or that is older than the log's checkpoint says is put aside and made anew.

mod apply;
mod changes;
mod entry;
pub(crate) mod keys;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::ports::StoreError;
use serde::{Deserialize, Serialize};

pub(crate) use apply::{HeadedFrame, as_of};
pub(crate) use changes::Changes;
pub(crate) use entry::{Pointer, damaged, open as open_entry, pointer, points_to};

use crate::database::{self, Batch, Database, Snapshot};
use crate::log::{Appender, Log, Position};
use crate::traces::frames::is_of_traces;
use changes::Tally;

/// Entries collected between two batches while a log is replayed.
const REPLAY_ENTRIES: usize = database::LARGEST_BATCH;

/// How often a replay that takes long says how far it is.
const TELL: Duration = Duration::from_secs(2);

/// Up to where the log has been applied, and what there is then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
struct Mark {
    /// Sequence number of the next frame.
    next: u64,
    /// Where that frame is.
    position: Position,
    tally: Tally,
}

/// An open view.
pub(crate) struct View {
    database: Database,
    /// Changed by the one thread that writes.
    tally: Mutex<Tally>,
}

impl View {
    /// Opens the view in `folder` and brings it up to the end of the log; makes it anew where it can't be used.
    ///
    /// `viewed` is what the log's checkpoint says of the view.
    ///
    /// # Errors
    ///
    /// Fails when the log is damaged, or when a new view can't be made.
    pub(crate) fn open(folder: &Path, log: &Log, appender: &Appender, viewed: Option<u64>) -> Result<Self, StoreError> {
        if folder.exists() {
            match Self::open_as_it_is(folder, viewed) {
                Ok((view, mark)) => return view.caught_up(log, appender, mark),
                // Another view would fare no better.
                Err(StoreError::Io(error)) if !is_of_content(&error) => return Err(StoreError::Io(error)),
                Err(error) => {
                    tracing::info!("the index is made anew from the log: {error}");
                    put_aside(folder)?;
                }
            }
        }
        let view = Self { database: Database::open(folder)?, tally: Mutex::default() };
        let (start, next) = log.start();
        view.replay(log, appender, start, next)?;
        Ok(view)
    }

    /// Opens the view in `folder` and brings it up to the end of the log, but makes no other.
    ///
    /// # Errors
    ///
    /// Fails when it can't be used.
    pub(crate) fn open_whole(
        folder: &Path,
        log: &Log,
        appender: &Appender,
        viewed: Option<u64>,
    ) -> Result<Self, StoreError> {
        let (view, mark) = Self::open_as_it_is(folder, viewed)?;
        view.caught_up(log, appender, mark)
    }

    /// Opens a view and makes sure that it is whole.
    fn open_as_it_is(folder: &Path, viewed: Option<u64>) -> Result<(Self, Mark), StoreError> {
        let unusable = |what: &str| StoreError::Damaged { what: format!("`view` {what}") };
        let database = Database::open(folder)?;
        let (mark, tally) = database.read(|now| {
            let value = now.get(keys::MARK)?.ok_or_else(|| unusable("has no mark"))?;
            Ok((entry::open::<Mark>(keys::MARK, &value)?, tally(now)?))
        })?;
        if tally != mark.tally {
            return Err(unusable("has lost or gained entries"));
        }
        if viewed.is_none_or(|viewed| mark.next < viewed) {
            return Err(unusable("is older than the log says"));
        }
        Ok((Self { database, tally: Mutex::new(tally) }, mark))
    }

    fn caught_up(self, log: &Log, appender: &Appender, mark: Mark) -> Result<Self, StoreError> {
        // The log is always ahead: what the view has seen was durable there.
        if mark.next > appender.next() || mark.position > appender.end() {
            let what = "the log ends before what is known to have been in it".to_owned();
            return Err(StoreError::Damaged { what });
        }
        if mark.next < appender.next() {
            self.replay(log, appender, mark.position, mark.next)?;
        }
        Ok(self)
    }

    fn replay(&self, log: &Log, appender: &Appender, start: Position, next: u64) -> Result<(), StoreError> {
        let end = appender.end();
        let (begun, mut told) = (Instant::now(), Duration::ZERO);
        let mut collected = Vec::new();
        let (mut entries, mut sequence) = (0, next);
        log.replay(start, next, end, |address, frame| {
            if begun.elapsed() > told + TELL {
                told = begun.elapsed();
                tracing::warn!("reading the log: {} of {} segments", address.position.segment, end.segment);
            }
            if is_of_traces(frame.kind) {
                return Ok(());
            }
            let headed = HeadedFrame::read(frame.kind, frame.sequence, frame.payload, address)?;
            entries += headed.entries();
            sequence = frame.sequence + 1;
            collected.push(headed);
            if entries < REPLAY_ENTRIES {
                return Ok(());
            }
            entries = 0;
            let behind = Position { offset: address.position.offset + u64::from(address.length), ..address.position };
            self.apply_all(collected.drain(..), behind, sequence)
        })?;
        self.apply_all(collected.drain(..), end, appender.next())
    }

    fn apply_all(
        &self,
        mut frames: impl Iterator<Item = HeadedFrame>,
        behind: Position,
        next: u64,
    ) -> Result<(), StoreError> {
        self.change(behind, next, |changes| frames.try_for_each(|frame| frame.apply(changes)))
    }

    /// Makes changes and moves the mark to `position`, where the frame of sequence number `next` comes.
    pub(crate) fn change(
        &self,
        position: Position,
        next: u64,
        work: impl FnOnce(&mut Changes<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let before = *self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        let (batches, tally) = self.database.read(|now| {
            let mut changes = Changes::new(now, before);
            work(&mut changes)?;
            let tally = changes.tally();
            Ok((changes.into_batches(), tally))
        })?;
        self.database.apply(marked(batches, &Mark { next, position, tally }))?;
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner) = tally;
        Ok(())
    }

    /// Moves the mark over frames that change nothing here.
    pub(crate) fn reach(&self, position: Position, next: u64) -> Result<(), StoreError> {
        self.change(position, next, |_| Ok(()))
    }

    pub(crate) fn read<T>(&self, work: impl FnOnce(Snapshot<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.database.read(work)
    }

    /// How many bytes of each segment of the log are of use. A result that was replaced counts until nothing of its frame is
    /// left.
    pub(crate) fn bytes_by_segment(&self) -> Result<BTreeMap<u64, u64>, StoreError> {
        self.read(|now| {
            let mut frames = BTreeSet::new();
            for found in now.scan(b"", b"") {
                let (key, value) = found?;
                if key != keys::MARK && !keys::is_deletion(&key) {
                    frames.insert(open_entry::<Pointer>(&key, &value)?.address);
                }
            }
            let mut bytes = BTreeMap::new();
            for frame in frames {
                *bytes.entry(frame.position.segment).or_default() += u64::from(frame.length);
            }
            Ok(bytes)
        })
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        self.database.flush()
    }

    /// Compares with what the log makes of a view that holds nothing. Returns what differs, in words.
    pub(crate) fn differences(&self, expected: &Changes<'_>) -> Result<Vec<String>, StoreError> {
        self.read(|now| {
            let mut missing: BTreeMap<&[u8], &[u8]> = expected.entries().collect();
            let mut differences = Vec::new();
            let mut blocks = BTreeSet::new();
            for found in now.scan(b"", b"") {
                let (key, value) = found?;
                if key == keys::MARK {
                    continue;
                }
                blocks.extend(keys::block_prefix(&key).map(<[u8]>::to_vec));
                if missing.remove(&key[..]) != Some(&value[..]) {
                    differences.push(entry::damaged(&key, "is not what the log says").to_string());
                }
            }
            // A compaction that was cut off has taken them away: they were replaced, or there is nothing left to delete.
            missing.retain(|key, _| {
                let is_replaced = keys::block_prefix(key).is_some_and(|block| blocks.contains(block));
                !is_replaced && !keys::is_deletion(key)
            });
            differences.extend(missing.keys().map(|key| entry::damaged(key, "is missing").to_string()));
            Ok(differences)
        })
    }
}

/// Adds the mark to the last batch: it speaks of all of them.
fn marked(mut batches: Vec<Batch>, mark: &Mark) -> Vec<Batch> {
    let value = entry::seal(keys::MARK, mark);
    batches.last_mut().expect("there is always one").set(keys::MARK, Some(&value));
    batches
}

fn tally(now: Snapshot<'_>) -> Result<Tally, StoreError> {
    let mut tally = Tally::default();
    for found in now.scan(b"", b"") {
        let (key, value) = found?;
        if key != keys::MARK {
            tally.add(&key, &value);
        }
    }
    Ok(tally)
}

/// Whether sled failed over what is in its files, and not over the disk.
fn is_of_content(error: &std::io::Error) -> bool {
    use std::io::ErrorKind;
    matches!(error.kind(), ErrorKind::Other | ErrorKind::InvalidData | ErrorKind::UnexpectedEof | ErrorKind::NotFound)
}

/// Gives the view another name. One that was put aside before goes.
fn put_aside(folder: &Path) -> Result<(), StoreError> {
    let aside = folder.with_extension("bad");
    if aside.exists() {
        fs::remove_dir_all(&aside)?;
    }
    Ok(fs::rename(folder, aside)?)
}
