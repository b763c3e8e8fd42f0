//! Keeps runs, their results and the datasets they worked on.
//!
//! Two implementations of [`model::ports::Store`]: [`EmbeddedStore`] in a folder of its own, for one machine, and
//! [`MemoryStore`], which keeps nothing and shows how every other store has to behave. One conformance suite runs
//! over both. Both keep traces, documents and blobs as well. Beside that, a folder keeps replies of judges
//! ([`model::ports::JudgeCache`]), which it may forget.
//!
//! What is deliberately absent: any opinion on what a result means, and model types in the bytes on disk. What is
//! written has structs of its own, which never change; the next version of a struct is a new one beside the old.

pub mod archive;
mod cache;
mod database;
mod documents;
mod embedded;
pub mod files;
mod log;
mod memory;
mod migrate;
mod operation;
mod records;
mod results;
mod shared;
mod traces;
mod view;

pub use database::silence_sled;
pub use embedded::{EmbeddedStore, Findings, Options};
pub use memory::MemoryStore;
pub use shared::SharedStore;

use std::time::Duration;

use model::ports::StoreError;
use model::run::RunId;

/// How long a blob stays that nobody uses yet.
const GRACE: Duration = Duration::from_secs(3600);

fn missing_run(run: RunId) -> StoreError {
    StoreError::Missing { what: format!("run {run}") }
}

fn missing_dataset(digest: &str) -> StoreError {
    missing("dataset", digest)
}

fn missing(what: &str, digest: &str) -> StoreError {
    StoreError::Missing { what: format!("{what} {digest}") }
}
