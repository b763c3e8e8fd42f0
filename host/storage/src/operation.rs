//! What of runs is written to the log: the payloads of its frames.
//!
//! ```text
//! head, postcard: run, as-of, blocks | of exchanges: batch | codec u8 | body
//! ```
//!
//! The view is made of heads alone. Bodies are compressed where that helps. Structs here are frozen, down to the
//! order of fields: a change is a new kind of frame beside the old.

use model::judge::{BatchId, Exchange};
use model::ports::StoreError;
use model::run::{RowResult, RunId};
use serde::{Deserialize, Serialize};

use crate::log::{Address, Stored};
use crate::results as body;
use crate::view::keys;

/// Kinds of frames of runs. `traces` and `documents` have others. New ones get new numbers; none is ever used again.
pub(crate) const HEADER: u8 = 1;
pub(crate) const RESULTS: u8 = 2;
pub(crate) const REPORT: u8 = 3;
pub(crate) const DELETION: u8 = 4;
pub(crate) const EXCHANGES: u8 = 5;

/// Bodies are written once, on the way of an evaluation: speed before size.
const LEVEL: i32 = 1;

/// Below this size compressing is not worth its time.
const SMALLEST_COMPRESSED: usize = 256;

/// What a length can't be beyond: it bounds what a damaged one makes the reader allocate.
const LARGEST_BODY: usize = 1 << 30;

const PLAIN: u8 = 0;
const ZSTD: u8 = 1;

/// What a frame is about.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(crate) struct Head {
    pub(crate) run: RunId,
    /// The sequence number of the frame that this is a copy of.
    pub(crate) as_of: Option<u64>,
    /// The blocks that results are of.
    pub(crate) blocks: Vec<u64>,
    /// The batch that exchanges are; it stands behind the others, in frames of exchanges alone.
    #[serde(skip)]
    pub(crate) batch: Option<BatchId>,
}

impl Head {
    fn of(run: RunId) -> Self {
        Self { run, as_of: None, blocks: Vec::new(), batch: None }
    }

    pub(crate) fn read(kind: u8, payload: &[u8], address: Address) -> Result<Self, StoreError> {
        split(kind, payload, address).map(|(head, _)| head)
    }

    /// Where the view has a frame of this kind that makes one entry.
    pub(crate) fn key(&self, kind: u8) -> Vec<u8> {
        match (kind, self.batch) {
            (HEADER, _) => keys::header(self.run).to_vec(),
            (REPORT, _) => keys::report(self.run).to_vec(),
            (EXCHANGES, Some(batch)) => keys::exchanges_of(self.run, batch).to_vec(),
            _ => unreachable!("frames of kind {kind} make other entries"),
        }
    }
}

/// A payload, and the kind of frame it makes.
pub(crate) type Payload = (u8, Vec<u8>);

/// The header or the report of a run, as JSON.
pub(crate) fn document<T: Serialize>(kind: u8, run: RunId, document: &T) -> Result<Payload, StoreError> {
    Ok((kind, payload(&Head::of(run), &json(document)?)?))
}

pub(crate) fn deletion(run: RunId) -> Result<Payload, StoreError> {
    Ok((DELETION, payload(&Head::of(run), &[])?))
}

/// Results of a run; of two of the same row and trial the last one counts.
pub(crate) fn results(run: RunId, results: &[RowResult]) -> Result<Payload, StoreError> {
    let head = Head { blocks: blocks(results.iter().map(|result| result.index)), ..Head::of(run) };
    Ok((RESULTS, payload(&head, &body::write(results)?)?))
}

/// Exchanges of a run, as JSON; of two batches of the same id the last one counts.
pub(crate) fn exchanges(run: RunId, batch: BatchId, exchanges: &[Exchange]) -> Result<Payload, StoreError> {
    let head = Head { batch: Some(batch), ..Head::of(run) };
    Ok((EXCHANGES, payload(&head, &json(exchanges)?)?))
}

/// The frame again, for another place, with the body given.
pub(crate) fn copy(kind: u8, head: &Head, as_of: u64, body: &[u8]) -> Result<Payload, StoreError> {
    Ok((kind, payload(&Head { as_of: Some(as_of), ..head.clone() }, body)?))
}

/// The blocks that rows are in, ascending.
pub(crate) fn blocks(indexes: impl Iterator<Item = u64>) -> Vec<u64> {
    let mut blocks: Vec<u64> = indexes.map(keys::block).collect();
    blocks.sort_unstable();
    blocks.dedup();
    blocks
}

/// Head and body of a stored frame.
pub(crate) fn open(stored: &Stored, address: Address) -> Result<(Head, Vec<u8>), StoreError> {
    let (head, body) = split(stored.kind, &stored.payload, address)?;
    Ok((head, body_of(body).ok_or_else(|| unreadable(address, "its body"))?))
}

fn payload(head: &Head, body: &[u8]) -> Result<Vec<u8>, StoreError> {
    let failed = |error| StoreError::Io(std::io::Error::other(error));
    let mut payload = postcard::to_stdvec(head).map_err(failed)?;
    if let Some(batch) = head.batch {
        payload = postcard::to_extend(&batch, payload).map_err(failed)?;
    }
    with_body(payload, body)
}

/// A payload whose head is there already.
pub(crate) fn with_body(mut payload: Vec<u8>, body: &[u8]) -> Result<Vec<u8>, StoreError> {
    if body.len() > LARGEST_BODY {
        let message = format!("{} bytes are too many for one record of the store", body.len());
        return Err(StoreError::Io(std::io::Error::other(message)));
    }
    if body.len() >= SMALLEST_COMPRESSED {
        let compressed = zstd::bulk::compress(body, LEVEL)?;
        if compressed.len() < body.len() {
            payload.push(ZSTD);
            payload.extend_from_slice(&(body.len() as u32).to_le_bytes());
            payload.extend_from_slice(&compressed);
            return Ok(payload);
        }
    }
    payload.push(PLAIN);
    payload.extend_from_slice(body);
    Ok(payload)
}

/// The body, from what is behind the head of a payload; none where it is damaged.
pub(crate) fn body_of(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes.split_first() {
        Some((&PLAIN, bytes)) => Some(bytes.to_vec()),
        Some((&ZSTD, bytes)) => decompressed(bytes),
        _ => None,
    }
}

fn split(kind: u8, payload: &[u8], address: Address) -> Result<(Head, &[u8]), StoreError> {
    let unreadable = |_| unreadable(address, "its head");
    let (head, rest) = postcard::take_from_bytes::<Head>(payload).map_err(unreadable)?;
    if kind != EXCHANGES {
        return Ok((head, rest));
    }
    let (batch, rest) = postcard::take_from_bytes(rest).map_err(unreadable)?;
    Ok((Head { batch: Some(batch), ..head }, rest))
}

fn json<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Io(error.into()))
}

fn decompressed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (length, bytes) = bytes.split_first_chunk()?;
    let length = u32::from_le_bytes(*length) as usize;
    let body = (length <= LARGEST_BODY).then(|| zstd::bulk::decompress(bytes, length))?.ok()?;
    (body.len() == length).then_some(body)
}

pub(crate) fn unreadable(address: Address, what: &str) -> StoreError {
    let position = address.position;
    StoreError::Damaged {
        what: format!("{what} at byte {} of segment {} of the log can't be read", position.offset, position.segment),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// If this fails, old stores can't be read any more: add a kind instead.
    #[test]
    fn the_bytes_of_heads_never_change() {
        let run = RunId(uuid::Uuid::from_u128(0x0123_4567_89ab_cdef));
        let batch = BatchId(uuid::Uuid::from_u128(7));
        let hex = |head: &Head| -> String {
            payload(head, b"[]").expect("small").iter().map(|byte| format!("{byte:02x}")).collect()
        };
        let run_hex = "1000000000000000000123456789abcdef";
        let head = Head { as_of: Some(300), blocks: vec![1, 2], ..Head::of(run) };
        assert_eq!(hex(&head), format!("{run_hex}01ac02020102005b5d"));
        let head = Head { batch: Some(batch), ..Head::of(run) };
        assert_eq!(hex(&head), format!("{run_hex}00001000000000000000000000000000000007005b5d"));
    }
}
