//! What every store promises, checked on all of them, and what the embedded one promises beyond that.

mod archive;
mod backup;
mod blobs;
mod cache;
mod commits;
mod compaction;
mod conformance;
mod differential;
mod documents;
mod faults;
mod folder;
mod hostile;
mod layouts;
mod mending;
mod retention;
mod rivals;
mod samples;
mod subject;
mod tasks;
mod traces;
mod workload;
