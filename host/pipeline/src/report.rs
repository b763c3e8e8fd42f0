//! What a run says when it ends.

use model::report::{Cost, Report, Verdict};
use model::run::RunHeader;

use crate::aggregate::Summary;
use crate::beside::Beside;
use crate::gate::{self, Evidence};
use crate::stop::Decision;

/// Builds the report of a run. `beside` is what its baselines say, `broke_off` why scoring ended early, where it did; `seconds`
/// is its wall time.
pub fn build(
    header: &RunHeader,
    summary: Summary,
    beside: Beside,
    cost: Cost,
    broke_off: Option<String>,
    seconds: f64,
) -> Report {
    let plan = &header.plan;
    let evidence = Evidence {
        scorers: &summary.scorers,
        slices: &summary.slices,
        predictions: summary.predictions.as_ref(),
        against: &beside,
    };
    let mut gates: Vec<_> = plan.gates.iter().map(|gate| gate::evaluate(gate, evidence)).collect();
    if let Some(Decision { decided, holds, .. }) = &summary.decision {
        for (gate, holds) in gates.iter_mut().zip(holds) {
            gate.holds = *holds;
            gate.reason = format!("{} (decided by {} of {} rows)", gate.reason, decided.rows, header.data.rows);
        }
    }
    let reason = incomplete(header, &summary, broke_off);
    let verdict = match (&reason, gates.is_empty()) {
        // Incomplete beats failed: numbers of a part say little about the whole.
        (Some(_), _) => Verdict::Incomplete,
        (None, true) => Verdict::NoGate,
        (None, false) if gates.iter().all(|gate| gate.holds) => Verdict::Passed,
        (None, false) => Verdict::Failed,
    };
    Report {
        run: header.id,
        suite: plan.suite.clone(),
        rows: header.data.rows,
        left_out: header.data.left_out,
        verdict,
        reason,
        failed_rows: summary.failed,
        scorers: summary.scorers,
        slices: summary.slices,
        slices_left_out: summary.slices_left_out,
        ledgers: beside.ledgers,
        decided: summary.decision.map(|decision| decision.decided),
        predictions: summary.predictions,
        gates,
        cost,
        seconds,
    }
}

fn incomplete(header: &RunHeader, summary: &Summary, broke_off: Option<String>) -> Option<String> {
    let decided = summary.decision.as_ref().map(|decision| decision.decided.rows * u64::from(header.plan.trials));
    let expected = decided.unwrap_or(header.data.trials);
    if summary.results < expected {
        let why = broke_off.map_or(String::new(), |why| format!("{why}: "));
        return Some(format!("{why}{} of {expected} rows are done", summary.results));
    }
    if broke_off.is_some() {
        return broke_off;
    }
    let max_failed = header.plan.max_failed;
    let allowed = max_failed.of(expected);
    if summary.failed > allowed {
        let failed = summary.failed;
        return Some(format!(
            "{failed} of {expected} rows failed, `limits.max_failed` of {max_failed} allows {allowed}"
        ));
    }
    summary.scorers.0.iter().find_map(|(key, aggregate)| {
        aggregate.failure.as_ref().map(|failure| format!("the aggregator `{key}` failed: {failure}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{header, plan, scorer};
    use model::aggregate::{Aggregate, AggregateKind, Counts};
    use model::quantity::Allowance;
    use model::report::Scorers;

    #[track_caller]
    fn check(gates: &[&str], results: u64, failed: u64, broke_off: Option<&str>, expected: (Verdict, Option<&str>)) {
        let mut plan = plan(vec![scorer("tone")]);
        plan.max_failed = Allowance::Share(0.1);
        plan.gates = gates.iter().flat_map(|gate| gate::parse(gate).expect("a gate")).collect();
        let mut header = header(plan);
        (header.data.rows, header.data.trials) = (10, 20);
        let tone = Aggregate {
            kind: AggregateKind::Rate,
            value: Some(0.5),
            lower: None,
            upper: None,
            counts: Counts::default(),
            basis: Default::default(),
            note: None,
            failure: None,
            labels: Default::default(),
        };
        let scorers = Scorers(vec![("tone".to_owned(), tone)]);
        let summary = Summary { scorers, results, failed, ..Summary::default() };
        let report = build(&header, summary, Beside::default(), Cost::default(), broke_off.map(str::to_owned), 1.0);
        assert_eq!((report.verdict, report.reason.as_deref()), expected);
    }

    #[test]
    fn gates_decide_where_the_run_is_whole() {
        check(&[], 20, 0, None, (Verdict::NoGate, None));
        check(&["tone >= 0.5"], 20, 0, None, (Verdict::Passed, None));
        check(&["tone >= 0.5", "tone >= 0.6"], 20, 2, None, (Verdict::Failed, None));
    }

    #[test]
    fn an_incomplete_run_is_neither_passed_nor_failed() {
        let incomplete = |reason| (Verdict::Incomplete, Some(reason));
        check(&["tone >= 0.6"], 19, 0, Some("cancelled"), incomplete("cancelled: 19 of 20 rows are done"));
        check(&["tone >= 0.5"], 19, 0, None, incomplete("19 of 20 rows are done"));
        check(&[], 20, 0, Some("the store failed"), incomplete("the store failed"));
        let failed = "3 of 20 rows failed, `limits.max_failed` of 10% allows 2";
        check(&["tone >= 0.6"], 20, 3, None, incomplete(failed));
    }
}
