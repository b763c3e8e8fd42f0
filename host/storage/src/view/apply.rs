//! What a frame of the log means for the view.
//!
//! Frames can be applied in any order and more than once: of two that speak of the same thing the later one counts,
//! by the sequence number it was first written under. So a frame that was copied to another place can be applied
//! beside the first, and a log that was compacted in part makes the same view.

use model::ports::StoreError;
use model::run::RunId;

use super::changes::Changes;
use super::entry::Pointer;
use super::keys;
use crate::documents::frames::{self as documents, DOCUMENTS};
use crate::log::Address;
use crate::operation::{DELETION, EXCHANGES, HEADER, Head, REPORT, RESULTS};

/// A frame, but for its body.
pub(crate) struct HeadedFrame {
    head: AnyHead,
    sequence: u64,
    address: Address,
}

enum AnyHead {
    /// With the kind of the frame.
    Run(u8, Head),
    Documents(documents::Head),
}

impl HeadedFrame {
    pub(crate) fn read(kind: u8, sequence: u64, payload: &[u8], address: Address) -> Result<Self, StoreError> {
        let head = match kind {
            DOCUMENTS => AnyHead::Documents(documents::Head::read(payload, address)?),
            kind => AnyHead::Run(kind, Head::read(kind, payload, address)?),
        };
        Ok(Self { head, sequence, address })
    }

    /// How many entries of the view it may make.
    pub(super) fn entries(&self) -> usize {
        match &self.head {
            AnyHead::Run(_, head) => 1 + head.blocks.len(),
            AnyHead::Documents(head) => head.changes.len(),
        }
    }

    pub(crate) fn apply(&self, changes: &mut Changes<'_>) -> Result<(), StoreError> {
        let address = self.address;
        match &self.head {
            AnyHead::Run(kind, head) => {
                apply_to_run(changes, *kind, head, &Pointer { as_of: as_of(head, self.sequence), address })
            }
            AnyHead::Documents(head) => {
                apply_to_documents(changes, head, &Pointer { as_of: head.as_of(self.sequence), address })
            }
        }
    }
}

fn apply_to_run(changes: &mut Changes<'_>, kind: u8, head: &Head, pointer: &Pointer) -> Result<(), StoreError> {
    let run = head.run;
    if is_later(changes, &keys::deletion(run), pointer)? {
        return Ok(());
    }
    match kind {
        HEADER | REPORT | EXCHANGES => put_later(changes, &head.key(kind), pointer),
        RESULTS => {
            head.blocks.iter().try_for_each(|&block| changes.put(&keys::results_of(run, block, pointer.as_of), pointer))
        }
        DELETION => delete(changes, run, pointer),
        unknown => Err(StoreError::Damaged {
            what: format!("a frame is of the unknown kind {unknown}; a newer version of Karat may have written it"),
        }),
    }
}

/// Of a document there is its last change or the note of its last removal, never both.
fn apply_to_documents(changes: &mut Changes<'_>, head: &documents::Head, pointer: &Pointer) -> Result<(), StoreError> {
    for changed in &head.changes {
        let (there, gone) = (keys::document(changed.kind, &changed.key), keys::removal(changed.kind, &changed.key));
        if is_later(changes, &there, pointer)? || is_later(changes, &gone, pointer)? {
            continue;
        }
        let (put, removed) = if changed.is_removed() { (gone, there) } else { (there, gone) };
        changes.put(&put, pointer)?;
        changes.remove(&removed)?;
    }
    Ok(())
}

/// The sequence number a frame was first written under.
pub(crate) fn as_of(head: &Head, sequence: u64) -> u64 {
    head.as_of.unwrap_or(sequence)
}

/// Whether an entry is of a later frame.
fn is_later(changes: &Changes<'_>, key: &[u8], pointer: &Pointer) -> Result<bool, StoreError> {
    Ok(changes.get(key)?.is_some_and(|there| there.as_of > pointer.as_of))
}

fn put_later(changes: &mut Changes<'_>, key: &[u8], pointer: &Pointer) -> Result<(), StoreError> {
    if is_later(changes, key, pointer)? {
        return Ok(());
    }
    changes.put(key, pointer)
}

/// Removes what is older than the deletion.
fn delete(changes: &mut Changes<'_>, run: RunId, deletion: &Pointer) -> Result<(), StoreError> {
    changes.put(&keys::deletion(run), deletion)?;
    let exchanges = changes.keys(&keys::exchanges(run))?;
    for key in [keys::header(run), keys::report(run)].into_iter().map(Vec::from).chain(exchanges) {
        if changes.get(&key)?.is_some_and(|there| there.as_of < deletion.as_of) {
            changes.remove(&key)?;
        }
    }
    for key in changes.keys(&keys::results(run))? {
        if keys::block_and_as_of(&key).is_some_and(|(_, as_of)| as_of < deletion.as_of) {
            changes.remove(&key)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::document::{Change, Expected, Kind};
    use model::json::Json;

    use super::*;
    use crate::log::Position;

    /// A frame that was written under `sequence`, and changes these documents: to have a value, or to be gone.
    fn frame(sequence: u64, changes: &[(&str, bool)]) -> HeadedFrame {
        let change = |&(key, is_there): &(&str, bool)| {
            let value = is_there.then(|| Json::parse("1").expect("JSON"));
            Change { kind: Kind::Index, key: key.to_owned(), expected: Expected::Anything, value }
        };
        let (kind, payload) = documents::commit(&changes.iter().map(change).collect::<Vec<_>>()).expect("small");
        let address = Address { position: Position { segment: 1, offset: sequence }, length: 64 };
        HeadedFrame::read(kind, sequence, &payload, address).expect("whole")
    }

    /// Every order of some numbers.
    fn orders(numbers: &[usize]) -> Vec<Vec<usize>> {
        let with_first = |&first: &usize| {
            let others: Vec<usize> = numbers.iter().copied().filter(|number| *number != first).collect();
            orders(&others).into_iter().map(move |others| [&[first][..], &others].concat())
        };
        if numbers.is_empty() { vec![Vec::new()] } else { numbers.iter().flat_map(with_first).collect() }
    }

    #[test]
    fn documents_are_the_same_in_whatever_order_and_how_often_frames_are_applied() {
        let frames = [
            frame(1, &[("a", true), ("b", true), ("c", true)]),
            frame(2, &[("a", false), ("b", true)]),
            frame(3, &[("b", false), ("d", false)]),
            frame(4, &[("a", true), ("e", true)]),
            frame(5, &[("e", false)]),
        ];
        for order in orders(&[0, 1, 2, 3, 4]) {
            let mut changes = Changes::from_nothing();
            for place in order.iter().chain(&order[..3]) {
                frames[*place].apply(&mut changes).expect("applied");
            }
            let kind = Kind::Index as u8;
            let (there, gone) = (|key| keys::document(kind, key), |key| keys::removal(kind, key));
            let expected = [(gone("b"), 3), (gone("d"), 3), (gone("e"), 5), (there("a"), 4), (there("c"), 1)];
            let found =
                changes.entries().map(|(key, _)| (key.to_vec(), changes.get(key).expect("read").expect("there").as_of));
            assert!(found.eq(expected), "{order:?}");
        }
    }
}
