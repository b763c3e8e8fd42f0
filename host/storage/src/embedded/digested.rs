//! Datasets and blobs as compressed files, named by the digest of what is in them.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use model::ports::{DatasetWriter, StoreError};
use tempfile::NamedTempFile;
use zstd::stream::{read, write};

use super::layout;
use crate::GRACE;

/// Data is written once and compressed on the way of an evaluation: speed before size.
const LEVEL: i32 = 1;

/// What the name of a file begins with that is still being written.
const DRAFT: &str = ".draft-";

/// What the name of one that is kept ends with, behind its digest.
const SUFFIX: &str = ".zst";

/// A process locks its draft within this time after making it.
const LOCKED_WITHIN: Duration = Duration::from_secs(10);

/// A folder of such files.
#[derive(Clone, Debug)]
pub(crate) struct Digested {
    folder: PathBuf,
    /// What each of them is.
    what: &'static str,
}

/// The folders of a store.
#[derive(Clone, Debug)]
pub(crate) struct Folders {
    pub(crate) datasets: Digested,
    pub(crate) blobs: Digested,
}

impl Folders {
    /// The folders of the store in `root`, which are there.
    pub(crate) fn of(root: &Path) -> Self {
        let of = |name, what| Digested { folder: root.join(name), what };
        Self { datasets: of("datasets", "dataset"), blobs: of("blobs", "blob") }
    }

    /// Makes the folders that are missing, and clears them of what a killed process was writing. The store is locked already.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let folders = Self::of(root);
        for Digested { folder, .. } in [&folders.datasets, &folders.blobs] {
            if !folder.try_exists()? {
                layout::folder(folder)?;
                layout::sync_folder(root)?;
            }
            for file in fs::read_dir(folder)? {
                let file = file?;
                if is_draft(&file.file_name()) && is_left(&file.path())? {
                    fs::remove_file(file.path())?;
                }
            }
        }
        Ok(folders)
    }
}

impl Digested {
    /// The digests of all files, ascending.
    pub(crate) fn list(&self) -> io::Result<Vec<String>> {
        let names = fs::read_dir(&self.folder)?.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
        let names: Vec<String> = names.collect::<io::Result<_>>()?;
        let mut digests: Vec<String> = names.iter().filter_map(|name| digest(name)).collect();
        digests.sort_unstable();
        Ok(digests)
    }

    pub(crate) fn create(&self) -> Result<Draft, StoreError> {
        let file = tempfile::Builder::new().prefix(DRAFT).tempfile_in(&self.folder)?;
        // Says to others that the draft is being written, for as long as this process lives.
        file.as_file().lock()?;
        let encoder = write::Encoder::new(file, LEVEL)?;
        Ok(Draft { folder: self.clone(), encoder, hasher: blake3::Hasher::new() })
    }

    pub(crate) fn read(&self, digest: &str) -> Result<impl Read + Send + use<>, StoreError> {
        let expected = blake3::Hash::from_hex(digest).map_err(|_| crate::missing(self.what, digest))?;
        let file = match File::open(self.path(&expected)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(crate::missing(self.what, digest)),
            file => file?,
        };
        Ok(Verified { bytes: read::Decoder::new(file)?, hasher: blake3::Hasher::new(), expected, what: self.what })
    }

    pub(crate) fn contains(&self, digest: &str) -> io::Result<bool> {
        blake3::Hash::from_hex(digest).map_or(Ok(false), |digest| self.path(&digest).try_exists())
    }

    pub(crate) fn remove(&self, digest: &str) -> io::Result<()> {
        let Ok(digest) = blake3::Hash::from_hex(digest) else {
            return Ok(());
        };
        match fs::remove_file(self.path(&digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => layout::sync_folder(&self.folder),
        }
    }

    /// Removes the files that `is_used` knows nothing of, unless they were written a short time ago. Returns how many bytes
    /// they took.
    pub(crate) fn sweep(&self, is_used: &dyn Fn(&str) -> bool) -> io::Result<u64> {
        let mut bytes = 0;
        for digest in self.list()? {
            if !is_used(&digest) {
                bytes += self.remove_old(&self.folder.join(format!("{digest}{SUFFIX}")))?;
            }
        }
        layout::sync_folder(&self.folder)?;
        Ok(bytes)
    }

    /// Returns how many bytes are gone.
    fn remove_old(&self, path: &Path) -> io::Result<u64> {
        // Nobody keeps the same bytes between the look and the removal.
        let names = File::open(&self.folder)?;
        names.lock()?;
        let found = match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            found => found?,
        };
        // What is of a time to come was written a short time ago, by another clock.
        let age = SystemTime::now().duration_since(found.modified()?);
        if age.is_ok_and(|age| age >= GRACE) {
            fs::remove_file(path)?;
            return Ok(found.len());
        }
        Ok(0)
    }

    /// Gives every file a second name in `folder`, which is empty: they are never changed.
    pub(crate) fn link(&self, folder: &Path) -> io::Result<()> {
        // Nothing is swept meanwhile.
        let names = File::open(&self.folder)?;
        names.lock_shared()?;
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            if !is_draft(&file.file_name()) {
                fs::hard_link(file.path(), folder.join(file.file_name()))?;
            }
        }
        layout::sync_folder(folder)
    }

    fn path(&self, digest: &blake3::Hash) -> PathBuf {
        self.folder.join(format!("{digest}{SUFFIX}"))
    }
}

fn is_draft(name: &OsStr) -> bool {
    name.to_string_lossy().starts_with(DRAFT)
}

/// The digest, where a file's name is that of one that is kept.
fn digest(name: &str) -> Option<String> {
    Some(blake3::Hash::from_hex(name.strip_suffix(SUFFIX)?).ok()?.to_string())
}

/// Whether nobody writes to a draft any more. One that was just made may not have been locked yet.
fn is_left(draft: &Path) -> io::Result<bool> {
    let file = match File::open(draft) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    let age = file.metadata()?.modified()?.elapsed().unwrap_or_default();
    Ok(age > LOCKED_WITHIN && file.try_lock().is_ok())
}

/// A file that is being written; it is deleted unless it is kept.
pub(crate) struct Draft {
    folder: Digested,
    encoder: write::Encoder<'static, NamedTempFile>,
    hasher: blake3::Hasher,
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.encoder.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.encoder.flush()
    }
}

impl DatasetWriter for Draft {
    fn keep(self: Box<Self>) -> Result<String, StoreError> {
        let digest = self.hasher.finalize();
        let file = self.encoder.finish()?;
        file.as_file().sync_all()?;
        // One that is there already is replaced: this one is younger.
        let names = File::open(&self.folder.folder)?;
        names.lock_shared()?;
        layout::publish(file, &self.folder.path(&digest))?;
        Ok(digest.to_string())
    }
}

/// Fails at the end of bytes that are not those of the digest.
struct Verified<R> {
    bytes: R,
    hasher: blake3::Hasher,
    expected: blake3::Hash,
    what: &'static str,
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let unreadable = |error: io::Error| {
            io::Error::new(error.kind(), format!("the stored {} {} can't be read: {error}", self.what, self.expected))
        };
        let read = self.bytes.read(buffer).map_err(unreadable)?;
        self.hasher.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.hasher.finalize() != self.expected {
            let message = format!("the stored {} {} is damaged", self.what, self.expected);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(read)
    }
}
