//! What a run says when it ends.

use model::report::{Cost, Report, Verdict};
use model::run::RunHeader;

use crate::aggregate::Summary;
use crate::gate;

/// Builds the report of a run. `broke_off` says why scoring ended early, where it did; `seconds` is its wall time.
pub fn build(header: &RunHeader, summary: Summary, cost: Cost, broke_off: Option<String>, seconds: f64) -> Report {
    let plan = &header.plan;
    let gates: Vec<_> =
        plan.gates.iter().map(|gate| gate::evaluate(gate, &summary.scorers, summary.predictions.as_ref())).collect();
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
        verdict,
        reason,
        failed_rows: summary.failed,
        scorers: summary.scorers,
        predictions: summary.predictions,
        gates,
        cost,
        seconds,
    }
}

fn incomplete(header: &RunHeader, summary: &Summary, broke_off: Option<String>) -> Option<String> {
    let expected = header.data.trials;
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
            note: None,
            failure: None,
            labels: Default::default(),
        };
        let summary = Summary { scorers: Scorers(vec![("tone".to_owned(), tone)]), predictions: None, results, failed };
        let report = build(&header, summary, Cost::default(), broke_off.map(str::to_owned), 1.0);
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
