//! One page for a browser, in one file: nothing is fetched, and nothing runs but the script that the page says it has.
//!
//! The numbers are in the page as such. Rows are data that the script lays out a page at a time, as texts and never as
//! markup, so that a run of 100,000 rows opens as fast as one of ten.

mod comparison;
mod figure;
mod rows;
mod view;

use std::io::{self, Write};

use askama::Template;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::row::RowRecord;
use model::run::{RowResult, Run};
use sha2::{Digest, Sha256};

pub use self::comparison::comparison;
use self::rows::Rows;
use self::view::View;
use crate::Report;

const STYLE: &str = include_str!("../../templates/report.css");
const SCRIPT: &str = include_str!("../../templates/report.js");

pub(crate) struct Page<'a, W> {
    run: &'a Run,
    rows: Rows,
    out: W,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Document<'a> {
    view: View,
    style: &'a str,
    script: &'a str,
    /// What the browser may run, by its digest (Content Security Policy Level 3).
    script_digest: String,
    index: String,
    chunks: Vec<String>,
}

impl<'a, W: Write> Page<'a, W> {
    pub(crate) fn new(run: &'a Run, out: W) -> Self {
        Self { run, rows: Rows::new(&run.header.plan), out }
    }
}

impl<W: Write> Report for Page<'_, W> {
    fn add(&mut self, row: &RowRecord, result: &RowResult) -> io::Result<()> {
        self.rows.add(&self.run.header.plan, row, result);
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let (index, chunks) = self.rows.finish();
        let document = Document {
            view: View::of(self.run),
            style: STYLE,
            script: SCRIPT,
            script_digest: BASE64_STANDARD.encode(Sha256::digest(SCRIPT)),
            index,
            chunks,
        };
        document.write_into(&mut self.out)?;
        self.out.flush()
    }
}
