//! Small values that a plugin keeps for itself, in buckets that `plugin.toml` declares and the suite grants.
//!
//! Natively, as in unit tests, every thread has buckets of its own, of any name.

use crate::failure::Failure;

#[cfg(target_family = "wasm")]
use crate::bindings::karat::eval::kv as linked;
#[cfg(not(target_family = "wasm"))]
use crate::testing::memory as linked;

/// Values by key. Every method fails where the host refuses, such as over the bucket's size.
pub struct Bucket(linked::Bucket);

/// The bucket of this name.
///
/// # Errors
///
/// Fails as denied where the suite does not grant it.
pub fn open(name: &str) -> Result<Bucket, Failure> {
    linked::open(name).map(Bucket)
}

#[expect(clippy::missing_errors_doc, reason = "told once for all of them")]
impl Bucket {
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        self.0.get(key)
    }

    pub fn set(&self, key: &str, value: &[u8]) -> Result<(), Failure> {
        self.0.set(key, value)
    }

    pub fn delete(&self, key: &str) -> Result<(), Failure> {
        self.0.delete(key)
    }

    /// Sets `new` only where the value is `old`; says whether it did.
    pub fn compare_and_set(&self, key: &str, old: Option<&[u8]>, new: &[u8]) -> Result<bool, Failure> {
        self.0.compare_and_set(key, old, new)
    }

    /// Up to `limit` keys that begin with `prefix`, sorted, behind `after`.
    pub fn keys(&self, prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, Failure> {
        self.0.keys(prefix, after, limit)
    }
}
