//! Small values that a plugin keeps for itself, for as long as this process lives.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime::component::Resource;

use super::{denied, failure};
use crate::bindings::kv::{Host, HostBucket};
use crate::bindings::types::{ErrorCode, Failure};
use crate::guest::Guest;

/// Bytes in a key.
const LONGEST_KEY: usize = 512;

/// What an entry costs beyond its bytes: many small ones would be no fewer.
const ENTRY: u64 = 64;

/// Keys that are listed at once.
const MOST_KEYS: u32 = 1000;

/// The values of one plugin, by bucket.
#[derive(Debug, Default)]
pub(crate) struct Values(Mutex<HashMap<String, Arc<Mutex<Contents>>>>);

#[derive(Debug, Default)]
pub(crate) struct Contents {
    entries: BTreeMap<String, Vec<u8>>,
    bytes: u64,
}

/// A bucket that a guest holds.
#[expect(unreachable_pub, reason = "generated code hands it on")]
#[derive(Clone, Debug)]
pub struct Bucket {
    contents: Arc<Mutex<Contents>>,
    /// The most that may be in it, in bytes.
    quota: u64,
}

impl Values {
    fn bucket(&self, name: &str, quota: u64) -> Bucket {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Bucket { contents: Arc::clone(buckets.entry(name.to_owned()).or_default()), quota }
    }
}

impl Bucket {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, contents: &mut Contents, key: String, value: Vec<u8>) -> Result<(), Failure> {
        if key.is_empty() || key.len() > LONGEST_KEY || key.chars().any(char::is_control) {
            return Err(failure(
                ErrorCode::BadInput,
                format!("a key has 1 to {LONGEST_KEY} bytes, none of them control characters"),
            ));
        }
        let before = contents.entries.get(&key).map_or(0, |value| size(&key, value));
        let bytes = contents.bytes - before + size(&key, &value);
        if bytes > self.quota {
            let message = format!("the bucket would hold {bytes} bytes, more than its {}", self.quota);
            return Err(failure(ErrorCode::BudgetExceeded, message));
        }
        contents.bytes = bytes;
        contents.entries.insert(key, value);
        Ok(())
    }
}

fn size(key: &str, value: &[u8]) -> u64 {
    key.len() as u64 + value.len() as u64 + ENTRY
}

impl Host for Guest {
    fn open(&mut self, name: String) -> wasmtime::Result<Result<Resource<Bucket>, Failure>> {
        let Some(granted) = self.granted.setup.grant.kv.iter().find(|bucket| bucket.name == name) else {
            return Ok(Err(denied(&format!("the bucket `{}`", name.escape_debug()))));
        };
        let bucket = self.granted.values.bucket(&name, granted.bytes.0);
        Ok(Ok(self.handles.push(bucket)?))
    }
}

impl HostBucket for Guest {
    fn get(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<Option<Vec<u8>>, Failure>> {
        Ok(Ok(self.handles.get(&bucket)?.contents().entries.get(&key).cloned()))
    }

    fn set(&mut self, bucket: Resource<Bucket>, key: String, value: Vec<u8>) -> wasmtime::Result<Result<(), Failure>> {
        let bucket = self.handles.get(&bucket)?;
        Ok(bucket.set(&mut bucket.contents(), key, value))
    }

    fn delete(&mut self, bucket: Resource<Bucket>, key: String) -> wasmtime::Result<Result<(), Failure>> {
        let mut contents = self.handles.get(&bucket)?.contents();
        if let Some(value) = contents.entries.remove(&key) {
            contents.bytes -= size(&key, &value);
        }
        Ok(Ok(()))
    }

    fn compare_and_set(
        &mut self,
        bucket: Resource<Bucket>,
        key: String,
        old: Option<Vec<u8>>,
        new: Vec<u8>,
    ) -> wasmtime::Result<Result<bool, Failure>> {
        let bucket = self.handles.get(&bucket)?;
        let mut contents = bucket.contents();
        if contents.entries.get(&key) != old.as_ref() {
            return Ok(Ok(false));
        }
        Ok(bucket.set(&mut contents, key, new).map(|()| true))
    }

    fn keys(
        &mut self,
        bucket: Resource<Bucket>,
        prefix: String,
        after: Option<String>,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, Failure>> {
        let contents = self.handles.get(&bucket)?.contents();
        let start = match after.filter(|after| *after >= prefix) {
            Some(after) => Bound::Excluded(after),
            None => Bound::Included(prefix.clone()),
        };
        let keys = contents.entries.range((start, Bound::Unbounded)).map(|(key, _)| key);
        let keys = keys.take_while(|key| key.starts_with(&prefix)).take(limit.min(MOST_KEYS) as usize);
        Ok(Ok(keys.cloned().collect()))
    }

    fn drop(&mut self, bucket: Resource<Bucket>) -> wasmtime::Result<()> {
        self.handles.delete(bucket)?;
        Ok(())
    }
}
