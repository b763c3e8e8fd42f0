//! Reads the frames of a segment one after the other.

use std::io;

use super::frame::{self, Broken, Frame};
use super::segment::{self, Segment};
use crate::files::File;

/// How much is read at once, where a frame needs no more.
const WINDOW: usize = 1 << 20;

/// What a scan comes upon.
#[derive(Debug, PartialEq)]
pub(crate) enum Step<'a> {
    Frame {
        offset: u64,
        frame: Frame<'a>,
    },
    /// The file ends here, behind a whole frame.
    End(u64),
    /// Here the next frame should begin, and does not.
    Broken(u64),
}

/// A position within a segment, and what the next frame has to be.
pub(crate) struct Scan<'a> {
    window: Window<'a>,
    offset: u64,
    /// Unknown behind a broken place.
    expected: Option<u64>,
}

impl<'a> Scan<'a> {
    /// Begins at `offset`, where the frame of sequence number `expected` is.
    pub(crate) fn new(segment: &'a Segment, offset: u64, expected: u64) -> io::Result<Self> {
        Self::from(&*segment.file, offset, Some(expected))
    }

    /// Begins at the first frame of a file whose head is broken.
    pub(crate) fn headless(file: &'a dyn File) -> io::Result<Self> {
        Self::from(file, segment::HEAD, None)
    }

    /// Begins at `offset` of a file, where the frame of sequence number `expected` is, or any.
    pub(crate) fn from(file: &'a dyn File, offset: u64, expected: Option<u64>) -> io::Result<Self> {
        Ok(Self { window: Window::new(file)?, offset, expected })
    }

    pub(crate) fn next(&mut self) -> io::Result<Step<'_>> {
        let (offset, length) = (self.offset, self.window.length);
        match self.window.frame(offset)? {
            Ok(frame) if self.expected.is_none_or(|expected| expected == frame.sequence) => {
                self.expected = Some(frame.sequence + 1);
                self.offset += frame::length(frame.payload.len()) as u64;
                Ok(Step::Frame { offset, frame })
            }
            Err(Broken::Short(_)) if length == offset => Ok(Step::End(offset)),
            _ => Ok(Step::Broken(offset)),
        }
    }

    /// Moves on from a broken place to the next whole frame. Returns whether there is one.
    pub(crate) fn skip(&mut self) -> io::Result<bool> {
        let length = self.window.length;
        let step = frame::ALIGNMENT as u64;
        let mut offset = self.offset.next_multiple_of(step);
        if offset == self.offset {
            offset += step;
        }
        while offset < length {
            if frame::may_begin(self.window.bytes(offset, frame::HEAD)?) && self.window.frame(offset)?.is_ok() {
                (self.offset, self.expected) = (offset, None);
                return Ok(true);
            }
            offset += step;
        }
        Ok(false)
    }
}

/// A part of a file in memory.
struct Window<'a> {
    file: &'a dyn File,
    /// Of the file.
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl<'a> Window<'a> {
    fn new(file: &'a dyn File) -> io::Result<Self> {
        Ok(Self { file, length: file.length()?, start: 0, bytes: Vec::new() })
    }

    fn frame(&mut self, offset: u64) -> io::Result<Result<Frame<'_>, Broken>> {
        let end = self.length;
        let needed = match frame::read(self.bytes(offset, frame::HEAD)?) {
            // The head tells how long the whole is.
            Err(Broken::Short(length)) if offset + length as u64 <= end => length,
            _ => frame::HEAD,
        };
        Ok(frame::read(self.bytes(offset, needed)?))
    }

    /// At least `needed` bytes from `offset` on, or all up to the end of the file.
    fn bytes(&mut self, offset: u64, needed: usize) -> io::Result<&[u8]> {
        let held = self.start..self.start + self.bytes.len() as u64;
        if !held.contains(&offset) || held.end - offset < needed as u64 {
            self.bytes.resize(needed.max(WINDOW), 0);
            let read = self.file.read_at(&mut self.bytes, offset)?;
            self.bytes.truncate(read);
            self.start = offset;
        }
        Ok(&self.bytes[(offset - self.start) as usize..])
    }
}
