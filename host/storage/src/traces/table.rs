//! All traces there are, by number: the index of everything that searches ask for.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};

use model::ports::AnnotationChange;

use super::id::TraceId;
use super::part::{More, Note, Part, ROWS, Row, State};
use super::strings::{Moving, NONE, Strings, TextId};

/// The number of a trace. It means something in this process only, and is given again when all traces of a part are gone.
pub(super) type TraceNumber = u32;

/// Fewer strings are not swept.
pub(super) const FEW_STRINGS: usize = 200_000;

/// The index.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) strings: Strings,
    parts: Vec<Slot>,
    /// The part that the last new trace came to.
    open: usize,
    numbers: HashMap<TraceId, TraceNumber>,
    /// Traces on which something stands that was said of their session as a whole.
    of_sessions: BTreeSet<TraceNumber>,
    /// Since it was written to disk.
    has_changed: bool,
    /// How many strings there were after they had been swept last.
    swept: usize,
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

    /// A trace that was there a moment ago, if it still is.
    pub(super) fn row_of(&self, number: TraceNumber, id: &TraceId) -> Option<Row> {
        (self.number(id) == Some(number)).then(|| self.row(number))
    }

    /// A trace that is there.
    pub(super) fn row(&self, number: TraceNumber) -> Row {
        let (slot, at) = place(number);
        self.parts[slot].part.row(at)
    }

    /// All traces there are.
    pub(super) fn rows(&self) -> impl Iterator<Item = Row> {
        let parts = self.parts.iter().map(|slot| &slot.part);
        let rows = parts.flat_map(|part| (0..part.len()).map(|at| part.row(at)));
        rows.filter(|row| row.state != State::Gone)
    }

    /// By experiment and session, the traces on which something stands that was said of it as a whole.
    pub(super) fn sessions(&self) -> HashMap<(TextId, TextId), Vec<TraceNumber>> {
        let mut sessions: HashMap<_, Vec<TraceNumber>> = HashMap::new();
        for &number in &self.of_sessions {
            let (slot, at) = place(number);
            let part = &self.parts[slot].part;
            if part.session[at] != NONE {
                sessions.entry((part.experiment[at], part.session[at])).or_default().push(number);
            }
        }
        sessions
    }

    pub(super) fn more(&self, number: TraceNumber) -> Option<&More> {
        let (slot, at) = place(number);
        self.parts[slot].part.more[at].as_deref()
    }

    fn note_sessions(&mut self, number: TraceNumber) {
        match self.more(number).is_some_and(More::speaks_of_session) {
            true => self.of_sessions.insert(number),
            false => self.of_sessions.remove(&number),
        };
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.parts
    }

    pub(super) fn has_changed(&self) -> bool {
        self.has_changed
    }

    pub(super) fn set_changed(&mut self, has_changed: bool) {
        self.has_changed = has_changed;
    }

    /// Notes the number that a part is written under as it is now; none where it is not after all.
    pub(super) fn set_written(&mut self, slot: usize, number: Option<u64>) {
        self.parts[slot].written = number;
    }

    /// Takes out texts and lists that no trace has any more, where they may be most of all there are.
    pub(super) fn sweep(&mut self, few: usize) {
        let strings = self.strings.len();
        if strings < few || strings / 2 < self.swept {
            return;
        }
        let moving = RefCell::new(Moving::from(std::mem::take(&mut self.strings)));
        for slot in &mut self.parts {
            slot.part.renumber(&mut |id| moving.borrow_mut().text(id), &mut |id| moving.borrow_mut().list(id));
        }
        self.strings = moving.into_inner().moved();
        self.swept = self.strings.len();
    }

    /// How many traces there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Adds a trace whose id is new.
    pub(super) fn add(&mut self, row: Row) -> TraceNumber {
        let open = self.open_slot();
        let slot = &mut self.parts[open];
        let number = u32::try_from(open * ROWS + slot.part.len()).expect("memory ends before numbers do");
        self.numbers.insert(row.id, number);
        slot.newest = slot.newest.max(row.start);
        slot.written = None;
        slot.part.push(row);
        self.has_changed = true;
        self.note_sessions(number);
        number
    }

    /// The place that new traces come to.
    fn open_slot(&mut self) -> usize {
        if self.parts.get(self.open).is_none_or(|slot| slot.part.is_full() || slot.is_gone()) {
            let has_room = |slot: &Slot| !slot.part.is_full();
            self.open = self.parts.iter().position(has_room).unwrap_or(self.parts.len());
            match self.parts.get_mut(self.open) {
                Some(slot) if slot.is_gone() => *slot = Slot::default(),
                Some(_) => {}
                None => self.parts.push(Slot::default()),
            }
        }
        self.open
    }

    pub(super) fn set(&mut self, number: TraceNumber, mut row: Row) {
        if let Some(more) = &mut row.more {
            more.fit();
        }
        let (slot, at) = place(number);
        let slot = &mut self.parts[slot];
        slot.newest = slot.newest.max(row.start);
        slot.written = None;
        slot.part.set(at, row);
        self.has_changed = true;
        self.note_sessions(number);
    }

    pub(super) fn remove(&mut self, number: TraceNumber) {
        let (slot, at) = place(number);
        let slot = &mut self.parts[slot];
        self.numbers.remove(&slot.part.id[at]);
        self.of_sessions.remove(&number);
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
            if part.more[at].as_deref().is_some_and(More::speaks_of_session) {
                self.of_sessions.insert(number);
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

    pub(super) fn is_gone(&self) -> bool {
        self.written == Some(GONE)
    }
}

/// Under which number a part is written that has no traces any more: under none.
pub(super) const GONE: u64 = 0;

fn place(number: TraceNumber) -> (usize, usize) {
    (number as usize / ROWS, number as usize % ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(number: u32) -> Row {
        let mut id = TraceId::default();
        id[..4].copy_from_slice(&number.to_be_bytes());
        Row { id, state: State::Ok, ..Row::default() }
    }

    #[test]
    fn traces_that_went_while_they_were_looked_for_are_not_found_and_others_take_their_place() {
        let mut table = Table::default();
        let rows = ROWS as u32;
        (0..2 * rows + 1).for_each(|number| assert_eq!(table.add(row(number)), number));
        (0..rows).for_each(|number| table.remove(number));
        assert_eq!(table.row_of(7, &row(7).id), None);
        assert_eq!(table.row_of(rows, &row(rows).id), Some(row(rows)));
        // First the part that is open, then that whose traces are gone.
        (1..rows).for_each(|number| assert_eq!(table.add(row(3 * rows + number)), 2 * rows + number));
        assert_eq!(table.add(row(9 * rows)), 0);
        assert_eq!(table.row_of(0, &row(0).id), None);
        assert_eq!((table.slots().len(), table.len()), (3, 2 * ROWS + 1));
    }

    #[test]
    fn strings_of_traces_that_went_go_and_those_of_others_stay() {
        let mut table = Table::default();
        let mut numbers = Vec::new();
        for number in 0..1000 {
            let name = table.strings.put(&format!("name {number}"));
            let shape = table.strings.put_list(&[name, NONE, name]);
            numbers.push(table.add(Row { name, shape, ..row(number) }));
        }
        numbers[10..].iter().for_each(|&number| table.remove(number));
        table.sweep(100);
        // The names, the shapes, and what stands for nothing.
        assert_eq!(table.strings.len(), 10 + 10 + 2);
        for (number, row) in numbers.iter().zip(table.rows()) {
            let name = format!("name {number}");
            let said = |text| table.strings.text(text).map(str::to_owned);
            let shape: Vec<_> = table.strings.list(row.shape).iter().map(|&text| said(text)).collect();
            assert_eq!((said(row.name), shape), (Some(name.clone()), vec![Some(name.clone()), None, Some(name)]));
        }
        // There is little to gain until there are twice as many.
        table.strings.put("new");
        table.sweep(0);
        assert!(table.strings.find_whole("new").is_some());
    }
}
