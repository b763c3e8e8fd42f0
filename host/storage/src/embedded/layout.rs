//! The folder a store lives in, and how its files are laid out.
//!
//! ```text
//! LAYOUT                 number of this layout
//! LOCK                   locked by the process that uses the store
//! sled/                  the database
//! datasets/DIGEST.zst    the bytes of datasets
//! ```

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use model::ports::StoreError;

const LAYOUT: &str = "LAYOUT";
const SUPPORTED: &str = "1";

/// Whether there is a store in `root`, of the layout that is known here.
pub(crate) fn is_present(root: &Path) -> Result<bool, StoreError> {
    let found = match fs::read(root.join(LAYOUT)) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).trim().chars().take(40).collect::<String>(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    if found == SUPPORTED {
        return Ok(true);
    }
    Err(StoreError::Version { path: root.display().to_string(), found, supported: SUPPORTED.to_owned() })
}

/// Makes an empty store, readable for this user alone.
pub(crate) fn create(root: &Path) -> Result<(), StoreError> {
    DirBuilder::new().recursive(true).mode(0o700).create(root)?;
    let mut marker = tempfile::NamedTempFile::new_in(root)?;
    writeln!(marker, "{SUPPORTED}")?;
    marker.as_file().sync_all()?;
    marker.persist(root.join(LAYOUT)).map_err(io::Error::from)?;
    sync_folder(root)?;
    Ok(())
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}
