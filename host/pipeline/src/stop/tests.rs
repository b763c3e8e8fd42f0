use model::quantity::Allowance;
use model::suite::{Stop, StopWhen};

use super::*;
use crate::testing::{feedback, header, plan, result, scorer};

fn run(gates: &str, rows: u64, trials: u32) -> RunHeader {
    let mut plan = plan(vec![scorer("a"), scorer("b")]);
    plan.gates = crate::gate::parse(gates).expect("gates");
    plan.stop = Some(Stop { when: StopWhen::Decided, alpha: 0.05 });
    (plan.seed, plan.trials, plan.max_failed) = (7, trials, Allowance::Share(1.0));
    let mut header = header(plan);
    (header.data.rows, header.data.trials) = (rows, rows * u64::from(trials));
    header
}

fn of_row(index: u64, verdicts: [bool; 2]) -> RowResult {
    result(index, verdicts.map(|verdict| Outcome::Scored(vec![feedback(Value::Boolean(verdict))])).to_vec())
}

/// Nine of ten rows pass `a`, one of ten passes `b`.
fn usual(index: u64) -> RowResult {
    of_row(index, [index % 10 != 3, index % 10 == 5])
}

fn decided(header: &RunHeader, results: impl IntoIterator<Item = RowResult>) -> Option<Decision> {
    let mut decider = Decider::new(header).expect("a decider");
    results.into_iter().for_each(|result| decider.add(&result));
    decider.decision(header.plan.seed)
}

#[test]
fn a_run_ends_when_every_gate_is_decided() {
    let rows = 5000;
    let check = |gates: &str, expected: Option<&[bool]>| {
        let decision = decided(&run(gates, rows, 1), (0..rows).map(usual));
        assert_eq!(decision.as_ref().map(|decision| &decision.holds[..]), expected, "{gates}");
        decision.map(|decision| decision.decided.rows)
    };
    let one = check("a >= 0.7", Some(&[true])).expect("a decision");
    assert!(one < rows / 5, "{one}");
    assert!(check("a >= 0.7 and b >= 0.5", Some(&[true, false])).is_some());
    check("a <= 0.7", Some(&[false]));
    check("a == 0.5", Some(&[false]));
    check("not a >= 0.7", Some(&[false]));
    // What is undecided may not matter.
    check("a >= 0.7 or a >= 0.9", Some(&[true]));
    check("a >= 0.7 and a >= 0.9", None);
    check("a == 0.9", None);
}

#[test]
fn the_order_in_which_results_come_decides_nothing() {
    let header = run("a >= 0.8 and b <= 0.3", 2000, 1);
    let forwards = decided(&header, (0..2000).map(usual)).expect("a decision");
    let backwards = decided(&header, (0..2000).rev().map(usual)).expect("a decision");
    assert_eq!(forwards, backwards);
    // A run that stopped there has all that is needed to decide the same.
    let counts = |result: &RowResult| forwards.rests_on(result.index);
    assert_eq!(decided(&header, (0..2000).map(usual).filter(counts)), Some(forwards.clone()));
    // And one that lacks the last row of these has not.
    let lacks = (0..2000).map(usual).filter(|result| Rank::of(7, result.index) < forwards.last);
    assert_eq!(decided(&header, lacks), None);
}

#[test]
fn a_row_is_looked_at_when_all_of_its_trials_are_there() {
    let header = run("a >= 0.7", 400, 2);
    let trial = |trial: u32| (0..400).map(move |index| RowResult { trial, ..usual(index) });
    assert_eq!(decided(&header, trial(0)), None);
    assert!(decided(&header, trial(0).chain(trial(1))).is_some());
}

#[test]
fn rows_that_were_not_scored_are_no_evidence() {
    let header = run("a >= 0.7", 2000, 1);
    let failed = |index| RowResult { outcomes: vec![Outcome::Unpredicted; 2], ..usual(index) };
    assert_eq!(decided(&header, (0..2000).map(failed)), None);
    let half = |index: u64| if index.is_multiple_of(2) { usual(index) } else { failed(index) };
    let of_half = decided(&header, (0..2000).map(half)).expect("a decision");
    assert!(of_half.decided.rows > decided(&header, (0..2000).map(usual)).expect("a decision").decided.rows);
}

#[test]
fn what_is_decided_by_the_last_row_did_not_end_early() {
    let all_pass = |rows: u64| decided(&run("a >= 0.7", rows, 1), (0..rows).map(|index| of_row(index, [true, true])));
    let needed = all_pass(2000).expect("a decision").decided.rows;
    assert_eq!(all_pass(needed), None);
    assert_eq!(all_pass(needed + 1).expect("a decision").decided.rows, needed);
}

/// A dataset is drawn from without putting rows back, which leaves less to chance than the bet allows for.
#[test]
fn a_wrong_decision_is_rarer_than_alpha_and_most_rows_are_spared() {
    const RUNS: u64 = 60;
    let rows = 500;
    // Four rows of five pass.
    let row = |index: u64| of_row(index, [!index.is_multiple_of(5), true]);
    let decisions = |gate: &str| {
        let with = |seed| {
            let mut header = run(gate, rows, 1);
            header.plan.seed = seed;
            decided(&header, (0..rows).map(row))
        };
        (0..RUNS).map(with).collect::<Vec<_>>()
    };
    // The run as a whole would say the opposite.
    for (gate, wrong) in [("a > 0.8", true), ("a < 0.8", true), ("a >= 0.81", true), ("a >= 0.79", false)] {
        let is_wrong = |decision: &&Option<Decision>| decision.as_ref().is_some_and(|one| one.holds == [wrong]);
        let errors = decisions(gate).iter().filter(is_wrong).count() as f64 / RUNS as f64;
        assert!(errors <= 0.05, "{gate}: {errors}");
    }
    let worked = decisions("a >= 0.7").iter().map(|one| one.as_ref().map_or(rows, |one| one.decided.rows)).sum::<u64>();
    assert!(worked * 10 <= RUNS * rows * 7, "{worked}");
}
