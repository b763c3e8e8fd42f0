//! Compiles the built-in packs, and puts into each its manifest: `plugin.toml`, where it has one, and its `prompts/`.

use std::fs;
use std::path::Path;

use guest_build::{PROMPTS, append_section, prompts};

/// The custom section that the host reads a plugin's manifest from.
const SECTION: &str = "karat:manifest";

fn main() {
    guest_build::embed(
        &["export", "json", "judge", "overlap", "predict", "rules", "sql", "text", "trace"],
        |pack, component| {
            if let Some(manifest) = manifest(&Path::new("..").join(pack)) {
                append_section(component, SECTION, &manifest);
            }
        },
    );
}

/// The manifest of the pack in `folder`; none where it asks for nothing.
fn manifest(folder: &Path) -> Option<Vec<u8>> {
    let path = folder.join("plugin.toml");
    let text = fs::read_to_string(&path).ok()?;
    println!("cargo::rerun-if-changed={}", path.display());
    let mut manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let prompts = prompts(folder).unwrap_or_else(|error| panic!("{error}"));
    if !prompts.is_empty() {
        println!("cargo::rerun-if-changed={}", folder.join(PROMPTS).display());
        manifest.insert("prompts".to_owned(), toml::Value::try_from(prompts).expect("texts have a TOML form"));
    }
    Some(serde_json::to_vec(&manifest).expect("TOML has a JSON form"))
}
