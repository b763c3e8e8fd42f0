//! Ids of traces and spans, in the ways they are written.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::ports::BrokenTrace;

use crate::fields::{shown, text, wrong};

/// The id of a trace, in lower-case hexadecimal. MLflow puts `tr-` before it.
pub(crate) fn trace(raw: &str) -> Result<String, BrokenTrace> {
    let said = text(raw)?;
    read::<16>(said.strip_prefix("tr-").unwrap_or(&said)).ok_or_else(|| no_id::<16>(raw))
}

/// The id of a span, in lower-case hexadecimal.
pub(crate) fn span(raw: &str) -> Result<String, BrokenTrace> {
    read::<8>(&text(raw)?).ok_or_else(|| no_id::<8>(raw))
}

/// The id of a span's parent: none where it is a root.
pub(crate) fn parent(raw: &str) -> Result<Option<String>, BrokenTrace> {
    let said = text(raw)?;
    if said.is_empty() || said.bytes().all(|byte| byte == b'0') {
        return Ok(None);
    }
    span(raw).map(Some)
}

/// N bytes in hexadecimal of either case or in Base64. All zeroes is no id.
fn read<const N: usize>(said: &str) -> Option<String> {
    let said = said.strip_prefix("0x").unwrap_or(said);
    let hexadecimal = match said.len() == 2 * N && said.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        true => said.to_ascii_lowercase(),
        false => {
            let bytes: [u8; N] = STANDARD.decode(said).ok()?.try_into().ok()?;
            hexadecimal(&bytes)
        }
    };
    hexadecimal.bytes().any(|byte| byte != b'0').then_some(hexadecimal)
}

pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(half.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn no_id<const N: usize>(raw: &str) -> BrokenTrace {
    wrong(format!("expected an id of {} hexadecimal digits, found {}", 2 * N, shown(raw)))
}

/// An id that follows from what it is of, for what has none.
pub(crate) fn made<const N: usize>(of: &[&[u8]]) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in of {
        hasher.update(&(part.len() as u64).to_le_bytes()).update(part);
    }
    hasher.finalize().to_hex()[..2 * N].to_owned()
}
