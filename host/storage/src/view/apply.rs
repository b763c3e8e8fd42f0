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
use crate::log::Address;
use crate::operation::{DELETION, EXCHANGES, HEADER, Head, REPORT, RESULTS};

/// A frame, but for its body.
pub(crate) struct HeadedFrame {
    kind: u8,
    sequence: u64,
    head: Head,
    address: Address,
}

impl HeadedFrame {
    pub(crate) fn read(kind: u8, sequence: u64, payload: &[u8], address: Address) -> Result<Self, StoreError> {
        Ok(Self { kind, sequence, head: Head::read(kind, payload, address)?, address })
    }

    /// How many entries of the view it may make.
    pub(super) fn entries(&self) -> usize {
        1 + self.head.blocks.len()
    }

    pub(crate) fn apply(&self, changes: &mut Changes<'_>) -> Result<(), StoreError> {
        let Self { kind, sequence, head, address } = self;
        let run = head.run;
        let pointer = Pointer { as_of: as_of(head, *sequence), address: *address };
        if changes.get(&keys::deletion(run))?.is_some_and(|deletion| deletion.as_of > pointer.as_of) {
            return Ok(());
        }
        match *kind {
            HEADER | REPORT | EXCHANGES => put_later(changes, &head.key(*kind), &pointer),
            RESULTS => head
                .blocks
                .iter()
                .try_for_each(|&block| changes.put(&keys::results_of(run, block, pointer.as_of), &pointer)),
            DELETION => delete(changes, run, &pointer),
            unknown => Err(StoreError::Damaged {
                what: format!("a frame is of the unknown kind {unknown}; a newer version of Karat may have written it"),
            }),
        }
    }
}

/// The sequence number a frame was first written under.
pub(crate) fn as_of(head: &Head, sequence: u64) -> u64 {
    head.as_of.unwrap_or(sequence)
}

fn put_later(changes: &mut Changes<'_>, key: &[u8], pointer: &Pointer) -> Result<(), StoreError> {
    if changes.get(key)?.is_some_and(|there| there.as_of > pointer.as_of) {
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
