//! C: zig brings a compiler and a C library for WebAssembly; what stands between C and the interface is generated here.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wit_bindgen_core::Files;

use super::checked_source;
use crate::error::Error;
use crate::project::Project;
use crate::sdk::write_file;
use crate::{tools, world};

/// A quarter of a megabyte of stack, as Rust plugins have: zig's own is 16, which every instance would carry along. And some
/// memory to allocate from the beginning: to grow it takes a call of the kernel for which other threads wait.
const MEMORY: [&str; 2] = ["-Wl,-z,stack-size=262144", "-Wl,--initial-memory=1048576"];

const SDK: [&str; 3] = ["karat.c", "json.c", "memory.c"];

pub(super) fn build(project: &Project, folder: &Path, work: &Path) -> Result<PathBuf, Error> {
    let source = checked_source(project, folder)?;
    let mut zig = zig(folder).ok_or(Error::NoTool { language: "C", tool: "zig", get: tools::GET_C })?;
    generate(project, work)?;
    let made = work.join("core.wasm");
    zig.args(["cc", "-target", "wasm32-wasi", "-mexec-model=reactor", "-std=gnu11", "-Os", "-s", "-Wall", "-Wextra"]);
    zig.args(MEMORY);
    zig.arg(format!("-DKARAT_PLUGIN_NAME={:?}", project.plugin.name));
    zig.arg(format!("-DKARAT_PLUGIN_VERSION={:?}", project.plugin.version));
    zig.args(world::declared(&project.capabilities).map(|name| format!("-DKARAT_{}", name.to_uppercase())));
    zig.arg("-I").arg(work).arg("-I").arg(folder.join("karat"));
    zig.arg(folder.join(source)).args(SDK.map(|name| folder.join("karat").join(name)));
    zig.arg(work.join("plugin.c")).arg(work.join("plugin_component_type.o")).arg("-o").arg(&made);
    // What it compiles of its own C library is kept with the project.
    zig.env("ZIG_GLOBAL_CACHE_DIR", work.join("zig")).env("ZIG_LOCAL_CACHE_DIR", work.join("zig"));
    tools::run(&mut zig)?;
    Ok(made)
}

/// `zig` itself, or as the Python package that carries it.
fn zig(folder: &Path) -> Option<Command> {
    if let Some(zig) = tools::find(folder, &[], "zig") {
        return Some(Command::new(zig));
    }
    let mut pythons = [".venv/bin/python", ".venv/Scripts/python.exe"].iter().map(|python| folder.join(python));
    let own = pythons.find(|python| python.exists()).and_then(|python| std::path::absolute(python).ok());
    let python = own.or_else(|| tools::find(folder, &[], "python3"))?;
    let has_zig =
        Command::new(&python).args(["-c", "import ziglang"]).output().is_ok_and(|output| output.status.success());
    let mut command = Command::new(python);
    command.args(["-m", "ziglang"]);
    has_zig.then_some(command)
}

/// Writes `plugin.h` and `plugin.c`.
fn generate(project: &Project, work: &Path) -> Result<(), Error> {
    let (mut resolve, world) = world::resolve(project.build.kind, &project.capabilities)?;
    let mut files = Files::default();
    let mut generator = wit_bindgen_c::Opts::default().build();
    generator.generate(&mut resolve, world, &mut files).map_err(|error| Error::Component(format!("{error:#}")))?;
    for (name, content) in files.iter() {
        write_file(&work.join(name), content)?;
    }
    fs::remove_file(work.join("core.wasm")).or_else(|error| match error.kind() {
        std::io::ErrorKind::NotFound => Ok(()),
        _ => Err(Error::File { path: work.join("core.wasm"), cause: error }),
    })
}
