//! A run as one file that another machine takes in, checks and opens.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ::registry::Registry;
use model::ports::BlobStore;
use model::run::{Run, Tape};
use serde_json::json;
use storage::archive::{self, ArchiveError, Attached};

use super::recorded::{as_it_was, component};
use super::{find, unknown};
use crate::commands::{datasets, eval, store as archives};
use crate::exit::{Exit, Stop};
use crate::export::{temporary, unwritable};
use crate::quantities::counted;
use crate::terminal::{Terminal, printable_line};
use crate::wiring;

/// Plugins and cassettes beyond this are left out: whoever needs them has them in a better place.
const LARGEST: usize = 64 << 20;

/// The file appears when it is whole.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn export(
    named: &str,
    file: &Path,
    store: Option<PathBuf>,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let store = wiring::existing_store(&wiring::store_folder(store)?)?.ok_or_else(|| unknown(named))?;
    let run = find(&*store, named).await?;
    let (attached, left_out) = attached(&run, &*store);
    for what in &left_out {
        terminal.say(format_args!("left out: {}", printable_line(what)))?;
    }
    let draft = temporary(file)?;
    let mut out = BufWriter::new(File::create(&draft).map_err(|error| unwritable(file, error))?);
    let written = async {
        let contents = archive::export_run(&*store, &run, &attached, &mut out).await?;
        out.into_inner().map_err(|error| error.into_error())?.sync_all()?;
        std::fs::rename(&draft, file)?;
        Ok(contents)
    };
    let contents = written.await.map_err(|error| {
        let _ = std::fs::remove_file(&draft);
        archives::stop(error, file)
    })?;
    let id = run.header.id;
    if terminal.is_json() {
        terminal.json(&json!({ "run": id, "contents": contents, "left_out": left_out }))?;
    } else {
        terminal.data(format_args!("wrote run {id} with {} to `{}`", archives::said(&contents), file.display()))?;
    }
    Ok(Exit::Done)
}

/// The files that the run needs to be run again and that are still as they were, and what is not.
fn attached(run: &Run, store: &dyn BlobStore) -> (Vec<Attached>, Vec<String>) {
    let (mut attached, mut left_out) = (Vec::<Attached>::new(), Vec::new());
    let lineage = &run.header.lineage;
    let suite = lineage.suite.as_ref().map_or(Path::new(""), |suite| Path::new(&suite.path));
    let folder = eval::folder_of(suite);
    let plugins = lineage.plugins.iter();
    let plugins = plugins.map(|(path, digest)| (path, digest, component(folder, path, digest, store)));
    let cassette = lineage.cassette.iter().map(|tape| (&tape.path, &tape.digest, recording(tape, store)));
    for (path, digest, bytes) in plugins.chain(cassette) {
        match bytes {
            None => left_out.push(format!("`{path}` is not there as it was when the run was made")),
            Some(bytes) if bytes.len() > LARGEST => {
                left_out.push(format!("`{path}` has more than {} MiB", LARGEST >> 20));
            }
            Some(_) if attached.iter().any(|file| file.digest == *digest) => {}
            Some(bytes) => attached.push(Attached { digest: digest.clone(), bytes }),
        }
    }
    (attached, left_out)
}

/// A cassette as it was.
fn recording(tape: &Tape, store: &dyn BlobStore) -> Option<Vec<u8>> {
    as_it_was(std::fs::read(&tape.path).ok(), &tape.digest, store)
}

/// Nothing is added before the whole file has been read once.
#[tokio::main(flavor = "current_thread")]
pub(super) async fn import(file: &Path, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let open = || File::open(file).map_err(|error| stop(error.into(), file));
    let (header, files) = archive::verify_run(open()?).map_err(|error| stop(error, file))?;
    let store = wiring::store(&wiring::store_folder(store)?)?;
    let imported = archive::import(&*store, open()?).await.map_err(|error| stop(error, file))?;
    let registry = Registry::new(Arc::clone(&store));
    for digest in files {
        registry.keep_run_file(header.id, &digest).await.map_err(datasets::stop)?;
    }
    let is_known = imported.known > 0;
    if terminal.is_json() {
        terminal.json(&json!({ "run": header.id, "contents": imported.contents, "known": is_known }))?;
        return Ok(Exit::Done);
    }
    let rows = counted(header.data.rows, "row");
    terminal.data(format_args!("run {} of {} on {rows}", header.id, printable_line(&header.plan.suite)))?;
    if is_known {
        terminal.data("it had been there before and stayed as it was")?;
    }
    Ok(Exit::Done)
}

fn stop(error: ArchiveError, file: &Path) -> Stop {
    match error {
        ArchiveError::NotOneRun { .. } => {
            archives::stop(error, file).hint("`karat store import` takes in everything that such a file holds")
        }
        error => archives::stop(error, file),
    }
}
