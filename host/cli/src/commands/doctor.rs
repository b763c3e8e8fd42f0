//! `karat doctor`: what works on this machine, and how to mend what doesn't.

use std::path::{Path, PathBuf};

use broker::Allowed;
use model::limits::Isolation;
use serde::Serialize;

use super::upkeep;
use crate::args::Doctor;
use crate::exit::{Exit, Stop};
use crate::quantities::counted;
use crate::terminal::Terminal;
use crate::wiring::{self, Plugins};

/// One thing that was tried.
#[derive(Serialize)]
struct Check {
    what: &'static str,
    works: bool,
    /// What was found, or why it does not work.
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl Check {
    fn new(what: &'static str, result: Result<String, Stop>) -> Self {
        match result {
            Ok(found) => Self { what, works: true, found, hint: None },
            Err(stop) => Self { what, works: false, found: format!("{:#}", stop.error), hint: stop.hint },
        }
    }
}

pub(crate) fn run(what: &Doctor, store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    match what {
        Doctor { check: true, .. } => upkeep::check(&wiring::store_folder(store)?, terminal),
        Doctor { rebuild: true, .. } => upkeep::rebuild(&wiring::store_folder(store)?, terminal),
        Doctor { compact: true, .. } => upkeep::compact(&wiring::store_folder(store)?, terminal),
        _ => machine(store, terminal),
    }
}

fn machine(store: Option<PathBuf>, terminal: &Terminal) -> Result<Exit, Stop> {
    let checks = [
        Check::new("sandbox", sandbox(terminal)),
        Check::new("compiled code", compiled_code()),
        Check::new("store", wiring::store_folder(store).and_then(check_store)),
    ];
    if terminal.is_json() {
        terminal.json(&checks)?;
    } else {
        for check in &checks {
            terminal.data(format_args!(
                "{:<4} {:<14} {}",
                if check.works { "ok" } else { "FAIL" },
                check.what,
                check.found
            ))?;
            if let Some(hint) = &check.hint {
                terminal.data(format_args!("{:>19} hint: {hint}", ""))?;
            }
        }
    }
    Ok(if checks.iter().all(|check| check.works) { Exit::Done } else { Exit::Failed })
}

/// Loads the built-in plugins, as every evaluation does.
fn sandbox(terminal: &Terminal) -> Result<String, Stop> {
    let runtime = wiring::runtime()?;
    let plugins = Plugins::new(
        wiring::sandbox(Allowed::default(), Path::new("."), 0)?,
        runtime.handle(),
        ".".into(),
        Isolation::Thread,
        terminal,
    );
    let loaded =
        bundle::PACKS.iter().map(|pack| plugins.load_pack(pack, Isolation::Thread)).collect::<Result<Vec<_>, _>>()?;
    Ok(format!("runs WebAssembly; {} loaded", counted(loaded.len() as u64, "built-in plugin")))
}

fn compiled_code() -> Result<String, Stop> {
    let folder = wiring::compiled_code().ok_or_else(|| {
        Stop::message("there is no home folder to keep it in").hint("set HOME, or every run compiles anew")
    })?;
    if folder.join("key").is_file() {
        return Ok(format!("kept in `{}`", folder.display()));
    }
    Err(Stop::message(format_args!("can't be kept in `{}`", folder.display()))
        .hint("make the folder writable for you alone, or every run compiles anew"))
}

fn check_store(folder: PathBuf) -> Result<String, Stop> {
    let shown = folder.display();
    Ok(match wiring::existing_store(&folder)? {
        Some(_) => format!("opens: `{shown}`"),
        None => format!("none yet; `{shown}` is made by the first run"),
    })
}
