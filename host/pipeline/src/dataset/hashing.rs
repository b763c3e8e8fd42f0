//! A source whose bytes are hashed as they are read.

use std::io::{self, Read};

pub(super) struct Hashing<'s> {
    source: &'s mut dyn Read,
    hash: blake3::Hasher,
}

impl<'s> Hashing<'s> {
    pub(super) fn new(source: &'s mut dyn Read) -> Self {
        Self { source, hash: blake3::Hasher::new() }
    }

    /// The digest of what was read, in hexadecimal.
    pub(super) fn digest(&self) -> String {
        self.hash.finalize().to_hex().to_string()
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}
