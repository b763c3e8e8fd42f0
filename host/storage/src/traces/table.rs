//! All traces there are, by number: the index of everything that searches ask for.

use std::collections::HashMap;

use model::ports::AnnotationChange;

use super::id::TraceId;
use super::part::{Note, Part, ROWS, Row, State};
use super::strings::Strings;

/// The number of a trace: given as they come, and never again.
pub(super) type TraceNumber = u32;

/// The index.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) strings: Strings,
    parts: Vec<Slot>,
    numbers: HashMap<TraceId, TraceNumber>,
    /// Since it was written to disk.
    has_changed: bool,
    /// By trace, what was said of those that may come yet; none but while a log is replayed.
    pub(super) waiting: Option<HashMap<TraceId, Vec<(Note, AnnotationChange)>>>,
}

/// The place of a part.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Empty where all of its traces are gone.
    pub(super) part: Part,
    /// The latest start in it.
    pub(super) newest: u64,
    /// Under which number it was written to disk last; none where it has changed since, or never was.
    pub(super) written: Option<u64>,
}

impl Table {
    pub(super) fn number(&self, id: &TraceId) -> Option<TraceNumber> {
        self.numbers.get(id).copied()
    }

    /// A trace that is there.
    pub(super) fn row(&self, number: TraceNumber) -> Row {
        let (slot, at) = place(number);
        self.parts[slot].part.row(at)
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.parts
    }

    pub(super) fn has_changed(&self) -> bool {
        self.has_changed
    }

    /// Notes the number that each part has been written under.
    pub(super) fn set_written(&mut self, written: &[(usize, u64)]) {
        for &(slot, number) in written {
            self.parts[slot].written = Some(number);
        }
        self.has_changed = false;
    }

    /// How many traces there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Adds a trace whose id is new.
    pub(super) fn add(&mut self, row: Row) -> TraceNumber {
        if self.parts.last().is_none_or(|slot| slot.is_full()) {
            self.parts.push(Slot::default());
        }
        let last = self.parts.len() - 1;
        let slot = &mut self.parts[last];
        let number = u32::try_from(last * ROWS + slot.part.len()).expect("memory ends before numbers do");
        self.numbers.insert(row.id, number);
        slot.newest = slot.newest.max(row.start);
        slot.written = None;
        slot.part.push(row);
        self.has_changed = true;
        number
    }

    pub(super) fn set(&mut self, number: TraceNumber, row: Row) {
        let (slot, at) = place(number);
        let slot = &mut self.parts[slot];
        slot.newest = slot.newest.max(row.start);
        slot.written = None;
        slot.part.set(at, row);
        self.has_changed = true;
    }

    pub(super) fn remove(&mut self, number: TraceNumber) {
        let (slot, at) = place(number);
        let slot = &mut self.parts[slot];
        self.numbers.remove(&slot.part.id[at]);
        slot.written = None;
        slot.part.set(at, Row::default());
        self.has_changed = true;
        if slot.part.is_full() && slot.part.is_empty() {
            *slot = Slot::gone();
        }
    }

    /// Adds a part as it was written to disk, behind those that are there. Whether its ids are new.
    #[must_use]
    pub(super) fn load(&mut self, part: Part, written: u64) -> bool {
        let first = self.parts.len() * ROWS;
        for (at, id) in part.id.iter().enumerate().filter(|(at, _)| part.state[*at] != State::Gone) {
            let Ok(number) = u32::try_from(first + at) else { return false };
            if self.numbers.insert(*id, number).is_some() {
                return false;
            }
        }
        let newest = part.start.iter().copied().max().unwrap_or_default();
        self.parts.push(Slot { part, newest, written: Some(written) });
        true
    }

    /// Adds the place of a part whose traces are gone.
    pub(super) fn load_gone(&mut self) {
        self.parts.push(Slot::gone());
    }
}

impl Slot {
    fn gone() -> Self {
        Self { part: Part::default(), newest: 0, written: Some(GONE) }
    }

    /// Whether no other trace comes into it.
    fn is_full(&self) -> bool {
        self.part.is_full() || self.written == Some(GONE)
    }
}

/// Under which number a part is written that has no traces any more: under none.
pub(super) const GONE: u64 = 0;

fn place(number: TraceNumber) -> (usize, usize) {
    (number as usize / ROWS, number as usize % ROWS)
}
