//! The body of a frame of results: each as `index u64 | trial u32 | length u32 | record`, little-endian.

use std::ops::Range;

use model::ports::StoreError;
use model::run::RowResult;

use crate::records;

/// Bytes before each record.
const HEAD: usize = 16;

/// Where a result belongs: row, then trial.
pub(crate) type Place = (u64, u32);

pub(crate) fn write(results: &[RowResult]) -> Result<Vec<u8>, StoreError> {
    write_up_to(results, usize::MAX).map(|(body, _)| body)
}

/// Writes results until there are so many bytes. Returns how many it was as well: at least one, if there are any.
pub(crate) fn write_up_to(results: &[RowResult], bytes: usize) -> Result<(Vec<u8>, usize), StoreError> {
    let mut body = Vec::new();
    for (written, result) in results.iter().enumerate() {
        if written > 0 && body.len() >= bytes {
            return Ok((body, written));
        }
        body.extend_from_slice(&result.index.to_le_bytes());
        body.extend_from_slice(&result.trial.to_le_bytes());
        let start = body.len() + 4;
        body.extend_from_slice(&[0; 4]);
        body = records::encode_result(result, body)?;
        let length = u32::try_from(body.len() - start).map_err(|error| StoreError::Io(std::io::Error::other(error)))?;
        body[start - 4..start].copy_from_slice(&length.to_le_bytes());
    }
    Ok((body, results.len()))
}

/// Where the results of a body belong, and the bytes of each, its head included. None where the body is broken.
pub(crate) fn places(body: &[u8]) -> Option<Vec<(Place, Range<usize>)>> {
    let mut places = Vec::new();
    let mut start = 0;
    while start < body.len() {
        let head: &[u8; HEAD] = body.get(start..)?.first_chunk()?;
        let index = u64::from_le_bytes(head[..8].try_into().expect("8 bytes"));
        let trial = u32::from_le_bytes(head[8..12].try_into().expect("4 bytes"));
        let length = u32::from_le_bytes(head[12..].try_into().expect("4 bytes")) as usize;
        let end = (start + HEAD).checked_add(length).filter(|&end| end <= body.len())?;
        places.push(((index, trial), start..end));
        start = end;
    }
    Some(places)
}

/// Reads the result in `bytes`, its head included; says why where it is none.
pub(crate) fn read(bytes: &[u8], place: Place) -> Result<RowResult, String> {
    records::decode_result(&bytes[HEAD..], place)
}
