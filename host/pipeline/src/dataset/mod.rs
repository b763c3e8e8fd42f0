//! A data file: checked in one pass, then streamed as rows.
//!
//! Rows on their way into a dataset ([`Incoming`]) are checked likewise, and written down once; so they can be merged into the
//! rows that are there ([`merge`]), or compared with others ([`diff`]), with 32 bytes a row in memory.
//!
//! The pass over the file reports everything that is wrong with it, and hashes it; what is kept in memory is 16
//! bytes a row. The rows are then streamed from the store's copy, so that a run does not depend on
//! a file that may change under it.

mod cut;
mod diff;
mod findings;
mod handed_out;
mod hashing;
mod identity;
mod incoming;
mod join;
pub(crate) mod map;
pub(crate) mod meant;
mod merge;
mod order;
pub(crate) mod path;
pub mod peers;
pub(crate) mod queue;
mod row;
mod rows;
mod validate;

pub use cut::{CutError, failing_rows, from_trace};
pub use diff::{Change, Difference, diff};
pub use handed_out::{HandOutError, hand_out};
pub use identity::Identities;
pub(crate) use identity::hash_text;
pub use incoming::{File, Incoming};
pub use merge::{How, Merged, merge};
pub(crate) use order::Rank;
pub use rows::{Open, Rows, RowsError, ids, records};
pub use validate::{Checked, DatasetError, Input, validate};
