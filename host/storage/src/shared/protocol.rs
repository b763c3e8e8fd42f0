//! What processes that share a store say to each other.
//!
//! ```text
//! length u32 | number u64 | postcard
//! ```
//!
//! Little-endian; the length counts number and postcard. The first message each way is a [`Hello`]. An answer carries
//! the number of its request; answers come in any order. Headers, reports, exchanges, documents, and what is asked and told
//! of traces travel as JSON, results and spans as they are in the log.

use std::io;
use std::path::PathBuf;

use model::document::{self, Committed, Document, Expected, Kind};
use model::judge::BatchId;
use model::ports::{CacheKey, CacheStatistics, Expired, FoundTrace, Retention, StoreError};
use model::run::{Run, RunId};
use model::search::Cursor;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::results::{self, Place};
use crate::traces;

/// Changes whenever a message does.
const PROTOCOL: u32 = 8;

/// Bytes before each message.
pub(super) const HEAD: usize = 12;

/// The longest message: it bounds what a wrong one makes the reader allocate.
pub(super) const LONGEST: usize = 1 << 30;

#[derive(Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Hello {
    protocol: u32,
    version: String,
}

impl Hello {
    pub(super) fn ours() -> Self {
        Self { protocol: PROTOCOL, version: env!("CARGO_PKG_VERSION").to_owned() }
    }

    /// Fails where both sides don't speak alike.
    pub(super) fn check(&self) -> io::Result<()> {
        if self.protocol == PROTOCOL {
            return Ok(());
        }
        Err(io::Error::other(format!(
            "it is in use by Karat {}, which this version ({}) can't talk to; end that process, or use its version",
            self.version,
            env!("CARGO_PKG_VERSION")
        )))
    }
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) enum Request {
    CreateRun {
        header: Vec<u8>,
    },
    PutResults {
        run: RunId,
        results: Vec<u8>,
    },
    PutExchanges {
        run: RunId,
        batch: BatchId,
        exchanges: Vec<u8>,
    },
    FinishRun {
        run: RunId,
        report: Vec<u8>,
    },
    Run {
        run: RunId,
    },
    Runs {
        after: Option<RunId>,
        limit: u64,
    },
    Results {
        run: RunId,
        after: Option<Place>,
        limit: u64,
    },
    Exchanges {
        run: RunId,
        after: Option<BatchId>,
    },
    DeleteRun {
        run: RunId,
    },
    Compact,
    Backup {
        to: PathBuf,
    },
    CachedReply {
        key: CacheKey,
    },
    CacheReply {
        key: CacheKey,
        reply: Vec<u8>,
    },
    CacheStatistics,
    ClearCache,
    /// The payload of a frame.
    PutSpans {
        frame: Vec<u8>,
    },
    Annotate {
        annotations: Vec<u8>,
    },
    Announce {
        trace: String,
        experiment: String,
        frame: Vec<u8>,
        annotations: Vec<u8>,
    },
    Traces {
        ids: Vec<String>,
        spans: u64,
    },
    Spans {
        id: String,
        skip: u64,
        limit: u64,
    },
    Announcement {
        id: String,
    },
    Search {
        query: Vec<u8>,
        after: Option<Cursor>,
        limit: u64,
    },
    DeleteTraces {
        ids: Vec<String>,
    },
    Experiments,
    Expire {
        experiment: String,
        limits: Retention,
    },
    Reclaim,
    Document {
        kind: Kind,
        key: String,
    },
    Documents {
        kind: Kind,
        prefix: String,
        after: Option<String>,
        limit: u64,
    },
    Commit {
        changes: Vec<Change>,
    },
}

/// A change of a document on its way.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Change {
    kind: Kind,
    key: String,
    expected: Expected,
    /// As JSON. In a change that is JSON as a whole, a value that is `null` would be none.
    value: Option<Vec<u8>>,
}

impl Change {
    pub(super) fn of(change: document::Change) -> Self {
        let document::Change { kind, key, expected, value } = change;
        Self { kind, key, expected, value: value.map(|value| value.as_str().as_bytes().to_vec()) }
    }

    pub(super) fn read(self) -> Result<document::Change, StoreError> {
        let Self { kind, key, expected, value } = self;
        let value = value.map(|value| from_json(&value)).transpose()?;
        Ok(document::Change { kind, key, expected, value })
    }
}

#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Answer {
    Done,
    Deleted(bool),
    /// JSON of a [`Run`] each.
    Runs(Vec<Vec<u8>>),
    Results {
        results: Vec<u8>,
        /// There may be others within what was asked for.
        more: bool,
    },
    Exchanges(Option<(BatchId, Vec<u8>)>),
    CachedReply(Option<Vec<u8>>),
    CacheStatistics(CacheStatistics),
    /// Those that were asked for first; there may be others.
    Traces(Vec<Option<Trace>>),
    /// As they are in the log.
    Spans {
        spans: Vec<u8>,
        digests: Vec<u8>,
    },
    Page(Vec<u8>),
    Counted(u64),
    Experiments(Vec<(String, u64)>),
    Expired(Expired),
    Document(Option<Vec<u8>>),
    Documents {
        /// JSON of a [`Document`] each.
        documents: Vec<Vec<u8>>,
        /// There may be others within what was asked for.
        more: bool,
    },
    Committed(Committed),
    Failed(Failure),
}

/// A trace on its way, with spans.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Trace {
    /// As JSON.
    info: Vec<u8>,
    /// As they are in the log.
    spans: Vec<u8>,
    digests: Vec<u8>,
}

impl Trace {
    pub(super) fn of(found: &FoundTrace) -> Result<Self, StoreError> {
        let (spans, digests) = traces::write_spans(&found.spans)?;
        Ok(Self { info: json(&found.info)?, spans, digests })
    }

    pub(super) fn read(&self) -> Result<FoundTrace, StoreError> {
        Ok(FoundTrace { info: from_json(&self.info)?, spans: traces::read_spans(&self.spans, &self.digests)? })
    }

    pub(super) fn bytes(&self) -> usize {
        self.info.len() + self.spans.len() + self.digests.len()
    }
}

/// A [`StoreError`] on its way.
#[derive(Debug, Deserialize, Serialize)]
pub(super) enum Failure {
    Invalid { what: String },
    Missing { what: String },
    Damaged { what: String },
    Full { path: String, free: u64 },
    Other { text: String },
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Invalid { what } => Self::Invalid { what },
            StoreError::Missing { what } => Self::Missing { what },
            StoreError::Damaged { what } => Self::Damaged { what },
            StoreError::Full { path, free } => Self::Full { path, free },
            StoreError::Io(error) => Self::Other { text: error.to_string() },
            other => Self::Other { text: other.to_string() },
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Invalid { what } => Self::Invalid { what },
            Failure::Missing { what } => Self::Missing { what },
            Failure::Damaged { what } => Self::Damaged { what },
            Failure::Full { path, free } => Self::Full { path, free },
            Failure::Other { text } => Self::Io(io::Error::other(text)),
        }
    }
}

pub(super) fn encode<T: Serialize>(number: u64, message: &T) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; HEAD];
    bytes[4..].copy_from_slice(&number.to_le_bytes());
    bytes = postcard::to_extend(message, bytes).map_err(io::Error::other)?;
    let length = bytes.len() - 4;
    if length > LONGEST {
        return Err(io::Error::other(format!("{length} bytes are too many for one request to a store")));
    }
    bytes[..4].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// The number of a message, and how many bytes come behind its head.
pub(super) fn head(head: [u8; HEAD]) -> io::Result<(u64, usize)> {
    let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]) as usize;
    let number = u64::from_le_bytes(head[4..].try_into().expect("8 bytes"));
    match length.checked_sub(8) {
        Some(rest) if length <= LONGEST => Ok((number, rest)),
        _ => Err(nonsense()),
    }
}

pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    postcard::from_bytes(bytes).map_err(|_| nonsense())
}

pub(super) fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(value).map_err(|error| StoreError::Io(error.into()))
}

pub(super) fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, StoreError> {
    serde_json::from_slice(bytes).map_err(|error| StoreError::Io(error.into()))
}

/// Runs as they travel.
pub(super) fn runs(runs: &[Run]) -> Result<Answer, StoreError> {
    runs.iter().map(json).collect::<Result<_, _>>().map(Answer::Runs)
}

/// As many documents as have up to `most` bytes, and one at least where there are any.
pub(super) fn documents(found: &[Document], most: usize) -> Result<Answer, StoreError> {
    let (mut documents, mut bytes) = (Vec::new(), 0);
    for document in found {
        let json = json(document)?;
        bytes += json.len();
        if bytes > most && !documents.is_empty() {
            return Ok(Answer::Documents { documents, more: true });
        }
        documents.push(json);
    }
    Ok(Answer::Documents { documents, more: false })
}

/// Results as they travelled.
pub(super) fn from_results(bytes: &[u8]) -> Result<Vec<model::run::RowResult>, StoreError> {
    let places = results::places(bytes).ok_or_else(nonsense)?;
    let read = |(place, range): (Place, std::ops::Range<usize>)| results::read(&bytes[range], place);
    places.into_iter().map(read).collect::<Result<_, _>>().map_err(|why| StoreError::Io(io::Error::other(why)))
}

fn nonsense() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "a message between processes that share the store can't be read")
}
