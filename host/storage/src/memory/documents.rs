//! Documents and blobs of a store that forgets them.

use std::collections::btree_map::Range;
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read};
use std::ops::Bound;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use model::document::{Change, Committed, Document, Expected, Kind};
use model::json::Json;
use model::ports::{BlobStore, DatasetWriter, DocumentStore, StoreError};

use super::{Draft, MemoryStore, State};
use crate::{GRACE, documents};

#[derive(Debug, Default)]
pub(super) struct Documents {
    /// The version of the last change.
    version: u64,
    kept: BTreeMap<(Kind, String), (u64, Json)>,
}

#[derive(Debug, Default)]
pub(super) struct Blobs(HashMap<String, (SystemTime, Arc<[u8]>)>);

impl Documents {
    fn behind(&self, kind: Kind, key: &str, after: bool) -> Range<'_, (Kind, String), (u64, Json)> {
        let from = (kind, key.to_owned());
        self.kept.range((if after { Bound::Excluded(from) } else { Bound::Included(from) }, Bound::Unbounded))
    }

    fn is_as_expected(&self, change: &Change) -> bool {
        let there = self.kept.get(&(change.kind, change.key.clone()));
        match change.expected {
            Expected::Anything => true,
            Expected::Absent => there.is_none(),
            Expected::Version(version) => there.is_some_and(|(there, _)| *there == version),
        }
    }

    fn is_as_wanted(&self, change: &Change) -> bool {
        let there = self.kept.get(&(change.kind, change.key.clone()));
        there.map(|(_, value)| value) == change.value.as_ref()
    }

    fn make(&mut self, change: Change) {
        self.version += 1;
        let key = (change.kind, change.key);
        match change.value {
            Some(value) => drop(self.kept.insert(key, (self.version, value))),
            None => drop(self.kept.remove(&key)),
        }
    }
}

#[async_trait]
impl DocumentStore for MemoryStore {
    async fn document(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        let state = self.state();
        let found = state.documents.kept.get(&(kind, key.to_owned()));
        Ok(found.map(|(version, value)| Document { key: key.to_owned(), version: *version, value: value.clone() }))
    }

    async fn documents(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let state = self.state();
        let behind = match after {
            Some(after) if after >= prefix => state.documents.behind(kind, after, true),
            _ => state.documents.behind(kind, prefix, false),
        };
        let found = behind.take_while(|((of, key), _)| *of == kind && key.starts_with(prefix)).take(limit);
        let document = |((_, key), (version, value)): (&(Kind, String), &(u64, Json))| Document {
            key: key.clone(),
            version: *version,
            value: value.clone(),
        };
        Ok(found.map(document).collect())
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Committed, StoreError> {
        documents::check(&changes)?;
        let documents = &mut self.state().documents;
        if changes.iter().all(|change| documents.is_as_wanted(change)) {
            return Ok(Committed::Made);
        }
        if !changes.iter().all(|change| documents.is_as_expected(change)) {
            return Ok(Committed::Conflict);
        }
        changes.into_iter().for_each(|change| documents.make(change));
        Ok(Committed::Made)
    }
}

impl BlobStore for MemoryStore {
    fn new_blob(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        let keep = |state: &mut State, digest, bytes| drop(state.blobs.0.insert(digest, (SystemTime::now(), bytes)));
        Ok(Box::new(Draft { store: self.clone(), bytes: Vec::new(), keep }))
    }

    fn open_blob(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        let (_, bytes) = self.state().blobs.0.get(digest).cloned().ok_or_else(|| crate::missing("blob", digest))?;
        Ok(Box::new(Cursor::new(bytes)))
    }

    fn blobs(&self) -> Result<Vec<String>, StoreError> {
        let mut digests: Vec<String> = self.state().blobs.0.keys().cloned().collect();
        digests.sort_unstable();
        Ok(digests)
    }

    fn sweep_blobs(&self, is_used: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        let (mut state, now) = (self.state(), SystemTime::now());
        let is_young = |written: SystemTime| now.duration_since(written).is_ok_and(|age| age < GRACE);
        let mut bytes = 0;
        state.blobs.0.retain(|digest, (written, content)| {
            let stays = is_young(*written) || is_used(digest);
            bytes += if stays { 0 } else { content.len() as u64 };
            stays
        });
        Ok(bytes)
    }
}
