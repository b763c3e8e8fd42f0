//! What two sequences have in common, by their n-grams.

use karat_sdk::prelude::*;
use rustc_hash::FxHashMap;

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

    /// Of two texts together what there is of each.
    pub(crate) fn add(&mut self, more: Self) {
        self.outputs += more.outputs;
        self.expected += more.expected;
        self.shared += more.shared;
    }

    /// The harmonic mean of precision and recall, and these two as verdicts of their own.
    pub(crate) fn feedback(self) -> Feedback<f64> {
        let (precision, recall) = (self.precision(), self.recall());
        let f1 = if self.shared == 0 { 0.0 } else { 2.0 * precision * recall / (precision + recall) };
        Feedback::from(f1).with("precision", precision).with("recall", recall)
    }
}

/// The overlap of the n-grams of `outputs` and `expected`, for every n from 1 to `longest`. Symbols are small numbers.
pub(crate) fn overlaps(outputs: &[u32], expected: &[u32], longest: usize) -> Vec<Overlap> {
    let mut tree = Tree::new(outputs, expected);
    for start in 0..expected.len() {
        tree.add(window(expected, start, longest));
    }
    let mut shared = vec![0; longest];
    for start in 0..outputs.len() {
        tree.take(window(outputs, start, longest), &mut shared);
    }
    let ngrams = |symbols: &[u32], n: usize| (symbols.len() + 1).saturating_sub(n);
    let overlap = |(n, shared)| Overlap { outputs: ngrams(outputs, n), expected: ngrams(expected, n), shared };
    (1..).zip(shared).map(overlap).collect()
}

fn window(symbols: &[u32], start: usize, longest: usize) -> &[u32] {
    &symbols[start..(start + longest).min(symbols.len())]
}

/// N-grams and how often each is there. One is a node below the one that it goes on. Few symbols go on a longer one, so
/// that those below a node are found one after the other sooner than by a hash; where they are many, by a hash.
struct Tree {
    nodes: Vec<Node>,
    unlisted: FxHashMap<(u32, u32), u32>,
}

/// How many nodes below another are looked at one after the other.
const LISTED: u32 = 32;

/// Other nodes are told by their place; 0 is none. The nodes of single symbols are in the places of these.
#[derive(Clone, Copy, Default)]
struct Node {
    symbol: u32,
    count: u32,
    first_below: u32,
    listed_below: u32,
    next: u32,
}

impl Tree {
    /// With a node for every symbol.
    fn new(outputs: &[u32], expected: &[u32]) -> Self {
        let last = outputs.iter().chain(expected).max().copied().unwrap_or(0);
        let mut nodes = Vec::with_capacity(last as usize + 1 + expected.len());
        nodes.resize(last as usize + 1, Node::default());
        Self { nodes, unlisted: FxHashMap::default() }
    }

    /// Counts all n-grams that a window begins with.
    fn add(&mut self, window: &[u32]) {
        let mut node = window[0];
        self.nodes[node as usize].count += 1;
        for symbol in &window[1..] {
            node = match self.below(node, *symbol) {
                0 => self.push(node, *symbol),
                below => below,
            };
            self.nodes[node as usize].count += 1;
        }
    }

    /// Takes away those of all n-grams that a window begins with which are still there, and counts them by n.
    fn take(&mut self, window: &[u32], taken: &mut [usize]) {
        let mut node = window[0];
        for (at, taken) in taken.iter_mut().enumerate().take(window.len()) {
            if at > 0 {
                node = self.below(node, window[at]);
            }
            if node == 0 {
                return;
            }
            let count = &mut self.nodes[node as usize].count;
            *taken += usize::from(*count > 0);
            *count = count.saturating_sub(1);
        }
    }

    fn below(&self, node: u32, symbol: u32) -> u32 {
        let Node { first_below, listed_below, .. } = self.nodes[node as usize];
        let mut below = first_below;
        while below != 0 && self.nodes[below as usize].symbol != symbol {
            below = self.nodes[below as usize].next;
        }
        if below == 0 && listed_below == LISTED {
            return self.unlisted.get(&(node, symbol)).copied().unwrap_or(0);
        }
        below
    }

    fn push(&mut self, node: u32, symbol: u32) -> u32 {
        let place = u32::try_from(self.nodes.len()).expect("nodes in 4 GiB of memory");
        let above = &mut self.nodes[node as usize];
        let mut next = 0;
        if above.listed_below == LISTED {
            self.unlisted.insert((node, symbol), place);
        } else {
            above.listed_below += 1;
            next = std::mem::replace(&mut above.first_below, place);
        }
        self.nodes.push(Node { symbol, next, ..Node::default() });
        place
    }
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
    fn any_number_of_symbols_may_go_on_the_same_one() {
        let symbols: Vec<_> = (2..500).flat_map(|symbol| [1, symbol]).collect();
        check(&symbols, &symbols, &[996, 995, 994]);
        let reversed: Vec<_> = symbols.iter().rev().copied().collect();
        check(&symbols, &reversed, &[996, 994, 497]);
    }

    #[test]
    fn all_of_them_are_counted() {
        let [one, two] = overlaps(&[1, 2, 3], &[3], 2)[..] else { panic!("two orders") };
        assert_eq!(one, Overlap { outputs: 3, expected: 1, shared: 1 });
        assert_eq!(two, Overlap { outputs: 2, expected: 0, shared: 0 });
    }
}
