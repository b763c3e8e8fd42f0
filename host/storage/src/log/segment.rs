//! A file of the log: `NUMBER.seg`, the number in 16 hexadecimal digits.
//!
//! ```text
//! "KARATSEG" | version u32 | crc32c u32 | number u64 | first sequence u64 | frames
//! ```
//!
//! Integers are little-endian; the checksum covers version, number and first sequence. Sequence numbers within a
//! segment have no gaps.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::files::{File, Files};

const MAGIC: &[u8; 8] = b"KARATSEG";
const VERSION: u32 = 1;

/// Where the first frame begins.
pub(crate) const HEAD: u64 = 32;

/// A segment that can be read.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    /// Sequence number of its first frame.
    pub(crate) first: u64,
    pub(crate) file: Arc<dyn File>,
}

impl Segment {
    /// Makes a segment without frames, durable but for its name.
    pub(crate) fn create(files: &dyn Files, folder: &Path, number: u64, first: u64) -> io::Result<Self> {
        let file = files.create(&path(folder, number))?;
        file.write_at(&head(number, first), 0)?;
        file.sync()?;
        Ok(Self { number, first, file })
    }

    /// Opens a segment; none where its head is not that of the segment of this number.
    pub(crate) fn open(files: &dyn Files, folder: &Path, number: u64) -> io::Result<Option<Self>> {
        let file = files.open(&path(folder, number))?;
        let mut found = [0; HEAD as usize];
        file.read_at(&mut found, 0)?;
        let first = u64::from_le_bytes(found[24..].try_into().expect("8 bytes"));
        Ok((found == head(number, first)).then_some(Self { number, first, file }))
    }
}

/// The segment's number, where a file's name is that of one.
pub(crate) fn number(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg").filter(|digits| digits.len() == 16)?;
    u64::from_str_radix(digits, 16).ok()
}

pub(crate) fn path(folder: &Path, number: u64) -> PathBuf {
    folder.join(name(number))
}

pub(crate) fn name(number: u64) -> String {
    format!("{number:016x}.seg")
}

fn head(number: u64, first: u64) -> [u8; HEAD as usize] {
    let mut head = [0; HEAD as usize];
    head[..8].copy_from_slice(MAGIC);
    head[8..12].copy_from_slice(&VERSION.to_le_bytes());
    head[16..24].copy_from_slice(&number.to_le_bytes());
    head[24..].copy_from_slice(&first.to_le_bytes());
    let checksum = crc32c::crc32c_append(crc32c::crc32c(&head[8..12]), &head[16..]);
    head[12..16].copy_from_slice(&checksum.to_le_bytes());
    head
}
