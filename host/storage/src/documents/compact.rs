//! What of a frame is still of use, when the segment that it is in goes.

use model::ports::StoreError;

use super::frames::{self, Frame};
use crate::database::Snapshot;
use crate::log::{Address, Stored};
use crate::operation::Payload;
use crate::view::{keys, points_to};

/// What there is to keep of a frame.
#[derive(Default)]
pub(crate) struct Useful {
    pub(crate) copy: Option<Payload>,
    /// Entries of the view that go with the frame.
    pub(crate) useless: Vec<Vec<u8>>,
}

/// The documents that are as the frame says. That one was removed need not be told again: segments go oldest first, so what
/// was removed is nowhere any more.
pub(crate) fn useful(now: Snapshot<'_>, stored: &Stored, address: Address) -> Result<Useful, StoreError> {
    let frame = Frame::open(stored, address)?;
    let (mut kept, mut useful) = (Vec::new(), Useful::default());
    for (changed, value) in frame.changes() {
        let removal = keys::removal(changed.kind, &changed.key);
        if changed.is_removed() && points_to(now, &removal, address)? {
            useful.useless.push(removal);
        } else if points_to(now, &keys::document(changed.kind, &changed.key), address)? {
            kept.push((changed, value));
        }
    }
    if !kept.is_empty() {
        useful.copy = Some(frames::copy(frame.head.as_of(stored.sequence), kept.into_iter())?);
    }
    Ok(useful)
}
