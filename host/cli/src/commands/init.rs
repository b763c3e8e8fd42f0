//! `karat init`: a suite and example rows to start from.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::Path;

use crate::args::Init;
use crate::exit::{Exit, Stop};
use crate::terminal::Terminal;

/// The quick start, as it stands in `examples/`.
const FILES: [(&str, &str); 2] = [
    ("karat.yaml", include_str!("../../../../examples/quickstart/karat.yaml")),
    ("cases.jsonl", include_str!("../../../../examples/quickstart/cases.jsonl")),
];

pub(crate) fn run(what: &Init, terminal: &Terminal) -> Result<Exit, Stop> {
    let taken = FILES.iter().map(|(name, _)| what.folder.join(name)).find(|path| path.exists());
    if let Some(path) = taken {
        return Err(Stop::message(format_args!("`{}` is there already", path.display()))
            .hint("name another folder: `karat init FOLDER`"));
    }
    fs::create_dir_all(&what.folder)?;
    for (name, text) in FILES {
        write_new(&what.folder.join(name), text)?;
    }
    let suite = what.folder.join("karat.yaml");
    terminal.note(format_args!("wrote `{}` and `cases.jsonl` beside it", suite.display()))?;
    terminal.note(format_args!("next: karat eval {}", suite.display()))?;
    Ok(Exit::Done)
}

fn write_new(path: &Path, text: &str) -> Result<(), Stop> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Stop::message(format_args!("`{}` is there already", path.display())),
        _ => Stop::from(anyhow::Error::new(error).context(format!("can't write `{}`", path.display()))),
    })?;
    Ok(file.write_all(text.as_bytes())?)
}
