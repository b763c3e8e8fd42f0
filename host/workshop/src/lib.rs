//! What plugin authors work with: projects from templates, SDKs to write against, and the way from source to a plugin in
//! one file.
//!
//! ```text
//! template + SDK ──▶ project (plugin.toml) ──▶ the language's own compiler ──▶ component ──▶ + manifest ──▶ plugin
//! ```
//!
//! Everything a project needs of Karat stands in this binary and is copied into the project, so that making one needs no
//! network and a project keeps working with the SDK it was begun with. Compilers are the user's; where one is missing, the
//! error has the command that gets it.
//!
//! Nothing here runs a plugin, and nothing is downloaded.

mod build;
mod component;
mod error;
mod project;
mod sdk;
mod template;
mod tools;
mod world;

pub use build::build;
pub use component::{componentize, with_manifest};
pub use error::Error;
pub use project::{Engine, Kind, Language, Project};
pub use template::{Lang, Made, create};
