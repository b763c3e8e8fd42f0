//! `karat plugin new` and `karat plugin build`: from nothing to a plugin in one file.

use std::path::{Path, PathBuf};

use model::ports::Plugin as _;
use workshop::Project;

use super::inspect::other_items;
use super::plugin::{unusable, verdict};
use crate::args::{Kind, Lang};
use crate::exit::{Exit, Stop};
use crate::quantities::count;
use crate::terminal::{Terminal, printable_line};
use crate::wiring::Plugins;

pub(super) fn new(name: &str, lang: Lang, kind: Kind, terminal: &Terminal) -> Result<Exit, Stop> {
    let lang = match lang {
        Lang::Rust => workshop::Lang::Rust,
        Lang::Python => workshop::Lang::Python,
        Lang::JavaScript => workshop::Lang::JavaScript,
        Lang::TypeScript => workshop::Lang::TypeScript,
        Lang::C => workshop::Lang::C,
    };
    let (kind, what, suite) = match kind {
        Kind::Scorer => (workshop::Kind::Scorer, "a scorer", "a suite that uses it"),
        Kind::Predictor => (workshop::Kind::Predictor, "a predictor", "a suite that uses it"),
        Kind::Exporter => (workshop::Kind::Exporter, "an exporter", "a suite whose runs it can export"),
    };
    let made = workshop::create(lang, kind, name, Path::new("")).map_err(stop)?;
    let (folder, source) = (made.folder.display(), made.source.display());
    terminal.note(format_args!("made `{folder}`: {what} in `{source}`, its cases, and {suite}"))?;
    terminal.note(format_args!("next:  cd {folder}"))?;
    terminal.note(format_args!("       {}", lang.tools()))?;
    for verb in ["karat plugin build", "karat plugin test", "karat eval"] {
        terminal.note(format_args!("       {verb}"))?;
    }
    if kind == workshop::Kind::Exporter {
        terminal.note(format_args!("       karat runs export last --exporter ./{folder}.wasm"))?;
    }
    Ok(Exit::Done)
}

/// Builds a project, checks what came of it, and says what that offers.
pub(super) fn run(
    folder: &Path,
    output: Option<PathBuf>,
    plugins: &Plugins,
    terminal: &Terminal,
) -> Result<Exit, Stop> {
    let project = Project::read(folder).map_err(stop)?;
    let path = output.unwrap_or_else(|| built(folder, &project));
    let bytes = workshop::build(&project, folder).map_err(stop)?;
    let loaded = plugins.load_built(&path, &bytes).map_err(unusable)?;
    let draft = crate::export::temporary(&path)?;
    std::fs::write(&draft, &bytes)?;
    std::fs::rename(draft, &path)?;
    let description = loaded.description();
    if terminal.is_json() {
        terminal.json(description)?;
        return Ok(Exit::Done);
    }
    let (name, version, size) = (printable_line(&description.name), &description.version, count(bytes.len() as u64));
    terminal.note(format_args!("built `{}`: {name} {}, {size} bytes", path.display(), printable_line(version)))?;
    for scorer in &description.scorers {
        let summary = printable_line(&scorer.summary);
        terminal.note(format_args!("  {}  {summary} ({})", scorer.name, verdict(scorer)))?;
    }
    for (kind, item) in other_items(description) {
        terminal.note(format_args!("  {}  {} ({kind})", item.name, printable_line(&item.summary)))?;
    }
    for what in description.asks.words() {
        terminal.note(format_args!("  asks to {}", printable_line(&what)))?;
    }
    Ok(Exit::Done)
}

/// Where a project's plugin is written.
pub(super) fn built(folder: &Path, project: &Project) -> PathBuf {
    folder.join(project.short_name()).with_extension("wasm")
}

pub(super) fn stop(error: workshop::Error) -> Stop {
    let hint = error.hint();
    Stop::wrong(error).hints(hint)
}
