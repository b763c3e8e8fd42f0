//! Rust: cargo makes a component.

use std::path::{Path, PathBuf};

use crate::error::Error;

pub(super) fn build(folder: &Path) -> Result<PathBuf, Error> {
    guest_build::build_alone(folder, &folder.join("target")).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        Error::Rust(format!("{error}{cause}"))
    })
}
