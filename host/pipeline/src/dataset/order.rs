//! The order in which rows are worked on where a run may end before its last one.
//!
//! It is drawn by the seed, whatever the rows say: so those that were worked on are a sample of all, and the same ones each time.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use model::row::RowRecord;

/// Where a row stands: rows go by ascending rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    drawn: u64,
    index: u64,
}

impl Rank {
    pub(crate) fn of(seed: u64, index: u64) -> Self {
        let mut hasher = blake3::Hasher::new_derive_key("karat 2026 order of rows");
        hasher.update(&seed.to_le_bytes()).update(&index.to_le_bytes());
        let drawn = hasher.finalize().as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes));
        Self { drawn, index }
    }

    pub(crate) fn index(self) -> u64 {
        self.index
    }
}

/// Rows that are held at once, and bytes of what is long in them.
const MOST_ROWS: usize = 10_000;
const MOST_BYTES: usize = 64 << 20;

/// The rows that come next, of all that a pass over the dataset shows.
pub(super) struct Drawn {
    seed: u64,
    /// The last one that an earlier pass gave.
    behind: Option<Rank>,
    rows: BTreeMap<Rank, RowRecord>,
    bytes: usize,
    /// Whether there were more than could be held.
    is_full: bool,
}

impl Drawn {
    pub(super) fn new(seed: u64, behind: Option<Rank>) -> Self {
        Self { seed, behind, rows: BTreeMap::new(), bytes: 0, is_full: false }
    }

    pub(super) fn add(&mut self, index: u64, row: RowRecord) {
        let rank = Rank::of(self.seed, index);
        if self.behind.is_some_and(|behind| rank <= behind) {
            return;
        }
        self.bytes += length(&row);
        self.rows.insert(rank, row);
        while self.rows.len() > MOST_ROWS || self.bytes > MOST_BYTES && self.rows.len() > 1 {
            let last = self.rows.pop_last();
            self.bytes -= last.map_or(0, |(_, row)| length(&row));
            self.is_full = true;
        }
    }

    /// Calls `each` with the rows in their order. Gives behind which rank another pass has to go on; none where it was the last.
    pub(super) fn finish(self, each: &mut dyn FnMut(u64, RowRecord) -> ControlFlow<()>) -> Option<Rank> {
        let mut last = None;
        for (rank, row) in self.rows {
            if each(rank.index, row).is_break() {
                return None;
            }
            last = Some(rank);
        }
        last.filter(|_| self.is_full)
    }
}

fn length(row: &RowRecord) -> usize {
    let RowRecord { inputs, outputs, expectations, trace, .. } = row;
    let long = [Some(inputs), outputs.as_ref(), expectations.as_ref(), trace.as_ref()];
    long.into_iter().flatten().map(|text| text.as_str().len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::row_record;

    fn order(seed: u64, rows: u64) -> Vec<u64> {
        let (mut seen, mut behind) = (Vec::new(), None);
        loop {
            let mut drawn = Drawn::new(seed, behind);
            (0..rows).for_each(|index| drawn.add(index, row_record(r#"{"inputs":{}}"#)));
            behind = drawn.finish(&mut |index, _| {
                seen.push(index);
                ControlFlow::Continue(())
            });
            if behind.is_none() {
                return seen;
            }
        }
    }

    #[test]
    fn every_row_comes_once_however_many_there_are() {
        for rows in [0, 1, 100, 10_000, 25_000] {
            let mut seen = order(7, rows);
            let is_in_dataset_order = seen.is_sorted();
            assert_eq!(is_in_dataset_order, rows < 2);
            assert!(seen.iter().map(|index| Rank::of(7, *index)).is_sorted());
            seen.sort_unstable();
            assert!(seen.into_iter().eq(0..rows));
        }
    }

    #[test]
    fn the_seed_draws_the_order() {
        assert_eq!(order(1, 50), order(1, 50));
        assert_ne!(order(1, 50), order(2, 50));
    }

    #[test]
    fn long_rows_are_held_a_few_at_a_time() {
        let text = format!("{{\"inputs\":{{\"text\":\"{}\"}}}}", "x".repeat(MOST_BYTES / 3));
        let mut drawn = Drawn::new(0, None);
        (0..10).for_each(|index| drawn.add(index, row_record(&text)));
        assert!(drawn.rows.len() < 4 && drawn.is_full);
    }
}
