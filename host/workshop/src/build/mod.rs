//! From a project's source to a plugin.

mod c;
mod javascript;
mod python;
mod rust;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::manifest::Prompt;

use crate::component::{componentize, with_manifest};
use crate::error::Error;
use crate::project::{Language, Project};
use crate::sdk;

/// Where a build keeps what it makes on the way.
const WORK: &str = "target/karat";

/// Builds the project in `folder` and returns the plugin, which nobody has checked yet.
///
/// # Errors
///
/// Fails when a tool is missing, when the compiler does (with what it said), or when what it made is no plugin's code.
pub fn build(project: &Project, folder: &Path) -> Result<Vec<u8>, Error> {
    let manifest = project.manifest(prompts(folder)?);
    let work = folder.join(WORK);
    fs::create_dir_all(&work).map_err(|cause| Error::File { path: work.clone(), cause })?;
    // A project that was not begun here, or is kept without it. Cargo finds a Rust plugin's by itself.
    if project.build.language != Language::Rust {
        sdk::complete(project.build.language, folder)?;
    }
    let made = match project.build.language {
        Language::Rust => rust::build(folder)?,
        Language::Python => python::build(project, folder, &work)?,
        Language::JavaScript => javascript::build(project, folder, &work)?,
        Language::C => c::build(project, folder, &work)?,
        Language::Wasm => folder.join(source(project)),
    };
    let wasm = fs::read(&made).map_err(|cause| Error::File { path: made, cause })?;
    let component = componentize(wasm, project.build.kind, &project.capabilities)?;
    Ok(with_manifest(component, &manifest))
}

fn prompts(folder: &Path) -> Result<BTreeMap<String, Prompt>, Error> {
    let prompts = guest_build::prompts(folder).map_err(Error::Prompts)?;
    let prompts = prompts.into_iter();
    Ok(prompts.map(|(scorer, guest_build::Prompt { version, text })| (scorer, Prompt { version, text })).collect())
}

/// The file with the scorers, relative to the project.
fn source(project: &Project) -> PathBuf {
    project.build.source.clone().unwrap_or_default()
}

/// Fails where there is no such file.
fn checked_source(project: &Project, folder: &Path) -> Result<PathBuf, Error> {
    let source = source(project);
    match fs::metadata(folder.join(&source)) {
        Ok(_) => Ok(source),
        Err(cause) => Err(Error::File { path: folder.join(source), cause }),
    }
}
