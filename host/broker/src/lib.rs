//! The only door out: whatever leaves Karat on behalf of a plugin, for another machine or for a command of this one, goes
//! through here.
//!
//! What is deliberately absent: which plugin may do what, which is decided before a run and handed in with every request.

mod http;
mod judge;
mod process;

pub use http::{Addresses, Allowed, Door, Lookup, Secret, is_private, url_of};
pub use process::Commands;
