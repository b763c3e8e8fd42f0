//! What came of a run, in a sentence.

use model::report::{Report, Verdict};
use model::run::Run;

use crate::quantities::counted;

/// One word for the verdict.
pub(crate) fn word(run: &Run) -> &'static str {
    match run.report.as_ref().map(|report| report.verdict) {
        None => "unfinished",
        Some(Verdict::Passed) => "passed",
        Some(Verdict::Failed) => "failed",
        Some(Verdict::Incomplete) => "incomplete",
        Some(Verdict::NoGate) => "done",
    }
}

/// The sentence. Its texts may be anyone's: who shows it makes them harmless.
pub(crate) fn verdict(run: &Run) -> String {
    let Some(report) = &run.report else {
        return "The run has not come to its end: it goes on, or was cut off.".to_owned();
    };
    match report.verdict {
        Verdict::Passed if report.gates.len() == 1 => "The gate holds.".to_owned(),
        Verdict::Passed => format!("All {} gates hold.", report.gates.len()),
        Verdict::Failed => failed(report),
        Verdict::Incomplete => {
            let reason = report.reason.as_deref().unwrap_or("not every row was worked on");
            format!("Not to be decided: {reason}.")
        }
        Verdict::NoGate => "Every row is done, and nothing was asked of the numbers: the suite has no gate.".to_owned(),
    }
}

fn failed(report: &Report) -> String {
    let failing: Vec<_> = report.gates.iter().filter(|gate| !gate.holds).collect();
    match failing.as_slice() {
        [gate] if report.gates.len() == 1 => format!("The gate `{}` does not hold: {}.", gate.text, gate.reason),
        [gate] => {
            let of = report.gates.len();
            format!("1 of {of} gates does not hold: `{}`, since {}.", gate.text, gate.reason)
        }
        several => format!("{} of {} do not hold.", several.len(), counted(report.gates.len() as u64, "gate")),
    }
}
