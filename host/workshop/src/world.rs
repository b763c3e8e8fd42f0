//! The world of one plugin: languages that bring all of a world into a component get one with what is declared.

use std::fs;
use std::path::Path;

use model::grant::Grant;
use wit_parser::{Resolve, WorldId};

use crate::error::Error;
use crate::project::{Kind, Project};
use crate::sdk::{Wit, write_file, write_wit};

/// The name of the world that [`write`] and [`resolve`] make.
pub(crate) const WORLD: &str = "plugin";

/// Writes the interface into `folder`, with the world of a project's plugin, which may use what that declares.
pub(crate) fn write(folder: &Path, project: &Project) -> Result<(), Error> {
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(|cause| Error::File { path: folder.to_owned(), cause })?;
    }
    write_wit(folder)?;
    write_file(&folder.join("plugin.wit"), text(project.build.kind, &project.capabilities).as_bytes())
}

/// The same, for tools that are libraries.
pub(crate) fn resolve(kind: Kind, capabilities: &Grant) -> Result<(Resolve, WorldId), Error> {
    let mut map = wit_parser::SourceMap::default();
    for name in Wit::iter() {
        let file = Wit::get(&name).map(|file| file.data.into_owned()).unwrap_or_default();
        map.push(Path::new(name.as_ref()), String::from_utf8_lossy(&file).into_owned());
    }
    map.push(Path::new("plugin.wit"), text(kind, capabilities));
    let group = map.parse().map_err(|(_, error)| wrong(error))?;
    let mut resolve = Resolve::default();
    let package = resolve.push_group(group).map_err(wrong)?;
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(wrong)?;
    Ok((resolve, world))
}

/// The interfaces of the host that code for a project is linked with, beyond those of every plugin.
pub(crate) fn imports(kind: Kind, capabilities: &Grant) -> impl Iterator<Item = &'static str> {
    let own = match kind {
        Kind::Scorer | Kind::Predictor => "traces",
        Kind::Exporter => "sink",
    };
    declared(capabilities).chain([own])
}

/// Those that are there because they are declared.
pub(crate) fn declared(capabilities: &Grant) -> impl Iterator<Item = &'static str> {
    let all = [
        ("judge", capabilities.judge.is_some()),
        ("kv", !capabilities.kv.is_empty()),
        ("http", !capabilities.http.is_empty()),
    ];
    all.into_iter().filter(|(_, is_declared)| *is_declared).map(|(name, _)| name)
}

fn wrong(error: impl std::fmt::Display) -> Error {
    Error::Component(format!("{error:#}"))
}

fn text(kind: Kind, capabilities: &Grant) -> String {
    let imports: String = imports(kind, capabilities).map(|name| format!("    import {name};\n")).collect();
    let exported = kind.interface();
    format!("package karat:eval@0.1.0;\n\nworld {WORLD} {{\n    include base;\n{imports}    export {exported};\n}}\n")
}
