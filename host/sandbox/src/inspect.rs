//! What a component says of itself, before anything of it is compiled.

use model::grant::Grant;
use model::manifest::Manifest;
use wasmparser::{Parser, Payload};

use crate::load::{Cause, LoadError};

/// What stands in a component.
#[derive(Debug, Default)]
pub struct Inspected {
    /// Interfaces it imports, with versions, sorted.
    pub imports: Vec<String>,
    pub(crate) exports: Vec<String>,
    pub manifest: Option<Manifest>,
}

/// Reads the outermost component.
pub(crate) fn inspect(bytes: &[u8]) -> Result<Inspected, LoadError> {
    let invalid = |error: wasmparser::BinaryReaderError| LoadError::Invalid(Cause::new(error.to_string()));
    let mut inspected = Inspected::default();
    let mut depth = 0;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(invalid)? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            Payload::ComponentImportSection(imports) if depth == 0 => {
                for import in imports {
                    inspected.imports.push(import.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(exports) if depth == 0 => {
                for export in exports {
                    inspected.exports.push(export.map_err(invalid)?.name.name.to_owned());
                }
            }
            Payload::CustomSection(section) if depth == 0 && section.name() == Manifest::SECTION => {
                let manifest = Manifest::parse(section.data()).map_err(LoadError::Manifest)?;
                if inspected.manifest.replace(manifest).is_some() {
                    return Err(LoadError::Manifest("there are two".to_owned()));
                }
            }
            _ => {}
        }
    }
    inspected.imports.sort();
    Ok(inspected)
}

impl Inspected {
    /// What the plugin asks for beyond its rows: an interface of ours that it imports has to stand in its manifest, and what
    /// stands there and is not imported is not asked for. `wasi:http` is imported by whole languages; it is asked for
    /// where the manifest says so.
    ///
    /// # Errors
    ///
    /// Fails with what is imported and not declared.
    pub fn asks(&self) -> Result<Grant, LoadError> {
        let claimed = self.manifest.as_ref().map(|manifest| manifest.capabilities.clone()).unwrap_or_default();
        let imports =
            |interface: &str| self.imports.iter().any(|name| name.starts_with(&format!("karat:eval/{interface}@")));
        let undeclared: Vec<_> = [
            ("judge", claimed.judge.is_none()),
            ("http", claimed.http.is_empty()),
            ("http-stream", claimed.http.is_empty()),
            ("kv", claimed.kv.is_empty()),
            ("process", claimed.process.is_empty()),
        ]
        .into_iter()
        .filter(|&(interface, is_absent)| is_absent && imports(interface))
        .map(|(interface, _)| interface.to_owned())
        .collect();
        if !undeclared.is_empty() {
            return Err(LoadError::Undeclared { interfaces: undeclared });
        }
        let keep = |interface: &str| imports(interface);
        let uses_http = keep("http")
            || keep("http-stream")
            || self.imports.iter().any(|name| name.starts_with("wasi:http/outgoing-handler@"));
        Ok(Grant {
            judge: claimed.judge.filter(|_| keep("judge")),
            http: if uses_http { claimed.http } else { Vec::new() },
            kv: if keep("kv") { claimed.kv } else { Vec::new() },
            process: if keep("process") { claimed.process } else { Vec::new() },
        })
    }
}
