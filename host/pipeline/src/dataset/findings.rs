//! What is wrong with a data file, in a length that can be read.

use model::ports::BrokenRecord;

use super::row::Flaw;
use crate::problem::{Problem, Problems};

/// How many problems are shown; the others are counted.
const SHOWN: usize = 20;

#[derive(Debug)]
pub(super) struct Findings {
    file: String,
    shown: Vec<Shown>,
    /// Problems beyond those shown.
    more: u64,
}

#[derive(Debug)]
struct Shown {
    problem: Problem,
    /// Other rows with the same flaw; none where it is no flaw of a row's shape.
    repeated: Option<u64>,
}

impl Findings {
    pub(super) fn new(file: &str) -> Self {
        Self { file: file.to_owned(), shown: Vec::new(), more: 0 }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    pub(super) fn broken(&mut self, broken: BrokenRecord) {
        let BrokenRecord { line, message, hint } = broken;
        self.add(Problem { hint, ..Problem::new(&self.file, message).at(line) });
    }

    /// The same flaw on many rows is one problem: most often the whole file has another shape.
    pub(super) fn flaw(&mut self, line: u64, flaw: Flaw) {
        let Flaw { field, message, hint } = flaw;
        for shown in &mut self.shown {
            if let (Some(repeated), true) =
                (&mut shown.repeated, shown.problem.message == message && shown.problem.field == field)
            {
                *repeated += 1;
                return;
            }
        }
        self.push(Problem { field, hint, ..Problem::new(&self.file, message).at(line) }, Some(0));
    }

    pub(super) fn add(&mut self, problem: Problem) {
        self.push(problem, None);
    }

    fn push(&mut self, problem: Problem, repeated: Option<u64>) {
        if self.shown.len() < SHOWN {
            self.shown.push(Shown { problem, repeated });
        } else {
            self.more += 1;
        }
    }

    /// Forgets the flaws of rows, which have a cause elsewhere.
    pub(super) fn forget_flaws(&mut self) {
        self.shown.retain(|shown| shown.repeated.is_none());
    }

    pub(super) fn finish(self) -> Problems {
        let mut problems = Problems(self.shown.into_iter().map(Shown::finish).collect());
        problems.0.sort_by_key(|problem| problem.line.unwrap_or(u64::MAX));
        if self.more > 0 {
            problems.0.push(Problem::new(self.file, format!("and {} more", self.more)));
        }
        problems
    }
}

impl Shown {
    fn finish(self) -> Problem {
        let Self { mut problem, repeated } = self;
        match repeated.unwrap_or(0) {
            0 => {}
            1 => problem.message.push_str(" (and on 1 more row)"),
            more => problem.message.push_str(&format!(" (and on {more} more rows)")),
        }
        problem
    }
}
