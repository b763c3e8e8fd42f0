//! What two sequences have in common, by their n-grams.

use karat_sdk::prelude::*;

/// The longest n-grams that are counted.
pub(crate) const LONGEST: usize = 6;

/// Bits of a symbol: enough for any character, and six of them beside one bit more in 128.
const BITS: usize = 21;

/// How many items the outputs have, how many the expected response, and how many both, each item as often as it is in both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Overlap {
    pub(crate) outputs: usize,
    pub(crate) expected: usize,
    pub(crate) shared: usize,
}

impl Overlap {
    /// The part of the outputs that is in the expected response; 0 of nothing.
    pub(crate) fn precision(self) -> f64 {
        self.shared as f64 / self.outputs.max(1) as f64
    }

    /// The part of the expected response that is in the outputs; 0 of nothing.
    pub(crate) fn recall(self) -> f64 {
        self.shared as f64 / self.expected.max(1) as f64
    }

    /// The harmonic mean of precision and recall, and these two as verdicts of their own.
    pub(crate) fn feedback(self) -> Feedback<f64> {
        let (precision, recall) = (self.precision(), self.recall());
        let f1 = if self.shared == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        Feedback::from(f1).with("precision", precision).with("recall", recall)
    }
}

/// The overlap of the n-grams of `outputs` and `expected`, for every n from 1 to `longest`. Symbols are numbers from 1 that
/// fit 21 bits.
///
/// A window of `longest` symbols from each place is one number. Sorted, all windows with the same beginning stand
/// together, so that one sort serves every n.
pub(crate) fn overlaps(outputs: &[u32], expected: &[u32], longest: usize) -> Vec<Overlap> {
    let mut windows = Vec::with_capacity(outputs.len() + expected.len());
    push_windows(&mut windows, expected, longest, 0);
    push_windows(&mut windows, outputs, longest, 1);
    windows.sort_unstable();
    let ngrams = |symbols: &[u32], n: usize| (symbols.len() + 1).saturating_sub(n);
    let shared = shared(&windows, longest);
    let overlap = |n| Overlap { outputs: ngrams(outputs, n), expected: ngrams(expected, n), shared: shared[n] };
    (1..=longest).map(overlap).collect()
}

/// The windows from each place on, the first symbol in the highest bits, zeros behind the last one and `side` in the lowest
/// bit.
fn push_windows(windows: &mut Vec<u128>, symbols: &[u32], longest: usize, side: u128) {
    let mut window = 0;
    for symbol in symbols.iter().rev() {
        window = (window >> BITS) | (u128::from(*symbol) << ((LONGEST - 1) * BITS));
        let kept = window >> ((LONGEST - longest) * BITS) << ((LONGEST - longest) * BITS);
        windows.push(kept << 1 | side);
    }
}

/// How many n-grams both sides have, by n.
fn shared(windows: &[u128], longest: usize) -> [usize; LONGEST + 1] {
    // Of the n-gram at hand: how often each side has it, but for what is still counted with one that begins with it.
    let mut open = [[0_usize; 2]; LONGEST + 1];
    let mut shared = [0; LONGEST + 1];
    let mut before = 0;
    for window in windows.iter().copied().chain([0]) {
        let equal = ((before ^ window) >> 1).leading_zeros() as usize;
        let common = ((equal - 2) / BITS).min(longest);
        for n in (common + 1..=longest).rev() {
            let [expected, outputs] = std::mem::take(&mut open[n]);
            shared[n] += expected.min(outputs);
            open[n - 1][0] += expected;
            open[n - 1][1] += outputs;
        }
        let length = LONGEST - ((window >> 1).trailing_zeros() as usize / BITS).min(LONGEST);
        open[length][(window & 1) as usize] += 1;
        before = window;
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(outputs: &[u32], expected: &[u32], shared: &[usize]) {
        let seen: Vec<_> = overlaps(outputs, expected, shared.len()).iter().map(|overlap| overlap.shared).collect();
        assert_eq!(seen, shared);
    }

    #[test]
    fn an_ngram_counts_as_often_as_both_have_it() {
        check(&[1, 1, 1], &[1, 1], &[2, 1, 0]);
        check(&[1, 2, 3, 1, 2], &[1, 2, 4, 1, 2, 3], &[5, 3, 1]);
        check(&[1, 2], &[3, 4], &[0, 0]);
    }

    #[test]
    fn the_end_of_a_text_is_no_symbol() {
        check(&[1, 2], &[1, 2, 3], &[2, 1, 0]);
        check(&[1], &[1], &[1, 0, 0, 0, 0, 0]);
        check(&[], &[1], &[0, 0]);
    }

    #[test]
    fn symbols_may_be_as_large_as_characters() {
        let last = u32::from(char::MAX) + 1;
        check(&[last; 7], &[last; 8], &[7, 6, 5, 4, 3, 2]);
        check(&[last, 1, last], &[last, 2, last], &[2, 0, 0]);
    }

    #[test]
    fn all_of_them_are_counted() {
        let [one, two] = overlaps(&[1, 2, 3], &[3], 2)[..] else { panic!("two orders") };
        assert_eq!(one, Overlap { outputs: 3, expected: 1, shared: 1 });
        assert_eq!(two, Overlap { outputs: 2, expected: 0, shared: 0 });
    }
}
