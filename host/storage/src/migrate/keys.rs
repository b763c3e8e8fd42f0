//! Where each record of layout 1 is: the first byte of a key is its table, integers are big-endian.
//!
//! | key | record |
//! |---|---|
//! | `R` !run(16) | header of a run |
//! | `E` run(16) | report of a run that ended |
//! | `v` run(16) index(8) trial(4) | result of a trial of a row |
//!
//! There may be results of a run that has no header any more: they were about to be deleted.

use model::run::RunId;

/// All headers.
pub(crate) const RUNS: &[u8] = b"R";

pub(crate) const RUN_LENGTH: usize = 17;
pub(crate) const RESULT_LENGTH: usize = 29;

pub(crate) fn report(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'E', run)
}

/// What the keys of all results of a run begin with.
pub(crate) fn results(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'v', run)
}

/// Index and trial, from the key of a result.
pub(crate) fn position(key: &[u8]) -> Option<(u64, u32)> {
    let (key, trial) = key.split_last_chunk()?;
    let (_, index) = key.split_last_chunk()?;
    Some((u64::from_be_bytes(*index), u32::from_be_bytes(*trial)))
}

fn with_table(table: u8, run: RunId) -> [u8; RUN_LENGTH] {
    let mut key = [table; RUN_LENGTH];
    key[1..].copy_from_slice(run.0.as_bytes());
    key
}
