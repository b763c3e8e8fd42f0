//! What every store promises, checked on all of them, and what the embedded one promises beyond that.

mod conformance;
mod differential;
mod folder;
mod samples;
mod subject;
