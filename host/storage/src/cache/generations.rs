//! Two generations of replies, and the room they have.
//!
//! Replies are added to the younger one. When that has no room within half of what there is, the older one is removed
//! as a whole, which gives its space back at once, and another begins. What is found in the older one is copied to the
//! younger: what is asked for stays, what nobody has asked for goes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::ports::{CacheKey, CacheStatistics, StoreError};

use super::generation::{self, Generation};
use super::{cause, remove};
use crate::embedded::Options;
use crate::embedded::space::Space;
use crate::embedded::watchdog::Watchdog;
use crate::files::Files;

/// The generations that are open.
pub(super) struct Generations {
    folder: PathBuf,
    files: Arc<dyn Files>,
    /// What one of them may take, in bytes.
    most_bytes: u64,
    space: Space,
    older: Option<Generation>,
    younger: Option<Generation>,
    /// Number of the next one.
    next: u64,
    pub(super) watchdog: Watchdog,
}

impl Generations {
    /// Opens what is in `folder`, which need not be there. What can't be opened is removed.
    pub(super) fn open(root: &Path, folder: PathBuf, options: &Options) -> Result<Self, StoreError> {
        let numbers = numbers(&folder).or_else(|error| {
            tracing::warn!("`{}` is made anew: {error}", folder.display());
            remove(&folder).map(|()| Vec::new())
        })?;
        let mut generations = Self {
            files: Arc::clone(&options.files),
            most_bytes: options.cache_bytes / 2,
            space: Space::of(root),
            older: None,
            younger: None,
            next: numbers.iter().max().map_or(1, |last| last + 1),
            watchdog: Watchdog::start()?,
            folder,
        };
        for number in numbers {
            generations.take_up(number)?;
        }
        Ok(generations)
    }

    /// Opens a generation, from the youngest to the oldest, as long as there is a place for it.
    fn take_up(&mut self, number: u64) -> Result<(), StoreError> {
        let path = self.path(number);
        let place = match (&mut self.younger, &mut self.older) {
            (place @ None, _) | (_, place @ None) => place,
            // Its removal was cut off.
            _ => return Ok(remove(&path)?),
        };
        match Generation::open(&*self.files, &path) {
            Ok(generation) => *place = Some(generation),
            Err(error) => {
                tracing::warn!("replies of judges in `{}` are lost: {}", path.display(), cause(&error));
                remove(&path)?;
            }
        }
        Ok(())
    }

    pub(super) fn get(&mut self, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(reply) = get(self.younger.as_ref(), key)? {
            return Ok(Some(reply));
        }
        let Some(reply) = get(self.older.as_ref(), key)? else {
            return Ok(None);
        };
        match self.put(key, &reply) {
            Ok(()) | Err(StoreError::Full { .. }) => Ok(Some(reply)),
            Err(error) => Err(error),
        }
    }

    /// Keeps a reply, unless it is so long that there would be no room for others.
    pub(super) fn put(&mut self, key: &CacheKey, reply: &[u8]) -> Result<(), StoreError> {
        let bytes = generation::needed(reply);
        if bytes > self.most_bytes.min(generation::LONGEST) {
            return Ok(());
        }
        self.space.check(bytes)?;
        let younger = match self.younger.take() {
            Some(younger) if younger.bytes() + bytes <= self.most_bytes => younger,
            full => self.begin(full)?,
        };
        self.younger.insert(younger).put(key, reply)
    }

    /// Begins a generation that is younger than `full`. The oldest goes.
    fn begin(&mut self, full: Option<Generation>) -> Result<Generation, StoreError> {
        self.older.take().map_or(Ok(()), Generation::remove)?;
        self.older = full;
        self.older.as_mut().map_or(Ok(()), Generation::write_index)?;
        let begun = Generation::open(&*self.files, &self.path(self.next))?;
        self.next += 1;
        Ok(begun)
    }

    pub(super) fn statistics(&self) -> CacheStatistics {
        let mut found = CacheStatistics::default();
        for generation in [&self.older, &self.younger].into_iter().flatten() {
            found.replies += generation.replies();
            found.bytes += generation.bytes();
        }
        found
    }

    /// Closes the generations, and removes what finds replies in them.
    pub(super) fn forget_indexes(self) {
        [self.older, self.younger].into_iter().flatten().for_each(Generation::forget_index);
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:0NUMBER$}"))
    }
}

/// Digits of a generation's number.
const NUMBER: usize = 16;

/// Numbers of the generations in a folder, youngest first.
fn numbers(folder: &Path) -> io::Result<Vec<u64>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut numbers = Vec::new();
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_str().filter(|name| name.len() == NUMBER);
        numbers.extend(name.and_then(|name| name.parse::<u64>().ok()));
    }
    numbers.sort_unstable_by(|one, other| other.cmp(one));
    Ok(numbers)
}

fn get(generation: Option<&Generation>, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError> {
    generation.map_or(Ok(None), |generation| generation.get(key))
}
