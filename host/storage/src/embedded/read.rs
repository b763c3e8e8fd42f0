//! Reading runs and results: the view says where, the log holds what.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use model::judge::{BatchId, Exchange};
use model::ports::StoreError;
use model::report::Report;
use model::run::{RowResult, Run, RunHeader, RunId};
use serde::de::DeserializeOwned;

use crate::database::Snapshot;
use crate::log::{Address, Log};
use crate::operation;
use crate::results::{self, Place};
use crate::view::{Pointer, keys, open_entry};

/// Frames that are kept to be read from again: one holds results of a few blocks, and a page ends within one.
const KEPT_FRAMES: usize = 8;

/// Longer frames are not kept.
const LARGEST_KEPT: usize = 1 << 20;

/// Reads what the view points to.
#[derive(Debug)]
pub(super) struct Reader {
    log: Arc<Log>,
    /// The last frames that were read, the latest one at the end.
    kept: Mutex<Vec<Arc<Frame>>>,
}

/// A frame of results, uncompressed.
#[derive(Debug)]
struct Frame {
    address: Address,
    body: Vec<u8>,
    places: Vec<(Place, Range<usize>)>,
}

impl Reader {
    pub(super) fn new(log: Arc<Log>) -> Self {
        Self { log, kept: Mutex::default() }
    }

    pub(super) fn log(&self) -> &Log {
        &self.log
    }

    /// The places that a frame holds results of.
    pub(super) fn places(&self, address: Address) -> Result<Vec<Place>, StoreError> {
        Ok(self.frame(address)?.places.iter().map(|(place, _)| *place).collect())
    }

    pub(super) fn run(&self, now: Snapshot<'_>, run: RunId) -> Result<Option<Run>, StoreError> {
        let Some(header) = self.document::<RunHeader>(now, &keys::header(run))? else {
            return Ok(None);
        };
        Ok(Some(Run { header, report: self.document::<Report>(now, &keys::report(run))? }))
    }

    /// Runs whose ids are smaller than `after`, newest first.
    pub(super) fn runs(&self, now: Snapshot<'_>, after: Option<RunId>, limit: usize) -> Result<Vec<Run>, StoreError> {
        let start = after.map_or_else(|| keys::RUNS.to_vec(), |run| [&keys::header(run)[..], &[0]].concat());
        let runs = now.scan(keys::RUNS, &start).take(limit).map(|entry| {
            let key = entry?.0;
            let run = keys::run(&key).ok_or_else(|| crate::view::damaged(&key, "has a wrong key"))?;
            self.run(now, run)?.ok_or_else(|| crate::missing_run(run))
        });
        runs.collect()
    }

    pub(super) fn results(
        &self,
        now: Snapshot<'_>,
        run: RunId,
        after: Option<Place>,
        limit: usize,
    ) -> Result<Vec<RowResult>, StoreError> {
        if now.get(&keys::header(run))?.is_none() {
            return Err(crate::missing_run(run));
        }
        let first = after.map_or(0, |(index, _)| keys::block(index));
        let mut entries = now.scan(&keys::results(run), &keys::results_of(run, first, 0)).peekable();
        let mut page = Vec::new();
        while page.len() < limit
            && let Some(entry) = entries.next()
        {
            let (block, address) = block_entry(entry)?;
            let mut addresses = vec![address];
            while let Some(same) = entries.next_if(|next| is_of_block(next, block)) {
                addresses.push(block_entry(same)?.1);
            }
            self.read_block(block, &addresses, after, limit, &mut page)?;
        }
        Ok(page)
    }

    /// The batch of exchanges behind `after`.
    pub(super) fn exchanges(
        &self,
        now: Snapshot<'_>,
        run: RunId,
        after: Option<BatchId>,
    ) -> Result<Option<(BatchId, Vec<Exchange>)>, StoreError> {
        if now.get(&keys::header(run))?.is_none() {
            return Err(crate::missing_run(run));
        }
        let all = keys::exchanges(run);
        let start = after.map_or_else(|| all.to_vec(), |batch| [&keys::exchanges_of(run, batch)[..], &[0]].concat());
        let Some((key, value)) = now.scan(&all, &start).next().transpose()? else {
            return Ok(None);
        };
        let batch = keys::batch(&key).ok_or_else(|| crate::view::damaged(&key, "has a wrong key"))?;
        Ok(Some((batch, self.json(&key, &value)?)))
    }

    /// Adds the results of a block that come behind `after` to `page`.
    fn read_block(
        &self,
        block: u64,
        addresses: &[Address],
        after: Option<Place>,
        limit: usize,
        page: &mut Vec<RowResult>,
    ) -> Result<(), StoreError> {
        let frames: Vec<_> = addresses.iter().map(|&address| self.frame(address)).collect::<Result<_, _>>()?;
        let mut latest = BTreeMap::new();
        // Addresses come by age: of the same place the last one counts.
        for frame in &frames {
            let places = frame.places.iter().filter(|(place, _)| keys::block(place.0) == block && after < Some(*place));
            latest.extend(places.map(|(place, range)| (*place, (frame, range.clone()))));
        }
        for (place, (frame, range)) in latest.into_iter().take(limit - page.len()) {
            let result = results::read(&frame.body[range], place);
            page.push(result.map_err(|why| unreadable(frame.address, &why))?);
        }
        Ok(())
    }

    fn document<T: DeserializeOwned>(&self, now: Snapshot<'_>, key: &[u8]) -> Result<Option<T>, StoreError> {
        now.get(key)?.map(|value| self.json(key, &value)).transpose()
    }

    /// What is in the frame that an entry points to.
    fn json<T: DeserializeOwned>(&self, key: &[u8], value: &[u8]) -> Result<T, StoreError> {
        let Pointer { address, .. } = open_entry(key, value)?;
        let (_, json) = operation::open(&self.log.read(address)?, address)?;
        serde_json::from_slice(&json).map_err(|error| unreadable(address, &error.to_string()))
    }

    fn frame(&self, address: Address) -> Result<Arc<Frame>, StoreError> {
        if let Some(kept) = self.kept().iter().find(|frame| frame.address == address) {
            return Ok(Arc::clone(kept));
        }
        let (_, body) = operation::open(&self.log.read(address)?, address)?;
        let places = results::places(&body).ok_or_else(|| unreadable(address, "its results are cut off"))?;
        let frame = Arc::new(Frame { address, body, places });
        if frame.body.len() <= LARGEST_KEPT {
            let mut kept = self.kept();
            if kept.len() == KEPT_FRAMES {
                kept.remove(0);
            }
            kept.push(Arc::clone(&frame));
        }
        Ok(frame)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Frame>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

type Entry = Result<(sled::IVec, sled::IVec), StoreError>;

fn block_entry(entry: Entry) -> Result<(u64, Address), StoreError> {
    let (key, value) = entry?;
    let (block, _) = keys::block_and_as_of(&key).ok_or_else(|| crate::view::damaged(&key, "has a wrong key"))?;
    let Pointer { address, .. } = open_entry(&key, &value)?;
    Ok((block, address))
}

fn is_of_block(entry: &Entry, block: u64) -> bool {
    entry.as_ref().is_ok_and(|(key, _)| keys::block_and_as_of(key).is_some_and(|(found, _)| found == block))
}

fn unreadable(address: Address, why: &str) -> StoreError {
    let position = address.position;
    let (offset, segment) = (position.offset, position.segment);
    StoreError::Damaged { what: format!("a record at byte {offset} of segment {segment} of the log: {why}") }
}
