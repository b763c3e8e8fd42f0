use std::sync::Mutex;

use model::feedback::Value;
use model::gate::GateResult;
use model::outcome::Outcome;
use model::report::Verdict;
use model::run::{RowResult, Run};

use super::*;
use crate::gate::{self, Evidence};
use crate::testing::{Lines, Memory, feedback, header, plan, report, result, run_id, scorer};

/// Earlier runs of a suite, oldest first, the run that is judged, and its rows as their dataset has them.
struct Runs<'a> {
    earlier: Vec<Vec<String>>,
    now: Vec<String>,
    dataset: &'a [&'a str],
    gate: &'a str,
}

/// What `+` and `-` say of a row's trials.
fn results(rows: &[String]) -> Vec<RowResult> {
    let outcome = |letter| match letter {
        '+' | '-' => Outcome::Scored(vec![feedback(Value::Boolean(letter == '+'))]),
        _ => Outcome::Abstained { reason: "unclear".to_owned() },
    };
    let of_row = |(index, trials): (u64, &String)| {
        let numbered = (0..).zip(trials.chars());
        numbered.map(|(trial, letter)| RowResult { trial, ..result(index, vec![outcome(letter)]) }).collect::<Vec<_>>()
    };
    (0..).zip(rows).flat_map(of_row).collect()
}

/// Rows that pass, but for those.
fn rows(count: usize, trials: usize, failing: &[usize]) -> Vec<String> {
    let row = |row| if failing.contains(&row) { "-" } else { "+" };
    (0..count).map(|index| row(index).repeat(trials)).collect()
}

impl Runs<'_> {
    async fn judged(self) -> GateResult {
        let Self { earlier, now, dataset, gate } = self;
        let mut plan = plan(vec![scorer("s")]);
        plan.gates = gate::parse(gate).expect("a gate");
        plan.baseline = Some("main".to_owned());
        let header = |id| RunHeader { id, ..header(plan.clone()) };
        let run = |id, rows: &[String]| {
            (id, (Run { header: header(id), report: Some(report(id, Verdict::Passed)) }, results(rows)))
        };
        // Older than the run that is judged.
        let earlier: Vec<_> =
            (1..).zip(&earlier).map(|(number, rows)| run(RunId(uuid::Uuid::from_u128(number)), rows)).collect();
        let mut judged = header(run_id());
        judged.baselines = earlier.last().map(|(id, _)| ("main".to_owned(), *id)).into_iter().collect();
        judged.data.grouped = !dataset.is_empty();
        let text = dataset.iter().zip(0..).map(|(more, row)| format!("{{\"id\":\"q{row}\",\"inputs\":{{}},{more}}}\n"));
        let others = earlier.into_iter().chain([run(run_id(), &now)]).collect();
        let memory = Memory { others: Mutex::new(others), dataset: text.collect(), ..Memory::default() };
        let beside = Beside::of(&memory, &judged, Arc::new(Lines)).await.expect("memory");
        let evidence = Evidence { scorers: &Default::default(), slices: &[], predictions: None, against: &beside };
        gate::evaluate(&judged.plan.gates[0], evidence)
    }
}

#[tokio::test]
async fn a_planted_regression_fails_the_gate_and_noise_does_not() {
    let judged =
        |now| Runs { earlier: vec![rows(200, 1, &[3, 77, 150])], now, dataset: &[], gate: "not regressed(s)" }.judged();
    let planted: Vec<_> = (20..40).chain([3, 77, 150]).collect();
    let found = judged(rows(200, 1, &planted)).await;
    assert!(!found.holds, "{found:?}");
    assert!(found.reason.starts_with("this run is worse than `main` on `s` by 10.0 ± "), "{}", found.reason);
    assert!(found.reason.contains("points (p < 0.001, 200 rows)"), "{}", found.reason);
    let found = judged(rows(200, 1, &[4, 78, 151, 160])).await;
    assert!(found.holds, "{found:?}");
    assert!(found.reason.starts_with("no evidence either way on `s`"), "{}", found.reason);
}

#[tokio::test]
async fn a_row_that_was_steady_fails_the_gate_alone() {
    let earlier = || vec![rows(50, 1, &[9]), rows(50, 1, &[8]), rows(50, 1, &[8, 9])];
    let judged = |now| Runs { earlier: earlier(), now, dataset: &[], gate: "not regressed(s)" }.judged();
    let found = judged(rows(50, 3, &[7, 8])).await;
    assert!(!found.holds, "{found:?}");
    let expected = "1 row that always passed fails now on every trial (q7); ";
    assert!(found.reason.starts_with(expected), "{}", found.reason);
    assert!(found.reason.ends_with("; 1 row that is flaky fails now, which decides nothing (q8)"), "{}", found.reason);
    let found = judged(rows(50, 1, &[7])).await;
    assert!(found.holds, "{found:?}");
    assert!(found.reason.ends_with("; 1 row that always passed fails now, on too few trials to be sure (q7)"));
}

#[tokio::test]
async fn a_margin_bounds_how_much_worse_a_run_may_be() {
    let judged = |margin| async move {
        let gate = format!("non_inferior(s, margin={margin})");
        let (earlier, now) = (vec![rows(400, 1, &[1, 2])], rows(400, 1, &[2, 3, 4]));
        Runs { earlier, now, dataset: &[], gate: &gate }.judged().await
    };
    let found = judged(0.05).await;
    assert!(found.holds, "{found:?}");
    assert!(found.reason.starts_with("this run may be worse by 0.0"), "{}", found.reason);
    assert!(found.reason.contains(" at most, within the margin of 0.05; no evidence"), "{}", found.reason);
    let found = judged(0.001).await;
    assert!(!found.holds && found.reason.contains("which is beyond the margin of 0.001"), "{found:?}");
}

#[tokio::test]
async fn rows_of_one_cluster_are_no_evidence_of_their_number() {
    let dataset: Vec<_> = (0..60).map(|row| format!("\"cluster\":\"c{}\"", row / 20)).collect();
    let clustered: Vec<_> = dataset.iter().map(String::as_str).collect();
    let failing: Vec<_> = (0..20).collect();
    let judged = |dataset| {
        let (earlier, now) = (vec![rows(60, 1, &[])], rows(60, 1, &failing));
        Runs { earlier, now, dataset, gate: "not regressed(s)" }.judged()
    };
    assert!(!judged(&[]).await.holds);
    assert!(judged(&clustered).await.holds);
}

#[tokio::test]
async fn where_nothing_can_be_compared_the_gate_does_not_hold() {
    for gate in ["not regressed(s)", "regressed(s)", "non_inferior(s, margin=1)"] {
        let found = Runs { earlier: Vec::new(), now: rows(3, 1, &[]), dataset: &[], gate }.judged().await;
        assert!(!found.holds, "{gate}");
        assert_eq!(found.reason, "no finished run of `test` has the id, the name, the tag or the branch `main`");
        let (nothing, now) = (vec!["?".to_owned(), "+".to_owned()], vec!["+".to_owned(), "?".to_owned()]);
        let found = Runs { earlier: vec![nothing], now, dataset: &[], gate }.judged().await;
        assert!(!found.holds, "{gate}");
        assert_eq!(found.reason, "`s`: no row has it in both runs");
    }
}
