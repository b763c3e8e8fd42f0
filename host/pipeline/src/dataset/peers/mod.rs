//! The rows of other tools, known by the names of their fields.
//!
//! A shape is a table ([`table`]): which of their fields is which of ours. What is read by it can be written by it again, and
//! nothing is dropped on either way: a field that the table does not have is a flaw of the file, and what a row has beyond
//! what the shape can hold is told with the row.

mod read;
mod table;
mod tag;
mod write;

use std::fmt;

use table::{Field, Other};

/// How another tool writes its rows.
pub struct Peer {
    pub name: &'static str,
    /// Ours for theirs, in the order in which they are written.
    fields: &'static [Field],
    /// What every record has.
    required: &'static str,
    /// Records have one of these, and so are told from those of others; none where they have to be told by name.
    marks: &'static [&'static str],
    other: Other,
}

impl Peer {
    /// The shape of this name.
    pub fn named(name: &str) -> Option<&'static Self> {
        table::PEERS.iter().find(|peer| peer.name == name)
    }

    pub fn names() -> impl Iterator<Item = &'static str> + Clone {
        table::PEERS.iter().map(|peer| peer.name)
    }

    /// The shape whose names a record has; none where they are ours, or nobody's.
    pub(super) fn of(keys: &[&str]) -> Option<&'static Self> {
        table::PEERS.iter().find(|peer| {
            let has_mark = keys.iter().any(|key| peer.marks.contains(key));
            has_mark && (peer.required.is_empty() || keys.contains(&peer.required))
        })
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a shape can't hold of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unheld {
    /// A field of a row, such as `expectations.guidelines`.
    pub field: String,
    pub message: String,
}

#[cfg(test)]
mod tests;
