//! Frames in a compressed stream.

use std::io::{self, BufReader, Read, Write};

use super::{ArchiveError, Kind, damaged};
use crate::log::frame::{self, Frame, HEAD, LARGEST_PAYLOAD};

const MAGIC: &[u8; 8] = b"KARATARC";
/// What is written; earlier ones are read as well. Those of version 4 have no files of runs and no quarantine.
const VERSION: u32 = 5;

/// An archive is written once and may be kept for long.
const LEVEL: i32 = 3;

/// Writes frames one after the other.
pub(super) struct Writer<W: Write> {
    out: zstd::Encoder<'static, W>,
    next: u64,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(super) fn start(mut out: W) -> io::Result<Self> {
        out.write_all(MAGIC)?;
        out.write_all(&VERSION.to_le_bytes())?;
        let mut out = zstd::Encoder::new(out, LEVEL)?;
        out.include_checksum(true)?;
        Ok(Self { out, next: 0, buffer: Vec::new() })
    }

    pub(super) fn write(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        if payload.len() > LARGEST_PAYLOAD {
            return Err(io::Error::other(format!("{} bytes are too many for one record", payload.len())));
        }
        self.buffer.clear();
        frame::write(&mut self.buffer, &Frame { kind: kind as u8, sequence: self.next, back: 0, payload });
        self.next += 1;
        self.out.write_all(&self.buffer)
    }

    /// Ends the stream. Returns what it went to.
    pub(super) fn finish(self) -> io::Result<W> {
        self.out.finish()
    }
}

/// Reads frames one after the other.
pub(super) struct Stream<R: Read> {
    bytes: zstd::Decoder<'static, BufReader<R>>,
    next: u64,
    buffer: Vec<u8>,
}

impl<R: Read> Stream<R> {
    pub(super) fn start(mut file: R) -> Result<Self, ArchiveError> {
        let mut head = Vec::new();
        file.by_ref().take(12).read_to_end(&mut head)?;
        let found = match head.split_first_chunk() {
            Some((MAGIC, version)) => version.try_into().map(u32::from_le_bytes).map_err(|_| ArchiveError::Foreign)?,
            _ => return Err(ArchiveError::Foreign),
        };
        if !(1..=VERSION).contains(&found) {
            return Err(ArchiveError::Version { found, supported: VERSION });
        }
        Ok(Self { bytes: zstd::Decoder::new(file)?, next: 0, buffer: Vec::new() })
    }

    /// The next frame; none where the stream ends.
    pub(super) fn next(&mut self) -> Result<Option<(Kind, &[u8])>, ArchiveError> {
        self.buffer.clear();
        self.fill(HEAD)?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        if let Err(frame::Broken::Short(length)) = frame::read(&self.buffer) {
            self.fill(length)?;
        }
        match frame::read(&self.buffer) {
            Ok(Frame { kind, sequence, payload, .. }) if sequence == self.next => {
                self.next += 1;
                let kind = Kind::of(kind).ok_or_else(|| damaged(format!("record {sequence} is of an unknown kind")))?;
                Ok(Some((kind, payload)))
            }
            _ => Err(damaged(format!("record {} does not match its checksum", self.next))),
        }
    }

    /// Reads until the buffer holds so many bytes, or the stream ends; it grows with what really comes.
    fn fill(&mut self, length: usize) -> Result<(), ArchiveError> {
        let missing = (length - self.buffer.len()) as u64;
        let read = self.bytes.by_ref().take(missing).read_to_end(&mut self.buffer);
        read.map(drop).map_err(|error| damaged(format!("it breaks off behind record {} ({error})", self.next)))
    }
}
