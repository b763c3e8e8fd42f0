//! Digests by which a file is known again: BLAKE3, in hexadecimal.

use std::io::{self, Read};

pub(crate) fn of(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Of everything that there is to read.
pub(crate) fn of_all(bytes: impl Read) -> io::Result<String> {
    Ok(blake3::Hasher::new().update_reader(bytes)?.finalize().to_hex().to_string())
}
