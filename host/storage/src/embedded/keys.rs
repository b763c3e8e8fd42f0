//! Where each record lives: the first byte of a key is its table, integers are big-endian, so that keys sort as the
//! store lists things.
//!
//! | key | record |
//! |---|---|
//! | `R` !run(16) | header of a run; inverted, so that the newest comes first |
//! | `E` run(16) | report of a run that ended |
//! | `v` run(16) index(8) trial(4) | result of a trial of a row |
//! | `X` run(16) | a deletion that is not finished: digest of the run's dataset |
//!
//! A record that is too long for one value goes on under its key with a part number behind it (see `envelope`).

use model::run::RunId;

/// All headers.
pub(crate) const RUNS: &[u8] = b"R";

/// All unfinished deletions.
pub(crate) const DELETIONS: &[u8] = b"X";

pub(crate) const RUN_LENGTH: usize = 17;
pub(crate) const RESULT_LENGTH: usize = 29;

pub(crate) fn run(run: RunId) -> [u8; RUN_LENGTH] {
    with_table(b'R', !run.0.as_u128())
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

pub(crate) fn result(run: RunId, index: u64, trial: u32) -> [u8; RESULT_LENGTH] {
    let mut key = [0; RESULT_LENGTH];
    key[..17].copy_from_slice(&results(run));
    key[17..25].copy_from_slice(&index.to_be_bytes());
    key[25..].copy_from_slice(&trial.to_be_bytes());
    key
}

/// Index and trial, from the key of a result.
pub(crate) fn position(key: &[u8]) -> Option<(u64, u32)> {
    let (key, trial) = key.split_last_chunk()?;
    let (_, index) = key.split_last_chunk()?;
    Some((u64::from_be_bytes(*index), u32::from_be_bytes(*trial)))
}

/// The run, from the key of a deletion.
pub(crate) fn deleted_run(key: &[u8]) -> Option<RunId> {
    let (_, run) = key.split_last_chunk()?;
    Some(RunId(uuid::Uuid::from_bytes(*run)))
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
    fn results_sort_by_run_then_index_then_trial() {
        let keys = [
            result(id(1), 0, 7),
            result(id(1), 1, 0),
            result(id(1), 255, 9),
            result(id(1), 256, 0),
            result(id(1), 256, 1),
            result(id(1), u64::MAX, u32::MAX),
            result(id(2), 0, 0),
        ];
        assert!(keys.is_sorted());
        assert_eq!(position(&keys[2]), Some((255, 9)));
    }

    #[test]
    fn later_runs_sort_first() {
        assert!(run(id(2)) < run(id(1)));
        assert_eq!(deleted_run(&deletion(id(3))), Some(id(3)));
    }
}
