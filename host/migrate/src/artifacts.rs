//! Files of runs and models, copied one by one.

use std::io::{self, Write};

use model::ports::{BlobStore, DatasetWriter};
use model::tracking::Artifact;
use registry::Registry;

use crate::Error;
use crate::source::{Entry, Owner, Source};

/// What became of the files of one owner.
#[derive(Default)]
pub(crate) struct Copied {
    pub(crate) new: u64,
    pub(crate) known: u64,
    /// By name, with why they could not be copied.
    pub(crate) broken: Vec<(String, String)>,
}

/// Counts what goes by.
struct Counting {
    to: Box<dyn DatasetWriter>,
    bytes: u64,
}

impl Write for Counting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Copies all files at a URI below the path `to`. One that is here with as many bytes is the same.
pub(crate) async fn copy(
    source: &mut dyn Source,
    owner: &Owner,
    uri: &str,
    registry: &Registry,
    blobs: &dyn BlobStore,
    to: &str,
) -> Result<Copied, Error> {
    let mut copied = Copied::default();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let entries = match source.files(owner, uri, &folder).await {
            Ok(Some(entries)) => entries,
            Ok(None) => {
                copied
                    .broken
                    .push((uri.to_owned(), "they can't be reached from here; what names them is kept".to_owned()));
                break;
            }
            Err(error) if error.is_of_one() => {
                copied.broken.push((format!("{uri}/{folder}"), error.to_string()));
                continue;
            }
            Err(error) => return Err(error),
        };
        for Entry { path, is_folder, bytes } in entries {
            if is_folder {
                folders.push(path);
                continue;
            }
            let target = format!("{to}/{path}");
            if let Some(known) = registry.artifact(&target).await?
                && bytes.is_none_or(|bytes| bytes == known.bytes)
            {
                copied.known += 1;
                continue;
            }
            let mut draft = Counting { to: blobs.new_blob()?, bytes: 0 };
            match source.file(owner, uri, &path, &mut draft).await {
                Ok(()) => {
                    let Counting { to, bytes } = draft;
                    let digest = to.keep()?;
                    registry.put_artifact(Artifact { path: target, digest, bytes }).await?;
                    copied.new += 1;
                }
                Err(error) if error.is_of_one() => copied.broken.push((format!("{uri}/{path}"), error.to_string())),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(copied)
}
