//! What the spans of the latest traces have said, in memory, so that more of them can be added without reading the log.
//!
//! Two generations: when the younger has its share of spans, it becomes the older, and what the older held is read from the
//! log again when it is needed.

use std::collections::HashMap;

use model::digest::Fold;

use super::table::TraceNumber;

/// Spans of a generation.
const MOST_SPANS: usize = 20_000;

#[derive(Debug, Default)]
pub(super) struct Folds {
    young: HashMap<TraceNumber, Fold>,
    old: HashMap<TraceNumber, Fold>,
    /// Of the younger.
    spans: usize,
}

impl Folds {
    pub(super) fn has(&self, trace: TraceNumber) -> bool {
        self.young.contains_key(&trace) || self.old.contains_key(&trace)
    }

    /// Takes a fold out.
    pub(super) fn take(&mut self, trace: TraceNumber) -> Option<Fold> {
        match self.young.remove(&trace) {
            Some(fold) => {
                self.spans -= fold.spans().len();
                Some(fold)
            }
            None => self.old.remove(&trace),
        }
    }

    pub(super) fn put(&mut self, trace: TraceNumber, fold: Fold) {
        self.spans += fold.spans().len();
        self.young.insert(trace, fold);
        if self.spans > MOST_SPANS {
            self.old = std::mem::take(&mut self.young);
            self.spans = 0;
        }
    }
}
