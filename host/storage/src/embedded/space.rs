//! Room on the disk.

use std::path::{Path, PathBuf};

use model::ports::StoreError;

/// What is left free, so that the view, its making anew and other programs have something to go on with.
const RESERVE: u64 = 16 << 20;

/// Watches the disk of a store.
#[derive(Debug)]
pub(crate) struct Space {
    root: PathBuf,
}

impl Space {
    pub(crate) fn of(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Refuses to write so many bytes where they would not leave enough: nothing is half written then, and writing
    /// goes on as soon as there is room again.
    pub(crate) fn check(&self, bytes: u64) -> Result<(), StoreError> {
        let disk = rustix::fs::statvfs(&self.root).map_err(std::io::Error::from)?;
        let free = disk.f_bavail.saturating_mul(disk.f_frsize);
        if free < RESERVE + bytes {
            return Err(StoreError::Full { path: self.root.display().to_string(), free });
        }
        Ok(())
    }
}
