//! The form of every value in the database: `schema u8 | crc32c u32 | bytes`, 4 KiB at most.
//!
//! sled may hand out damaged bytes without a word, so each value carries a checksum. It covers the key as well: a
//! value that turns up under another key is as wrong as one with a flipped bit.
//!
//! Values beyond some KiB make sled write files that it never syncs and never removes. A longer record is cut into
//! parts: the first under the record's key, the n-th under the key with n (u16) behind it. The top bit of the schema
//! byte says that another part follows, so parts that a longer record left behind when it was replaced are not read.

use model::ports::StoreError;
use sled::IVec;

const LARGEST_VALUE: usize = 4096;
const HEAD: usize = 5;
const LARGEST_PART: usize = LARGEST_VALUE - HEAD;
const CONTINUED: u8 = 0x80;

/// Which form the bytes of a record have: below 128, and never reused.
pub(crate) type Schema = u8;

/// A key and its value.
pub(crate) type Entry = (IVec, IVec);

/// Cuts a record into the entries that hold it.
///
/// # Errors
///
/// Fails when the record is longer than 65,536 parts can hold, about 268 MB.
pub(crate) fn seal(key: &[u8], schema: Schema, record: &[u8]) -> Result<impl Iterator<Item = Entry>, StoreError> {
    let last = u16::try_from(record.len().saturating_sub(1) / LARGEST_PART).map_err(|_| too_long(record.len()))?;
    Ok((0..=last).map(move |part| {
        let start = usize::from(part) * LARGEST_PART;
        let bytes = &record[start..record.len().min(start + LARGEST_PART)];
        let key = part_key(key, part);
        let value = seal_part(&key, if part < last { schema | CONTINUED } else { schema }, bytes);
        (key, value)
    }))
}

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

fn seal_part(key: &[u8], schema: u8, bytes: &[u8]) -> IVec {
    let mut value = Vec::with_capacity(HEAD + bytes.len());
    value.push(schema);
    value.extend_from_slice(&checksum(key, schema, bytes).to_be_bytes());
    value.extend_from_slice(bytes);
    value.into()
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

fn too_long(length: usize) -> StoreError {
    StoreError::Io(std::io::Error::other(format!("a record of {length} bytes is too long to be stored")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const KEY: &[u8] = b"v123";

    fn sealed(key: &[u8], record: &[u8]) -> BTreeMap<IVec, IVec> {
        seal(key, 1, record).expect("not too long").collect()
    }

    fn read(entries: BTreeMap<IVec, IVec>) -> Vec<Result<Record, StoreError>> {
        Records::new(entries.into_iter().map(Ok), KEY.len()).collect()
    }

    fn check_is_damaged(entries: BTreeMap<IVec, IVec>) {
        let first = read(entries).into_iter().next().expect("a record");
        assert!(matches!(first, Err(StoreError::Damaged { .. })), "{first:?}");
    }

    #[test]
    fn records_of_every_length_come_back() {
        for length in [0, 1, LARGEST_PART - 1, LARGEST_PART, LARGEST_PART + 1, 5 * LARGEST_PART, 1_000_000] {
            let record: Vec<u8> = (0..length).map(|at| at as u8).collect();
            let entries = sealed(KEY, &record);
            assert!(entries.values().all(|value| value.len() <= LARGEST_VALUE));
            let read = read(entries).pop().expect("a record").expect("undamaged");
            assert_eq!(read, Record { key: KEY.into(), schema: 1, bytes: record });
        }
    }

    #[test]
    fn a_replaced_record_keeps_nothing_of_a_longer_one_before() {
        let mut entries = sealed(KEY, &[1; 20_000]);
        entries.extend(sealed(KEY, &[2; 5000]));
        entries.extend(sealed(b"v124", &[3]));
        let bytes: Vec<_> = read(entries).into_iter().map(|record| record.expect("undamaged").bytes).collect();
        assert_eq!(bytes, [vec![2; 5000], vec![3]]);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let entry = sealed(KEY, b"verdict");
        for bit in 0..entry[KEY].len() * 8 {
            let mut value = entry[KEY].to_vec();
            value[bit / 8] ^= 1 << (bit % 8);
            check_is_damaged([(KEY.into(), value.into())].into());
        }
    }

    #[test]
    fn a_cut_value_is_noticed() {
        let entry = sealed(KEY, b"verdict");
        for length in 0..entry[KEY].len() {
            check_is_damaged([(KEY.into(), entry[KEY][..length].into())].into());
        }
    }

    #[test]
    fn a_value_under_another_key_is_noticed() {
        let entry = sealed(b"v124", b"verdict");
        check_is_damaged([(KEY.into(), entry[&b"v124"[..]].clone())].into());
    }

    #[test]
    fn a_lost_part_is_noticed() {
        for lost in [1, 2] {
            let mut entries = sealed(KEY, &[1; 3 * LARGEST_PART]);
            entries.remove(&part_key(KEY, lost));
            check_is_damaged(entries);
        }
    }
}
