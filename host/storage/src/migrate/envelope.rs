//! The form of every value in the database: `schema u8 | crc32c u32 | bytes`; the checksum covers the key as well.
//!
//! A longer record is in parts: the first under the record's key, the n-th under the key with n (u16) behind it. The
//! top bit of the schema byte says that another part follows, so parts that a longer record left behind when it was
//! replaced are not read.

use model::ports::StoreError;
use sled::IVec;

const HEAD: usize = 5;
const CONTINUED: u8 = 0x80;

/// Which form the bytes of a record have: below 128.
pub(crate) type Schema = u8;

/// A key and its value.
pub(crate) type Entry = (IVec, IVec);

/// A whole record.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    pub(crate) key: IVec,
    pub(crate) schema: Schema,
    pub(crate) bytes: Vec<u8>,
}

/// Puts the records of one table together again.
pub(crate) struct Records<I> {
    entries: I,
    /// Length of the table's keys; a longer one belongs to a part.
    key_length: usize,
}

impl<I: Iterator<Item = Result<Entry, StoreError>>> Records<I> {
    /// `entries` are sorted by key and don't begin within a record that is of interest.
    pub(crate) fn new(entries: I, key_length: usize) -> Self {
        Self { entries, key_length }
    }

    fn whole(&mut self, key: IVec, value: &IVec) -> Result<Record, StoreError> {
        let (mut schema, bytes) = open_part(&key, value)?;
        let mut record = Record { key, schema: schema & !CONTINUED, bytes: bytes.to_vec() };
        for part in 1.. {
            if schema & CONTINUED == 0 {
                break;
            }
            let key = part_key(&record.key, part);
            let value = self.part(&key)?;
            let (next, bytes) = open_part(&key, &value)?;
            record.bytes.extend_from_slice(bytes);
            schema = next;
        }
        Ok(record)
    }

    fn part(&mut self, expected: &IVec) -> Result<IVec, StoreError> {
        match self.entries.next().transpose()? {
            Some((key, value)) if key == expected => Ok(value),
            _ => Err(damaged(expected, "is missing")),
        }
    }
}

impl<I: Iterator<Item = Result<Entry, StoreError>>> Iterator for Records<I> {
    type Item = Result<Record, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.entries.next()? {
                Ok((key, _)) if key.len() > self.key_length => {}
                Ok((key, value)) => return Some(self.whole(key, &value)),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// What is said of a record that can't be used.
pub(crate) fn damaged(key: &[u8], what: &str) -> StoreError {
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    StoreError::Damaged { what: format!("the value of key {key} {what}") }
}

fn part_key(key: &[u8], part: u16) -> IVec {
    match part {
        0 => key.into(),
        _ => [key, &part.to_be_bytes()].concat().into(),
    }
}

fn open_part<'a>(key: &[u8], value: &'a [u8]) -> Result<(u8, &'a [u8]), StoreError> {
    let Some((&[schema, a, b, c, d], bytes)) = value.split_first_chunk::<HEAD>() else {
        return Err(damaged(key, "is too short"));
    };
    if u32::from_be_bytes([a, b, c, d]) != checksum(key, schema, bytes) {
        return Err(damaged(key, "does not match its checksum"));
    }
    Ok((schema, bytes))
}

fn checksum(key: &[u8], schema: u8, bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(key), &[schema]), bytes)
}
