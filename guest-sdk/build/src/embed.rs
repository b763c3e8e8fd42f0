//! Guests compiled by a build script, to be put into the crate it builds.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "that is how a build script talks to cargo")]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::compile::build;
use crate::error::Error;

/// Compiles `packages` of the workspace and puts each as `PACKAGE.wasm` into `OUT_DIR`, for
/// `include_bytes!(concat!(env!("OUT_DIR"), "/PACKAGE.wasm"))`. To be called from a build script. `finish` is given each
/// package's component, to add to it what the compiler can't.
///
/// Cargo is told to do this again when a source of a guest, the SDK, `wit/`, a manifest or `Cargo.lock` changes, and
/// only then. What goes wrong ends the build with an error.
pub fn embed(packages: &[&str], finish: impl Fn(&str, &mut Vec<u8>)) {
    let folders = [PathBuf::from(variable("CARGO_MANIFEST_DIR")), PathBuf::from(variable("OUT_DIR"))];
    match try_embed(packages, &finish, &folders[0], &folders[1]) {
        Ok(sources) => sources.iter().for_each(|file| println!("cargo::rerun-if-changed={}", file.display())),
        Err(error) => fail(&error),
    }
}

fn try_embed(
    packages: &[&str],
    finish: &dyn Fn(&str, &mut Vec<u8>),
    folder: &Path,
    out: &Path,
) -> Result<BTreeSet<PathBuf>, Error> {
    let target = shared_target(out);
    let mut sources = BTreeSet::new();
    for package in packages {
        let component = build(package, folder, &target)?;
        let path = &component.path;
        let mut bytes = fs::read(path).map_err(|cause| Error::File { path: path.to_owned(), cause })?;
        finish(package, &mut bytes);
        write(&bytes, &out.join(package).with_extension("wasm"))?;
        sources.extend(component.sources);
    }
    Ok(sources)
}

/// A folder that all profiles and build scripts of the outer build share, so that guests and the libraries below them
/// are compiled once: `target/guests` for an `OUT_DIR` of `target/PROFILE/build/PACKAGE-HASH/out`.
fn shared_target(out: &Path) -> PathBuf {
    out.ancestors().nth(4).unwrap_or(out).join("guests")
}

/// Leaves an equal file alone: cargo compiles again what includes a younger one.
fn write(bytes: &[u8], to: &Path) -> Result<(), Error> {
    if fs::read(to).is_ok_and(|present| present == bytes) {
        return Ok(());
    }
    fs::write(to, bytes).map_err(|cause| Error::File { path: to.to_owned(), cause })
}

fn variable(name: &str) -> std::ffi::OsString {
    env::var_os(name).unwrap_or_else(|| panic!("`{name}` is not set: this is for build scripts"))
}

/// Ends the build script as failed: cargo then shows all that was written to standard error, the compiler's words too,
/// and runs the script again next time.
fn fail(error: &Error) -> ! {
    eprintln!("error: {error}");
    if let Some(cause) = std::error::Error::source(error) {
        eprintln!("  cause: {cause}");
    }
    std::process::exit(1)
}
