//! Why there is no component.

use std::io;
use std::path::PathBuf;

/// What stands between a guest package and its component.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither way to compile for WebAssembly is open.
    #[error("no compiler on this machine makes components: {missing}; run `scripts/setup`")]
    NoToolchain {
        /// What was looked for in vain.
        missing: String,
    },
    #[error("`{program}` could not be started")]
    Start {
        program: PathBuf,
        #[source]
        cause: io::Error,
    },
    /// The compiler's own words went to standard error.
    #[error("cargo could not build `{package}` for `{target}`")]
    Compile { package: String, target: &'static str },
    #[error("package `{package}` makes no component: it needs `crate-type = [\"cdylib\"]`")]
    NoComponent { package: String },
    /// A file of `prompts/` that is none.
    #[error("`{path}` is no prompt: {what}")]
    Prompt { path: PathBuf, what: String },
    #[error("`{path}` could not be read or written")]
    File {
        path: PathBuf,
        #[source]
        cause: io::Error,
    },
}
