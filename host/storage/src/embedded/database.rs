//! The only place that calls sled: every call is fenced against what sled 0.34 is known to do.
//!
//! Damaged files make it panic, so opening and reading happen under `catch_unwind`. What a batch replaces is freed
//! only while later operations go on, so every batch is followed by cheap reads; without them a bulk load takes
//! gigabytes. Its iterators see batches that are applied meanwhile, so reading and applying exclude each other.

use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use model::ports::StoreError;

use super::envelope::{self, Entry, Record, Records, Schema};
use super::lock::Lock;

/// Pages take several times their size in memory. 64 MiB were measured to save a fifth of the CPU time of writing a
/// million results, for four times the memory.
const CACHE_BYTES: u64 = 8 << 20;

/// Of the sizes measured, from 100 to 2000 keys, those around this one cost the least. Readers wait for a batch.
pub(crate) const LARGEST_BATCH: usize = 500;

/// How long threads of sled may outlive it.
const LINGERING: Duration = Duration::from_secs(5);

/// An open database.
pub(crate) struct Database {
    sled: sled::Db,
    /// Write-locked while a batch is applied.
    gate: RwLock<()>,
    /// Released when sled is closed: fields are dropped in order.
    _lock: Lock,
}

impl Database {
    pub(crate) fn open(folder: &Path, lock: Lock) -> Result<Self, StoreError> {
        // Without its own timer: every write is flushed before it is acknowledged.
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let sled = guarded(|| open_patiently(&config).map_err(failed))?;
        Ok(Self { sled, gate: RwLock::new(()), _lock: lock })
    }

    /// Reads what belongs together: nothing is written meanwhile.
    pub(crate) fn read<T>(&self, work: impl FnOnce(Snapshot<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        guarded(|| work(Snapshot(&self.sled)))
    }

    /// Applies a batch, whole or not at all. It is durable after the next [`Self::flush`].
    pub(crate) fn apply(&self, batch: Batch) -> Result<(), StoreError> {
        guarded(|| {
            {
                let _closed = self.gate.write().unwrap_or_else(PoisonError::into_inner);
                self.sled.apply_batch(batch.changes).map_err(failed)?;
            }
            (0..batch.keys).try_for_each(|_| self.sled.get(b"\0").map(drop)).map_err(failed)
        })
    }

    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        guarded(|| self.sled.flush().map(drop).map_err(failed))
    }
}

/// Opens sled, whose threads may still be at work for a store that this process has just dropped.
///
/// Nobody else can have it open: the caller holds the store's own lock.
fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
    let begun = Instant::now();
    loop {
        match config.open() {
            Err(sled::Error::Io(error)) if is_lock(&error) && begun.elapsed() < LINGERING => {
                thread::sleep(Duration::from_millis(1));
            }
            opened => return opened,
        }
    }
}

/// sled says so in its text only.
fn is_lock(error: &std::io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// The database at one moment.
pub(crate) struct Snapshot<'a>(&'a sled::Tree);

impl Snapshot<'_> {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<Record>, StoreError> {
        Records::new(self.entries(key), key.len()).next().transpose()
    }

    /// Whether there is such a key, whatever its value.
    pub(crate) fn contains(&self, key: &[u8]) -> Result<bool, StoreError> {
        self.0.contains_key(key).map_err(failed)
    }

    /// The records behind `after` (or all) whose keys begin with `prefix` and are `key_length` long.
    pub(crate) fn scan(
        &self,
        prefix: &[u8],
        after: Option<&[u8]>,
        key_length: usize,
    ) -> impl Iterator<Item = Result<Record, StoreError>> + use<> {
        let start = after.map_or(Bound::Included(prefix), Bound::Excluded);
        let end = [prefix, &[0xff; 64]].concat();
        let range = self.0.range::<&[u8], _>((start, Bound::Excluded(&end[..])));
        Records::new(range.map(|entry| entry.map_err(failed)), key_length)
    }

    /// Up to `limit` keys that begin with `prefix`, those of further parts of a record included.
    pub(crate) fn keys(&self, prefix: &[u8], limit: usize) -> Result<Vec<sled::IVec>, StoreError> {
        self.entries(prefix).take(limit).map(|entry| entry.map(|(key, _)| key)).collect()
    }

    fn entries(&self, prefix: &[u8]) -> impl Iterator<Item = Result<Entry, StoreError>> + use<> {
        self.0.scan_prefix(prefix).map(|entry| entry.map_err(failed))
    }
}

/// Changes that are made together.
#[derive(Default)]
pub(crate) struct Batch {
    changes: sled::Batch,
    keys: usize,
}

impl Batch {
    pub(crate) fn put(&mut self, key: &[u8], schema: Schema, record: &[u8]) -> Result<(), StoreError> {
        for (key, value) in envelope::seal(key, schema, record)? {
            self.changes.insert(key, value);
            self.keys += 1;
        }
        Ok(())
    }

    pub(crate) fn remove(&mut self, key: sled::IVec) {
        self.changes.remove(key);
        self.keys += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.keys >= LARGEST_BATCH
    }
}

fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(StoreError::Damaged { what: format!("the database panicked: {message}") })
    })
}

fn failed(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => StoreError::Io(error),
        sled::Error::Corruption { .. } => StoreError::Damaged { what: error.to_string() },
        other => StoreError::Io(std::io::Error::other(other)),
    }
}
