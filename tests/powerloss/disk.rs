//! What a disk holds when the power goes, from the journal of what a process did to it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const PAGE: usize = 4096;

/// One thing that was done.
#[derive(Debug)]
pub(crate) struct Step {
    operation: u8,
    path: PathBuf,
    number: u64,
    data: Vec<u8>,
}

impl Step {
    /// What was written to standard output, if it was that.
    pub(crate) fn said(&self) -> Option<&str> {
        (self.operation == b'A').then(|| std::str::from_utf8(&self.data).expect("text"))
    }
}

/// Reads a journal, whose last record may be cut off.
pub(crate) fn read(journal: &Path) -> Vec<Step> {
    let bytes = fs::read(journal).expect("a journal");
    let mut rest = &bytes[..];
    let mut steps = Vec::new();
    while let Some(step) = step(&mut rest) {
        steps.push(step);
    }
    steps
}

fn step(rest: &mut &[u8]) -> Option<Step> {
    let operation = rest.split_off_first()?;
    let path = text(rest)?;
    let number = u64::from_le_bytes(rest.split_off(..8)?.try_into().ok()?);
    let data = text(rest)?;
    let path = PathBuf::from(std::str::from_utf8(path).expect("a path"));
    Some(Step { operation: *operation, path, number, data: data.to_vec() })
}

fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u32::from_le_bytes(rest.split_off(..4)?.try_into().ok()?);
    rest.split_off(..length as usize)
}

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    /// As of its last sync.
    synced: Vec<u8>,
}

/// A change of names that its folder has not been synced after.
#[derive(Clone)]
struct Naming {
    folder: PathBuf,
    path: PathBuf,
    /// The file it then named; none where it was taken away.
    file: Option<usize>,
}

/// Files and their names, as they are and as they would survive.
pub(crate) struct Disk {
    files: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    durable_names: BTreeMap<PathBuf, usize>,
    pending: Vec<Naming>,
    folders: BTreeSet<PathBuf>,
}

impl Disk {
    /// A disk that holds durably what is in the folder `root`.
    pub(crate) fn of(root: &Path) -> Self {
        let mut disk = Self {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            pending: Vec::new(),
            folders: BTreeSet::new(),
        };
        disk.load(root, root);
        disk.durable_names = disk.names.clone();
        disk
    }

    fn load(&mut self, root: &Path, folder: &Path) {
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path.strip_prefix(root).expect("below").to_owned();
            if path.is_dir() {
                self.folders.insert(name);
                self.load(root, &path);
            } else {
                let now = fs::read(&path).expect("a file");
                self.files.push(Content { synced: now.clone(), now });
                self.names.insert(name, self.files.len() - 1);
            }
        }
    }

    pub(crate) fn apply(&mut self, step: &Step) {
        let path = &step.path;
        match step.operation {
            b'c' => {
                self.files.push(Content::default());
                self.name(path, Some(self.files.len() - 1));
            }
            b'T' => self.now(path).clear(),
            b'w' => {
                let (now, start) = (self.now(path), step.number as usize);
                let end = start + step.data.len();
                now.resize(now.len().max(end), 0);
                now[start..end].copy_from_slice(&step.data);
            }
            b't' => self.now(path).resize(step.number as usize, 0),
            b's' => self.sync(path),
            b'r' => self.rename(path, Path::new(std::str::from_utf8(&step.data).expect("a path"))),
            b'u' => self.name(path, None),
            b'm' => _ = self.folders.insert(path.clone()),
            _ => {}
        }
    }

    fn now(&mut self, path: &Path) -> &mut Vec<u8> {
        let file = *self.names.get(path).unwrap_or_else(|| panic!("`{}` was never made", path.display()));
        &mut self.files[file].now
    }

    fn sync(&mut self, path: &Path) {
        if let Some(&file) = self.names.get(path) {
            self.files[file].synced = self.files[file].now.clone();
            return;
        }
        for naming in std::mem::take(&mut self.pending) {
            if naming.folder == path {
                naming.apply(&mut self.durable_names);
            } else {
                self.pending.push(naming);
            }
        }
    }

    fn rename(&mut self, from: &Path, to: &Path) {
        // Folders are only renamed to put them out of the way.
        let moved: Vec<_> = self.names.keys().filter(|name| name.starts_with(from)).cloned().collect();
        for name in moved {
            let place = match name.strip_prefix(from).expect("below") {
                rest if rest.as_os_str().is_empty() => to.to_owned(),
                rest => to.join(rest),
            };
            let file = self.names[&name];
            self.name(&place, Some(file));
            self.name(&name, None);
            self.folders.extend(place.parent().map(Path::to_owned));
        }
    }

    fn name(&mut self, path: &Path, file: Option<usize>) {
        let naming = Naming { folder: path.parent().expect("a folder").to_owned(), path: path.to_owned(), file };
        naming.apply(&mut self.names);
        self.pending.push(naming);
    }

    /// Writes what survives to the folder `root`: strictly what was synced, or with `random` some of the rest too.
    pub(crate) fn survive(&self, root: &Path, mut random: Option<&mut fastrand::Rng>) {
        let mut names = self.durable_names.clone();
        if let Some(random) = random.as_deref_mut() {
            let survive = random.usize(0..=self.pending.len());
            self.pending[..survive].iter().for_each(|naming| naming.apply(&mut names));
        }
        for folder in &self.folders {
            fs::create_dir_all(root.join(folder)).expect("made");
        }
        for (name, file) in names {
            let content = &self.files[file];
            let bytes = random.as_deref_mut().map_or_else(|| content.synced.clone(), |random| content.torn(random));
            fs::write(root.join(name), bytes).expect("written");
        }
    }
}

impl Naming {
    fn apply(&self, names: &mut BTreeMap<PathBuf, usize>) {
        match self.file {
            Some(file) => _ = names.insert(self.path.clone(), file),
            None => _ = names.remove(&self.path),
        }
    }
}

impl Content {
    /// The synced content with a random half of what was written since, page by page, and a random length.
    fn torn(&self, random: &mut fastrand::Rng) -> Vec<u8> {
        if self.now == self.synced {
            return self.now.clone();
        }
        let (short, long) = (self.now.len().min(self.synced.len()), self.now.len().max(self.synced.len()));
        let mut torn = self.synced.clone();
        torn.resize(random.usize(short..=long), 0);
        for (page, bytes) in torn.chunks_mut(PAGE).enumerate() {
            let written = self.now.get(page * PAGE..).unwrap_or_default();
            if random.bool() {
                let length = bytes.len().min(written.len());
                bytes[..length].copy_from_slice(&written[..length]);
            }
        }
        torn
    }
}
