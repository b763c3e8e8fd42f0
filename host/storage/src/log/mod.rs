//! The append-only log: what is in it and durable is what the store holds.
//!
//! Segment files of checksummed frames, and a checkpoint. Nothing in a segment is ever changed; segments that hold
//! nothing of use any more are removed as a whole. What frames mean is not known here.
//!
//! ```text
//! 0000000000000001.seg   frames; all but the last segment are complete
//! CHECKPOINT             the list of segments, and how far the log is known to be durable
//! ```

mod append;
mod checkpoint;
pub(crate) mod frame;
mod inspect;
mod open;
mod scan;
mod segment;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use model::ports::StoreError;
use serde::{Deserialize, Serialize};

pub(crate) use append::Appender;
pub(crate) use inspect::{Found, inspect};
pub(crate) use open::{Opened, begin, open};
pub(crate) use scan::{Scan, Step};

use crate::files::Files;
use frame::Frame;
use segment::Segment;

/// Where a frame is, or will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) struct Position {
    pub(crate) segment: u64,
    pub(crate) offset: u64,
}

/// A frame as it can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub(crate) struct Address {
    pub(crate) position: Position,
    /// In bytes, the head included.
    pub(crate) length: u32,
}

/// A frame that was asked for.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) kind: u8,
    pub(crate) sequence: u64,
    pub(crate) payload: Vec<u8>,
}

/// The segments of a log, to be read from any thread.
#[derive(Debug)]
pub(crate) struct Log {
    files: Arc<dyn Files>,
    folder: PathBuf,
    segments: RwLock<BTreeMap<u64, Segment>>,
}

impl Log {
    pub(crate) fn read(&self, address: Address) -> Result<Stored, StoreError> {
        let segment = self.segment(address.position.segment);
        read_frame(&segment.ok_or_else(|| damaged(address.position, "is missing"))?, address)
    }

    /// Hands on the frames from `start`, where that of sequence number `next` is, up to `end`.
    pub(crate) fn replay(
        &self,
        start: Position,
        mut next: u64,
        end: Position,
        mut each: impl FnMut(Address, Frame<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner).clone();
        for (&number, segment) in segments.range(start.segment..=end.segment) {
            let mut offset = segment::HEAD;
            if number == start.segment {
                offset = start.offset;
            } else {
                next = segment.first;
            }
            let mut scan = Scan::new(segment, offset, next)?;
            loop {
                let position = |offset| Position { segment: number, offset };
                match scan.next()? {
                    Step::Frame { offset, .. } if position(offset) >= end => break,
                    Step::Frame { offset, frame } => each(address(position(offset), &frame), frame)?,
                    Step::End(offset) if number == end.segment && offset < end.offset => {
                        return Err(damaged(position(offset), "is missing"));
                    }
                    Step::End(_) => break,
                    Step::Broken(offset) if position(offset) >= end => break,
                    Step::Broken(offset) => return Err(damaged(position(offset), "is broken")),
                }
            }
        }
        Ok(())
    }

    /// Where the log begins, and the sequence number of the frame there.
    pub(crate) fn start(&self) -> (Position, u64) {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner);
        let first = segments.values().next().expect("a log has a last segment");
        (Position { segment: first.number, offset: segment::HEAD }, first.first)
    }

    /// Where the frames of a complete segment are.
    pub(crate) fn addresses(&self, number: u64) -> Result<Vec<Address>, StoreError> {
        let start = Position { segment: number, offset: segment::HEAD };
        let segment = self.segment(number).ok_or_else(|| damaged(start, "is missing"))?;
        let end = Position { segment: number, offset: segment.file.length()? };
        let mut addresses = Vec::new();
        self.replay(start, segment.first, end, |address, _| {
            addresses.push(address);
            Ok(())
        })?;
        Ok(addresses)
    }

    /// Numbers of the segments, ascending.
    pub(crate) fn numbers(&self) -> Vec<u64> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Numbers of the segments and their lengths in bytes, ascending.
    pub(crate) fn lengths(&self) -> io::Result<Vec<(u64, u64)>> {
        let segments = self.segments.read().unwrap_or_else(PoisonError::into_inner).clone();
        segments.values().map(|segment| Ok((segment.number, segment.file.length()?))).collect()
    }

    /// The segments there are now, to be read from also when they are removed meanwhile.
    pub(crate) fn hold(&self) -> Held {
        Held(self.segments.read().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn segment(&self, number: u64) -> Option<Segment> {
        self.segments.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }

    fn add(&self, segment: Segment) {
        self.segments.write().unwrap_or_else(PoisonError::into_inner).insert(segment.number, segment);
    }
}

/// Segments that stay readable.
#[derive(Debug)]
pub(crate) struct Held(BTreeMap<u64, Segment>);

impl Held {
    /// Bytes of a segment, which carry a checksum of their own.
    pub(crate) fn bytes(&self, position: Position, length: usize) -> Result<Vec<u8>, StoreError> {
        let mut bytes = vec![0; length];
        let read = self.segment(position)?.file.read_at(&mut bytes, position.offset)?;
        if read < length {
            return Err(damaged(position, "is cut off"));
        }
        Ok(bytes)
    }

    pub(crate) fn frame(&self, address: Address) -> Result<Stored, StoreError> {
        read_frame(self.segment(address.position)?, address)
    }

    fn segment(&self, position: Position) -> Result<&Segment, StoreError> {
        self.0.get(&position.segment).ok_or_else(|| damaged(position, "is missing"))
    }
}

fn read_frame(segment: &Segment, address: Address) -> Result<Stored, StoreError> {
    let mut bytes = vec![0; address.length as usize];
    let read = segment.file.read_at(&mut bytes, address.position.offset)?;
    match frame::read(&bytes[..read]) {
        Ok(Frame { kind, sequence, payload, .. }) if frame::length(payload.len()) == bytes.len() => {
            let length = payload.len();
            bytes.truncate(frame::HEAD + length);
            bytes.drain(..frame::HEAD);
            Ok(Stored { kind, sequence, payload: bytes })
        }
        _ => Err(damaged(address.position, "does not match its checksum")),
    }
}

/// Where a frame that was come upon is.
fn address(position: Position, frame: &Frame<'_>) -> Address {
    let length = frame::length(frame.payload.len());
    Address { position, length: u32::try_from(length).expect("payloads are below LARGEST_PAYLOAD") }
}

fn damaged(Position { segment, offset }: Position, what: &str) -> StoreError {
    let name = segment::name(segment);
    StoreError::Damaged { what: format!("the frame at byte {offset} of `log/{name}` {what}") }
}

#[cfg(test)]
mod tests;
