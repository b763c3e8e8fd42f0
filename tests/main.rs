//! End to end, as a user meets it: the real binary, real components, a real store.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod cli;
mod docs;
mod judges;
mod plugins;
mod powerloss;
mod predict;
mod rules;
mod support;
mod traces;
