//! The nouns of Karat and the ports between its crates.
//!
//! Plain data with serde, and the traits through which one stage of the flow reaches another. Everything that
//! crosses a crate border is defined here, once, so that WIT, JSON, flags and docs use the same words.
//!
//! What is deliberately absent: files, clocks, randomness, the environment, and any knowledge of how a plugin is
//! run or how a result is stored.

pub mod aggregate;
pub mod app;
pub mod assessment;
pub mod card;
pub mod comparison;
pub mod dataset;
pub mod digest;
pub mod document;
pub mod endpoint;
pub mod feedback;
pub mod gate;
pub mod grant;
pub mod issue;
pub mod json;
pub mod judge;
pub mod limits;
pub mod manifest;
mod number;
pub mod object;
pub mod outcome;
pub mod ports;
pub mod prediction;
pub mod prompt;
pub mod quantity;
pub mod redaction;
pub mod reducer;
pub mod registered;
pub mod report;
pub mod review;
pub mod row;
pub mod run;
pub mod scorer;
pub mod search;
pub mod sensitive;
pub mod slice;
pub mod stability;
pub mod suite;
pub mod telemetry;
pub mod template;
pub mod trace;
pub mod tracking;
pub mod webhook;
