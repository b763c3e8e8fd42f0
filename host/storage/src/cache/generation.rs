//! Replies that came, and go, at about the same time: a file that only grows, and an index of it.
//!
//! The index is written in batches. Behind what it has seen, which its mark tells, the file is read when it is opened.
//! A reply is handed out if it is whole and of the key that was asked for, wherever the index may point.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use model::ports::{CacheKey, StoreError};
use serde::{Deserialize, Serialize};

use super::cause;
use crate::database::{Batch, Database, LARGEST_BATCH};
use crate::embedded::layout;
use crate::files::{File, Files};
use crate::log::frame::{self, ALIGNMENT, Frame, LARGEST_PAYLOAD};
use crate::log::{Scan, Step};

/// The kind of frames there are.
const REPLY: u8 = 1;

const KEY: usize = size_of::<CacheKey>();

/// The key under which the index has its mark.
const MARK: &[u8] = b"mark";

/// The longest that a frame can be.
pub(super) const LONGEST: u64 = LARGEST_PAYLOAD as u64;

/// One generation, open.
pub(super) struct Generation {
    folder: PathBuf,
    file: Arc<dyn File>,
    /// Where the next frame comes.
    end: Mark,
    index: Database,
    index_bytes: u64,
    /// Replies that are not in the index yet.
    recent: HashMap<CacheKey, Place>,
}

/// A place between two frames of the file.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
struct Mark {
    offset: u64,
    /// Sequence number of the next frame.
    next: u64,
}

/// Where a frame is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
struct Place {
    offset: u64,
    length: u64,
}

/// How many bytes of the file a reply takes.
pub(super) fn needed(reply: &[u8]) -> u64 {
    frame::length(KEY + reply.len()) as u64
}

impl Generation {
    /// Opens the generation in `folder`, or begins one.
    pub(super) fn open(files: &dyn Files, folder: &Path) -> Result<Self, StoreError> {
        layout::folder(folder)?;
        let path = folder.join("replies");
        let file = match files.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => files.create(&path)?,
            opened => opened?,
        };
        let folder = folder.to_owned();
        let (index, mark) = open_index(&index_of(&folder)).or_else(|error| {
            tracing::info!("the index of `{}` is made anew: {}", path.display(), cause(&error));
            layout::remove_folder(&index_of(&folder))?;
            open_index(&index_of(&folder))
        })?;
        let length = file.length()?;
        let mark = mark.filter(|mark| mark.offset <= length).unwrap_or_default();
        let mut opened = Self { folder, file, end: mark, index, index_bytes: 0, recent: HashMap::new() };
        opened.index_bytes = opened.measure_index()?;
        opened.read_from(mark)?;
        opened.end.offset = length.next_multiple_of(ALIGNMENT as u64);
        Ok(opened)
    }

    /// Finds the frames behind `mark`, and what is whole behind a broken one.
    fn read_from(&mut self, mark: Mark) -> Result<(), StoreError> {
        let file = Arc::clone(&self.file);
        let mut scan = Scan::from(&*file, mark.offset, Some(mark.next))?;
        loop {
            let is_broken = match scan.next()? {
                Step::Frame { offset, frame } => {
                    let length = frame::length(frame.payload.len()) as u64;
                    self.end = Mark { offset: offset + length, next: frame.sequence + 1 };
                    if let Some((key, _)) = frame.payload.split_first_chunk() {
                        self.note(key, Place { offset, length })?;
                    }
                    false
                }
                Step::Broken(_) => true,
                Step::End(_) => return Ok(()),
            };
            if is_broken && !scan.skip()? {
                return Ok(());
            }
        }
    }

    pub(super) fn get(&self, key: &CacheKey) -> Result<Option<Vec<u8>>, StoreError> {
        let place = match self.recent.get(key) {
            Some(place) => Some(*place),
            None => self.index.read(|now| Ok(now.get(key)?.and_then(|value| postcard::from_bytes(&value).ok())))?,
        };
        Ok(place.map_or(Ok(None), |place| self.read(key, place))?)
    }

    /// The reply at `place`, if there is a whole one of this key.
    fn read(&self, key: &CacheKey, Place { offset, length }: Place) -> io::Result<Option<Vec<u8>>> {
        if offset.checked_add(length).is_none_or(|end| end > self.end.offset) {
            return Ok(None);
        }
        let mut bytes = vec![0; length as usize];
        let read = self.file.read_at(&mut bytes, offset)?;
        let reply = match frame::read(&bytes[..read]) {
            Ok(Frame { payload, .. }) => payload.strip_prefix(key),
            Err(_) => None,
        };
        Ok(reply.map(<[u8]>::to_vec))
    }

    pub(super) fn put(&mut self, key: &CacheKey, reply: &[u8]) -> Result<(), StoreError> {
        let payload = [&key[..], reply].concat();
        let Mark { offset, next } = self.end;
        let mut bytes = Vec::with_capacity(frame::length(payload.len()));
        frame::write(&mut bytes, &Frame { kind: REPLY, sequence: next, back: 0, payload: &payload });
        self.file.write_at(&bytes, offset)?;
        let length = bytes.len() as u64;
        self.end = Mark { offset: offset + length, next: next + 1 };
        self.note(key, Place { offset, length })
    }

    fn note(&mut self, key: &CacheKey, place: Place) -> Result<(), StoreError> {
        self.recent.insert(*key, place);
        if self.recent.len() < LARGEST_BATCH { Ok(()) } else { self.write_index() }
    }

    /// Brings the index up to the end of the file.
    pub(super) fn write_index(&mut self) -> Result<(), StoreError> {
        if self.recent.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        for (key, place) in self.recent.drain() {
            batch.set(&key, Some(&value(&place)));
        }
        batch.set(MARK, Some(&value(&self.end)));
        self.index.apply(vec![batch])?;
        self.index_bytes = self.measure_index()?;
        Ok(())
    }

    /// What it takes on the disk; of the index, as of its last batch.
    pub(super) fn bytes(&self) -> u64 {
        self.end.offset + self.index_bytes
    }

    /// How many there are, with those that were replaced.
    pub(super) fn replies(&self) -> u64 {
        self.end.next
    }

    pub(super) fn remove(self) -> Result<(), StoreError> {
        let folder = self.folder.clone();
        drop(self);
        Ok(layout::remove_folder(&folder)?)
    }

    /// Closes the generation and removes its index, which may be damaged.
    pub(super) fn forget_index(mut self) {
        self.recent.clear();
        let index = index_of(&self.folder);
        drop(self);
        if let Err(error) = layout::remove_folder(&index) {
            tracing::warn!("`{}` can't be removed: {error}", index.display());
        }
    }

    fn measure_index(&self) -> io::Result<u64> {
        fs::read_dir(index_of(&self.folder))?.map(|file| Ok(file?.metadata()?.len())).sum()
    }
}

impl Drop for Generation {
    fn drop(&mut self) {
        if let Err(error) = self.write_index() {
            tracing::info!("the index of `{}` is left as it was: {}", self.folder.display(), cause(&error));
        }
    }
}

fn index_of(folder: &Path) -> PathBuf {
    folder.join("index")
}

fn open_index(folder: &Path) -> Result<(Database, Option<Mark>), StoreError> {
    let index = Database::open(folder)?;
    let mark = index.read(|now| Ok(now.get(MARK)?.and_then(|value| postcard::from_bytes(&value).ok())))?;
    Ok((index, mark))
}

fn value<T: Serialize>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("a vector takes everything")
}
