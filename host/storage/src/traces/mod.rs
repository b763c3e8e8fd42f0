//! Traces: spans in the log, and an index in memory of what searches ask for.
//!
//! ```text
//! spans ──▶ frame: chunk per trace ──▶ log ──▶ index: header per trace, in columns ──▶ files, now and then
//! search ──▶ index: which traces, in what order ──▶ log: previews, or spans, of those on the page
//! ```
//!
//! The log is the truth, as for everything else. The index is not in sled: a trace has a dozen things to be found by, and a
//! sorted entry for each would take more disk than its spans and more time than all the rest of taking them in. In columns
//! a million traces are looked through in milliseconds, by any condition, without an index for it. It takes about 300 bytes
//! of memory a trace, of which a row of columns is 200.

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
pub(crate) mod retain;
mod saved;
mod strings;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use model::assessment::AssessmentId;
use model::digest::SpanDigest;
use model::ports::{Annotation, AnnotationChange, FoundTrace, SpanBatch, StoreError};
use model::trace::{Attributes, Span};

use crate::files::Files;
use crate::log::{Address, Appender, Log, Position, Stored};
use crate::operation::Payload;
use apply::Frame;
use folds::Folds;
use id::TraceId;
use part::Row;
use read::{Known, Told};
use saved::Mark;
use table::Table;

/// Frames that are applied at once while a log is replayed.
const REPLAYED: usize = 256;
const REPLAYED_BYTES: usize = 32 << 20;

/// What a span is beside its attributes, about.
const SPAN_BYTES: usize = 256;

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
        if let Some((table, mark)) = saved::load(&*files, folder).filter(|(_, mark)| is_usable(mark)) {
            let traces = Self::new(&files, folder, log, table, mark.position);
            match traces.replay(mark, appender) {
                // It may be of another log, as one that was put back from a copy.
                Err(StoreError::Damaged { what }) => {
                    tracing::info!("the index of traces is made anew from the log: {what}");
                }
                replayed => return replayed.map(|()| traces),
            }
        }
        let traces = Self::new(&files, folder, log, Table::default(), start);
        traces.replay(Mark { next, position: start }, appender)?;
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
        let mut bytes = 0;
        self.log.replay(mark.position, mark.next, appender.end(), |address, frame| {
            if frames::is_of_traces(frame.kind) {
                bytes += frame.payload.len();
                collected.push((frame.kind, frame.sequence, frame.payload.to_vec(), address));
            }
            if collected.len() < REPLAYED && bytes < REPLAYED_BYTES {
                return Ok(());
            }
            bytes = 0;
            self.apply_all(&mut collected)
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

    /// Reads what a frame of spans that is going to be written adds to. So a place that can't be read any more costs its own
    /// trace alone, and not what can be opened afterwards.
    ///
    /// # Errors
    ///
    /// Fails when that can't be read.
    pub(crate) fn prepare(&self, payload: &[u8]) -> Result<(), StoreError> {
        let nowhere = Address { position: Position { segment: 0, offset: 0 }, length: 0 };
        let (head, _) = frames::read_spans(payload, nowhere)?;
        let (mut folds, table, held) = (self.folds(), self.table(), self.log.hold());
        for chunk in &head.chunks {
            if let Some(number) = table.number(&chunk.trace).filter(|number| !folds.has(*number)) {
                folds.put(number, read::fold(&table.row(number), &held)?);
            }
        }
        Ok(())
    }

    /// Writes the index to disk, with everything that the log has before `position`, unless little else than runs has come since
    /// the last time, or there is no `room` for so many bytes. It may go on changing meanwhile.
    pub(crate) fn save(&self, next: u64, position: Position, room: impl Fn(u64) -> bool) -> io::Result<()> {
        let mut saved = self.saved.lock().unwrap_or_else(PoisonError::into_inner);
        let is_near = saved.segment == position.segment && position.offset - saved.offset < FAR;
        if is_near && !self.table().has_changed() {
            return Ok(());
        }
        crate::embedded::layout::folder(&self.folder)?;
        if saved::save(&*self.files, &self.folder, &self.table, Mark { next, position }, room)? {
            *saved = position;
            self.table.write().unwrap_or_else(PoisonError::into_inner).sweep(table::FEW_STRINGS);
        } else {
            tracing::warn!("there is no room to write the index of traces; opening the store will take longer");
        }
        Ok(())
    }

    /// A trace with up to `spans` of its spans.
    pub(crate) fn find(&self, id: &str, spans: usize) -> Result<Option<FoundTrace>, StoreError> {
        let (row, known, held) = {
            let table = self.table();
            let Some(number) = number(&table, id) else { return Ok(None) };
            let row = table.row(number);
            let known = Known::of(&row, &table.strings);
            (row, known, self.log.hold())
        };
        if spans == 0 {
            return Ok(Some(FoundTrace { info: known.read(&held, None)?, spans: Vec::new() }));
        }
        let told = Told::of(&row, &held)?;
        let spans = read::spans(&told, &held, 0, spans)?;
        Ok(Some(FoundTrace { info: known.read(&held, Some(&told))?, spans }))
    }

    pub(crate) fn spans(&self, id: &str, skip: usize, limit: usize) -> Result<Vec<(Span, SpanDigest)>, StoreError> {
        let (row, held) = {
            let table = self.table();
            let number = number(&table, id).ok_or_else(|| missing(id))?;
            (table.row(number), self.log.hold())
        };
        read::spans(&Told::of(&row, &held)?, &held, skip, limit)
    }

    pub(crate) fn announcement(&self, id: &str) -> Result<Option<(Span, SpanDigest)>, StoreError> {
        let (row, held) = {
            let table = self.table();
            let number = number(&table, id).ok_or_else(|| missing(id))?;
            (table.row(number), self.log.hold())
        };
        if row.is_announced { read::announcement(&row, &held) } else { Ok(None) }
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

    /// Whether a trace, if it is there, is in this experiment.
    pub(crate) fn check_home(&self, trace: &str, experiment: &str) -> Result<(), StoreError> {
        let table = self.table();
        let known = number(&table, trace).map(|number| table.row(number).experiment);
        if known.is_some_and(|known| table.strings.text(known) != Some(experiment)) {
            return Err(StoreError::Missing { what: format!("trace {trace} of experiment {experiment}") });
        }
        Ok(())
    }

    /// Whether annotations, in this order, are about what is there, or about the trace that is `coming` with them.
    pub(crate) fn check(&self, annotations: &[Annotation], coming: Option<&str>) -> Result<(), StoreError> {
        let table = self.table();
        let mut come: BTreeSet<(&str, AssessmentId)> = BTreeSet::new();
        for Annotation { trace, change } in annotations {
            let row = match number(&table, trace) {
                Some(number) => table.row(number),
                None if coming == Some(trace) => Row::default(),
                None => return Err(missing(trace)),
            };
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

/// About how many bytes these spans are, before they are packed.
pub(crate) fn about_bytes(batches: &[SpanBatch]) -> usize {
    let of_all = |attributes: &Attributes| -> usize {
        attributes.iter().map(|(name, value)| name.len() + value.as_str().len()).sum()
    };
    let of_span = |span: &Span| {
        let events: usize = span.events.iter().map(|event| of_all(&event.attributes)).sum();
        let links: usize = span.links.iter().map(|link| of_all(&link.attributes)).sum();
        SPAN_BYTES + of_all(&span.attributes) + events + links
    };
    batches.iter().flat_map(|batch| &batch.spans).map(|(span, _)| of_span(span)).sum()
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

/// Looks through a frame of spans that another process made: what is in the log has to be applied whenever the store is
/// opened.
///
/// # Errors
///
/// `Invalid` where it is none.
pub(crate) fn check_frame(payload: &[u8]) -> Result<(), StoreError> {
    let nowhere = Address { position: Position { segment: 0, offset: 0 }, length: 0 };
    let is_plain = || {
        let (head, chunks) = frames::read_spans(payload, nowhere).ok()?;
        let traces: BTreeSet<TraceId> = head.chunks.iter().map(|chunk| chunk.trace).collect();
        let end = chunks.last().map_or(payload.len(), |(_, range)| range.end);
        Some(head.as_of.is_none() && traces.len() == chunks.len() && end == payload.len())
    };
    if is_plain() != Some(true) || check(frames::SPANS, payload, nowhere).is_err() {
        return Err(StoreError::Invalid { what: "these bytes are no spans".to_owned() });
    }
    Ok(())
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
    if !spans.iter().map(|span| &span.id).eq(digests.iter().map(|digest| &digest.id)) {
        return Err(StoreError::Io(io::Error::other("spans came with digests of others")));
    }
    Ok(spans.into_iter().zip(digests).collect())
}

#[cfg(test)]
mod tests {
    use super::frames::SpansHead;
    use super::*;

    #[test]
    fn a_frame_of_another_process_is_looked_through() {
        let digest = SpanDigest { id: "00000000000000ff".to_owned(), ..SpanDigest::default() };
        let span = Span { id: digest.id.clone(), ..Span::default() };
        let batch =
            |trace: u8| SpanBatch { trace: format!("{trace:032x}"), spans: vec![(span.clone(), digest.clone())] };
        let (_, whole) = span_frame("default", 1, vec![batch(1), batch(2)]).expect("a frame");
        check_frame(&whole).expect("it is one");
        let refuse = |what: &str, frame: &[u8]| {
            assert!(matches!(check_frame(frame), Err(StoreError::Invalid { .. })), "{what}");
        };
        for length in 0..whole.len() {
            refuse("cut off", &whole[..length]);
        }
        refuse("something behind it", &[&whole[..], &[0]].concat());
        let mut flipped = whole.clone();
        *flipped.last_mut().expect("bytes") ^= 1;
        refuse("a flipped bit", &flipped);
        let nowhere = Address { position: Position { segment: 0, offset: 0 }, length: 0 };
        let (head, chunks) = frames::read_spans(&whole, nowhere).expect("whole");
        let body = &whole[chunks[0].1.start..];
        let copy = SpansHead { as_of: Some(3), chunks: head.chunks.clone(), ..head };
        refuse("a copy", &frames::spans_payload(&copy, body).expect("a frame").1);
        let twice = SpansHead { as_of: None, chunks: vec![head.chunks[0], head.chunks[0]], ..copy };
        let body = [&whole[chunks[0].1.clone()], &whole[chunks[0].1.clone()]].concat();
        refuse("a trace twice", &frames::spans_payload(&twice, &body).expect("a frame").1);
    }
}
