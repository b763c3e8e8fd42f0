//! The user's compilers: how they are got, where they are, and what they say.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::Error;

/// What gets them, to be run in a project. `scripts/languages` takes the versions from here.
pub(crate) const GET_PYTHON: &str = "python3 -m venv .venv && .venv/bin/pip install componentize-py==0.25.1";
pub(crate) const GET_JAVASCRIPT: &str = "npm install";
pub(crate) const GET_C: &str = "python3 -m venv .venv && .venv/bin/pip install ziglang==0.17.1";

/// A program in one of a project's own folders, else on the path.
pub(crate) fn find(project: &Path, own: &[&str], name: &str) -> Option<PathBuf> {
    let own = own.iter().map(|folder| project.join(folder));
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders = own.chain(env::split_paths(&path));
    folders.find_map(|folder| std::path::absolute(folder.join(name)).ok().filter(|path| path.is_file()))
}

/// Runs a compiler. What it says is shown when it fails.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
    let output = command.stdin(Stdio::null()).output();
    let output = output.map_err(|cause| Error::Start { program: program.clone(), cause })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(Error::Compile { program, said: Some(String::from_utf8_lossy(&said).trim().to_owned()) })
}
