//! `karat plugin dev`: build and test whenever something changes.

use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use notify_debouncer_mini::new_debouncer;
use notify_debouncer_mini::notify::RecursiveMode;

use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// Changes closer together than this are one.
const QUIET: Duration = Duration::from_millis(200);

/// Folders that tools write to.
const NOT_SOURCE: [&str; 6] = ["target", "node_modules", ".venv", ".karat", "__pycache__", ".git"];

/// Goes on until the user has enough.
pub(super) fn run(
    folder: &Path,
    build_and_test: impl Fn() -> Result<Exit, Stop>,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let folder = folder.canonicalize()?;
    let (tell, told) = mpsc::channel();
    let mut watcher = new_debouncer(QUIET, tell)?;
    watcher.watcher().watch(&folder, RecursiveMode::Recursive)?;
    loop {
        match build_and_test() {
            Ok(_) => {}
            Err(stop) => terminal.error(&stop),
        }
        terminal.note("waiting for changes; Ctrl-C ends this")?;
        loop {
            let changes = told.recv()??;
            if changes.iter().any(|change| is_source(&folder, &change.path)) {
                break;
            }
        }
    }
}

/// Whether somebody wrote it who is no tool.
fn is_source(folder: &Path, path: &Path) -> bool {
    let Ok(path) = path.strip_prefix(folder) else { return false };
    let is_ours = path.extension().is_some_and(|extension| extension == "wasm") || path.as_os_str().is_empty();
    !is_ours && !path.iter().any(|part| NOT_SOURCE.iter().any(|folder| part == *folder))
}
