//! The only door out: whatever leaves Karat for another machine on behalf of a plugin goes through here.
//!
//! What is deliberately absent: which plugin may do what, which is decided before a run and handed in with every request.

mod http;

pub use http::{Addresses, Allowed, Door, Lookup, Secret, is_private, url_of};
