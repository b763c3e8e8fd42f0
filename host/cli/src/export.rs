//! Writes what is kept of a run, in the formats others read.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

use model::ports::Store;
use model::run::Run;
use pipeline::joined::Joined;
use reports::Format;

use crate::exit::Stop;

/// Writes a report with every result of a run, in dataset order.
pub(crate) async fn write(
    store: Arc<dyn Store>,
    run: &Run,
    format: Format,
    out: impl Write + Send,
) -> Result<(), Stop> {
    let header = &run.header;
    let mut report = reports::open(format, run, out)?;
    if format.has_rows() {
        let source = store.open_dataset(&header.data.digest)?;
        let mut joined = Joined::new(store, header, Arc::new(formats::Reader), source);
        while let Some((row, result)) = joined.next().await? {
            report.add(&row, &result)?;
        }
    }
    Ok(report.finish()?)
}

/// The same to a file, which appears when it is whole.
pub(crate) async fn to_file(store: Arc<dyn Store>, run: &Run, format: Format, path: &Path) -> Result<(), Stop> {
    let temporary = temporary(path)?;
    let out = BufWriter::new(std::fs::File::create(&temporary).map_err(|error| unwritable(path, error))?);
    match write(store, run, format, out).await {
        Ok(()) => std::fs::rename(&temporary, path).map_err(|error| unwritable(path, error)),
        Err(stop) => {
            let _ = std::fs::remove_file(&temporary);
            Err(stop)
        }
    }
}

/// A name beside `path`, in a folder that is there.
pub(crate) fn temporary(path: &Path) -> Result<std::path::PathBuf, Stop> {
    let name = path.file_name().ok_or_else(|| Stop::message(format_args!("`{}` is no file name", path.display())))?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| unwritable(path, error))?;
    }
    Ok(path.with_file_name(format!(".{}.{}.tmp", name.to_string_lossy(), std::process::id())))
}

pub(crate) fn unwritable(path: &Path, error: std::io::Error) -> Stop {
    Stop::wrong(anyhow::Error::new(error).context(format!("can't write `{}`", path.display())))
}
