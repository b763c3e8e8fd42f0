//! A copy of a store while it is in use, which takes no space of its own until either of the two changes.

use std::fs;
use std::io;
use std::path::Path;

use model::ports::StoreError;

use super::layout;
use super::writer::Parts;

/// Makes a store in the folder `to`, which is empty or not there, that holds what this one does. The log's last
/// segment has just been begun.
pub(super) fn run(parts: &Parts, to: &Path) -> Result<(), StoreError> {
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(io::Error::other(format!("`{}` is not empty", to.display())).into());
    }
    let copied = copy(parts, to);
    if copied.is_err() {
        // Without its mark it is no store; what can't be removed says so when it is in the way.
        let _ = layout::remove_folder(to);
    }
    copied.map_err(|error| match error.kind() {
        io::ErrorKind::CrossesDevices => io::Error::other(format!("`{}` is on another disk", to.display())).into(),
        kind => io::Error::new(kind, format!("`{}` can't be made: {error}", to.display())).into(),
    })
}

fn copy(parts: &Parts, to: &Path) -> io::Result<()> {
    layout::folders(to)?;
    parts.folders.datasets.link(&to.join("datasets"))?;
    parts.folders.blobs.link(&to.join("blobs"))?;
    parts.appender.link(&to.join("log"))?;
    layout::mark(to)
}
