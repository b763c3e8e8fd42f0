//! Traces: spans in the log, and an index in memory of what searches ask for.
//!
//! ```text
//! spans ──▶ frame: chunk per trace ──▶ log ──▶ index: header per trace, in columns ──▶ files, now and then
//! search ──▶ index: which traces, in what order ──▶ log: previews, or spans, of those on the page
//! ```
//!
//! The log is the truth, as for everything else. The index is not in sled: a trace has a dozen things to be found by, and a
//! sorted entry for each would take more disk than its spans and more time than all the rest of taking them in. In columns
//! a million traces are looked through in milliseconds, by any condition, without an index for it. It takes about 200 bytes
//! of memory a trace.

mod apply;
mod assessed;
mod codec;
mod compact;
mod compare;
mod condition;
mod find;
mod folds;
pub(crate) mod frames;
mod id;
mod order;
mod parallel;
mod part;
mod read;
mod saved;
mod strings;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use model::assessment::AssessmentId;
use model::digest::SpanDigest;
use model::ports::{Annotation, AnnotationChange, SpanBatch, StoreError};
use model::search::TraceInfo;
use model::trace::Span;

use crate::files::Files;
use crate::log::{Address, Appender, Log, Position, Stored};
use crate::operation::Payload;
use apply::Frame;
use folds::Folds;
use id::TraceId;
use read::Known;
use saved::Mark;
use table::Table;

/// Frames that are applied at once while a log is replayed.
const REPLAYED: usize = 256;

/// How far the index may be behind a log without traces: so much is read through when the store is opened.
const FAR: u64 = 16 << 20;

/// All traces of a store.
pub(crate) struct Traces {
    files: Arc<dyn Files>,
    folder: PathBuf,
    log: Arc<Log>,
    table: RwLock<Table>,
    /// For the one thread that writes.
    folds: Mutex<Folds>,
    /// Up to where the log had been applied when the index was written last.
    saved: Mutex<Position>,
}

impl Traces {
    /// Reads the index in `folder` and brings it up to the end of the log; makes it anew where it can't be used. An old one
    /// is as good as any: what has been moved or deleted since is told by the log behind its mark.
    ///
    /// # Errors
    ///
    /// Fails when the log is damaged.
    pub(crate) fn open(
        files: Arc<dyn Files>,
        folder: &Path,
        log: &Arc<Log>,
        appender: &Appender,
    ) -> Result<Self, StoreError> {
        let (start, next) = log.start();
        let is_usable = |mark: &Mark| {
            (start..=appender.end()).contains(&mark.position) && (next..=appender.next()).contains(&mark.next)
        };
        let loaded = saved::load(&*files, folder).filter(|(_, mark)| is_usable(mark));
        let (table, mark) = loaded.unwrap_or_else(|| (Table::default(), Mark { next, position: start }));
        let traces = Self::new(&files, folder, log, table, mark.position);
        traces.replay(mark, appender)?;
        Ok(traces)
    }

    fn new(files: &Arc<dyn Files>, folder: &Path, log: &Arc<Log>, table: Table, saved: Position) -> Self {
        Self {
            files: Arc::clone(files),
            folder: folder.to_owned(),
            log: Arc::clone(log),
            table: RwLock::new(table),
            folds: Mutex::default(),
            saved: Mutex::new(saved),
        }
    }

    fn replay(&self, mark: Mark, appender: &Appender) -> Result<(), StoreError> {
        self.table.write().unwrap_or_else(PoisonError::into_inner).wait();
        let mut collected: Vec<(u8, u64, Vec<u8>, Address)> = Vec::new();
        self.log.replay(mark.position, mark.next, appender.end(), |address, frame| {
            if frames::is_of_traces(frame.kind) {
                collected.push((frame.kind, frame.sequence, frame.payload.to_vec(), address));
            }
            if collected.len() < REPLAYED { Ok(()) } else { self.apply_all(&mut collected) }
        })?;
        self.apply_all(&mut collected)?;
        self.table.write().unwrap_or_else(PoisonError::into_inner).settle();
        Ok(())
    }

    fn apply_all(&self, collected: &mut Vec<(u8, u64, Vec<u8>, Address)>) -> Result<(), StoreError> {
        let frames =
            collected.iter().map(|(kind, sequence, payload, address)| (*kind, *sequence, &payload[..], *address));
        self.apply(frames)?;
        collected.clear();
        Ok(())
    }

    /// Applies frames that were written: kind, sequence number, payload and place of each. For the one thread that writes.
    pub(crate) fn apply<'a>(
        &self,
        frames: impl Iterator<Item = (u8, u64, &'a [u8], Address)>,
    ) -> Result<(), StoreError> {
        let mut folds = self.folds();
        let held = self.log.hold();
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        for (kind, sequence, payload, address) in frames {
            table.apply(&Frame { kind, sequence, payload, address }, &held, &mut folds)?;
        }
        Ok(())
    }

    /// Writes the index to disk, up to where the log ends, unless little else than runs has come since the last time.
    pub(crate) fn save(&self, next: u64, position: Position) -> io::Result<()> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let is_near = saved.segment == position.segment && position.offset - saved.offset < FAR;
        if is_near && !self.table().has_changed() {
            return Ok(());
        }
        *saved = position;
        let mut table = self.table.write().unwrap_or_else(PoisonError::into_inner);
        crate::embedded::layout::folder(&self.folder)?;
        saved::save(&*self.files, &self.folder, &mut table, Mark { next, position })
    }

    /// A trace, but for its spans.
    pub(crate) fn info(&self, id: &str) -> Result<Option<TraceInfo>, StoreError> {
        let (known, held) = {
            let table = self.table();
            let Some(number) = number(&table, id) else { return Ok(None) };
            (Known::of(&table.row(number), &table.strings), self.log.hold())
        };
        known.read(&held).map(Some)
    }

    pub(crate) fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        let (row, held) = {
            let table = self.table();
            let number = number(&table, id).ok_or_else(|| missing(id))?;
            (table.row(number), self.log.hold())
        };
        read::spans(&row, &held, skip, limit)
    }

    /// Each experiment that has traces, with how many.
    pub(crate) fn experiments(&self) -> Vec<(String, u64)> {
        let table = self.table();
        let mut counts = BTreeMap::new();
        for part in table.slots().iter().map(|slot| &slot.part) {
            for (&experiment, _) in
                part.experiment.iter().zip(&part.state).filter(|(_, state)| **state != part::State::Gone)
            {
                *counts.entry(experiment).or_insert(0) += 1;
            }
        }
        let named =
            counts.into_iter().map(|(id, count)| (table.strings.text(id).unwrap_or_default().to_owned(), count));
        let mut named: Vec<_> = named.collect();
        named.sort_unstable();
        named
    }

    /// Whether annotations, in this order, are about what is there.
    pub(crate) fn check(&self, annotations: &[Annotation]) -> Result<(), StoreError> {
        let table = self.table();
        let mut come: BTreeSet<(&str, AssessmentId)> = BTreeSet::new();
        for Annotation { trace, change } in annotations {
            let row = table.row(number(&table, trace).ok_or_else(|| missing(trace))?);
            let is_there = |id: AssessmentId| {
                let mut known = row.more.iter().flat_map(|more| &more.assessments);
                come.contains(&(trace, id)) || known.any(|known| known.id == *id.0.as_bytes())
            };
            let needed = match change {
                AnnotationChange::Assess(assessment) => assessment.overrides,
                AnnotationChange::Withdraw(id) => Some(*id),
                AnnotationChange::Tag { .. } => None,
            };
            if let Some(id) = needed.filter(|id| !is_there(*id)) {
                return Err(StoreError::Missing { what: format!("assessment {}", id.0) });
            }
            if let AnnotationChange::Assess(assessment) = change {
                come.insert((trace, assessment.id));
            }
        }
        Ok(())
    }

    /// Which of these traces are there, each once.
    pub(crate) fn present(&self, ids: &[String]) -> Vec<TraceId> {
        let table = self.table();
        let mut present: Vec<TraceId> = ids.iter().filter_map(|id| id::trace(id).ok()).collect();
        present.retain(|id| table.number(id).is_some());
        present.sort_unstable();
        present.dedup();
        present
    }

    /// What there is to keep of a frame that is going to be removed, for another place.
    ///
    /// # Errors
    ///
    /// `Damaged` where it can't be read.
    pub(crate) fn useful(&self, stored: &Stored, address: Address) -> Result<Option<Payload>, StoreError> {
        compact::useful(&self.table(), stored, address)
    }

    /// How many traces there are, and what the index on disk has otherwise than the log has it, in words.
    ///
    /// # Errors
    ///
    /// Fails when the log is damaged.
    pub(crate) fn compare(
        files: &Arc<dyn Files>,
        folder: &Path,
        log: &Arc<Log>,
        appender: &Appender,
    ) -> Result<(u64, Vec<String>), StoreError> {
        let found = Self::open(Arc::clone(files), folder, log, appender)?;
        let (start, next) = log.start();
        let expected = Self::new(files, folder, log, Table::default(), start);
        expected.replay(Mark { next, position: start }, appender)?;
        let (found, expected) = (found.table(), expected.table());
        Ok((expected.len() as u64, compare::differences(&found, &expected)))
    }

    fn table(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn folds(&self) -> MutexGuard<'_, Folds> {
        self.folds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn number(table: &Table, id: &str) -> Option<table::TraceNumber> {
    table.number(&id::trace(id).ok()?)
}

fn missing(id: &str) -> StoreError {
    StoreError::Missing { what: format!("trace {}", id.chars().take(64).collect::<String>()) }
}

/// Frames for spans. What comes of one trace goes together.
pub(crate) fn span_frame(experiment: &str, arrived: u64, batches: Vec<SpanBatch>) -> Result<Payload, StoreError> {
    let mut by_trace: BTreeMap<String, SpanBatch> = BTreeMap::new();
    for batch in batches.into_iter().filter(|batch| !batch.spans.is_empty()) {
        match by_trace.get_mut(&batch.trace) {
            Some(known) => known.spans.extend(batch.spans),
            None => drop(by_trace.insert(batch.trace.clone(), batch)),
        }
    }
    frames::spans(experiment, arrived, &by_trace.into_values().collect::<Vec<_>>())
}

/// Frames for annotations.
pub(crate) fn annotation_frames(annotations: &[Annotation]) -> Result<Vec<Payload>, StoreError> {
    annotations.chunks(frames::MOST_ANNOTATIONS).map(|some| frames::annotations(None, some)).collect()
}

/// A frame for the deletion of traces.
pub(crate) fn deletion_frame(traces: &[TraceId]) -> Result<Payload, StoreError> {
    frames::deletion(traces)
}

/// A frame again, for another log; `sequence` is the number it had.
///
/// # Errors
///
/// `Damaged` where it can't be read; `check` likewise.
pub(crate) fn copy(kind: u8, sequence: u64, payload: &[u8], address: Address) -> Result<Payload, StoreError> {
    compact::copy(kind, sequence, payload, address)
}

/// Reads all of a frame.
pub(crate) fn check(kind: u8, payload: &[u8], address: Address) -> Result<(), StoreError> {
    read::check(kind, payload, address)
}

/// Spans, and what each adds, on their way to another process or into an archive.
pub(crate) fn write_spans(spans: &[(Span, SpanDigest)]) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    let digests = codec::write_digests(spans.iter().map(|(_, digest)| digest))?;
    Ok((codec::write_spans(spans.iter().map(|(span, _)| span))?, digests))
}

/// Spans that came from another process or an archive.
pub(crate) fn read_spans(spans: &[u8], digests: &[u8]) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
    let read = codec::read_spans(spans).and_then(|spans| Ok((spans, codec::read_digests(digests)?)));
    let (spans, digests) = read.map_err(|error| StoreError::Io(io::Error::other(error)))?;
    Ok(spans.into_iter().zip(digests).collect())
}
