//! JSON: the numbers as one object, or a line for each result.

use std::io::{self, Write};

use model::json::Json;
use model::outcome::Verdict;
use model::row::RowRecord;
use model::run::{RowResult, Run, RunPlan};
use serde::Serialize;

use crate::Report;
use crate::text;

/// What `karat eval --json` prints, laid out for people; `null` for a run that has not come to its end.
pub(crate) struct Object<'a, W> {
    run: &'a Run,
    out: W,
}

impl<'a, W: Write> Object<'a, W> {
    pub(crate) fn new(run: &'a Run, out: W) -> Self {
        Self { run, out }
    }
}

impl<W: Write> Report for Object<'_, W> {
    fn add(&mut self, _: &RowRecord, _: &RowResult) -> io::Result<()> {
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let object = serde_json::to_string_pretty(&self.run.report)?;
        self.out.write_all(text::printable_json(&object).as_bytes())?;
        self.out.flush()
    }
}

/// Scorers that were not called because there was nothing to score are left out.
pub(crate) struct Lines<'a, W> {
    plan: &'a RunPlan,
    out: W,
}

impl<'a, W: Write> Lines<'a, W> {
    pub(crate) fn new(plan: &'a RunPlan, out: W) -> Self {
        Self { plan, out }
    }
}

impl<W: Write> Report for Lines<'_, W> {
    fn add(&mut self, row: &RowRecord, result: &RowResult) -> io::Result<()> {
        let feedback = self.plan.scorers.iter().zip(&result.outcomes);
        let line = Line {
            id: &result.id,
            trial: result.trial,
            inputs: &row.inputs,
            outputs: result.outputs(row),
            expectations: row.expectations.as_ref(),
            error: result.error.as_ref().map(|error| error.message.as_str()),
            feedback: feedback.flat_map(|(scorer, outcome)| outcome.verdicts(&scorer.key)).collect(),
        };
        let line = serde_json::to_string(&line)?;
        writeln!(self.out, "{}", text::printable_json(&line))
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.out.flush()
    }
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    trial: u32,
    inputs: &'a Json,
    outputs: Option<&'a Json>,
    expectations: Option<&'a Json>,
    error: Option<&'a str>,
    feedback: Vec<Verdict<'a>>,
}
