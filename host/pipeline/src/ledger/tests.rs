use std::sync::Arc;

use model::run::RowResult;

use super::*;
use crate::testing::{Memory, feedback, header, plan, result, run_id, scorer};

/// A run whose rows' trials said `+` or `-`, row by row.
fn results(rows: &[&str]) -> Vec<RowResult> {
    let outcome = |letter| Outcome::Scored(vec![feedback(Value::Boolean(letter == '+'))]);
    let trials = |(index, trials): (u64, &&str)| {
        let numbered = (0..).zip(trials.chars());
        numbered.map(|(trial, letter)| RowResult { trial, ..result(index, vec![outcome(letter)]) }).collect::<Vec<_>>()
    };
    (0..).zip(rows).flat_map(trials).collect()
}

fn id(number: u128) -> RunId {
    RunId(uuid::Uuid::from_u128(number))
}

fn earlier(number: u128, change: impl FnOnce(&mut Run)) -> Run {
    let header = RunHeader { id: id(number), ..header(plan(vec![scorer("s")])) };
    let report = crate::testing::report(header.id, Verdict::Passed);
    let mut run = Run { header, report: Some(report) };
    change(&mut run);
    run
}

/// The ledger of a run whose rows say `now`, beside the newest of earlier runs, oldest first.
async fn ledger(runs: Vec<(Run, &[&str])>, now: &[&str], quarantine: &[&str]) -> Ledger {
    let baseline = runs.last().map_or(id(0), |(run, _)| run.header.id);
    let others = runs.into_iter().map(|(run, rows)| (run.header.id, (run, results(rows))));
    let memory = Arc::new(Memory { others: std::sync::Mutex::new(others.collect()), ..Memory::default() });
    memory.put_results(run_id(), results(now)).await.expect("memory");
    let mut header = header(plan(vec![scorer("s")]));
    header.plan.quarantine = quarantine.iter().map(|id| (*id).to_owned()).collect();
    let keys = BTreeSet::from(["s"]);
    ledgers(memory.as_ref(), &header, baseline, &keys).await.expect("memory").remove(0)
}

fn plain(number: u128) -> Run {
    earlier(number, |_| {})
}

#[tokio::test]
async fn a_row_is_what_its_verdicts_in_earlier_runs_say() {
    let now = ["---", "-", "+-+", "+++", "---", "---", "+"];
    let runs: Vec<(Run, &[&str])> = vec![
        (plain(1), &["+", "+", "+", "-", "+", "+", "+"]),
        (plain(2), &["+", "+", "+", "-", "-", "+", "+"]),
        (plain(3), &["+", "+", "+", "-", "+", "+", "+"]),
    ];
    let ledger = ledger(runs, &now, &["q5"]).await;
    assert_eq!((ledger.stable_pass, ledger.stable_fail, ledger.flaky, ledger.quarantined), (4, 1, 1, 1));
    assert_eq!(ledger.runs, [id(3), id(2), id(1)]);
    assert_eq!(ledger.regressed.first, ["q0"]);
    // Once is chance, and so is a trial among others.
    assert_eq!(ledger.unconfirmed.first, ["q1", "q2"]);
    assert_eq!(ledger.flaky_failing.first, ["q4"]);
    assert_eq!(ledger.mended.first, ["q3"]);
}

#[tokio::test]
async fn a_few_verdicts_say_nothing() {
    let ledger = ledger(vec![(plain(1), &["++", "--"])], &["---", "+++"], &[]).await;
    assert_eq!((ledger.unknown, ledger.regressed.count, ledger.mended.count), (2, 0, 0));
}

#[tokio::test]
async fn only_runs_that_can_be_compared_are_looked_at() {
    let rows: &[&str] = &["+++"];
    let runs = vec![
        (earlier(1, |run| run.header.plan.suite = "other".to_owned()), rows),
        (earlier(3, |run| run.report = None), rows),
        (earlier(4, |run| run.header.origin.branch = Some("feature".to_owned())), rows),
        (earlier(5, |run| run.header.origin.branch = Some("main".to_owned())), rows),
        // A scorer that was another one has said nothing of this one.
        (
            earlier(6, |run| {
                run.header.origin.branch = Some("main".to_owned());
                run.header.plan.scorers[0].plugin.digest = "other".to_owned();
            }),
            rows,
        ),
        (earlier(7, |run| run.header.origin.branch = Some("main".to_owned())), rows),
    ];
    let ledger = ledger(runs, &["+"], &[]).await;
    assert_eq!(ledger.runs, [id(7), id(6), id(5)]);
}

#[tokio::test]
async fn what_came_behind_the_baseline_is_not_what_it_was_like() {
    let memory = Memory::default();
    let all: [(u128, &[&str]); 3] = [(1, &["+++"]), (2, &["---"]), (3, &["---"])];
    let others = all.into_iter().map(|(number, rows)| (id(number), (plain(number), results(rows))));
    memory.others.lock().expect("no panic").extend(others);
    memory.put_results(run_id(), results(&["---"])).await.expect("memory");
    let header = header(plan(vec![scorer("s")]));
    let ledgers = ledgers(&memory, &header, id(1), &BTreeSet::from(["s"])).await.expect("memory");
    assert_eq!((ledgers[0].runs.clone(), ledgers[0].regressed.count), (vec![id(1)], 1));
}

#[tokio::test]
async fn a_row_is_known_by_its_id_wherever_it_stands() {
    let memory = Memory::default();
    let mut before = results(&["---", "+++"]);
    before.iter_mut().for_each(|result| result.id = ["other", "q0"][result.index as usize].to_owned());
    let grown = earlier(1, |run| run.header.data.digest = "other".to_owned());
    memory.others.lock().expect("no panic").insert(id(1), (grown, before));
    memory.put_results(run_id(), results(&["---", "+++"])).await.expect("memory");
    let header = header(plan(vec![scorer("s")]));
    let ledgers = ledgers(&memory, &header, id(1), &BTreeSet::from(["s"])).await.expect("memory");
    assert_eq!((&ledgers[0].regressed.first[..], ledgers[0].unknown), (&["q0".to_owned()][..], 1));
}
