//! The only door out: whatever leaves Karat on behalf of a plugin or of a client, for another machine or for a command of
//! this one, goes through here.
//!
//! What is deliberately absent: which plugin may do what, which is decided before a run and handed in with every request.

mod cassette;
mod gateway;
mod http;
mod judge;
mod process;

pub use cassette::Cassette;
pub use gateway::{Gateway, Spent};
pub use http::{Addresses, Allowed, Bounds, Door, Lookup, Secret, Taped, is_private, origin_of, url_of};
pub use judge::{Judges, Setup};
pub use process::Commands;
