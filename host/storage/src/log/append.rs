//! Writing to the end of the log.

use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::checkpoint::{Checkpoint, Sealed};
use super::frame::{self, Frame};
use super::segment::{self, Segment};
use super::{Address, Log, Position};

/// A buffer that was needed once is not kept for ever.
const LARGEST_BUFFER: usize = 128 << 20;

/// The end of a log, for the one thread that writes.
///
/// After the first failure it must not be used again: what is durable then is found out by opening the log anew.
#[derive(Debug)]
pub(crate) struct Appender {
    pub(super) log: Arc<Log>,
    pub(super) last: Segment,
    /// Length of the last segment.
    pub(super) offset: u64,
    pub(super) next: u64,
    pub(super) sealed: Vec<Sealed>,
    pub(super) viewed: u64,
    /// Length from which on a segment is complete.
    pub(super) segment_bytes: u64,
    pub(super) buffer: Vec<u8>,
}

impl Appender {
    /// Writes payloads, each with its kind, as one group. When it returns, they are durable.
    ///
    /// # Errors
    ///
    /// Fails when writing does; then some of the group may be found later, and some not.
    pub(crate) fn append(&mut self, group: &[(u8, Vec<u8>)]) -> io::Result<Vec<Address>> {
        if self.offset >= self.segment_bytes {
            self.roll()?;
        }
        self.buffer.clear();
        let mut addresses = Vec::with_capacity(group.len());
        for (back, (kind, payload)) in (0..).zip(group) {
            if payload.len() > frame::LARGEST_PAYLOAD {
                return Err(io::Error::other(format!("{} bytes are too many for one record", payload.len())));
            }
            let offset = self.offset + self.buffer.len() as u64;
            let frame = Frame { kind: *kind, sequence: self.next + u64::from(back), back, payload };
            frame::write(&mut self.buffer, &frame);
            addresses.push(super::address(Position { segment: self.last.number, offset }, &frame));
        }
        self.last.file.write_at(&self.buffer, self.offset)?;
        self.last.file.sync()?;
        self.offset += self.buffer.len() as u64;
        if self.buffer.capacity() > LARGEST_BUFFER {
            self.buffer = Vec::new();
        }
        self.next += group.len() as u64;
        Ok(addresses)
    }

    /// Where the next frame comes.
    pub(crate) fn end(&self) -> Position {
        Position { segment: self.last.number, offset: self.offset }
    }

    /// Sequence number of the next frame.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// Whether there are frames that the view has not been written out with.
    pub(crate) fn is_ahead_of_view(&self) -> bool {
        self.viewed < self.next
    }

    /// Notes that the view has been written out with all frames before that of this sequence number.
    pub(crate) fn checkpoint(&mut self, viewed: u64) -> io::Result<()> {
        self.viewed = viewed;
        self.write_checkpoint()
    }

    /// Completes the last segment and begins another.
    pub(crate) fn roll(&mut self) -> io::Result<()> {
        let number = self.last.number + 1;
        let Log { files, folder, .. } = &*self.log;
        let next = Segment::create(&**files, folder, number, self.next)?;
        files.sync_folder(folder)?;
        self.sealed.push(Sealed { number: self.last.number, length: self.offset });
        self.log.add(next.clone());
        self.last = next;
        self.offset = segment::HEAD;
        // A segment that no checkpoint names has never held anything that was acknowledged.
        self.write_checkpoint()
    }

    /// Removes a complete segment that holds nothing of use any more.
    pub(crate) fn remove(&mut self, number: u64) -> io::Result<()> {
        self.sealed.retain(|sealed| sealed.number != number);
        self.write_checkpoint()?;
        self.log.segments.write().unwrap_or_else(PoisonError::into_inner).remove(&number);
        let Log { files, folder, .. } = &*self.log;
        files.remove(&segment::path(folder, number))?;
        files.sync_folder(folder)
    }

    /// Makes a log in `folder`, which is empty, that holds the complete segments of this one, under second names: they
    /// are never changed. The caller has just begun the last one.
    ///
    /// # Errors
    ///
    /// Fails when `folder` is on another disk.
    pub(crate) fn link(&self, folder: &Path) -> io::Result<()> {
        let files = &*self.log.files;
        for sealed in &self.sealed {
            files.link(&segment::path(&self.log.folder, sealed.number), &segment::path(folder, sealed.number))?;
        }
        Segment::create(files, folder, self.last.number, self.next)?;
        files.sync_folder(folder)?;
        Checkpoint { sealed: self.sealed.clone(), end: self.end(), next: self.next, viewed: 0 }.write(files, folder)
    }

    fn write_checkpoint(&self) -> io::Result<()> {
        let Log { files, folder, .. } = &*self.log;
        let (sealed, end) = (self.sealed.clone(), self.end());
        Checkpoint { sealed, end, next: self.next, viewed: self.viewed }.write(&**files, folder)
    }
}
