//! One process at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use model::ports::StoreError;

/// Holds a store for this process, until it is dropped or the process ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    pub(crate) fn take(root: &Path) -> Result<Self, StoreError> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(root.join("LOCK"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked { path: root.display().to_string() }),
            Err(TryLockError::Error(error)) => Err(error.into()),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file alone would leave the lock to a child process that is just being started.
        if let Err(error) = self.0.unlock() {
            tracing::warn!("the store's lock can't be released: {error}");
        }
    }
}
