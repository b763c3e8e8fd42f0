//! `karat store`: carrying a store elsewhere.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use serde_json::json;
use storage::archive::{self, ArchiveError, Contents, Imported};

use super::upkeep;
use crate::args::Store;
use crate::exit::{Exit, Stop};
use crate::export::{temporary, unwritable};
use crate::quantities::counted;
use crate::terminal::Terminal;
use crate::wiring;

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(what: Store, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let folder = wiring::store_folder(store)?;
    match what {
        Store::Export { file } => export(&folder, &file, terminal).await,
        Store::Import { file } => import(&folder, &file, terminal).await,
        Store::Backup { folder: to } => back_up(&folder, &to, terminal).await,
    }
}

/// The file appears when it is whole.
async fn export(folder: &Path, file: &Path, terminal: &Terminal) -> Result<Exit, Stop> {
    let store = wiring::existing_store(folder)?.ok_or_else(|| upkeep::none(folder))?;
    let draft = temporary(file)?;
    let mut out = BufWriter::new(File::create(&draft).map_err(|error| unwritable(file, error))?);
    let written = async {
        let contents = archive::export(&*store, &mut out).await?;
        out.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        std::fs::rename(&draft, file)?;
        Ok(contents)
    };
    let contents = written.await.map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        stop(error, file)
    })?;
    if terminal.is_json() {
        terminal.json(&contents)?;
    } else {
        terminal.data(format_args!("wrote {} to `{}`", said(&contents), file.display()))?;
    }
    Ok(Exit::Done)
}

/// Nothing is added before the whole file has been read once.
async fn import(folder: &Path, file: &Path, terminal: &Terminal) -> Result<Exit, Stop> {
    let open = || File::open(file).map_err(|error| stop(error.into(), file));
    archive::verify(open()?).map_err(|error| stop(error, file))?;
    let store = wiring::store(folder)?;
    let imported = archive::import(&*store, open()?).await;
    let Imported { contents, known } = imported.map_err(|error| stop(error, file))?;
    if terminal.is_json() {
        let Contents { runs, results, exchanges, datasets, traces, spans, documents, blobs } = contents;
        terminal.json(&json!({
            "runs": runs, "results": results, "exchanges": exchanges, "datasets": datasets, "traces": traces, "spans": spans,
            "documents": documents, "blobs": blobs, "known": known
        }))?;
    } else {
        terminal.data(format_args!("read {} from `{}`", said(&contents), file.display()))?;
        if known > 0 {
            terminal.data(format_args!("{} had been there before and stayed as it was", counted(known, "run")))?;
        }
    }
    Ok(Exit::Done)
}

async fn back_up(folder: &Path, to: &Path, terminal: &Terminal) -> Result<Exit, Stop> {
    let store = wiring::existing_store(folder)?.ok_or_else(|| upkeep::none(folder))?;
    let to = std::path::absolute(to)?;
    store.back_up(&to).await.map_err(|error| {
        wiring::store_error(error)
            .hint("name a folder that is empty or not there, beside the store; `karat store export` writes to any disk")
    })?;
    terminal.note(format_args!("copied the store to `{}`", to.display()))?;
    Ok(Exit::Done)
}

pub(super) fn said(contents: &Contents) -> String {
    let Contents { runs, results, exchanges, datasets, traces, spans, documents, blobs } = *contents;
    let mut said = vec![counted(runs, "run"), counted(results, "result")];
    if exchanges > 0 {
        said.push(counted(exchanges, "exchange"));
    }
    said.push(counted(datasets, "dataset"));
    if traces > 0 {
        said.extend([counted(traces, "trace"), counted(spans, "span")]);
    }
    if documents > 0 {
        said.push(counted(documents, "document"));
    }
    if blobs > 0 {
        said.push(counted(blobs, "file"));
    }
    said.join(", ")
}

pub(super) fn stop(error: ArchiveError, file: &Path) -> Stop {
    let hint = match &error {
        ArchiveError::Store(_) => None,
        ArchiveError::Foreign => {
            Some("it has to be what `karat store export FILE` or `karat runs export --format karat` wrote")
        }
        ArchiveError::Version { .. } => Some("use the version of Karat that wrote it"),
        ArchiveError::Damaged { .. } => Some("nothing was added; copy it again from where it came"),
        ArchiveError::NotOneRun { .. } => Some("nothing was added"),
        ArchiveError::Io(_) => Some("see that the file and its folder can be read and written"),
    };
    match error {
        ArchiveError::Store(error) => wiring::store_error(error),
        error => Stop::wrong(anyhow::Error::new(error).context(format!("can't use `{}`", file.display()))).hints(hint),
    }
}
