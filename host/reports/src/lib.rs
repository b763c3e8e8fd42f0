//! What came of a run, in every format that somebody reads.
//!
//! A report is opened for a run, is handed its results with their rows in dataset order, and is finished. What it writes
//! follows from these alone: there is no clock and nothing random, so that the same run gives the same bytes. Memory is
//! bounded whatever a run holds; what a format has no room for is counted in it, never dropped in silence.
//!
//! Texts of datasets, applications and plugins are anyone's. Formats that programs take apart (JSON, JSONL, Parquet) have
//! them whole, written so that they stay texts. Formats that a person opens make them harmless and bounded
//! ([`text`]), each in its own way: a page runs nothing of theirs, a cell stays a cell, nobody is mentioned.
//!
//! Nothing here knows where a run is kept, what a file or a terminal is.

mod delimited;
pub mod failing;
pub mod figures;
mod format;
pub mod html;
mod json;
mod junit;
mod ledgers;
pub mod markdown;
mod parquet;
pub mod quantities;
mod sarif;
mod sentence;
pub mod text;
mod verdicts;

pub use format::{Format, UnknownFormat};

use std::io::{self, Write};

use model::row::RowRecord;
use model::run::{RowResult, Run};

/// A report that is being written.
pub trait Report {
    /// Takes the next result, in dataset order.
    ///
    /// # Errors
    ///
    /// Fails when what is written to does.
    fn add(&mut self, row: &RowRecord, result: &RowResult) -> io::Result<()>;

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// Fails when what is written to does.
    fn finish(self: Box<Self>) -> io::Result<()>;
}

/// Begins a report of `run`; one that has not come to its end has no numbers yet, and its results are told all the same.
///
/// # Errors
///
/// Fails when `out` does.
pub fn open<'a>(format: Format, run: &'a Run, out: impl Write + Send + 'a) -> io::Result<Box<dyn Report + 'a>> {
    Ok(match format {
        Format::Json => Box::new(json::Object::new(run, out)),
        Format::Jsonl => Box::new(json::Lines::new(&run.header.plan, out)),
        Format::Junit => Box::new(junit::Junit::new(&run.header.plan, out)),
        Format::Html => Box::new(html::Page::new(run, out)),
        Format::Markdown => Box::new(markdown::Markdown::new(run, out)),
        Format::Sarif => Box::new(sarif::Sarif::new(run, out)),
        Format::Csv => Box::new(delimited::Csv::new(&run.header.plan, out)?),
        Format::Parquet => Box::new(parquet::Parquet::new(&run.header.plan, out)?),
    })
}
