//! Documents and blobs of a store in a folder.

use std::io::Read;

use async_trait::async_trait;
use model::document::{self, Committed, Document};
use model::ports::{BlobStore, DatasetWriter, DocumentStore, StoreError};

use super::writer::Change;
use super::{EmbeddedStore, off_thread};
use crate::documents::{self, frames};

#[async_trait]
impl DocumentStore for EmbeddedStore {
    async fn document(&self, kind: document::Kind, key: &str) -> Result<Option<Document>, StoreError> {
        let key = key.to_owned();
        self.read(move |reader, now| documents::document(now, reader.log(), kind, &key)).await
    }

    async fn documents(
        &self,
        kind: document::Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        self.read(move |reader, now| documents::list(now, reader.log(), kind, &prefix, after.as_deref(), limit)).await
    }

    async fn commit(&self, changes: Vec<document::Change>) -> Result<Committed, StoreError> {
        documents::check(&changes)?;
        let encoded = off_thread(move || frames::commit(&changes).map(|payload| Change::Commit { changes, payload }));
        self.writer.commit(encoded.await?).await
    }
}

impl BlobStore for EmbeddedStore {
    fn new_blob(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        Ok(Box::new(self.folders.blobs.create()?))
    }

    fn open_blob(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        Ok(Box::new(self.folders.blobs.read(digest)?))
    }

    fn blobs(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.folders.blobs.list()?)
    }

    fn sweep_blobs(&self, is_used: &dyn Fn(&str) -> bool) -> Result<u64, StoreError> {
        Ok(self.folders.blobs.sweep(is_used)?)
    }
}
