//! Carries what MLflow keeps into a store of ours, and what a store of ours keeps to MLflow.
//!
//! ```text
//! MLflow's server ─▶ rest ───┐                                        ┌▶ registry ─▶ documents
//!                            ├▶ source: nouns, a page at a time ─▶ import ─▶ traces, blobs
//! MLflow's database ▶ sqlite ┘
//! registry, traces, blobs ─▶ export ─▶ wire ─▶ rest ─▶ MLflow's server
//! ```
//!
//! What is read is a page of it, what is written is durable before the next page is read, and all of it means the same when
//! it comes again: so whoever was cut off begins anew. What can't come is told in the [`Report`], and the rest goes on.
//!
//! What is deliberately absent: the environment, printing, how a store is opened.

mod artifacts;
mod error;
mod export;
mod import;
mod place;
mod report;
mod rest;
mod source;
mod sqlite;
mod wire;

pub use error::Error;
pub use export::{Origin, export};
pub use import::{Destination, Redact, import};
pub use place::{Access, Place};
pub use report::{Kind, LeftOut, Report};
