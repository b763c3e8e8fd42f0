//! Why there is no project or no plugin.

use std::io;
use std::path::PathBuf;

/// What stands between an author and a plugin.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("`{path}` can't be read or written")]
    File {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
    #[error("`{path}` is there already")]
    Exists { path: PathBuf },
    #[error("there is no `plugin.toml` in `{folder}`")]
    NoProject { folder: PathBuf },
    #[error("`{path}` is wrong: {what}")]
    Project { path: PathBuf, what: String },
    #[error("`{name}` is no name for a plugin: {what}")]
    Name { name: String, what: &'static str },
    #[error("{language} plugins are built with `{tool}`, which is not installed")]
    NoTool { language: &'static str, tool: &'static str, get: &'static str },
    #[error("plugins in {language} can't offer {kind}s")]
    NotOffered { kind: &'static str, language: &'static str },
    #[error("`{program}` can't be started")]
    Start {
        program: String,
        #[source]
        cause: io::Error,
    },
    /// What the compiler said, where it did not go to standard error.
    #[error("`{program}` failed{}", .said.as_ref().map(|said| format!(":\n{said}")).unwrap_or_default())]
    Compile { program: String, said: Option<String> },
    #[error("{0}")]
    Rust(String),
    #[error(transparent)]
    Prompts(guest_build::Error),
    #[error("what the compiler made can't be turned into a component: {0}")]
    Component(String),
}

impl Error {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("choose another name, or remove what is there".to_owned()),
            Self::NoProject { .. } => {
                Some("name the folder of a plugin, or make one: `karat plugin new --lang python NAME`".to_owned())
            }
            Self::Project { .. } => Some("`karat schema plugin` has all keys".to_owned()),
            Self::Name { .. } => Some("write it as `name` or `publisher/name`, of a-z, 0-9 and -".to_owned()),
            Self::NotOffered { .. } => Some("take another language: rust, python, js or ts".to_owned()),
            Self::NoTool { get, .. } => Some(format!("get it with: {get}")),
            _ => None,
        }
    }
}
