//! Opening a log: finding its segments and its end.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, RwLock};

use model::ports::StoreError;

use super::append::Appender;
use super::checkpoint::{Checkpoint, Found, Sealed};
use super::scan::{Scan, Step};
use super::segment::{self, Segment};
use super::{Log, Position, damaged};
use crate::files::Files;

/// An open log.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) log: Arc<Log>,
    pub(crate) appender: Appender,
    /// The view was written out with everything before this sequence number; none where that is not known.
    pub(crate) viewed: Option<u64>,
}

/// Opens the log in `folder`, or begins one where there is none.
///
/// An unfinished group at its end is cut off: nobody was told that it is there.
///
/// # Errors
///
/// `Damaged` when something that was durable is broken or missing.
pub(crate) fn open(files: Arc<dyn Files>, folder: &Path, segment_bytes: u64) -> Result<Opened, StoreError> {
    let (checkpoint, viewed) = match Checkpoint::read(&*files, folder)? {
        Found::Checkpoint(checkpoint) => {
            let viewed = checkpoint.viewed;
            (checkpoint, Some(viewed))
        }
        Found::Nothing => (without_checkpoint(&*files, folder)?, None),
        Found::Damaged => {
            tracing::warn!("`log/CHECKPOINT` is damaged; the whole log is read to make another");
            (without_checkpoint(&*files, folder)?, None)
        }
    };
    remove_unlisted(&*files, folder, &checkpoint)?;
    let segments = open_listed(&*files, folder, &checkpoint)?;
    let last = segments[&checkpoint.end.segment].clone();
    let (offset, next) = find_end(&last, &checkpoint, viewed.is_some())?;
    let log = Arc::new(Log { files, folder: folder.to_owned(), segments: RwLock::new(segments) });
    let appender = Appender {
        log: Arc::clone(&log),
        last,
        offset,
        next,
        sealed: checkpoint.sealed,
        viewed: checkpoint.viewed,
        segment_bytes,
        buffer: Vec::new(),
    };
    Ok(Opened { log, appender, viewed })
}

/// What a checkpoint would say of the segments there are, if it knew only where they begin.
fn without_checkpoint(files: &dyn Files, folder: &Path) -> Result<Checkpoint, StoreError> {
    let mut segments = Vec::new();
    for number in listed(files, folder)? {
        match Segment::open(files, folder, number)? {
            Some(segment) => segments.push(segment),
            None if is_empty(files, folder, number)? => {}
            None => return Err(broken_head(number)),
        }
    }
    let last = match segments.pop() {
        Some(last) => last,
        None => begin(files, folder, 1)?,
    };
    let sealed = segments.iter().map(|segment| Ok(Sealed { number: segment.number, length: segment.file.length()? }));
    Ok(Checkpoint {
        sealed: sealed.collect::<io::Result<_>>()?,
        end: Position { segment: last.number, offset: segment::HEAD },
        next: last.first,
        viewed: 0,
    })
}

/// Makes the first segment of a new log, whose first frame will have the sequence number `next`.
pub(crate) fn begin(files: &dyn Files, folder: &Path, next: u64) -> io::Result<Segment> {
    const NUMBER: u64 = 1;
    if files.list(folder)?.contains(&segment::name(NUMBER)) {
        // Its head did not become durable.
        files.remove(&segment::path(folder, NUMBER))?;
    }
    let segment = Segment::create(files, folder, NUMBER, next)?;
    files.sync_folder(folder)?;
    let end = Position { segment: NUMBER, offset: segment::HEAD };
    Checkpoint { sealed: Vec::new(), end, next, viewed: 0 }.write(files, folder)?;
    Ok(segment)
}

/// Removes what was left of making or removing a segment.
fn remove_unlisted(files: &dyn Files, folder: &Path, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    for number in listed(files, folder)? {
        let is_sealed = checkpoint.sealed.iter().any(|sealed| sealed.number == number);
        if is_sealed || number == checkpoint.end.segment {
            continue;
        }
        if number > checkpoint.end.segment && !is_empty(files, folder, number)? {
            let name = segment::name(number);
            let what = format!("`log/{name}` holds data but `log/CHECKPOINT` is older than it");
            return Err(StoreError::Damaged { what });
        }
        files.remove(&segment::path(folder, number))?;
    }
    Ok(())
}

fn open_listed(
    files: &dyn Files,
    folder: &Path,
    checkpoint: &Checkpoint,
) -> Result<BTreeMap<u64, Segment>, StoreError> {
    let mut segments = BTreeMap::new();
    let last = Sealed { number: checkpoint.end.segment, length: checkpoint.end.offset };
    for &Sealed { number, length } in checkpoint.sealed.iter().chain([&last]) {
        let segment = match Segment::open(files, folder, number) {
            Ok(segment) => segment.ok_or_else(|| broken_head(number))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(StoreError::Damaged { what: format!("`log/{}` is missing", segment::name(number)) });
            }
            Err(error) => return Err(error.into()),
        };
        let found = segment.file.length()?;
        if found < length || (found > length && number != last.number) {
            let name = segment::name(number);
            return Err(StoreError::Damaged { what: format!("`log/{name}` has {found} bytes instead of {length}") });
        }
        segments.insert(number, segment);
    }
    Ok(segments)
}

/// Finds where the last segment's whole frames end, cuts off what is behind, and returns the offset and the next
/// sequence number.
///
/// What is behind is cut off where it can be no more than an unfinished group; that is known only behind a checkpoint
/// that was found.
fn find_end(last: &Segment, checkpoint: &Checkpoint, is_found: bool) -> Result<(u64, u64), StoreError> {
    let mut next = checkpoint.next;
    let mut scan = Scan::new(last, checkpoint.end.offset, next)?;
    let broken = loop {
        match scan.next()? {
            Step::Frame { frame, .. } => next = frame.sequence + 1,
            Step::End(offset) => return Ok((offset, next)),
            Step::Broken(offset) => break offset,
        }
    };
    while scan.skip()? {
        if let Step::Frame { frame, .. } = scan.next()?
            && (frame.group() > next || !is_found)
        {
            let position = Position { segment: last.number, offset: broken };
            return Err(damaged(position, "is broken, and later ones are whole"));
        }
    }
    let cut = last.file.length()? - broken;
    tracing::info!("cut {cut} bytes of an unfinished write off `log/{}`", segment::name(last.number));
    last.file.set_length(broken)?;
    last.file.sync()?;
    Ok((broken, next))
}

/// Numbers of the segment files there are, ascending.
pub(super) fn listed(files: &dyn Files, folder: &Path) -> io::Result<Vec<u64>> {
    let mut numbers: Vec<u64> = files.list(folder)?.iter().filter_map(|name| segment::number(name)).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Whether a segment has no room for a frame.
fn is_empty(files: &dyn Files, folder: &Path, number: u64) -> io::Result<bool> {
    Ok(files.open(&segment::path(folder, number))?.length()? <= segment::HEAD)
}

fn broken_head(number: u64) -> StoreError {
    StoreError::Damaged { what: format!("the head of `log/{}` is broken", segment::name(number)) }
}
