//! What of documents is written to the log: the payloads of its frames.
//!
//! ```text
//! head, postcard: as-of, changes: kind, key, bytes of the value | codec u8 | values, one after the other
//! ```
//!
//! A frame has all changes of a commit: so all of them are there, or none is. The struct of the head is frozen, down to the
//! order of fields: a change is a new kind of frame beside this one.

use model::document::Change;
use model::ports::StoreError;
use serde::{Deserialize, Serialize};

use crate::log::{Address, Stored};
use crate::operation::{Payload, body_of, unreadable, with_body};

/// A kind of frame, beside those of runs and traces. It is never used for anything else.
pub(crate) const DOCUMENTS: u8 = 9;

/// What a frame is about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Head {
    /// The sequence number of the frame that this is a copy of.
    as_of: Option<u64>,
    pub(crate) changes: Vec<Changed>,
}

/// A document that was changed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Changed {
    pub(crate) kind: u8,
    pub(crate) key: String,
    /// Bytes of its value; none where it was removed.
    value: Option<u32>,
}

impl Changed {
    pub(crate) fn is_removed(&self) -> bool {
        self.value.is_none()
    }
}

impl Head {
    pub(crate) fn read(payload: &[u8], address: Address) -> Result<Self, StoreError> {
        split(payload, address).map(|(head, _)| head)
    }

    /// The sequence number that the frame was first written under.
    pub(crate) fn as_of(&self, sequence: u64) -> u64 {
        self.as_of.unwrap_or(sequence)
    }
}

/// A whole frame.
pub(super) struct Frame {
    pub(super) head: Head,
    values: Vec<u8>,
}

impl Frame {
    pub(super) fn open(stored: &Stored, address: Address) -> Result<Self, StoreError> {
        let (head, body) = split(&stored.payload, address)?;
        let values = body_of(body).ok_or_else(|| unreadable(address, "its body"))?;
        let bytes: u64 = head.changes.iter().filter_map(|changed| changed.value).map(u64::from).sum();
        if bytes != values.len() as u64 {
            return Err(unreadable(address, "its values"));
        }
        Ok(Self { head, values })
    }

    /// The changes, each with the JSON of its value; none where the document was removed.
    pub(super) fn changes(&self) -> impl Iterator<Item = (&Changed, Option<&[u8]>)> {
        let mut rest = &self.values[..];
        self.head.changes.iter().map(move |changed| {
            let value = changed.value.map(|length| rest.split_off(..length as usize).expect("lengths were added up"));
            (changed, value)
        })
    }
}

/// A frame of all changes of a commit.
pub(crate) fn commit(changes: &[Change]) -> Result<Payload, StoreError> {
    let changed = changes.iter().map(|Change { kind, key, value, .. }| {
        let value = value.as_ref().map(|value| value.as_str().as_bytes());
        (*kind as u8, &key[..], value)
    });
    payload(None, changed)
}

/// Some changes of a frame, for another place.
pub(super) fn copy<'a>(
    as_of: u64,
    changes: impl Iterator<Item = (&'a Changed, Option<&'a [u8]>)>,
) -> Result<Payload, StoreError> {
    payload(Some(as_of), changes.map(|(Changed { kind, key, .. }, value)| (*kind, &key[..], value)))
}

/// A frame again, as it was written first under `sequence`.
pub(crate) fn copy_whole(sequence: u64, payload: &[u8], address: Address) -> Result<Payload, StoreError> {
    let (head, body) = split(payload, address)?;
    let as_of = Some(head.as_of(sequence));
    let payload = postcard::to_stdvec(&Head { as_of, ..head }).map_err(std::io::Error::other)?;
    Ok((DOCUMENTS, [&payload, body].concat()))
}

fn payload<'a>(
    as_of: Option<u64>,
    changes: impl Iterator<Item = (u8, &'a str, Option<&'a [u8]>)>,
) -> Result<Payload, StoreError> {
    let (mut head, mut values) = (Head { as_of, changes: Vec::new() }, Vec::new());
    for (kind, key, value) in changes {
        values.extend_from_slice(value.unwrap_or_default());
        let too_long = |_| StoreError::Invalid { what: format!("`{key}` is too long to be kept") };
        let value = value.map(|value| u32::try_from(value.len()).map_err(too_long)).transpose()?;
        head.changes.push(Changed { kind, key: key.to_owned(), value });
    }
    let head = postcard::to_stdvec(&head).map_err(std::io::Error::other)?;
    Ok((DOCUMENTS, with_body(head, &values)?))
}

fn split(payload: &[u8], address: Address) -> Result<(Head, &[u8]), StoreError> {
    postcard::take_from_bytes(payload).map_err(|_| unreadable(address, "its head"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Position;

    const NOWHERE: Address = Address { position: Position { segment: 1, offset: 32 }, length: 0 };

    fn sample(as_of: Option<u64>, long: &str) -> Payload {
        let changes = [(1, "a", Some(&b"{}"[..])), (200, "\u{e4}/b", None), (17, "c", Some(long.as_bytes()))];
        payload(as_of, changes.into_iter()).expect("small")
    }

    fn opened(payload: Vec<u8>) -> Result<Frame, StoreError> {
        Frame::open(&Stored { kind: DOCUMENTS, sequence: 7, payload }, NOWHERE)
    }

    /// If this fails, old stores can't be read any more: add a kind instead.
    #[test]
    fn the_bytes_of_a_frame_never_change() {
        let hex = |(_, payload): Payload| -> String { payload.iter().map(|byte| format!("{byte:02x}")).collect() };
        assert_eq!(hex(sample(None, "[]")), "0003010161 0102c804c3a42f62001101630102007b7d5b5d".replace(' ', ""));
        assert_eq!(&hex(sample(Some(300), "[]"))[..8], "01ac0203");
    }

    #[test]
    fn changes_come_back_and_a_copy_has_those_that_were_chosen() {
        let long = format!("[{}]", "1,".repeat(500) + "1");
        let frame = opened(sample(None, &long).1).expect("whole");
        let values: Vec<_> = frame.changes().map(|(changed, value)| (changed.kind, &changed.key[..], value)).collect();
        assert_eq!(values, [(1, "a", Some(&b"{}"[..])), (200, "\u{e4}/b", None), (17, "c", Some(long.as_bytes()))]);
        assert_eq!(frame.head.as_of(7), 7);
        let copied = copy(3, frame.changes().filter(|(changed, _)| changed.kind != 1)).expect("small").1;
        let copied = opened(copied).expect("whole");
        assert!(copied.changes().eq(frame.changes().skip(1)));
        assert_eq!(copied.head.as_of(9), 3);
        let (_, again) = copy_whole(5, &sample(None, &long).1, NOWHERE).expect("whole");
        assert_eq!((DOCUMENTS, again), sample(Some(5), &long));
    }

    #[test]
    fn a_frame_that_is_cut_off_is_damaged() {
        let (_, whole) = sample(None, "[]");
        for length in 0..whole.len() {
            assert!(opened(whole[..length].to_vec()).is_err(), "{length} bytes");
        }
    }
}
