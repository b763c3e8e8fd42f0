//! The SDKs and the interface, as they stand in this binary.

use std::borrow::Cow;
use std::fs;
use std::path::Path;

use rust_embed::RustEmbed;

use crate::error::Error;
use crate::project::Language;

/// The interface between host and plugins.
#[derive(RustEmbed)]
#[folder = "../../wit"]
pub(crate) struct Wit;

#[derive(RustEmbed)]
#[folder = "../../guest-sdk/rust"]
#[include = "Cargo.toml"]
#[include = "src/*.rs"]
struct Rust;

#[derive(RustEmbed)]
#[folder = "../../guest-sdk/python"]
#[include = "karat/*.py"]
#[include = "karat/py.typed"]
struct Python;

#[derive(RustEmbed)]
#[folder = "../../guest-sdk/javascript"]
#[include = "karat/*"]
struct JavaScript;

#[derive(RustEmbed)]
#[folder = "../../guest-sdk/c"]
#[include = "karat/*"]
struct C;

/// The workspace's manifest, which the Rust SDK's refers to.
const WORKSPACE: &str = include_str!("../../../Cargo.toml");

/// Writes the interface into a folder.
pub(crate) fn write_wit(folder: &Path) -> Result<(), Error> {
    write::<Wit>(folder)
}

/// Puts the SDK of a language into a project that has none.
pub(crate) fn complete(language: Language, project: &Path) -> Result<(), Error> {
    match language {
        Language::Rust if !project.join("karat-sdk").exists() => write_rust(project),
        Language::Python if !project.join("karat").exists() => write::<Python>(project),
        Language::JavaScript if !project.join("karat").exists() => write::<JavaScript>(project),
        Language::C if !project.join("karat").exists() => write::<C>(project),
        _ => Ok(()),
    }
}

/// Writes the crate `karat-sdk` into a folder of that name.
fn write_rust(folder: &Path) -> Result<(), Error> {
    let folder = folder.join("karat-sdk");
    write::<Rust>(&folder)?;
    write_wit(&folder.join("wit"))?;
    let path = folder.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).map_err(|cause| Error::File { path: path.clone(), cause })?;
    write_file(&path, alone(&manifest).as_bytes())
}

fn write<E: RustEmbed>(folder: &Path) -> Result<(), Error> {
    for name in E::iter() {
        let content = E::get(&name).map_or(Cow::Borrowed(&[][..]), |file| file.data);
        write_file(&folder.join(name.as_ref()), &content)?;
    }
    Ok(())
}

pub(crate) fn write_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(path);
    let written = fs::create_dir_all(folder).and_then(|()| fs::write(path, content));
    written.map_err(|cause| Error::File { path: path.to_owned(), cause })
}

/// A manifest of this workspace with what it takes from there written out, so that it stands outside.
fn alone(manifest: &str) -> String {
    let read = |text: &str| text.parse::<toml::Table>().expect("a manifest of this workspace");
    let (mut manifest, workspace) = (read(manifest), read(WORKSPACE));
    manifest.remove("lints");
    for (section, inherited) in
        [("package", &workspace["workspace"]["package"]), ("dependencies", &workspace["workspace"]["dependencies"])]
    {
        for (key, value) in manifest[section].as_table_mut().expect("a section") {
            if value.get("workspace").is_some() {
                *value = inherited[key].clone();
            }
        }
    }
    manifest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rust_sdk_stands_outside_of_its_workspace() {
        let folder = tempfile::tempdir().expect("a folder");
        write_rust(folder.path()).expect("written");
        let manifest = fs::read_to_string(folder.path().join("karat-sdk/Cargo.toml")).expect("there");
        assert!(!manifest.contains("workspace"), "{manifest}");
        assert!(manifest.contains("wit-bindgen"), "{manifest}");
        assert!(folder.path().join("karat-sdk/wit/worlds.wit").is_file());
    }
}
