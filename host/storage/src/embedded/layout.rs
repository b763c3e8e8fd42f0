//! The folder a store lives in, and how its files are laid out.
//!
//! ```text
//! LAYOUT                 number of this layout
//! LOCK                   locked by the process that owns the store
//! SOCKET                 where it answers others
//! log/                   what the store holds
//! view/                  where in the log it is; can be removed while no process uses the store
//! traces/                which traces there are; can be removed while no process uses the store
//! view.bad/              the last view that could not be used
//! log.damaged/           the last log that had to be copied for what is whole in it
//! datasets/DIGEST.zst    the bytes of datasets
//! blobs/DIGEST.zst       files of any content
//! cache/                 replies of judges; can be removed while no process uses the store
//! ```

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use model::ports::StoreError;
use tempfile::NamedTempFile;

const LAYOUT: &str = "LAYOUT";
const SUPPORTED: &str = "2";

/// Layouts that can be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Number 1: everything but datasets is in a sled database. It is migrated.
    Sled,
    /// Number 2, which is described here.
    Log,
}

/// The layout of the store in `root`, if there is one.
pub(crate) fn found(root: &Path) -> Result<Option<Layout>, StoreError> {
    let found = match fs::read(root.join(LAYOUT)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().chars().take(40).collect::<String>(),
        // The mark comes before anything in the log: where it was lost, the store was not.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(root.join("log/CHECKPOINT").try_exists()?.then_some(Layout::Log));
        }
        Err(error) => return Err(error.into()),
    };
    match found.as_str() {
        "1" => Ok(Some(Layout::Sled)),
        SUPPORTED => Ok(Some(Layout::Log)),
        _ => Err(StoreError::Version { path: root.display().to_string(), found, supported: SUPPORTED.to_owned() }),
    }
}

/// Makes an empty store, readable for this user alone.
pub(crate) fn create(root: &Path) -> Result<Layout, StoreError> {
    folders(root)?;
    mark(root)?;
    Ok(Layout::Log)
}

/// Makes what a store consists of, but for the mark that it is one.
pub(crate) fn folders(root: &Path) -> io::Result<()> {
    folder(root)?;
    ["log", "datasets", "blobs"].into_iter().try_for_each(|name| folder(&root.join(name)))
}

/// Says that the store in `root` has this layout now.
pub(crate) fn mark(root: &Path) -> io::Result<()> {
    let mut marker = NamedTempFile::new_in(root)?;
    writeln!(marker, "{SUPPORTED}")?;
    marker.as_file().sync_all()?;
    publish(marker, &root.join(LAYOUT))
}

/// Gives a file that is durable its name, in its own folder, for good.
///
/// Not by `persist`, which calls the kernel behind the back of the power-loss tests.
pub(crate) fn publish(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // A draft is locked until it has its name.
    let (_locked, draft) = file.keep()?;
    fs::rename(draft, path)?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes a folder, readable for this user alone, where there is none.
pub(crate) fn folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Removes a folder with everything in it, where there is one.
pub(crate) fn remove_folder(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
