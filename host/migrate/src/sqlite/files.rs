//! Files that a database speaks of, as far as they are on this machine.

use std::fs::File;
use std::io::Write;
use std::path::{Component, Path, PathBuf};

use super::Sqlite;
use crate::Error;
use crate::rest::files::{joined, proxied};
use crate::source::Entry;

impl Sqlite {
    /// None where a URI leads elsewhere. A folder that is not there has nothing in it: MLflow makes one with its first file.
    pub(super) fn entries(&self, uri: &str, folder: &str) -> Result<Option<Vec<Entry>>, Error> {
        let Some(root) = self.path(uri) else { return Ok(None) };
        let Ok(listed) = std::fs::read_dir(root.join(folder)) else {
            // Where even the home of all files is not there, they are somewhere else.
            let has_home = proxied(uri).is_none() || self.artifacts.is_dir();
            return Ok(has_home.then(Vec::new));
        };
        let mut entries = Vec::new();
        for entry in listed.flatten() {
            let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else { continue };
            if kind.is_dir() || kind.is_file() {
                let bytes = entry.metadata().ok().filter(|_| kind.is_file()).map(|metadata| metadata.len());
                entries.push(Entry { path: joined(folder, &name), is_folder: kind.is_dir(), bytes });
            }
        }
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Some(entries))
    }

    pub(super) fn copy_file(&self, uri: &str, path: &str, to: &mut (dyn Write + Send)) -> Result<(), Error> {
        let root = self.path(uri).ok_or_else(|| Error::Refused(format!("`{uri}` can't be reached from here")))?;
        let path = root.join(path);
        let unreadable = |error| Error::Refused(format!("`{}` can't be read: {error}", path.display()));
        let mut file = File::open(&path).map_err(unreadable)?;
        std::io::copy(&mut file, to).map_err(unreadable)?;
        Ok(())
    }

    /// Where a URI leads on this machine. Relative paths are so to the folder of the database, where servers are started.
    fn path(&self, uri: &str) -> Option<PathBuf> {
        let path = match (proxied(uri), uri.split_once(':')) {
            (Some(below), _) => self.artifacts.join(below),
            (None, Some(("file", path))) => PathBuf::from(decoded(path.strip_prefix("//").unwrap_or(path))),
            (None, Some((_, rest))) if rest.starts_with("//") => return None,
            (None, _) if uri.is_empty() => return None,
            (None, _) => PathBuf::from(uri),
        };
        let home = self.file.parent().unwrap_or(Path::new(""));
        let leads_up = path.components().any(|part| part == Component::ParentDir);
        (!leads_up).then(|| home.join(path))
    }
}

fn decoded(path: &str) -> String {
    percent_encoding::percent_decode_str(path).decode_utf8_lossy().into_owned()
}
