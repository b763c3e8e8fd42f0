//! Datasets as compressed files, named by the digest of what is in them.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use model::ports::{DatasetWriter, StoreError};
use tempfile::NamedTempFile;
use zstd::stream::{read, write};

use super::layout;

/// Data is written once and compressed on the way of an evaluation: speed before size.
const LEVEL: i32 = 1;

/// What the name of a file begins with that is still being written.
const DRAFT: &str = ".draft-";

/// A process locks its draft within this time after making it.
const LOCKED_WITHIN: Duration = Duration::from_secs(10);

/// The folder of datasets.
#[derive(Clone, Debug)]
pub(crate) struct Datasets {
    folder: PathBuf,
}

impl Datasets {
    /// The folder, which is there.
    pub(crate) fn at(folder: PathBuf) -> Self {
        Self { folder }
    }

    /// Opens the folder, and clears it of what a killed process was writing. The store is locked already.
    pub(crate) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        for file in fs::read_dir(&folder)? {
            let file = file?;
            if file.file_name().to_string_lossy().starts_with(DRAFT) && is_left(&file.path())? {
                fs::remove_file(file.path())?;
            }
        }
        Ok(Self { folder })
    }

    pub(crate) fn create(&self) -> Result<Draft, StoreError> {
        let file = tempfile::Builder::new().prefix(DRAFT).tempfile_in(&self.folder)?;
        // Says to others that the draft is being written, for as long as this process lives.
        file.as_file().lock()?;
        let encoder = write::Encoder::new(file, LEVEL)?;
        Ok(Draft { folder: self.clone(), encoder, hasher: blake3::Hasher::new() })
    }

    pub(crate) fn read(&self, digest: &str) -> Result<impl Read + Send + use<>, StoreError> {
        let expected = blake3::Hash::from_hex(digest).map_err(|_| crate::missing_dataset(digest))?;
        let file = match File::open(self.path(&expected)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(crate::missing_dataset(digest)),
            file => file?,
        };
        Ok(Verified { bytes: read::Decoder::new(file)?, hasher: blake3::Hasher::new(), expected })
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

    /// Gives every dataset a second name in `folder`, which is empty: they are never changed.
    pub(crate) fn link(&self, folder: &Path) -> io::Result<()> {
        for file in fs::read_dir(&self.folder)? {
            let file = file?;
            if !file.file_name().to_string_lossy().starts_with(DRAFT) {
                fs::hard_link(file.path(), folder.join(file.file_name()))?;
            }
        }
        layout::sync_folder(folder)
    }

    fn path(&self, digest: &blake3::Hash) -> PathBuf {
        self.folder.join(format!("{digest}.zst"))
    }
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

/// A dataset that is being written; its file is deleted unless it is kept.
pub(crate) struct Draft {
    folder: Datasets,
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
        layout::publish(file, &self.folder.path(&digest))?;
        Ok(digest.to_string())
    }
}

/// Fails at the end of bytes that are not those of the digest.
struct Verified<R> {
    bytes: R,
    hasher: blake3::Hasher,
    expected: blake3::Hash,
}

impl<R: Read> Read for Verified<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        self.hasher.update(&buffer[..read]);
        if read == 0 && !buffer.is_empty() && self.hasher.finalize() != self.expected {
            let message = format!("the stored dataset {} is damaged", self.expected);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(read)
    }
}
