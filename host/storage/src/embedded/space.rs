//! Room on the disk.

use std::path::{Path, PathBuf};

use model::ports::StoreError;

/// What is left free, so that the view, its making anew and other programs have something to go on with.
const RESERVE: u64 = 16 << 20;

/// Watches the disk of a store.
#[derive(Clone, Debug)]
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
        self.leave(RESERVE, bytes)
    }

    /// The same for what makes room in the end: a full disk must not keep anybody from deleting.
    pub(crate) fn check_for_less(&self, bytes: u64) -> Result<(), StoreError> {
        self.leave(RESERVE / 4, bytes)
    }

    /// Refuses.
    pub(crate) fn full(&self) -> Result<(), StoreError> {
        Err(StoreError::Full { path: self.root.display().to_string(), free: self.free()? })
    }

    fn leave(&self, reserve: u64, bytes: u64) -> Result<(), StoreError> {
        if self.free()? < reserve + bytes { self.full() } else { Ok(()) }
    }

    fn free(&self) -> Result<u64, StoreError> {
        let disk = rustix::fs::statvfs(&self.root).map_err(std::io::Error::from)?;
        Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
    }
}
