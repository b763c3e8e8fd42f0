//! The form of every value in the view: `form u8 | crc32c u32 | postcard`.
//!
//! sled may hand out damaged bytes without a word, so each value carries a checksum. It covers the key as well: a
//! value that turns up under another key is as wrong as one with a flipped bit.

use model::ports::StoreError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::database::Snapshot;
use crate::log::Address;

/// The form of values written here. A view of another form is made anew from the log.
const FORM: u8 = 1;

const HEAD: usize = 5;

/// Longer values would make sled write files that it never syncs and never removes.
const LARGEST: usize = 4096;

/// What all entries but the mark hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Pointer {
    /// Sequence number under which this was first written: the later one counts.
    pub(crate) as_of: u64,
    pub(crate) address: Address,
}

pub(crate) fn seal<T: Serialize>(key: &[u8], value: &T) -> Vec<u8> {
    let mut bytes = vec![FORM, 0, 0, 0, 0];
    bytes = postcard::to_extend(value, bytes).expect("a vector takes everything");
    assert!(bytes.len() <= LARGEST, "values of the view are small");
    let checksum = checksum(key, &bytes[HEAD..]);
    bytes[1..HEAD].copy_from_slice(&checksum.to_be_bytes());
    bytes
}

pub(crate) fn open<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    let Some((&[form, a, b, c, d], bytes)) = value.split_first_chunk::<HEAD>() else {
        return Err(damaged(key, "is too short"));
    };
    if form != FORM {
        return Err(damaged(key, &format!("has the unknown form {form}")));
    }
    if u32::from_be_bytes([a, b, c, d]) != checksum(key, bytes) {
        return Err(damaged(key, "does not match its checksum"));
    }
    postcard::from_bytes(bytes).map_err(|error| damaged(key, &format!("can't be read: {error}")))
}

/// Where an entry points to, if there is one.
pub(crate) fn pointer(now: Snapshot<'_>, key: &[u8]) -> Result<Option<Pointer>, StoreError> {
    now.get(key)?.map(|value| open(key, &value)).transpose()
}

pub(crate) fn points_to(now: Snapshot<'_>, key: &[u8], address: Address) -> Result<bool, StoreError> {
    Ok(pointer(now, key)?.is_some_and(|pointer| pointer.address == address))
}

/// What is said of an entry that can't be used.
pub(crate) fn damaged(key: &[u8], what: &str) -> StoreError {
    let key: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    StoreError::Damaged { what: format!("the entry {key} of `view` {what}") }
}

fn checksum(key: &[u8], bytes: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(crc32c::crc32c(key), &[FORM]), bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Position;

    const KEY: &[u8] = b"v123";

    fn pointer() -> Pointer {
        Pointer { as_of: 9, address: Address { position: Position { segment: 2, offset: 4096 }, length: 512 } }
    }

    fn check_is_damaged(key: &[u8], value: &[u8]) {
        let opened = open::<Pointer>(key, value);
        assert!(matches!(opened, Err(StoreError::Damaged { .. })), "{opened:?}");
    }

    #[test]
    fn what_was_sealed_comes_back() {
        assert_eq!(open::<Pointer>(KEY, &seal(KEY, &pointer())).expect("undamaged"), pointer());
    }

    #[test]
    fn every_flipped_bit_every_cut_and_another_key_are_noticed() {
        let whole = seal(KEY, &pointer());
        for bit in 0..whole.len() * 8 {
            let mut value = whole.clone();
            value[bit / 8] ^= 1 << (bit % 8);
            check_is_damaged(KEY, &value);
        }
        for length in 0..whole.len() {
            check_is_damaged(KEY, &whole[..length]);
        }
        check_is_damaged(b"v124", &whole);
    }
}
