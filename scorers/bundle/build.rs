//! Compiles the built-in packs, and puts into each what its `plugin.toml` asks for, where it has one.

use std::fs;
use std::path::Path;

use guest_build::append_section;

/// The custom section that the host reads a plugin's manifest from.
const SECTION: &str = "karat:manifest";

fn main() {
    guest_build::embed(
        &["export", "json", "judge", "overlap", "predict", "rules", "sql", "text"],
        |pack, component| {
            let path = Path::new("..").join(pack).join("plugin.toml");
            if let Ok(text) = fs::read_to_string(&path) {
                println!("cargo::rerun-if-changed={}", path.display());
                let manifest: toml::Table = text.parse().unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                let manifest = serde_json::to_vec(&manifest).expect("TOML has a JSON form");
                append_section(component, SECTION, &manifest);
            }
        },
    );
}
