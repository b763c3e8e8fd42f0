//! Runs the cargo inside, and reads from it what it made of what.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde::Deserialize;

use crate::error::Error;
use crate::toolchain::{TARGET, Toolchain};

/// A compiled guest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Component {
    /// The `.wasm` file. A later build of the same package into the same target folder replaces it.
    pub path: PathBuf,
    /// The files of the workspace that it was made of.
    pub sources: Vec<PathBuf>,
}

/// Compiles `package` of the cargo workspace around `folder`, with its profile `guest` and the versions that its
/// `Cargo.lock` names, and keeps everything made on the way in `target`.
///
/// A package is built alone, so that the features others ask of a dependency don't end up in its component.
///
/// # Errors
///
/// Fails when this machine can't compile guests, when the package does not compile (the compiler says why on standard
/// error), or when it makes no component.
pub fn build(package: &str, folder: &Path, target: &Path) -> Result<Component, Error> {
    let artifacts = compile(&["--package", package, "--profile", "guest", "--locked"], package, folder, target)?;
    let path = component(&artifacts, package)?;
    let mut sources = dependencies(&path.with_extension("d"))?;
    sources.extend(manifests(&artifacts));
    Ok(Component { path, sources })
}

/// Compiles the package in `folder`, which is of no workspace but its own, with its profile `release`, and returns the
/// `.wasm` file.
///
/// # Errors
///
/// As [`build`].
pub fn build_alone(folder: &Path, target: &Path) -> Result<PathBuf, Error> {
    let package = folder.display().to_string();
    let target = std::path::absolute(target).map_err(|cause| Error::File { path: target.to_owned(), cause })?;
    component(&compile(&["--release"], &package, folder, &target)?, &package)
}

fn compile(arguments: &[&str], package: &str, folder: &Path, target: &Path) -> Result<Vec<Artifact>, Error> {
    let output = cargo_build(arguments, folder, target)?;
    if !output.status.success() {
        return Err(Error::Compile { package: package.to_owned(), target: TARGET });
    }
    Ok(artifacts(&output.stdout))
}

fn component(artifacts: &[Artifact], package: &str) -> Result<PathBuf, Error> {
    let mut files = artifacts.iter().flat_map(|artifact| &artifact.filenames);
    let component = files.rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    component.cloned().ok_or_else(|| Error::NoComponent { package: package.to_owned() })
}

fn cargo_build(arguments: &[&str], folder: &Path, target: &Path) -> Result<Output, Error> {
    let mut cargo = Toolchain::find()?.cargo_build();
    cargo.arg("--lib").args(arguments);
    cargo.args(["--message-format", "json-render-diagnostics", "--target-dir"]).arg(target);
    // A folder for intermediate files that the user's configuration names would be the outer cargo's too.
    cargo.env("CARGO_BUILD_BUILD_DIR", target);
    cargo.current_dir(folder).stdin(Stdio::null()).stderr(Stdio::inherit());
    cargo.output().map_err(|cause| Error::Start { program: cargo.get_program().into(), cause })
}

/// What cargo says about each crate it compiled or found compiled.
#[derive(Deserialize)]
struct Artifact {
    package_id: String,
    manifest_path: PathBuf,
    filenames: Vec<PathBuf>,
}

fn artifacts(messages: &[u8]) -> Vec<Artifact> {
    let lines = messages.split(|&byte| byte == b'\n');
    lines.filter_map(|line| serde_json::from_slice(line).ok()).collect()
}

/// The manifests of the workspace's own packages among `artifacts`, and the workspace's own.
fn manifests(artifacts: &[Artifact]) -> Vec<PathBuf> {
    let own = artifacts.iter().filter(|artifact| artifact.package_id.starts_with("path+"));
    let mut manifests: Vec<_> = own.map(|artifact| artifact.manifest_path.clone()).collect();
    let root = artifacts.last().and_then(|last| last.manifest_path.ancestors().find(|folder| has_lock(folder)));
    manifests.extend(root.into_iter().flat_map(|root| [root.join("Cargo.toml"), root.join("Cargo.lock")]));
    manifests
}

fn has_lock(folder: &Path) -> bool {
    folder.join("Cargo.lock").is_file()
}

/// The files behind the colon in a dependency file, which has one rule in the syntax of make.
fn dependencies(file: &Path) -> Result<Vec<PathBuf>, Error> {
    let text = fs::read_to_string(file).map_err(|cause| Error::File { path: file.to_owned(), cause })?;
    let (_, files) = text.trim_end().split_once(": ").unwrap_or_default();
    // A space within a name stands behind a backslash.
    let files = files.replace("\\ ", "\0");
    Ok(files.split_whitespace().map(|file| file.replace('\0', " ").into()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_space_in_a_path_does_not_cut_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.d");
        fs::write(&file, "/t/x.wasm: /my\\ code/a.rs /b.rs\n").expect("written");
        assert_eq!(dependencies(&file).expect("read"), [Path::new("/my code/a.rs"), Path::new("/b.rs")]);
    }
}
