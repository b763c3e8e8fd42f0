//! A source that gives only so many bytes before the next record has to begin.

use std::cell::Cell;
use std::io::{self, Read};

/// What is left for the record being read. Shared with the source, which a parser may have taken in.
#[derive(Debug)]
pub(crate) struct Bound {
    limit: u64,
    left: Cell<u64>,
    exceeded: Cell<bool>,
}

impl Bound {
    pub(crate) fn new(limit: u64) -> Self {
        Self { limit, left: Cell::new(limit), exceeded: Cell::new(false) }
    }

    /// A record ended: the next one may be as long again.
    pub(crate) fn renew(&self) {
        self.left.set(self.limit);
    }

    /// Whether a read failed because of this bound.
    pub(crate) fn is_exceeded(&self) -> bool {
        self.exceeded.get()
    }

    /// What a record that is too long is told to be.
    pub(crate) fn message(&self) -> String {
        too_long(self.limit)
    }

    /// Takes one byte from what is left.
    #[inline]
    pub(crate) fn spend_one(&self) -> io::Result<()> {
        self.take(1)?;
        self.left.set(self.left.get() - 1);
        Ok(())
    }

    #[inline]
    fn take(&self, wanted: usize) -> io::Result<usize> {
        let left = self.left.get();
        if left == 0 {
            self.exceeded.set(true);
            return Err(io::Error::other(self.message()));
        }
        Ok(usize::try_from(left).map_or(wanted, |left| left.min(wanted)))
    }
}

pub(crate) fn too_long(limit: u64) -> String {
    match limit >> 20 {
        0 => format!("a record is longer than {limit} bytes"),
        mebibytes => format!("a record is longer than {mebibytes} MiB"),
    }
}

pub(crate) struct Bounded<'b, R> {
    pub(crate) source: R,
    pub(crate) bound: &'b Bound,
}

impl<R: Read> Read for Bounded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let wanted = self.bound.take(buffer.len())?;
        let count = self.source.read(&mut buffer[..wanted])?;
        self.bound.left.set(self.bound.left.get() - count as u64);
        Ok(count)
    }
}
