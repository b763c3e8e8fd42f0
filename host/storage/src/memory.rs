//! A store that forgets everything when it is dropped: the oracle that other stores are compared with.

use std::collections::btree_map::Entry::{Occupied, Vacant};
use std::collections::{BTreeMap, HashMap};
use std::io::{Cursor, Read, Write};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use model::judge::{BatchId, Exchange};
use model::ports::{DatasetWriter, Store, StoreError};
use model::report::Report;
use model::run::{RowResult, Run, RunHeader, RunId};

/// Keeps everything in memory.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, Entry>,
    datasets: HashMap<String, Arc<[u8]>>,
}

#[derive(Debug)]
struct Entry {
    run: Run,
    results: BTreeMap<(u64, u32), RowResult>,
    exchanges: BTreeMap<BatchId, Vec<Exchange>>,
}

impl Entry {
    fn new(header: RunHeader) -> Self {
        Self { run: Run { header, report: None }, results: BTreeMap::new(), exchanges: BTreeMap::new() }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No change is left half done by a panic, so a poisoned lock guards nothing broken.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn entry(&mut self, run: RunId) -> Result<&mut Entry, StoreError> {
        self.runs.get_mut(&run).ok_or_else(|| crate::missing_run(run))
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create_run(&self, header: &RunHeader) -> Result<(), StoreError> {
        let mut state = self.state();
        if !state.datasets.contains_key(&header.data.digest) {
            return Err(crate::missing_dataset(&header.data.digest));
        }
        match state.runs.entry(header.id) {
            Occupied(entry) => entry.into_mut().run.header = header.clone(),
            Vacant(place) => _ = place.insert(Entry::new(header.clone())),
        }
        Ok(())
    }

    async fn put_results(&self, run: RunId, results: Vec<RowResult>) -> Result<(), StoreError> {
        let mut state = self.state();
        let entry = state.entry(run)?;
        entry.results.extend(results.into_iter().map(|result| ((result.index, result.trial), result)));
        Ok(())
    }

    async fn put_exchanges(&self, run: RunId, batch: BatchId, exchanges: Vec<Exchange>) -> Result<(), StoreError> {
        self.state().entry(run)?.exchanges.insert(batch, exchanges);
        Ok(())
    }

    async fn finish_run(&self, run: RunId, report: &Report) -> Result<(), StoreError> {
        self.state().entry(run)?.run.report = Some(report.clone());
        Ok(())
    }

    async fn run(&self, run: RunId) -> Result<Option<Run>, StoreError> {
        Ok(self.state().runs.get(&run).map(|entry| entry.run.clone()))
    }

    async fn runs(&self, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let older = (Bound::Unbounded, after.map_or(Bound::Unbounded, Bound::Excluded));
        Ok(self.state().runs.range(older).rev().take(limit).map(|(_, entry)| entry.run.clone()).collect())
    }

    async fn results(&self, run: RunId, after: Option<(u64, u32)>, limit: usize) -> Result<Vec<RowResult>, StoreError> {
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut state = self.state();
        Ok(state.entry(run)?.results.range(behind).take(limit).map(|(_, result)| result.clone()).collect())
    }

    async fn exchanges(
        &self,
        run: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError> {
        let behind = (after.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let mut state = self.state();
        let next = state.entry(run)?.exchanges.range(behind).next();
        Ok(next.map(|(batch, exchanges)| (*batch, exchanges.clone())))
    }

    async fn delete_run(&self, run: RunId) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(deleted) = state.runs.remove(&run) else {
            return Ok(false);
        };
        let digest = deleted.run.header.data.digest;
        if !state.runs.values().any(|entry| entry.run.header.data.digest == digest) {
            state.datasets.remove(&digest);
        }
        Ok(true)
    }

    fn new_dataset(&self) -> Result<Box<dyn DatasetWriter>, StoreError> {
        Ok(Box::new(Draft { store: self.clone(), bytes: Vec::new() }))
    }

    fn open_dataset(&self, digest: &str) -> Result<Box<dyn Read + Send>, StoreError> {
        let bytes = self.state().datasets.get(digest).cloned().ok_or_else(|| crate::missing_dataset(digest))?;
        Ok(Box::new(Cursor::new(bytes)))
    }
}

/// A dataset that is still being written.
struct Draft {
    store: MemoryStore,
    bytes: Vec<u8>,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.bytes.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl DatasetWriter for Draft {
    fn keep(self: Box<Self>) -> Result<String, StoreError> {
        let digest = blake3::hash(&self.bytes).to_hex().to_string();
        self.store.state().datasets.insert(digest.clone(), self.bytes.into());
        Ok(digest)
    }
}
