//! Line numbers for a parser that counts bytes.
//!
//! The `csv` crate counts lines as well, but a record behind `\r\n` or blank lines gets the number of a line before it.

use std::io::{self, Read};

/// Passes bytes on and remembers those that no line has been worked out for.
pub(crate) struct Lines<R> {
    source: R,
    window: Vec<u8>,
    /// How much of `window` is counted.
    counted: usize,
    /// Where the counted part ends, in bytes from the start of the source.
    offset: u64,
    line: u64,
}

impl<R> Lines<R> {
    pub(crate) fn new(source: R) -> Self {
        Self { source, window: Vec::new(), counted: 0, offset: 0, line: 1 }
    }

    /// The line of the first byte at or behind `offset` that ends no line. Offsets must not go back.
    pub(crate) fn at(&mut self, offset: u64) -> u64 {
        let waiting = &self.window[self.counted..];
        let before = usize::try_from(offset.saturating_sub(self.offset)).unwrap_or(usize::MAX).min(waiting.len());
        let blank = waiting[before..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = &waiting[..before + blank];
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.offset += passed.len() as u64;
        self.counted += passed.len();
        self.line
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.window.drain(..self.counted);
        self.counted = 0;
        self.window.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}
