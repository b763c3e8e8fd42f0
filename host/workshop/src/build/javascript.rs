//! JavaScript and TypeScript: esbuild makes one file of the source and the SDK, jco a component with an engine in it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::checked_source;
use crate::error::Error;
use crate::project::{Engine, Project};
use crate::sdk::write_file;
use crate::{tools, world};

/// A module that exports what the world asks for, linked with the interfaces that there are.
fn entry(project: &Project, source: &Path) -> String {
    let imports = world::imports(project.build.kind, &project.capabilities);
    let interfaces: Vec<_> = ["log"].into_iter().chain(imports).collect();
    let imports: String =
        interfaces.iter().map(|name| format!("import * as {name} from 'karat:eval/{name}@0.1.0';\n")).collect();
    format!(
        "import '../../karat/platform.js';\n{imports}import * as plugin from {source:?};\nimport {{ component }} from '../../karat/component.js';\n\
         export const {{ describe, {kind} }} = component({name:?}, {version:?}, plugin, {{ {linked} }});\n",
        source = Path::new("../..").join(source).display().to_string(),
        name = project.plugin.name,
        version = project.plugin.version,
        linked = interfaces.join(", "),
        kind = project.build.kind.interface(),
    )
}

pub(super) fn build(project: &Project, folder: &Path, work: &Path) -> Result<PathBuf, Error> {
    let source = checked_source(project, folder)?;
    let find = |name: &'static str| {
        let found = tools::find(folder, &["node_modules/.bin"], name);
        found.ok_or(Error::NoTool { language: "JavaScript", tool: name, get: tools::GET_JAVASCRIPT })
    };
    let (esbuild, jco) = (find("esbuild")?, find("jco")?);
    write_file(&work.join("entry.js"), entry(project, &source).as_bytes())?;
    world::write(&work.join("wit"), project)?;
    let mut bundle = Command::new(esbuild);
    bundle.args(["entry.js", "--bundle", "--format=esm", "--external:karat:*", "--outfile=bundle.js"]);
    bundle.args(["--log-level=warning", "--target=es2023"]).current_dir(work);
    tools::run(&mut bundle)?;
    let mut command = Command::new(jco);
    command.args(["componentize", "bundle.js", "--wit", "wit", "--world-name", world::WORLD, "-o", "component.wasm"]);
    if project.build.engine == Engine::QuickJs {
        command.args(["--backend", "qjs", "--backend-qjs-disable-async", "--backend-qjs-stub-wasi"]);
        tools::run(command.current_dir(work))?;
    } else {
        // The command line of jco does not find the interface for this engine; its library does.
        let script = "import { readFile, writeFile } from 'node:fs/promises';\n\
                      import { componentize } from '@bytecodealliance/componentize-js';\n\
                      const source = await readFile('bundle.js', 'utf8');\n\
                      const { component } = await componentize(source, { witPath: 'wit', worldName: 'plugin' });\n\
                      await writeFile('component.wasm', component);\n";
        write_file(&work.join("componentize.mjs"), script.as_bytes())?;
        let node = tools::find(folder, &[], "node");
        let node = node.ok_or(Error::NoTool { language: "JavaScript", tool: "node", get: "see https://nodejs.org" })?;
        tools::run(Command::new(node).arg("componentize.mjs").current_dir(work))?;
    }
    let made = work.join("component.wasm");
    fs::metadata(&made).map_err(|cause| Error::File { path: made.clone(), cause })?;
    Ok(made)
}
