//! `plugin.toml`: what a plugin is, what it asks for, and what it is built from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use model::grant::Grant;
use model::limits::Isolation;
use model::manifest::{Identity, Manifest, Prompt};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::error::Error;

/// A plugin's project, as `plugin.toml` has it. What its scorers ask judges stands beside it: a file `prompts/SCORER.md` for
/// each, with a version.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Project {
    /// Version of this form: 1.
    pub manifest: u32,
    pub plugin: Identity,
    pub build: Build,
    /// What it asks for beyond its rows, and why.
    #[serde(default)]
    pub capabilities: Grant,
    /// Where it wants to live.
    #[serde(default)]
    pub isolation: Isolation,
}

/// What the plugin is built from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    pub language: Language,
    /// What the source has.
    #[serde(default)]
    pub kind: Kind,
    /// The file with the scorers, relative to `plugin.toml`. Cargo finds that of a Rust plugin by itself.
    #[serde(default)]
    pub source: Option<PathBuf>,
    /// What runs JavaScript.
    #[serde(default)]
    pub engine: Engine,
}

/// What a plugin's source has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    #[default]
    Scorer,
    Predictor,
    Exporter,
}

impl Kind {
    /// The interface that it is exported by, and the folder of its templates.
    pub(crate) fn interface(self) -> &'static str {
        match self {
            Self::Scorer => "scorer",
            Self::Predictor => "predictor",
            Self::Exporter => "exporter",
        }
    }
}

/// A language that plugins are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    Rust,
    Python,
    /// JavaScript or TypeScript, by the ending of the source.
    JavaScript,
    C,
    /// None: `source` is WebAssembly that something else compiled, a component or a core module.
    Wasm,
}

impl Language {
    /// Whether its SDK has what plugins of a kind are written with.
    pub(crate) fn offers(self, kind: Kind) -> bool {
        self != Self::C || kind == Kind::Scorer
    }
}

/// An engine inside a JavaScript plugin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Small: 1.6 MB, and started in a twelfth of a millisecond.
    #[default]
    QuickJs,
    /// Firefox's: 12 MB, with more of the web platform.
    StarlingMonkey,
}

impl Project {
    pub const FILE: &str = "plugin.toml";

    /// Reads the `plugin.toml` of a folder.
    ///
    /// # Errors
    ///
    /// Fails with the line and what is wrong there.
    pub fn read(folder: &Path) -> Result<Self, Error> {
        let path = folder.join(Self::FILE);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(Error::NoProject { folder: folder.to_owned() });
            }
            Err(cause) => return Err(Error::File { path, cause }),
        };
        Self::parse(&text).map_err(|what| Error::Project { path, what })
    }

    fn parse(text: &str) -> Result<Self, String> {
        let project: Self = toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        if project.manifest != 1 {
            return Err(format!("`manifest` is {}, this version of Karat reads 1", project.manifest));
        }
        let Identity { name, version, .. } = &project.plugin;
        check_name(name).map_err(|what| format!("`plugin.name` is `{name}`: {what}"))?;
        semver::Version::parse(version)
            .map_err(|error| format!("`plugin.version` is `{version}`, no semantic version: {error}"))?;
        if project.build.source.is_none() && project.build.language != Language::Rust {
            return Err("`build.source` is missing: name the file with the scorers".to_owned());
        }
        let Build { language, kind, .. } = project.build;
        if !language.offers(kind) {
            let kind = kind.interface();
            return Err(format!(
                "`build.kind` is `{kind}`, and plugins in C offer scorers only: take another language"
            ));
        }
        project.capabilities.check_asked().map_err(|what| format!("`capabilities`: {what}"))?;
        Ok(project)
    }

    /// What of it goes into the plugin, with the prompts that stand beside it.
    pub fn manifest(&self, prompts: BTreeMap<String, Prompt>) -> Manifest {
        Manifest {
            prompts,
            manifest: 1,
            plugin: self.plugin.clone(),
            capabilities: self.capabilities.clone(),
            isolation: self.isolation,
        }
    }

    /// The name without the publisher.
    pub fn short_name(&self) -> &str {
        self.plugin.name.split_once('/').map_or(&self.plugin.name, |(_, name)| name)
    }
}

/// Checks `publisher/name`.
pub(crate) fn check_name(name: &str) -> Result<(), &'static str> {
    let (publisher, name) = name.split_once('/').ok_or("it should be `publisher/name`")?;
    let fits = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase())
            && part.len() <= 64
            && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if fits(publisher) && fits(name) { Ok(()) } else { Err("both parts have a-z, 0-9 and -, and begin with a letter") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
manifest = 1
[plugin]
name = "acme/manners"
version = "0.1.0"
[build]
language = "python"
source = "scorer.py"
[[capabilities.http]]
url = "https://api.test"
methods = ["POST"]
why = "asks"
"#;

    #[test]
    fn what_a_project_asks_for_goes_into_its_manifest() {
        let manifest = Project::parse(GOOD).expect("good").manifest(BTreeMap::new());
        assert_eq!(manifest.plugin.name, "acme/manners");
        assert_eq!(manifest.capabilities.http[0].url, "https://api.test");
        let json = serde_json::to_vec(&manifest).expect("JSON");
        assert_eq!(Manifest::parse(&json), Ok(manifest));
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place() {
        let check = |from: &str, to: &str, expected: &str| {
            let wrong = Project::parse(&GOOD.replace(from, to)).expect_err("wrong");
            assert!(wrong.contains(expected), "{wrong}");
        };
        check("source =", "sources =", "line 8");
        check("source =", "sources =", "unknown field `sources`");
        check("manifest = 1", "manifest = 2", "`manifest` is 2");
        check("acme/manners", "Manners", "`plugin.name` is `Manners`");
        check("0.1.0", "1", "no semantic version");
        check("\"python\"", "\"cobol\"", "unknown variant `cobol`");
        check("source = \"scorer.py\"", "", "`build.source` is missing");
        check(
            "\"python\"",
            "\"c\"\nkind = \"exporter\"",
            "`build.kind` is `exporter`, and plugins in C offer scorers only",
        );
        check("https://api.test", "api.test", "`capabilities`: `api.test` should begin with");
    }
}
