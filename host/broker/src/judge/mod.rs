//! Judges: LLMs that plugins ask, and this host alone speaks to.

#![cfg_attr(not(test), expect(dead_code, reason = "the door for questions is put before it next"))]

mod format;
mod provider;
mod reply;
mod shape;
