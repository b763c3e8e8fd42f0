//! CSV as RFC 4180 has it, for spreadsheets.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use model::feedback::Value;
use model::row::RowRecord;
use model::run::{RowResult, RunPlan};

use crate::Report;
use crate::text;
use crate::verdicts::{COLUMNS, Line, lines, written};

/// The characters that fit into a cell of a spreadsheet, but for a few that are put before and behind them.
const LONGEST: usize = 32_000;

pub(crate) struct Csv<'a, W: Write> {
    plan: &'a RunPlan,
    out: Writer<W>,
}

impl<'a, W: Write> Csv<'a, W> {
    pub(crate) fn new(plan: &'a RunPlan, out: W) -> io::Result<Self> {
        let mut out = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out);
        out.write_record(COLUMNS)?;
        Ok(Self { plan, out })
    }
}

impl<W: Write> Report for Csv<'_, W> {
    fn add(&mut self, _: &RowRecord, result: &RowResult) -> io::Result<()> {
        for line in lines(self.plan, result) {
            self.out.write_record(cells(&line))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

fn cells(line: &Line<'_>) -> [String; COLUMNS.len()] {
    let text = |text: Option<&str>| text.map(cell).unwrap_or_default();
    [
        cell(line.id),
        line.trial.to_string(),
        cell(&line.scorer),
        line.outcome.to_owned(),
        line.value.map(value).unwrap_or_default(),
        line.number().map(|number| written(&Value::Number(number))).unwrap_or_default(),
        text(line.rationale),
        text(line.reason),
    ]
}

fn value(value: &Value) -> String {
    match value {
        // A negative number begins like a formula, and is none.
        Value::Boolean(_) | Value::Number(_) => written(value),
        other => cell(&written(other)),
    }
}

/// A text that a spreadsheet does not take for a formula: behind an apostrophe it is a text, as OWASP advises ("CSV
/// Injection").
fn cell(text: &str) -> String {
    let shown = text::shown(text, LONGEST);
    match text.trim_start().chars().next() {
        Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠') => format!("'{shown}"),
        _ => shown,
    }
}
