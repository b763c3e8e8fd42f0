//! What of traces is written to the log: the payloads of its frames.
//!
//! ```text
//! spans:       head, postcard: as-of, experiment, arrived, chunks | of each chunk: digests packed, spans packed
//! annotations: head, postcard: as-of | annotations as JSON, packed
//! deletions:   head, postcard: traces
//! packed:      raw length u32 | crc32c u32 | zstd
//! ```
//!
//! A chunk is what one request brought of one trace. It can be read alone, by its place in the segment; that is why it has
//! checksums of its own. Digests are apart from spans, so that the index is made anew without uncompressing a span.

use std::borrow::Cow;
use std::cell::RefCell;
use std::io;
use std::ops::Range;

use model::ports::{Annotation, SpanBatch, StoreError};
use serde::{Deserialize, Serialize};
use zstd::bulk::{Compressor, Decompressor};

use super::codec;
use super::id::{self, TraceId};
use crate::log::{Address, frame};
use crate::operation::{Payload, unreadable};

/// Kinds of frames, beside those of runs. None is ever used again.
pub(crate) const SPANS: u8 = 6;
pub(crate) const ANNOTATIONS: u8 = 7;
pub(crate) const DELETION: u8 = 8;

/// Spans are written once, on the way of a request: speed before size.
const LEVEL: i32 = 1;

/// What a raw length can't be beyond: it bounds what a damaged one makes the reader allocate.
const LARGEST: usize = 1 << 30;

/// Bytes before what is packed.
const PACKED_HEAD: usize = 8;

/// Annotations of one frame: to read one, the frame is read.
pub(super) const MOST_ANNOTATIONS: usize = 64;

/// Whether a frame is about traces.
pub(crate) fn is_of_traces(kind: u8) -> bool {
    matches!(kind, SPANS | ANNOTATIONS | DELETION)
}

/// A frame of spans, but for the spans.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct SpansHead<'a> {
    /// The sequence number of the frame that this is a copy of.
    pub(super) as_of: Option<u64>,
    #[serde(borrow)]
    pub(super) experiment: Cow<'a, str>,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub(super) arrived: u64,
    pub(super) chunks: Vec<ChunkHead>,
}

/// What a request brought of one trace.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub(super) struct ChunkHead {
    pub(super) trace: TraceId,
    /// Bytes of what is packed.
    pub(super) digests: u32,
    pub(super) spans: u32,
}

/// Chunks, and where in the payload they are.
pub(super) type Chunks = Vec<(ChunkHead, Range<usize>)>;

#[derive(Debug, Default, Deserialize, Serialize)]
struct AnnotationsHead {
    as_of: Option<u64>,
}

/// A frame with spans of any traces. No batch is empty.
pub(super) fn spans(experiment: &str, arrived: u64, batches: &[SpanBatch]) -> Result<Payload, StoreError> {
    let mut body = Vec::new();
    let mut chunks = Vec::with_capacity(batches.len());
    for SpanBatch { trace, spans } in batches {
        let trace = id::trace(trace)?;
        if let Some((span, digest)) = spans.iter().find(|(span, digest)| span.id != digest.id) {
            let what = format!("span `{}` came with what span `{}` adds", span.id, digest.id);
            return Err(StoreError::Invalid { what });
        }
        let digests = pack(&codec::write_digests(spans.iter().map(|(_, digest)| digest))?, &mut body)?;
        let spans = pack(&codec::write_spans(spans.iter().map(|(span, _)| span))?, &mut body)?;
        chunks.push(ChunkHead { trace, digests, spans });
    }
    spans_payload(&SpansHead { as_of: None, experiment: experiment.into(), arrived, chunks }, &body)
}

/// A frame again, for another place, with the chunks given.
pub(super) fn spans_payload(head: &SpansHead<'_>, body: &[u8]) -> Result<Payload, StoreError> {
    let mut payload = postcard::to_stdvec(head).map_err(io::Error::other)?;
    payload.extend_from_slice(body);
    Ok((SPANS, payload))
}

/// The head of a frame of spans, and where in its payload its chunks are.
pub(super) fn read_spans(payload: &[u8], address: Address) -> Result<(SpansHead<'_>, Chunks), StoreError> {
    let unreadable = || unreadable(address, "its head");
    let (head, body): (SpansHead<'_>, _) = postcard::take_from_bytes(payload).map_err(|_| unreadable())?;
    let mut at = payload.len() - body.len();
    let mut chunks = Vec::with_capacity(head.chunks.len());
    for chunk in &head.chunks {
        let length = chunk.digests as usize + chunk.spans as usize;
        if payload.len() - at < length {
            return Err(unreadable());
        }
        chunks.push((*chunk, at..at + length));
        at += length;
    }
    Ok((head, chunks))
}

/// Where in a segment a part of a frame's payload begins.
pub(super) fn offset(address: Address, in_payload: usize) -> u64 {
    address.position.offset + (frame::HEAD + in_payload) as u64
}

/// A frame of annotations; `as_of` where it is a copy.
pub(super) fn annotations(as_of: Option<u64>, annotations: &[Annotation]) -> Result<Payload, StoreError> {
    let mut payload = postcard::to_stdvec(&AnnotationsHead { as_of }).map_err(io::Error::other)?;
    pack(&serde_json::to_vec(annotations).map_err(io::Error::other)?, &mut payload)?;
    Ok((ANNOTATIONS, payload))
}

/// What a frame of annotations is a copy of, and what is in it.
pub(super) fn read_annotations(payload: &[u8], address: Address) -> Result<(Option<u64>, Vec<Annotation>), StoreError> {
    let (AnnotationsHead { as_of }, packed) =
        postcard::take_from_bytes(payload).map_err(|_| unreadable(address, "its head"))?;
    let json = unpack(packed).ok_or_else(|| unreadable(address, "its body"))?;
    let annotations = serde_json::from_slice(&json);
    Ok((as_of, annotations.map_err(|error| unreadable(address, &format!("its annotations ({error})")))?))
}

pub(super) fn deletion(traces: &[TraceId]) -> Result<Payload, StoreError> {
    Ok((DELETION, postcard::to_stdvec(traces).map_err(io::Error::other)?))
}

pub(super) fn read_deletion(payload: &[u8], address: Address) -> Result<Vec<TraceId>, StoreError> {
    postcard::from_bytes(payload).map_err(|_| unreadable(address, "its traces"))
}

thread_local! {
    /// Making one takes longer than a chunk does.
    static COMPRESSOR: RefCell<io::Result<Compressor<'static>>> = RefCell::new(Compressor::new(LEVEL));
    static DECOMPRESSOR: RefCell<io::Result<Decompressor<'static>>> = RefCell::new(Decompressor::new());
}

/// Adds bytes to `to`, packed. Returns how many they have become.
fn pack(bytes: &[u8], to: &mut Vec<u8>) -> io::Result<u32> {
    let too_many = || io::Error::other(format!("{} bytes are too many for one record of the store", bytes.len()));
    let raw = u32::try_from(bytes.len()).ok().filter(|_| bytes.len() <= LARGEST).ok_or_else(too_many)?;
    let packed = COMPRESSOR.with_borrow_mut(|compressor| match compressor {
        Ok(compressor) => compressor.compress(bytes),
        Err(error) => Err(io::Error::new(error.kind(), error.to_string())),
    })?;
    to.extend_from_slice(&raw.to_le_bytes());
    to.extend_from_slice(&crc32c::crc32c(&packed).to_le_bytes());
    to.extend_from_slice(&packed);
    u32::try_from(PACKED_HEAD + packed.len()).map_err(|_| too_many())
}

/// Bytes that were packed; none where they are damaged.
pub(super) fn unpack(packed: &[u8]) -> Option<Vec<u8>> {
    let (head, packed) = packed.split_first_chunk::<PACKED_HEAD>()?;
    let raw = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let checksum = u32::from_le_bytes([head[4], head[5], head[6], head[7]]);
    if raw > LARGEST || crc32c::crc32c(packed) != checksum {
        return None;
    }
    let bytes =
        DECOMPRESSOR.with_borrow_mut(|decompressor| decompressor.as_mut().ok()?.decompress(packed, raw).ok())?;
    (bytes.len() == raw).then_some(bytes)
}
