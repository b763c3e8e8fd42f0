//! Where each entry lives: the first byte of a key is its table, integers are big-endian, so that keys sort as the
//! store lists things.
//!
//! | key | entry points to |
//! |---|---|
//! | `0` | nothing: it is the mark, see `view` |
//! | `R` !run(16) | the header of a run; inverted, so that the newest comes first |
//! | `E` run(16) | the report of a run that ended |
//! | `v` run(16) block(8) as-of(8) | a frame with results of this block of rows |
//! | `x` run(16) batch(16) | a frame with exchanges |
//! | `X` run(16) | the deletion of a run |
//! | `d` kind(1) key | a frame with a change of the document |
//! | `D` kind(1) key | the frame that removed the document |

use model::judge::BatchId;
use model::run::RunId;

pub(crate) const MARK: &[u8] = b"0";

/// All headers.
pub(crate) const RUNS: &[u8] = b"R";

/// All documents.
pub(crate) const DOCUMENTS: &[u8] = b"d";

const RUN_LENGTH: usize = 17;

/// What the keys of all results of a block begin with, in bytes.
pub(crate) const BLOCK_PREFIX: usize = 25;

const BLOCK_LENGTH: usize = 33;
const BATCH_LENGTH: usize = 33;

/// Rows whose results are found by one look into the view.
const BLOCK_ROWS: u64 = 256;

/// The block a row's results are in.
pub(crate) fn block(index: u64) -> u64 {
    index / BLOCK_ROWS
}

pub(crate) fn header(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'R', !run.0.as_u128())
}

/// The run, from the key of its header.
pub(crate) fn run(key: &[u8]) -> Option<RunId> {
    let (_, run) = key.split_last_chunk::<16>()?;
    Some(RunId(uuid::Uuid::from_u128(!u128::from_be_bytes(*run))))
}

pub(crate) fn report(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'E', run.0.as_u128())
}

pub(crate) fn deletion(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'X', run.0.as_u128())
}

/// What the keys of all results of a run begin with.
pub(crate) fn results(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'v', run.0.as_u128())
}

/// Results of a block as of the frame of a sequence number.
pub(crate) fn results_of(run: RunId, block: u64, as_of: u64) -> [u8; BLOCK_LENGTH] {
    let mut key = [0; BLOCK_LENGTH];
    key[..17].copy_from_slice(&results(run));
    key[17..25].copy_from_slice(&block.to_be_bytes());
    key[25..].copy_from_slice(&as_of.to_be_bytes());
    key
}

/// Block and sequence number, from the key of results.
pub(crate) fn block_and_as_of(key: &[u8]) -> Option<(u64, u64)> {
    let (key, as_of) = key.split_last_chunk()?;
    let (_, block) = key.split_last_chunk()?;
    Some((u64::from_be_bytes(*block), u64::from_be_bytes(*as_of)))
}

/// What the keys of all exchanges of a run begin with.
pub(crate) fn exchanges(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'x', run.0.as_u128())
}

pub(crate) fn exchanges_of(run: RunId, batch: BatchId) -> [u8; BATCH_LENGTH] {
    let mut key = [0; BATCH_LENGTH];
    key[..RUN_LENGTH].copy_from_slice(&exchanges(run));
    key[RUN_LENGTH..].copy_from_slice(batch.0.as_bytes());
    key
}

/// The batch, from the key of exchanges.
pub(crate) fn batch(key: &[u8]) -> Option<BatchId> {
    let (_, batch) = key.split_last_chunk()?;
    Some(BatchId(uuid::Uuid::from_bytes(*batch)))
}

/// A document, or what the keys of all of a kind begin with whose own keys begin so.
pub(crate) fn document(kind: u8, key: &str) -> Vec<u8> {
    [&[b'd', kind], key.as_bytes()].concat()
}

/// The removal of a document.
pub(crate) fn removal(kind: u8, key: &str) -> Vec<u8> {
    [&[b'D', kind], key.as_bytes()].concat()
}

/// The document's own key, from that of its entry.
pub(crate) fn document_key(key: &[u8]) -> Option<&str> {
    std::str::from_utf8(key.get(2..)?).ok()
}

/// What the key of results has in common with all of its block, where it is one.
pub(crate) fn block_prefix(key: &[u8]) -> Option<&[u8]> {
    (key.len() == BLOCK_LENGTH && key.starts_with(b"v")).then(|| &key[..BLOCK_PREFIX])
}

/// Whether the entry says that something is gone, be it a run or a document.
pub(crate) fn is_deletion(key: &[u8]) -> bool {
    key.starts_with(b"X") || key.starts_with(b"D")
}

fn with_table(table: u8, number: u128) -> [u8; RUN_LENGTH] {
    let mut key = [table; RUN_LENGTH];
    key[1..].copy_from_slice(&number.to_be_bytes());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: u128) -> RunId {
        RunId(uuid::Uuid::from_u128(number))
    }

    #[test]
    fn results_sort_by_run_then_block_then_age() {
        let keys = [
            results_of(id(1), 0, 7),
            results_of(id(1), 1, 0),
            results_of(id(1), 255, 9),
            results_of(id(1), 256, 0),
            results_of(id(1), 256, 1),
            results_of(id(1), u64::MAX, u64::MAX),
            results_of(id(2), 0, 0),
        ];
        assert!(keys.is_sorted());
        assert_eq!(block_and_as_of(&keys[2]), Some((255, 9)));
    }

    #[test]
    fn documents_sort_by_kind_then_by_the_bytes_of_their_keys() {
        let keys = [document(1, "b"), document(2, "a"), document(2, "a/"), document(2, "a0"), document(2, "\u{e4}")];
        assert!(keys.is_sorted());
        assert_eq!(document_key(&keys[4]), Some("\u{e4}"));
    }

    #[test]
    fn later_runs_sort_first() {
        assert!(header(id(2)) < header(id(1)));
        assert_eq!(run(&header(id(3))), Some(id(3)));
    }
}
