//! Where an exporter's file goes.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use model::outcome::{Failure, FailureKind};
use model::ports::Sink;

use crate::exit::Stop;
use crate::export::{temporary, unwritable};

/// A file that appears when it is whole, or standard output.
pub(crate) struct Output {
    out: Mutex<Out>,
    /// What it is to be, and what it is called as long as it is not whole.
    file: Option<(PathBuf, PathBuf)>,
}

struct Out {
    out: Box<dyn Write + Send>,
    is_empty: bool,
}

impl Output {
    pub(crate) fn stdout() -> Self {
        Self { out: Mutex::new(Out { out: Box::new(BufWriter::new(io::stdout())), is_empty: true }), file: None }
    }

    pub(crate) fn file(path: &Path) -> Result<Self, Stop> {
        let draft = temporary(path)?;
        let file = File::create(&draft).map_err(|error| unwritable(path, error))?;
        let out = Out { out: Box::new(BufWriter::new(file)), is_empty: true };
        Ok(Self { out: Mutex::new(out), file: Some((path.to_owned(), draft)) })
    }

    /// Makes it whole; a file that nothing was written to is none. Says whether there is something in it.
    pub(crate) fn finish(&self) -> Result<bool, Stop> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.out.flush()?;
        if let (Some((path, draft)), false) = (&self.file, out.is_empty) {
            std::fs::rename(draft, path).map_err(|error| unwritable(path, error))?;
        }
        Ok(!out.is_empty)
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some((_, draft)) = &self.file {
            // It is gone where it has become whole.
            let _ = std::fs::remove_file(draft);
        }
    }
}

impl Sink for Output {
    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        out.is_empty = false;
        let written = out.out.write_all(bytes);
        written.map_err(|error| Failure::new(FailureKind::Unavailable, format!("the file can't be written: {error}")))
    }
}

/// A file that is added to, whole writes at a time, and made when something is written.
pub(crate) struct Growing {
    path: PathBuf,
    file: Mutex<Option<File>>,
}

impl Growing {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, file: Mutex::default() }
    }
}

impl Sink for Growing {
    fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut write = || -> io::Result<()> {
            if file.is_none() {
                *file = Some(OpenOptions::new().create(true).append(true).open(&self.path)?);
            }
            file.as_mut().map_or(Ok(()), |file| file.write_all(bytes))
        };
        let path = self.path.display();
        let failed = |error| Failure::new(FailureKind::Unavailable, format!("`{path}` can't be written: {error}"));
        write().map_err(failed)
    }
}
