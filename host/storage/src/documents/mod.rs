//! Documents: what is kept under a name and changes.
//!
//! ```text
//! commit ──▶ ahead: is all as expected? ──▶ frame ──▶ log ──▶ view: an entry per document, or the note that it is gone
//! question ──▶ view: where is it? ──▶ log
//! ```
//!
//! Nothing here knows what a document says, and numbers of kinds that a later version has are passed on as they are.

mod ahead;
mod compact;
pub(crate) mod frames;
mod read;

use std::collections::BTreeSet;

use model::document::{Change, LONGEST_KEY};
use model::ports::StoreError;

pub(crate) use ahead::{Ahead, Verdict};
pub(crate) use compact::{Useful, useful};
pub(crate) use read::{check_frame, document, list};

/// # Errors
///
/// `Invalid` where a change can't be.
pub(crate) fn check(changes: &[Change]) -> Result<(), StoreError> {
    let mut changed = BTreeSet::new();
    for Change { kind, key, .. } in changes {
        let invalid = |what: String| Err(StoreError::Invalid { what });
        if key.is_empty() || key.len() > LONGEST_KEY {
            return invalid(format!("a key of {} bytes can't be kept: it may have 1 to {LONGEST_KEY}", key.len()));
        }
        if !changed.insert((kind, key)) {
            return invalid(format!("`{}` is changed twice at once", key.escape_debug()));
        }
    }
    Ok(())
}
