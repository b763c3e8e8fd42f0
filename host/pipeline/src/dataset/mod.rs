//! A data file: checked in one pass, then streamed as rows.
//!
//! The pass over the file reports everything that is wrong with it, and hashes it; what is kept in memory is 16
//! bytes a row. The rows are then streamed from the store's copy, so that a run does not depend on
//! a file that may change under it.

mod findings;
mod hashing;
mod identity;
pub(crate) mod map;
mod order;
mod path;
pub(crate) mod queue;
mod row;
mod rows;
mod validate;

pub use identity::Identities;
pub(crate) use identity::hash_text;
pub(crate) use order::Rank;
pub use rows::{Open, Rows, RowsError, ids, records};
pub use validate::{Checked, DatasetError, Input, validate};
