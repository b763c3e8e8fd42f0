//! A project to start from.

use std::borrow::Cow;
use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::error::Error;
use crate::project::{Kind, Language, check_name};
use crate::sdk::{self, write_file};
use crate::tools;

/// Files by language, and `common` ones, for every kind of plugin or below the name of one. `{{name}}`, `{{publisher}}` and `{{scorer}}` in names and texts are filled in;
/// `.in` at the end of a name is taken off: cargo would take a `Cargo.toml` for one of ours.
#[derive(RustEmbed)]
#[folder = "../../guest-sdk/templates"]
struct Templates;

/// What a project is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lang {
    Rust,
    Python,
    JavaScript,
    TypeScript,
    C,
}

impl Lang {
    fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::JavaScript => "javascript",
            Self::TypeScript => "typescript",
            Self::C => "c",
        }
    }

    fn language(self) -> Language {
        match self {
            Self::Rust => Language::Rust,
            Self::Python => Language::Python,
            Self::JavaScript | Self::TypeScript => Language::JavaScript,
            Self::C => Language::C,
        }
    }

    /// The one command that gets what the compiler needs, to be run in the project.
    pub fn tools(self) -> &'static str {
        match self {
            Self::Rust => "rustup target add wasm32-wasip2",
            Self::Python => tools::GET_PYTHON,
            Self::JavaScript | Self::TypeScript => tools::GET_JAVASCRIPT,
            Self::C => tools::GET_C,
        }
    }
}

/// A project that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    pub folder: PathBuf,
    /// The file to edit, within it.
    pub source: PathBuf,
}

/// Makes a project in a new folder below `parent`, named as the plugin. `name` may have a publisher, `acme/manners`.
///
/// # Errors
///
/// Fails when the name is none, when the language has no plugins of the kind, or when the folder is there already.
pub fn create(lang: Lang, kind: Kind, name: &str, parent: &Path) -> Result<Made, Error> {
    let full = if name.contains('/') { name.to_owned() } else { format!("local/{name}") };
    check_name(&full).map_err(|what| Error::Name { name: name.to_owned(), what })?;
    let (publisher, short) = full.split_once('/').unwrap_or_default();
    if !lang.language().offers(kind) {
        return Err(Error::NotOffered { kind: kind.interface(), language: lang.folder() });
    }
    let folder = parent.join(short);
    if folder.exists() {
        return Err(Error::Exists { path: folder });
    }
    let scorer = short.replace('-', "_");
    let fill =
        |text: &str| text.replace("{{name}}", short).replace("{{publisher}}", publisher).replace("{{scorer}}", &scorer);
    for name in Templates::iter() {
        // Of any kind, or of this one: `python/…`, `predictor/python/…`.
        let of_kind = name.strip_prefix(kind.interface()).and_then(|name| name.strip_prefix('/'));
        let Some((of, path)) = of_kind.unwrap_or(&name).split_once('/') else { continue };
        if of != "common" && of != lang.folder() {
            continue;
        }
        let content = Templates::get(&name).map_or(Cow::Borrowed(&[][..]), |file| file.data);
        let path = fill(path.strip_suffix(".in").unwrap_or(path));
        write_file(&folder.join(path), fill(&String::from_utf8_lossy(&content)).as_bytes())?;
    }
    sdk::complete(lang.language(), &folder)?;
    let source = source(lang, kind);
    fs::metadata(folder.join(&source)).map_err(|cause| Error::File { path: folder.join(&source), cause })?;
    Ok(Made { folder, source: source.into() })
}

/// The file to edit.
fn source(lang: Lang, kind: Kind) -> String {
    let ending = match lang {
        Lang::Rust => return "src/lib.rs".to_owned(),
        Lang::Python => "py",
        Lang::JavaScript => "js",
        Lang::TypeScript => "ts",
        Lang::C => "c",
    };
    format!("{}.{ending}", kind.interface())
}
