//! Turns a guest package into a component, on any machine that can.
//!
//! A guest belongs to a cargo workspace like any other package and is compiled for `wasm32-wasip2` with the profile
//! `guest`, by a cargo of its own: one inside the other, with separate target folders, so that neither waits for the
//! other's lock. [`build`] compiles one package, [`embed`] does so from a build script;
//! [`prompts`] reads what goes into a plugin's manifest from files of their own.
//!
//! What is deliberately absent: downloading compilers, which `scripts/setup` does, and looking into components, which
//! is the sandbox's business.

mod compile;
mod embed;
mod environment;
mod error;
mod prompts;
mod section;
mod toolchain;

pub use compile::{Component, build, build_alone};
pub use embed::embed;
pub use error::Error;
pub use prompts::{PROMPTS, Prompt, prompts};
pub use section::append_section;
pub use toolchain::Toolchain;
