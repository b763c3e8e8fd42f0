//! Plugins for tests, as bytes: some are compiled when this crate is, others written down instruction by instruction.

pub mod wat;

/// Reads `wit/`, for tests of what is said about it.
pub use wit_parser;
/// The plugin `test/asks`, without a manifest: a scorer that asks a judge.
pub static ASKS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/asks.wasm"));

/// The plugin `test/fetch`, without a manifest: a scorer that asks a server.
pub static FETCH: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/fetch.wasm"));

/// The plugin `test/hostile`: one scorer for everything that can go wrong in a call, or that a guest could try to see of
/// the world outside. `tests/guests/hostile` has the list.
pub static HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/hostile.wasm"));

/// A valid component that exports `run` and nothing that a plugin needs.
pub static OTHER_WORLD: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/other_world.wasm"));
