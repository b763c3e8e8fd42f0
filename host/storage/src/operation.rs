//! What is written to the log: the payloads of its frames.
//!
//! ```text
//! head, postcard: run, as-of, blocks | codec u8 | body
//! ```
//!
//! The view is made of heads alone. Bodies are compressed where that helps. Structs here are frozen, down to the
//! order of fields: a change is a new kind of frame beside the old.

use model::ports::StoreError;
use model::run::{RowResult, RunId};
use serde::{Deserialize, Serialize};

use crate::log::{Address, Stored};
use crate::results as body;
use crate::view::keys;

/// Kinds of frames. New ones get new numbers; none is ever used again.
pub(crate) const HEADER: u8 = 1;
pub(crate) const RESULTS: u8 = 2;
pub(crate) const REPORT: u8 = 3;
pub(crate) const DELETION: u8 = 4;

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
}

impl Head {
    fn of(run: RunId) -> Self {
        Self { run, as_of: None, blocks: Vec::new() }
    }

    pub(crate) fn read(payload: &[u8], address: Address) -> Result<Self, StoreError> {
        split(payload, address).map(|(head, _)| head)
    }
}

/// A payload, and the kind of frame it makes.
pub(crate) type Payload = (u8, Vec<u8>);

/// The header or the report of a run, as JSON.
pub(crate) fn document<T: Serialize>(kind: u8, run: RunId, document: &T) -> Result<Payload, StoreError> {
    let json = serde_json::to_vec(document).map_err(|error| StoreError::Io(error.into()))?;
    Ok((kind, payload(&Head::of(run), &json)?))
}

pub(crate) fn deletion(run: RunId) -> Result<Payload, StoreError> {
    Ok((DELETION, payload(&Head::of(run), &[])?))
}

/// Results of a run; of two of the same row and trial the last one counts.
pub(crate) fn results(run: RunId, results: &[RowResult]) -> Result<Payload, StoreError> {
    let head = Head { blocks: blocks(results.iter().map(|result| result.index)), ..Head::of(run) };
    Ok((RESULTS, payload(&head, &body::write(results)?)?))
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
    let (head, body) = split(&stored.payload, address)?;
    let body = match body.split_first() {
        Some((&PLAIN, bytes)) => Some(bytes.to_vec()),
        Some((&ZSTD, bytes)) => decompressed(bytes),
        _ => None,
    };
    Ok((head, body.ok_or_else(|| unreadable(address, "its body"))?))
}

fn payload(head: &Head, body: &[u8]) -> Result<Vec<u8>, StoreError> {
    if body.len() > LARGEST_BODY {
        let message = format!("{} bytes are too many for one record of the store", body.len());
        return Err(StoreError::Io(std::io::Error::other(message)));
    }
    let mut payload = postcard::to_stdvec(head).map_err(|error| StoreError::Io(std::io::Error::other(error)))?;
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

fn split(payload: &[u8], address: Address) -> Result<(Head, &[u8]), StoreError> {
    postcard::take_from_bytes(payload).map_err(|_| unreadable(address, "its head"))
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
