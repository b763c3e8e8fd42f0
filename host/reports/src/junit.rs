//! A run as JUnit XML, for CI systems.
//!
//! A test suite for each scorer, a test case for each row (and trial). A false verdict is a failure, a failed scorer or a
//! row without outputs an error, an abstention a skipped test; other verdicts pass.

use std::io::{self, Write};

use model::outcome::Outcome;
use model::row::RowRecord;
use model::run::{RowResult, RunPlan};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};

use crate::Report;
use crate::failing::{Failing, What};
use crate::text;

/// How many rows of each scorer are listed, those that pass and those that don't apart: the format has to be built in
/// memory, and no CI system shows more. What is left out is counted in the suite's output.
const LISTED: usize = 10_000;

/// The longest message, in characters.
const LONGEST: usize = 2000;

/// Gathers results, in dataset order, and writes them at the end.
pub(crate) struct Junit<W> {
    name: String,
    suites: Vec<Suite>,
    out: W,
}

struct Suite {
    key: String,
    cases: TestSuite,
    passed: Listed,
    other: Listed,
}

#[derive(Default)]
struct Listed {
    count: usize,
    left_out: u64,
}

impl Listed {
    fn has_room(&mut self) -> bool {
        if self.count < LISTED {
            self.count += 1;
            return true;
        }
        self.left_out += 1;
        false
    }
}

impl<W: Write> Junit<W> {
    pub(crate) fn new(plan: &RunPlan, out: W) -> Self {
        let suites = plan.scorers.iter().map(|scorer| Suite {
            key: scorer.key.clone(),
            cases: TestSuite::new(&scorer.key),
            passed: Listed::default(),
            other: Listed::default(),
        });
        Self { name: shortened(&plan.suite), suites: suites.collect(), out }
    }
}

impl<W: Write> Report for Junit<W> {
    fn add(&mut self, _: &RowRecord, result: &RowResult) -> io::Result<()> {
        for (suite, outcome) in self.suites.iter_mut().zip(&result.outcomes) {
            suite.add(result, outcome);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        let mut report = quick_junit::Report::new(self.name);
        report.add_test_suites(self.suites.into_iter().map(Suite::finish));
        report.serialize(&mut self.out).map_err(io::Error::other)?;
        self.out.flush()
    }
}

impl Suite {
    fn add(&mut self, result: &RowResult, outcome: &Outcome) {
        let status = status(result, outcome);
        let listed = if is_success(&status) { &mut self.passed } else { &mut self.other };
        if listed.has_room() {
            let mut case = TestCase::new(text::row_name(result), status);
            case.set_classname(self.key.as_str());
            self.cases.add_test_case(case);
        }
    }

    fn finish(mut self) -> TestSuite {
        if self.passed.left_out + self.other.left_out > 0 {
            let (passed, other) = (self.passed.left_out, self.other.left_out);
            self.cases.set_system_out(format!("left out: {passed} rows that passed, {other} that did not"));
        }
        self.cases
    }
}

fn is_success(status: &TestCaseStatus) -> bool {
    matches!(status, TestCaseStatus::Success { .. })
}

fn status(result: &RowResult, outcome: &Outcome) -> TestCaseStatus {
    if let Some(failing) = Failing::of(result, outcome) {
        let kind = if failing.what == What::False { NonSuccessKind::Failure } else { NonSuccessKind::Error };
        let mut status = TestCaseStatus::non_success(kind);
        status.set_message(shortened(failing.told()));
        return status;
    }
    let Outcome::Abstained { reason } = outcome else { return TestCaseStatus::success() };
    let mut status = TestCaseStatus::skipped();
    status.set_message(shortened(reason));
    status
}

fn shortened(told: &str) -> String {
    text::line(told, LONGEST)
}
