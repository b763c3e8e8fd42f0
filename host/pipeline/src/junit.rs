//! A run as JUnit XML, for CI systems.
//!
//! A test suite for each scorer, a test case for each row (and trial). A false verdict is a failure, a failed scorer or a
//! row without outputs an error, an abstention a skipped test; other verdicts pass.

use model::feedback::{Feedback, Value};
use model::outcome::Outcome;
use model::run::{RowResult, RunPlan};
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

/// How many rows of each scorer are listed, those that pass and those that don't apart: the format has to be built in
/// memory, and no CI system shows more. What is left out is counted in the suite's output.
const LISTED: usize = 10_000;

/// The longest message, in characters.
const LONGEST: usize = 2000;

/// Gathers results, in dataset order, and writes them at the end.
pub struct Junit {
    name: String,
    suites: Vec<Suite>,
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

impl Junit {
    pub fn new(plan: &RunPlan) -> Self {
        let suites = plan.scorers.iter().map(|scorer| Suite {
            key: scorer.key.clone(),
            cases: TestSuite::new(&scorer.key),
            passed: Listed::default(),
            other: Listed::default(),
        });
        Self { name: plan.suite.clone(), suites: suites.collect() }
    }

    pub fn add(&mut self, result: &RowResult) {
        for (suite, outcome) in self.suites.iter_mut().zip(&result.outcomes) {
            suite.add(result, outcome);
        }
    }

    /// Writes the report.
    ///
    /// # Errors
    ///
    /// Fails when `out` does.
    pub fn write(self, out: impl std::io::Write) -> Result<(), SerializeError> {
        let mut report = Report::new(self.name);
        report.add_test_suites(self.suites.into_iter().map(Suite::finish));
        report.serialize(out)
    }
}

impl Suite {
    fn add(&mut self, result: &RowResult, outcome: &Outcome) {
        let status = status(result, outcome);
        let listed = if is_success(&status) { &mut self.passed } else { &mut self.other };
        if listed.has_room() {
            let name = match result.trial {
                0 => result.id.clone(),
                trial => format!("{} (trial {trial})", result.id),
            };
            let mut case = TestCase::new(name, status);
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
    match outcome {
        Outcome::Scored(feedback) => match feedback.iter().find(|feedback| feedback.name.is_none()) {
            Some(Feedback { value: Value::Boolean(false), rationale, .. }) => {
                let rationale = rationale.as_deref().unwrap_or("the verdict is false");
                non_success(NonSuccessKind::Failure, rationale)
            }
            _ => TestCaseStatus::success(),
        },
        Outcome::Abstained { reason } => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(shortened(reason));
            status
        }
        Outcome::Failed(failure) => non_success(NonSuccessKind::Error, &failure.message),
        Outcome::Unpredicted => {
            let message = result.error.as_ref().map_or("there was nothing to score", |error| &error.message);
            non_success(NonSuccessKind::Error, message)
        }
    }
}

fn non_success(kind: NonSuccessKind, message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(shortened(message));
    status
}

/// A guest's text: bounded, and without control characters, which XML can't hold.
fn shortened(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{feedback, plan, result, scorer};
    use model::outcome::{Failure, FailureKind};

    fn written(junit: Junit) -> String {
        let mut xml = Vec::new();
        junit.write(&mut xml).expect("memory");
        String::from_utf8(xml).expect("UTF-8")
    }

    #[test]
    fn every_outcome_has_its_place() {
        let mut junit = Junit::new(&plan(vec![scorer("tone")]));
        let verdict =
            Feedback { rationale: Some("not <polite>\u{1b}[31m".to_owned()), ..feedback(Value::Boolean(false)) };
        for (index, outcome) in [
            Outcome::Scored(vec![feedback(Value::Boolean(true))]),
            Outcome::Scored(vec![verdict]),
            Outcome::Scored(vec![feedback(Value::Number(0.0))]),
            Outcome::Abstained { reason: "unclear".to_owned() },
            Outcome::Failed(Failure::new(FailureKind::Panicked, "boom")),
            Outcome::Unpredicted,
        ]
        .into_iter()
        .enumerate()
        {
            junit.add(&result(index as u64, vec![outcome]));
        }
        let xml = written(junit);
        for part in [
            r#"<testsuite name="tone" tests="6" skipped="1" errors="2" failures="1">"#,
            r#"<testcase name="q0" classname="tone"/>"#,
            r#"<failure message="not &lt;polite&gt; [31m"/>"#,
            r#"<skipped message="unclear"/>"#,
            r#"<error message="boom"/>"#,
            r#"<error message="there was nothing to score"/>"#,
        ] {
            assert!(xml.contains(part), "{part} in {xml}");
        }
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let mut junit = Junit::new(&plan(vec![scorer("tone")]));
        for index in 0..=LISTED as u64 {
            junit.add(&result(index, vec![Outcome::Scored(vec![feedback(Value::Boolean(true))])]));
        }
        junit.add(&result(0, vec![Outcome::Scored(vec![feedback(Value::Boolean(false))])]));
        let xml = written(junit);
        assert!(xml.contains("left out: 1 rows that passed, 0 that did not"));
        assert!(xml.contains(r#"tests="10001""#));
    }
}
