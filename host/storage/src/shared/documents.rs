//! Documents and blobs of a store that several processes use.

use std::io::Read;

use async_trait::async_trait;
use model::document::{Change, Committed, Document, Kind};
use model::ports::{BlobStore, DatasetWriter, DocumentStore, StoreError};

use super::protocol::{self, Answer, Request};
use super::{Role, SharedStore, unexpected};

#[async_trait]
impl DocumentStore for SharedStore {
    async fn document(&self, kind: Kind, key: &str) -> Result<Option<Document>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.document(kind, key).await;
        }
        match self.ask(Request::Document { kind, key: key.to_owned() }).await? {
            Answer::Document(found) => found.as_deref().map(protocol::from_json).transpose(),
            _ => Err(unexpected()),
        }
    }

    async fn documents(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.documents(kind, prefix, after, limit).await;
        }
        let (mut found, mut after) = (Vec::<Document>::new(), after.map(str::to_owned));
        loop {
            let limit = (limit - found.len()) as u64;
            let request = Request::Documents { kind, prefix: prefix.to_owned(), after: after.clone(), limit };
            let Answer::Documents { documents, more } = self.ask(request).await? else {
                return Err(unexpected());
            };
            for document in &documents {
                found.push(protocol::from_json(document)?);
            }
            after = found.last().map(|last| last.key.clone()).or(after);
            if !more {
                return Ok(found);
            }
        }
    }

    async fn commit(&self, changes: Vec<Change>) -> Result<Committed, StoreError> {
        if let Role::Owner(owner) = self.role() {
            return owner.store.commit(changes).await;
        }
        let changes = changes.into_iter().map(protocol::Change::of).collect();
        match self.ask(Request::Commit { changes }).await? {
            Answer::Committed(committed) => Ok(committed),
            _ => Err(unexpected()),
        }
    }
}

impl BlobStore for SharedStore {
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
