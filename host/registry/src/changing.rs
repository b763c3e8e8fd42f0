//! Reading and changing documents.
//!
//! A change says which version it was worked out from, and is worked out anew where somebody else was faster. Changes of
//! this process to one thing wait for each other, so that they need not.

use std::hash::{DefaultHasher, Hash, Hasher};

use model::document::{Change, Committed, Document, Expected, Kind};
use model::json::Json;
use model::ports::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::Mutex;

use crate::{Error, Registry};

/// How often a change is worked out.
const MOST_TRIES: usize = 32;

/// Documents that are read at once.
const PAGE: usize = 1000;

/// Whoever changes something waits for its turn.
pub(crate) struct Turns([Mutex<()>; 64]);

impl Default for Turns {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

/// What was found, and what a change of it says.
#[derive(Clone, Debug)]
pub(crate) struct Found<T> {
    kind: Kind,
    pub(crate) key: String,
    version: u64,
    pub(crate) value: T,
}

impl<T: Serialize> Found<T> {
    /// The change that keeps what its value has become.
    pub(crate) fn changed(&self) -> Result<Change, Error> {
        let expected = Expected::Version(self.version);
        Ok(Change { kind: self.kind, key: self.key.clone(), expected, value: Some(json(&self.value)?) })
    }

    pub(crate) fn removed(&self) -> Change {
        Change { kind: self.kind, key: self.key.clone(), expected: Expected::Version(self.version), value: None }
    }
}

/// The change that keeps something under a key that must be free.
pub(crate) fn added<T: Serialize>(kind: Kind, key: String, value: &T) -> Result<Change, Error> {
    Ok(Change { kind, key, expected: Expected::Absent, value: Some(json(value)?) })
}

/// The change that keeps something under a key, whatever was there.
pub(crate) fn put<T: Serialize>(kind: Kind, key: String, value: &T) -> Result<Change, Error> {
    Ok(Change { kind, key, expected: Expected::Anything, value: Some(json(value)?) })
}

impl Registry {
    pub(crate) async fn find<T: DeserializeOwned>(&self, kind: Kind, key: &str) -> Result<Option<Found<T>>, Error> {
        self.documents.document(kind, key).await?.map(|document| read(kind, document)).transpose()
    }

    /// Everything whose key begins with `prefix`, ascending by key.
    pub(crate) async fn all<T: DeserializeOwned>(&self, kind: Kind, prefix: &str) -> Result<Vec<Found<T>>, Error> {
        let mut all: Vec<Found<T>> = Vec::new();
        loop {
            let after = all.last().map(|found| found.key.as_str());
            let page = self.some(kind, prefix, after, PAGE).await?;
            let is_last = page.len() < PAGE;
            all.extend(page);
            if is_last {
                return Ok(all);
            }
        }
    }

    /// Up to `limit` of those whose key begins with `prefix`, ascending by key, beginning behind the key `after`.
    pub(crate) async fn some<T: DeserializeOwned>(
        &self,
        kind: Kind,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Found<T>>, Error> {
        let page = self.documents.documents(kind, prefix, after, limit).await?;
        page.into_iter().map(|document| read(kind, document)).collect()
    }

    /// Works changes out and makes them; `about` names what they are about. No changes are made well.
    ///
    /// # Errors
    ///
    /// Fails as `work` does, and as `Busy` where somebody else is always faster.
    pub(crate) async fn change<T, W>(&self, about: &str, work: impl Fn() -> W) -> Result<T, Error>
    where
        // Named, so that who calls can be sent to another thread: of an `AsyncFn` nobody can say so yet.
        W: Future<Output = Result<(Vec<Change>, T), Error>>,
    {
        let _turn = self.turns.of(about).lock().await;
        for _ in 0..MOST_TRIES {
            let (changes, made) = work().await?;
            if changes.is_empty() || self.documents.commit(changes).await? == Committed::Made {
                return Ok(made);
            }
        }
        Err(Error::Busy { what: about.to_owned() })
    }

    /// Changes one thing, which must be there: else `missing` says what is not.
    pub(crate) async fn alter<T: Serialize + DeserializeOwned>(
        &self,
        kind: Kind,
        key: &str,
        missing: impl Fn() -> Error,
        change: impl Fn(&mut T) -> Result<(), Error>,
    ) -> Result<T, Error> {
        self.change(key, async || {
            let mut found = self.find::<T>(kind, key).await?.ok_or_else(&missing)?;
            change(&mut found.value)?;
            Ok((vec![found.changed()?], found.value))
        })
        .await
    }
}

impl Turns {
    fn of(&self, about: &str) -> &Mutex<()> {
        let mut hasher = DefaultHasher::new();
        about.hash(&mut hasher);
        &self.0[hasher.finish() as usize % self.0.len()]
    }
}

fn read<T: DeserializeOwned>(kind: Kind, document: Document) -> Result<Found<T>, Error> {
    let Document { key, version, value } = document;
    let unreadable = |error| StoreError::Damaged {
        what: format!("the document `{}` ({kind:?}) can't be read: {error}", key.escape_debug()),
    };
    let value = serde_json::from_str(value.as_str()).map_err(unreadable)?;
    Ok(Found { kind, key, version, value })
}

fn json<T: Serialize>(value: &T) -> Result<Json, Error> {
    Json::from_serialize(value).map_err(|error| Error::invalid(format!("it can't be kept: {error}")))
}
