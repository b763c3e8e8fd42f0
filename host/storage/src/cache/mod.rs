//! Replies of judges, kept for the next time somebody asks the same.
//!
//! ```text
//! cache/0000000000000001/replies   checksummed frames of a key and its reply each
//! cache/0000000000000001/index/    where in there the reply of a key is; can be made anew from the frames
//! cache/0000000000000002/...       the younger generation, which replies are added to
//! ```
//!
//! What is lost here costs money, and nothing else. So nothing is synced; what is torn or damaged is a reply that is
//! not there, and a cache that can't be used is told and left alone, or made anew. Nothing is opened, or made, before
//! it is first used.

mod generation;
mod generations;

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::ports::{CacheKey, CacheStatistics, StoreError};

use crate::embedded::Options;
use crate::embedded::lock::Lock;
use generations::Generations;

/// After so many failures the cache is left alone.
const MOST_FAILURES: u32 = 3;

/// The cache of a store that this process owns.
pub(crate) struct Cache {
    root: PathBuf,
    options: Options,
    state: Mutex<State>,
    /// Nobody else has the cache open as long as something here is at work.
    _lock: Arc<Lock>,
}

#[derive(Default)]
struct State {
    generations: Option<Generations>,
    failures: u32,
}

impl Cache {
    /// The cache of the store in `root`, which `lock` is of.
    pub(crate) fn of(root: &Path, options: Options, lock: Arc<Lock>) -> Self {
        Self { root: root.to_owned(), options, state: Mutex::default(), _lock: lock }
    }

    pub(crate) fn get(&self, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.using(|generations| generations.get(key))?.flatten())
    }

    pub(crate) fn put(&self, key: &CacheKey, reply: &[u8]) -> Result<(), StoreError> {
        self.using(|generations| generations.put(key, reply)).map(drop)
    }

    pub(crate) fn statistics(&self) -> Result<CacheStatistics, StoreError> {
        let found = self.using(|generations| Ok(generations.statistics()))?.unwrap_or_default();
        Ok(CacheStatistics { most_bytes: self.options.cache_bytes, ..found })
    }

    /// Removes everything. What could not be used before gets another chance.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        let mut state = self.state();
        *state = State::default();
        Ok(remove(&self.folder())?)
    }

    /// Works on the cache, which is opened for it where it is not open yet. None where it can't be used.
    fn using<T>(&self, work: impl FnOnce(&mut Generations) -> Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let mut state = self.state();
        if state.failures >= MOST_FAILURES {
            return Ok(None);
        }
        let opened = match state.generations.take() {
            Some(generations) => Ok(generations),
            None => Generations::open(&self.root, self.folder(), &self.options),
        };
        let done = opened.and_then(|generations| {
            let generations = state.generations.insert(generations);
            let _busy = generations.watchdog.busy();
            work(generations)
        });
        match done {
            Ok(done) => Ok(Some(done)),
            Err(full @ StoreError::Full { .. }) => Err(full),
            Err(error) => {
                tracing::warn!("replies of judges can't be kept in `{}`: {}", self.folder().display(), cause(&error));
                state.failures += 1;
                // The next one to use it reads what is in the files themselves.
                state.generations.take().into_iter().for_each(Generations::forget_indexes);
                Ok(None)
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self) -> PathBuf {
        self.root.join("cache")
    }
}

fn cause(error: &StoreError) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}

/// Removes whatever is at `path`.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        removed => removed,
    }
}
