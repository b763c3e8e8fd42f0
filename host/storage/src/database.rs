//! The only place that calls sled: every call is fenced against what sled 0.34 is known to do.
//!
//! Damaged files make it panic, so opening and reading happen under `catch_unwind`. What a batch replaces is freed
//! only while later operations go on, so every batch is followed by cheap reads; without them a bulk load takes
//! gigabytes. Its iterators see batches that are applied meanwhile, so reading and applying exclude each other.

use std::cell::Cell;
use std::fs::File;
use std::io;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};
use std::thread;
use std::time::{Duration, Instant};

use model::ports::StoreError;
use sled::IVec;

/// Pages take several times their size in memory.
const CACHE_BYTES: u64 = 8 << 20;

/// Of the sizes measured, from 100 to 2000 keys, those around this one cost the least. Readers wait for a batch.
pub(crate) const LARGEST_BATCH: usize = 500;

/// How long threads of sled may outlive it.
const LINGERING: Duration = Duration::from_secs(5);

/// An open database.
pub(crate) struct Database {
    sled: sled::Db,
    folder: PathBuf,
    /// Write-locked while a batch is applied.
    gate: RwLock<()>,
}

impl Database {
    /// Opens the database in `folder`, or makes one.
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        // Without its own timer: what is not flushed is replayed from the log.
        let config = sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(None);
        let sled = guarded(|| open_patiently(&config).map_err(failed))?;
        Ok(Self { sled, folder: folder.to_owned(), gate: RwLock::new(()) })
    }

    /// Reads what belongs together: nothing is written meanwhile.
    pub(crate) fn read<T>(&self, work: impl FnOnce(Snapshot<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let _open = self.gate.read().unwrap_or_else(PoisonError::into_inner);
        guarded(|| work(Snapshot(&self.sled)))
    }

    /// Applies batches, each whole or not at all; readers see all of them or none. They are durable, more or less,
    /// after the next [`Self::flush`].
    pub(crate) fn apply(&self, batches: Vec<Batch>) -> Result<(), StoreError> {
        let keys: usize = batches.iter().map(|batch| batch.keys).sum();
        guarded(|| {
            let closed = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            for batch in batches {
                self.sled.apply_batch(batch.changes).map_err(failed)?;
            }
            drop(closed);
            (0..keys).try_for_each(|_| self.sled.get(b"\0").map(drop)).map_err(failed)
        })
    }

    /// Writes out everything that was applied.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        guarded(|| self.sled.flush().map(drop).map_err(failed))?;
        // sled itself leaves this to the operating system.
        Ok(File::open(self.folder.join("db"))?.sync_all()?)
    }
}

/// Opens sled, whose threads may still be at work for a store that this process has just dropped.
///
/// Nobody else can have it open: the caller holds the store's own lock.
pub(crate) fn open_patiently(config: &sled::Config) -> sled::Result<sled::Db> {
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
fn is_lock(error: &io::Error) -> bool {
    error.to_string().starts_with("could not acquire lock")
}

/// The database at one moment.
#[derive(Clone, Copy)]
pub(crate) struct Snapshot<'a>(&'a sled::Tree);

impl Snapshot<'_> {
    pub(crate) fn get(&self, key: &[u8]) -> Result<Option<IVec>, StoreError> {
        self.0.get(key).map_err(failed)
    }

    /// The entries whose keys begin with `prefix`, from the key `start` on.
    pub(crate) fn scan(
        &self,
        prefix: &[u8],
        start: &[u8],
    ) -> impl Iterator<Item = Result<(IVec, IVec), StoreError>> + use<> {
        let prefix = prefix.to_vec();
        let entries = self.0.range(start.max(&prefix[..])..);
        entries
            .map(|entry| entry.map_err(failed))
            .take_while(move |entry| entry.as_ref().map_or(true, |(key, _)| key.starts_with(&prefix)))
    }
}

/// Changes that are made together.
#[derive(Default)]
pub(crate) struct Batch {
    changes: sled::Batch,
    keys: usize,
}

impl Batch {
    /// Gives a key a value, or takes it away.
    pub(crate) fn set(&mut self, key: &[u8], value: Option<&[u8]>) {
        match value {
            Some(value) => self.changes.insert(key, value),
            None => self.changes.remove(key),
        }
        self.keys += 1;
    }

    pub(crate) fn is_full(&self) -> bool {
        self.keys >= LARGEST_BATCH
    }
}

thread_local! {
    /// Whether a panic here becomes an error.
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps sled's panics off stderr: they are told as errors, or in the log where it panics in a thread of its own. All
/// others are told as before.
pub fn silence_sled() {
    let others = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        if GUARDED.get() || thread::current().name().is_some_and(|name| name.starts_with("sled")) {
            tracing::debug!("sled panicked: {panic}");
        } else {
            others(panic);
        }
    }));
}

/// Turns a panic of sled into an error.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let before = GUARDED.replace(true);
    let done = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(before);
    done.unwrap_or_else(|panic| {
        let message = panic.downcast_ref::<String>().map(String::as_str);
        let message = message.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
        Err(StoreError::Damaged { what: format!("sled panicked: {message}") })
    })
}

pub(crate) fn failed(error: sled::Error) -> StoreError {
    match error {
        sled::Error::Io(error) => StoreError::Io(error),
        sled::Error::Corruption { .. } => StoreError::Damaged { what: error.to_string() },
        other => StoreError::Io(io::Error::other(other)),
    }
}
