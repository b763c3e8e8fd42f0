//! Changes of the view that are being collected, seen as if they had been made.

use std::collections::BTreeMap;

use model::ports::StoreError;
use serde::{Deserialize, Serialize};

use super::entry::{self, Pointer};
use crate::database::{Batch, Snapshot};

/// A number for the whole content of the view, whatever order it was written in: it is compared after each opening,
/// since sled may lose keys without a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Tally {
    entries: u64,
    sum: u128,
}

impl Tally {
    pub(super) fn add(&mut self, key: &[u8], value: &[u8]) {
        self.entries += 1;
        self.sum = self.sum.wrapping_add(number(key, value));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) {
        self.entries -= 1;
        self.sum = self.sum.wrapping_sub(number(key, value));
    }
}

fn number(key: &[u8], value: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes()).update(key).update(value);
    u128::from_le_bytes(hasher.finalize().as_bytes()[..16].try_into().expect("16 bytes"))
}

/// What is going to be changed, over what there is.
pub(crate) struct Changes<'a> {
    /// None where there is nothing yet.
    now: Option<Snapshot<'a>>,
    changed: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    tally: Tally,
}

impl<'a> Changes<'a> {
    pub(super) fn new(now: Snapshot<'a>, tally: Tally) -> Self {
        Self { now: Some(now), changed: BTreeMap::new(), tally }
    }

    /// Changes of a view that holds nothing.
    pub(crate) fn from_nothing() -> Self {
        Self { now: None, changed: BTreeMap::new(), tally: Tally::default() }
    }

    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Pointer>, StoreError> {
        self.value(key)?.map(|value| entry::open(key, &value)).transpose()
    }

    pub(crate) fn put(&mut self, key: &[u8], pointer: &Pointer) -> Result<(), StoreError> {
        self.set(key, Some(entry::seal(key, pointer)))
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.set(key, None)
    }

    /// The keys that begin with `prefix`, ascending.
    pub(crate) fn keys(&self, prefix: &[u8]) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found = BTreeMap::new();
        for entry in self.now.iter().flat_map(|now| now.scan(prefix, prefix)) {
            found.insert(entry?.0.to_vec(), true);
        }
        let changed = self.changed.range(prefix.to_vec()..).take_while(|(key, _)| key.starts_with(prefix));
        found.extend(changed.map(|(key, value)| (key.clone(), value.is_some())));
        Ok(found.into_iter().filter(|(_, is_there)| *is_there).map(|(key, _)| key).collect())
    }

    /// Everything that has a value, where nothing was there before.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.changed.iter().filter_map(|(key, value)| Some((&key[..], value.as_deref()?)))
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    /// The changes in batches that are none too large; the last may hold one key more.
    pub(super) fn into_batches(self) -> Vec<Batch> {
        let mut batches = vec![Batch::default()];
        for (key, value) in &self.changed {
            if batches.last().is_some_and(Batch::is_full) {
                batches.push(Batch::default());
            }
            batches.last_mut().expect("there is one").set(key, value.as_deref());
        }
        batches
    }

    fn value(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match (self.changed.get(key), self.now) {
            (Some(value), _) => Ok(value.clone()),
            (None, Some(now)) => Ok(now.get(key)?.map(|value| value.to_vec())),
            (None, None) => Ok(None),
        }
    }

    fn set(&mut self, key: &[u8], value: Option<Vec<u8>>) -> Result<(), StoreError> {
        let before = self.value(key)?;
        if before == value {
            return Ok(());
        }
        if let Some(before) = &before {
            self.tally.take(key, before);
        }
        if let Some(value) = &value {
            self.tally.add(key, value);
        }
        self.changed.insert(key.to_vec(), value);
        Ok(())
    }
}
