//! The index on disk: a file for each part, and one that says which files there are.
//!
//! ```text
//! traces/INDEX           up to where the log has been applied, and the number each part was written under last
//! traces/PART.NUMBER     a part, both in hexadecimal
//! ```
//!
//! Both are `form u8 | crc32c u32 | postcard`. A part that has changed is written under a new number, durable before `INDEX`
//! names it; then what is not named any more goes. So what is there is always whole, if a little old, and the log has the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::part::Written;
use super::table::{GONE, Table};
use crate::files::{self, Files};
use crate::log::Position;

/// Files of another form are no index: it is made anew from the log.
const FORM: u8 = 4;

const INDEX: &str = "INDEX";
const DRAFT: &str = "INDEX.draft";

/// Up to where the log has been applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Mark {
    /// Sequence number of the next frame.
    pub(super) next: u64,
    /// Where that frame is.
    pub(super) position: Position,
}

#[derive(Debug, Deserialize, Serialize)]
struct Index {
    mark: Mark,
    /// The number that each part was written under.
    parts: Vec<u64>,
}

/// Reads the index in `folder`; none where there is none that can be used.
pub(super) fn load(files: &dyn Files, folder: &Path) -> Option<(Table, Mark)> {
    let Index { mark, parts } = read(files, &folder.join(INDEX))?;
    let mut table = Table::default();
    for (part, number) in parts.into_iter().enumerate() {
        if number == GONE {
            table.load_gone();
            continue;
        }
        let written: Written = read(files, &path(folder, part, number))?;
        let part = written.read(&mut table.strings)?;
        if !table.load(part, number) {
            return None;
        }
    }
    Some((table, mark))
}

/// Writes what has changed, for good, with everything that the log has before the mark; what has come since may be in it as
/// well. Whether there was `room` for so many bytes; where there is none, the index on disk is the old one still.
pub(super) fn save(
    files: &dyn Files,
    folder: &Path,
    table: &RwLock<Table>,
    mark: Mark,
    room: impl Fn(u64) -> bool,
) -> io::Result<bool> {
    let Numbered { changed, mut parts } = numbered(files, folder, table)?;
    for (place, &(part, number)) in changed.iter().enumerate() {
        let bytes = {
            let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
            if table.slots()[part].is_gone() {
                parts[part] = GONE;
                continue;
            }
            table.set_written(part, Some(number));
            // What changes it from now on waits; who reads need not.
            let table = RwLockWriteGuard::downgrade(table);
            sealed(&Written::of(&table.slots()[part].part, &table.strings))?
        };
        let written = if room(bytes.len() as u64) {
            write(files, &path(folder, part, number), &bytes)
        } else {
            Err(io::ErrorKind::StorageFull.into())
        };
        match written {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
                table.set_changed(true);
                // The log has everything. What can't be removed now goes the next time.
                for &(part, number) in &changed[..=place] {
                    table.set_written(part, None);
                    let _ = files.remove(&path(folder, part, number));
                }
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    files.sync_folder(folder)?;
    let draft = folder.join(DRAFT);
    if let Err(error) = files.remove(&draft)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let named: BTreeSet<u64> = parts.iter().copied().collect();
    write(files, &draft, &sealed(&Index { mark, parts })?)?;
    files.rename(&draft, &folder.join(INDEX))?;
    files.sync_folder(folder)?;
    for name in files.list(folder)? {
        if number(&name).is_some_and(|number| !named.contains(&number)) {
            files.remove(&folder.join(name))?;
        }
    }
    Ok(true)
}

/// What is to be written.
struct Numbered {
    /// The parts that have changed, with the numbers that they are to be written under.
    changed: Vec<(usize, u64)>,
    /// The number of each part then.
    parts: Vec<u64>,
}

fn numbered(files: &dyn Files, folder: &Path, table: &RwLock<Table>) -> io::Result<Numbered> {
    let on_disk = files.list(folder)?.iter().filter_map(|name| number(name)).max();
    let mut table = table.write().unwrap_or_else(PoisonError::into_inner);
    table.set_changed(false);
    let highest = table.slots().iter().filter_map(|slot| slot.written).max();
    let first = on_disk.max(highest).unwrap_or(GONE) + 1;
    let changed = table.slots().iter().enumerate().filter(|(_, slot)| slot.written.is_none());
    let changed: Vec<(usize, u64)> = changed.map(|(part, _)| part).zip(first..).collect();
    let new: BTreeMap<usize, u64> = changed.iter().copied().collect();
    let numbers = table.slots().iter().enumerate();
    let parts = numbers.map(|(part, slot)| new.get(&part).copied().or(slot.written).unwrap_or(GONE)).collect();
    Ok(Numbered { changed, parts })
}

fn path(folder: &Path, part: usize, number: u64) -> PathBuf {
    folder.join(format!("{part:08x}.{number:016x}"))
}

/// The number that a file was written under, where its name is that of a part.
fn number(name: &str) -> Option<u64> {
    let (part, number) = name.split_once('.')?;
    let is_one = part.len() == 8 && number.len() == 16;
    is_one.then(|| u64::from_str_radix(number, 16).ok())?
}

fn sealed<T: Serialize>(value: &T) -> io::Result<Vec<u8>> {
    let mut bytes = postcard::to_extend(value, vec![FORM, 0, 0, 0, 0]).map_err(io::Error::other)?;
    let checksum = crc32c::crc32c(&bytes[5..]);
    bytes[1..5].copy_from_slice(&checksum.to_be_bytes());
    Ok(bytes)
}

fn write(files: &dyn Files, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let file = files.create(path)?;
    file.write_at(bytes, 0)?;
    file.sync()
}

fn read<T: DeserializeOwned>(files: &dyn Files, path: &Path) -> Option<T> {
    let bytes = files::read(&*files.open(path).ok()?).ok()?;
    let (&[form, a, b, c, d], rest) = bytes.split_first_chunk::<5>()?;
    if form != FORM || u32::from_be_bytes([a, b, c, d]) != crc32c::crc32c(rest) {
        return None;
    }
    postcard::from_bytes(rest).ok()
}
