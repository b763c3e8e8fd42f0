//! Giving back the space of what was deleted or replaced.
//!
//! What is still of use in a segment is copied to the end of the log, under the sequence number it had; then the
//! segment is removed. Cut off at any point, both copies mean the same.
//!
//! Invariant: segments go oldest first, each for good before the next is looked at. So the note of a deletion is in
//! the oldest segment when its turn comes, what it deleted is nowhere else, and it need not be copied.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use model::ports::StoreError;
use model::run::RunId;

use super::checkpoint;
use super::writer::{Parts, append};
use crate::database::Snapshot;
use crate::documents::{self, Useful, frames::DOCUMENTS};
use crate::log::{Address, Stored};
use crate::operation::{self, DELETION, EXCHANGES, HEADER, Head, Payload, REPORT};
use crate::results::{self, Place};
use crate::traces::frames::is_of_traces;
use crate::view::{Pointer, as_of, keys, open_entry, points_to};

/// How much is copied by one write.
const GROUP_BYTES: usize = 1 << 20;

/// Why a compaction stopped.
pub(super) enum Stopped {
    /// What is to be kept can't be read, or there is no room for it. The store is as it was.
    Before(StoreError),
    /// Something failed that leaves the store unusable.
    Failed(StoreError),
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Compacts a segment, if it is the oldest and not the last.
pub(super) fn run(parts: &mut Parts, segment: u64) -> Result<(), Stopped> {
    let segments = parts.reader.log().numbers();
    if segments.len() == 1 || segments.first() != Some(&segment) {
        return Ok(());
    }
    copy_useful(parts, segment, &mut Latest::default())?;
    // The copies must be found before the originals go.
    checkpoint::write(parts)?;
    parts.appender.remove(segment).map_err(StoreError::from)?;
    Ok(())
}

fn copy_useful(parts: &mut Parts, segment: u64, latest: &mut Latest) -> Result<(), Stopped> {
    let mut group: Vec<Payload> = Vec::new();
    let mut bytes = 0;
    for address in parts.reader.log().addresses(segment).map_err(of_reading)? {
        let stored = parts.reader.log().read(address).map_err(of_reading)?;
        let copy = if is_of_traces(stored.kind) {
            parts.traces.useful(&stored, address)?
        } else {
            let Useful { copy, useless } = parts.view.read(|now| useful(parts, now, &stored, address, latest))?;
            forget(parts, &useless)?;
            copy
        };
        bytes += copy.iter().map(|(_, payload)| payload.len()).sum::<usize>();
        group.extend(copy);
        if bytes >= GROUP_BYTES {
            bytes = 0;
            copy_group(parts, &std::mem::take(&mut group))?;
        }
    }
    copy_group(parts, &group)
}

fn copy_group(parts: &mut Parts, group: &[Payload]) -> Result<(), Stopped> {
    if group.is_empty() {
        return Ok(());
    }
    let bytes = group.iter().map(|(_, payload)| payload.len() as u64).sum();
    parts.space.check_for_less(bytes).map_err(Stopped::Before)?;
    append(parts, group)?;
    Ok(())
}

/// A frame that is damaged says nothing about the next write.
fn of_reading(error: StoreError) -> Stopped {
    match error {
        StoreError::Damaged { .. } => Stopped::Before(error),
        other => Stopped::Failed(other),
    }
}

fn useful(
    parts: &Parts,
    now: Snapshot<'_>,
    stored: &Stored,
    address: Address,
    latest: &mut Latest,
) -> Result<Useful, StoreError> {
    if stored.kind == DOCUMENTS {
        return documents::useful(now, stored, address);
    }
    let (head, body) = operation::open(stored, address)?;
    let as_of = as_of(&head, stored.sequence);
    let key = match stored.kind {
        HEADER | REPORT | EXCHANGES => head.key(stored.kind),
        DELETION => {
            let key = keys::deletion(head.run);
            let useless = if points_to(now, &key, address)? { vec![key.to_vec()] } else { Vec::new() };
            return Ok(Useful { copy: None, useless });
        }
        _ => {
            latest.read(parts, now, &head)?;
            return useful_results(now, stored.kind, &head, as_of, &body, address, latest);
        }
    };
    let copy =
        if points_to(now, &key, address)? { Some(operation::copy(stored.kind, &head, as_of, &body)?) } else { None };
    Ok(Useful { copy, useless: Vec::new() })
}

/// The results of a frame that none replaced.
fn useful_results(
    now: Snapshot<'_>,
    kind: u8,
    head: &Head,
    as_of: u64,
    body: &[u8],
    address: Address,
    latest: &Latest,
) -> Result<Useful, StoreError> {
    let places = results::places(body).ok_or_else(|| operation::unreadable(address, "its body"))?;
    let mut useful = Useful::default();
    let mut blocks = Vec::new();
    let mut kept_body = Vec::new();
    for &block in &head.blocks {
        let key = keys::results_of(head.run, block, as_of);
        if !points_to(now, &key, address)? {
            continue;
        }
        let is_kept =
            |place: Place| keys::block(place.0) == block && latest.of((head.run, block), place) == Some(as_of);
        let kept: Vec<_> = places.iter().filter(|(place, _)| is_kept(*place)).collect();
        if kept.is_empty() {
            useful.useless.push(key.to_vec());
            continue;
        }
        blocks.push(block);
        kept.iter().for_each(|(_, range)| kept_body.extend_from_slice(&body[range.clone()]));
    }
    if !blocks.is_empty() {
        blocks.sort_unstable();
        useful.copy = Some(operation::copy(kind, &Head { blocks, ..head.clone() }, as_of, &kept_body)?);
    }
    Ok(useful)
}

type Block = (RunId, u64);

/// Blocks whose places are remembered: those of a few frames, which follow each other.
const REMEMBERED: usize = 64;

/// When each place was last written. Nothing is written while it is in use but copies, which count as what they were.
#[derive(Default)]
struct Latest(HashMap<Block, HashMap<Place, u64>>);

impl Latest {
    /// Reads the blocks of a frame that are not remembered.
    fn read(&mut self, parts: &Parts, now: Snapshot<'_>, head: &Head) -> Result<(), StoreError> {
        if self.0.len() >= REMEMBERED {
            self.0.clear();
        }
        for &block in &head.blocks {
            if let Entry::Vacant(vacant) = self.0.entry((head.run, block)) {
                vacant.insert(latest(parts, now, head.run, block)?);
            }
        }
        Ok(())
    }

    /// When a place of a block that has been read was last written.
    fn of(&self, block: Block, place: Place) -> Option<u64> {
        self.0.get(&block).expect("it has been read").get(&place).copied()
    }
}

fn latest(parts: &Parts, now: Snapshot<'_>, run: RunId, block: u64) -> Result<HashMap<Place, u64>, StoreError> {
    let mut latest = HashMap::new();
    let start = keys::results_of(run, block, 0);
    // Entries come by age.
    for entry in now.scan(&start[..keys::BLOCK_PREFIX], &start) {
        let (key, value) = entry?;
        let (_, as_of) = keys::block_and_as_of(&key).ok_or_else(|| crate::view::damaged(&key, "has a wrong key"))?;
        let frame = parts.reader.places(open_entry::<Pointer>(&key, &value)?.address)?;
        latest.extend(frame.into_iter().filter(|place| keys::block(place.0) == block).map(|place| (place, as_of)));
    }
    Ok(latest)
}

fn forget(parts: &Parts, useless: &[Vec<u8>]) -> Result<(), StoreError> {
    if useless.is_empty() {
        return Ok(());
    }
    parts.view.change(parts.appender.end(), parts.appender.next(), |changes| {
        useless.iter().try_for_each(|key| changes.remove(key))
    })
}
