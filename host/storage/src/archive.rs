//! Everything in a store as one file, to be kept elsewhere or carried to another store, of whatever kind.
//!
//! ```text
//! "KARATARC" | version u32, little-endian | zstd stream of frames
//! ```
//!
//! An archive of one run has that run, its dataset, and files that it needs to be run again, as blobs.
//!
//! The frames are those of the log, numbered from 0: a dataset before the first run on it, a run, its results, its
//! exchanges with judges, its report; a trace, its spans, what was said of it; documents, then blobs, which they may name. The last
//! one says how much there was, so that a file that was cut off is told from a whole one.

mod export;
mod import;
mod stream;

use std::io;

use model::ports::StoreError;
use serde::{Deserialize, Serialize};

pub use export::{Attached, export, export_run};
pub use import::{Imported, import, verify, verify_run};

/// What the frames hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// The digest of a dataset, whose bytes follow.
    Dataset = 1,
    /// Some bytes of the dataset or blob.
    Bytes = 2,
    /// The header of a run, as JSON. What follows is of this run.
    Run = 3,
    /// Results, as in the log.
    Results = 4,
    /// The report, as JSON.
    Report = 5,
    /// [`Contents`], as JSON.
    End = 6,
    /// The id of a batch of exchanges, in 16 bytes, then these, as JSON.
    Exchanges = 7,
    /// The id and the experiment of a trace, as JSON. What follows is of this trace.
    Trace = 8,
    /// Length of the digests in 4 bytes, little-endian, then these, then spans, as in the log.
    Spans = 9,
    /// What was said of the trace, as JSON.
    Annotations = 10,
    /// Documents of a kind: its number, then key and value of each, as JSON.
    Documents = 11,
    /// The digest of a blob, whose bytes follow.
    Blob = 12,
}

impl Kind {
    const ALL: [Self; 12] = [
        Self::Dataset,
        Self::Bytes,
        Self::Run,
        Self::Results,
        Self::Report,
        Self::End,
        Self::Exchanges,
        Self::Trace,
        Self::Spans,
        Self::Annotations,
        Self::Documents,
        Self::Blob,
    ];

    fn of(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// How much an archive holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Contents {
    pub runs: u64,
    pub results: u64,
    /// Archives of version 1 have none.
    #[serde(default)]
    pub exchanges: u64,
    pub datasets: u64,
    /// Archives of version 2 have none; spans likewise.
    #[serde(default)]
    pub traces: u64,
    #[serde(default)]
    pub spans: u64,
    /// Archives of version 3 have none; blobs likewise.
    #[serde(default)]
    pub documents: u64,
    #[serde(default)]
    pub blobs: u64,
}

/// Why an archive was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("it is no archive of a Karat store")]
    Foreign,
    #[error("it was written by a newer version of Karat (format {found}, this one reads {supported})")]
    Version { found: u32, supported: u32 },
    #[error("it is damaged: {what}")]
    Damaged { what: String },
    #[error("it is not of one run: {what}")]
    NotOneRun { what: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it can't be read or written")]
    Io(#[from] io::Error),
}

fn damaged(what: impl Into<String>) -> ArchiveError {
    ArchiveError::Damaged { what: what.into() }
}
