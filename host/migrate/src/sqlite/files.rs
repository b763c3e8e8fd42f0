//! Files that a database speaks of, as far as they are on this machine.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use super::Sqlite;
use crate::Error;
use crate::rest::files::{joined, proxied};
use crate::source::Entry;

impl Sqlite {
    /// None where a URI leads elsewhere. A folder that is not there has nothing in it, as MLflow makes one with its first file:
    /// but only where files of its experiment are, as else they may be somewhere else.
    pub(super) fn entries(&self, uri: &str, folder: &str) -> Result<Option<Vec<Entry>>, Error> {
        let Some(root) = self.path(uri) else { return Ok(None) };
        let path = root.join(folder);
        let listed = match std::fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return match of_experiment(&root) {
                    Some(home) if !home.is_dir() => Err(Error::Refused(format!(
                        "there is no folder `{}`: nothing was logged to it, or it is elsewhere (`--artifacts FOLDER`)",
                        home.display()
                    ))),
                    _ => Ok(Some(Vec::new())),
                };
            }
            listed => listed.map_err(|error| unreadable(&path, &error))?,
        };
        let mut entries = Vec::new();
        for entry in listed {
            let entry = entry.map_err(|error| unreadable(&path, &error))?;
            // What has no name in UTF-8 is not found under the one that stands for it: whoever copies it tells so.
            let name = entry.file_name().to_string_lossy().into_owned();
            // A link is what it leads to; one that leads nowhere can't be copied.
            let metadata = std::fs::metadata(entry.path()).ok();
            let is_folder = metadata.as_ref().is_some_and(Metadata::is_dir);
            let bytes = metadata.filter(Metadata::is_file).map(|metadata| metadata.len());
            entries.push(Entry { path: joined(folder, &name), is_folder, bytes });
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(entries))
    }

    pub(super) fn copy_file(&self, uri: &str, path: &str, to: &mut (dyn Write + Send)) -> Result<(), Error> {
        let root = self.path(uri).ok_or_else(|| Error::Refused(format!("`{uri}` can't be reached from here")))?;
        let path = root.join(path);
        let metadata = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?;
        if !metadata.is_file() {
            // To open a pipe may last for ever.
            return Err(Error::Refused(format!("`{}` is no file", path.display())));
        }
        let mut file = File::open(&path).map_err(|error| unreadable(&path, &error))?;
        std::io::copy(&mut file, to).map_err(|error| unreadable(&path, &error))?;
        Ok(())
    }

    /// Where a URI leads on this machine. Relative paths are so to the folder of the database, where servers are started.
    fn path(&self, uri: &str) -> Option<PathBuf> {
        let (home, path) = match (proxied(uri), uri.split_once(':')) {
            (Some(below), _) => (Some(self.artifacts.as_path()), PathBuf::from(below)),
            (None, Some(("file", path))) => {
                (self.file.parent(), decoded(path.strip_prefix("//").unwrap_or(path)).into())
            }
            (None, Some((_, rest))) if rest.starts_with("//") => return None,
            (None, _) if uri.is_empty() => return None,
            (None, _) => (self.file.parent(), PathBuf::from(uri)),
        };
        let leads_up = path.components().any(|part| part == Component::ParentDir);
        (!leads_up).then(|| home.unwrap_or(Path::new("")).join(path))
    }
}

/// The folder of an experiment, of that of a run's files (`RUN/artifacts` in it) or of a version's (`models/VERSION/artifacts`).
fn of_experiment(root: &Path) -> Option<&Path> {
    let home = root.parent()?.parent()?;
    if home.file_name() == Some(OsStr::new("models")) { home.parent() } else { Some(home) }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::Refused(format!("`{}` can't be read: {error}", path.display()))
}

fn decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}
