//! What was sent, decompressed: never more than a request may have, however small it was.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use crate::admission::Held;
use crate::options::Bounds;
use crate::refusal::{Kind, Refusal};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    Identity,
    Gzip,
    Deflate,
    Zstd,
}

/// Decompressed, this much may be as dense as it likes: many small spans that are all alike are no attack.
const FREE_OF_RATIO: usize = 1 << 20;

/// As RFC 8878 recommends: a frame that asks for a larger window is not read.
const ZSTD_WINDOW_LOG: u32 = 23;

impl Compression {
    /// # Errors
    ///
    /// Refuses what is not known here, and several at once.
    pub(crate) fn named(name: &str) -> Result<Self, Refusal> {
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(Self::Identity),
            "gzip" | "x-gzip" => Ok(Self::Gzip),
            "deflate" => Ok(Self::Deflate),
            "zstd" => Ok(Self::Zstd),
            _ => Err(Refusal::new(Kind::Unsupported, "the request is compressed in a way that is not known here")
                .hint("use gzip, deflate, zstd or identity")),
        }
    }
}

/// # Errors
///
/// Refuses what is broken, what becomes too much, and what there is no room for.
pub(crate) fn decompress(
    sent: Bytes,
    compression: Compression,
    bounds: &Bounds,
    held: &mut Held,
) -> Result<Bytes, Refusal> {
    match compression {
        Compression::Identity => Ok(sent),
        Compression::Gzip => read(MultiGzDecoder::new(&sent[..]), &sent, bounds, held),
        // The name stands for zlib's format (RFC 9110); some send what is within it.
        Compression::Deflate if is_zlib(&sent) => read(ZlibDecoder::new(&sent[..]), &sent, bounds, held),
        Compression::Deflate => read(DeflateDecoder::new(&sent[..]), &sent, bounds, held),
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::with_buffer(&sent[..]).map_err(|error| broken(&error))?;
            decoder.window_log_max(ZSTD_WINDOW_LOG).map_err(|error| broken(&error))?;
            read(decoder, &sent, bounds, held)
        }
    }
}

/// The method and a check of the first two bytes (RFC 1950).
fn is_zlib(sent: &[u8]) -> bool {
    matches!(sent, [first, second, ..] if first & 0x0f == 8 && u16::from_be_bytes([*first, *second]) % 31 == 0)
}

fn read(mut decoder: impl Read, sent: &[u8], bounds: &Bounds, held: &mut Held) -> Result<Bytes, Refusal> {
    let dense = sent.len().saturating_mul(bounds.ratio).max(FREE_OF_RATIO);
    let mut all = Vec::new();
    let mut block = vec![0; 64 << 10];
    loop {
        let read = match decoder.read(&mut block) {
            Ok(0) => return Ok(all.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(broken(&error)),
        };
        if all.len() + read > bounds.request_bytes {
            let most = bounds.request_bytes;
            return Err(Refusal::too_large(format!("the request has more than {most} bytes when it is decompressed"))
                .hint("send fewer spans at once"));
        }
        if all.len() + read > dense {
            let ratio = bounds.ratio;
            return Err(Refusal::too_large(format!(
                "the request becomes more than {ratio} times as large decompressed"
            )));
        }
        held.grow(read)?;
        all.extend_from_slice(&block[..read]);
    }
}

fn broken(error: &io::Error) -> Refusal {
    Refusal::bad_request(format!("the request can't be decompressed: {error}"))
}
