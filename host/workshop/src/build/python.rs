//! Python: componentize-py puts the interpreter, the SDK and the source, all of it imported already, into a component.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::checked_source;
use crate::error::Error;
use crate::project::{Kind, Project};
use crate::sdk::write_file;
use crate::{tools, world};

pub(super) fn build(project: &Project, folder: &Path, work: &Path) -> Result<PathBuf, Error> {
    let tool = tools::find(folder, &[".venv/bin", ".venv/Scripts"], "componentize-py");
    let tool = tool.ok_or(Error::NoTool { language: "Python", tool: "componentize-py", get: tools::GET_PYTHON })?;
    let source = checked_source(project, folder)?;
    let path = source.with_extension("");
    let module: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
    let module = module.join(".");
    let entry = format!(
        "import {module}\nfrom karat.component import {kind}, plugin\n\nDescribe = plugin({name:?}, {version:?})\n",
        name = project.plugin.name,
        version = project.plugin.version,
        kind = match project.build.kind {
            Kind::Scorer => "Scorer",
            Kind::Predictor => "Predictor",
            Kind::Exporter => "Exporter",
        },
    );
    write_file(&work.join("karat_entry.py"), entry.as_bytes())?;
    world::write(&work.join("wit"), project)?;
    let made = work.join("component.wasm");
    let mut command = Command::new(tool);
    command.arg("-d").arg(work.join("wit")).args(["-w", world::WORLD, "componentize", "karat_entry", "-p"]);
    command.arg(work).arg("-p").arg(folder).arg("-o").arg(&made);
    tools::run(&mut command)?;
    Ok(made)
}
