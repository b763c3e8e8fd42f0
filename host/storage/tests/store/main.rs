//! What every store promises, checked on all of them, and what the embedded one promises beyond that.

mod archive;
mod backup;
mod cache;
mod compaction;
mod conformance;
mod differential;
mod faults;
mod folder;
mod hostile;
mod layouts;
mod mending;
mod retention;
mod samples;
mod subject;
mod traces;
mod workload;
