//! The runs that a run is held against.

use std::collections::{BTreeMap, BTreeSet};

use model::gate::{Condition, Gate};
use model::ports::{Store, StoreError};
use model::report::Verdict;
use model::run::{Run, RunId, RunPlan};

/// The runs that a plan's gates name, as far as there are such runs. A name is, in this order: a run's id, `last` (the newest run
/// that did not fail, or else the newest), a run's name, one of its tags as `key=value` or by its key, or a branch of git.
/// Of several runs the newest is meant. Only finished runs of the suite count, and a run by its id.
///
/// # Errors
///
/// Fails when the store does.
pub async fn find(store: &dyn Store, plan: &RunPlan) -> Result<BTreeMap<String, RunId>, StoreError> {
    let names = named(plan);
    let mut found = BTreeMap::new();
    for name in &names {
        if let Ok(id) = name.parse::<RunId>()
            && store.run(id).await?.is_some()
        {
            found.insert((*name).to_owned(), id);
        }
    }
    let mut candidates: BTreeMap<&str, Candidates> =
        names.into_iter().filter(|name| !found.contains_key(*name)).map(|name| (name, Candidates::default())).collect();
    let mut after = None;
    while candidates.values().any(|candidates| candidates.0[0].is_none()) {
        let page = store.runs(after, 100).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.header.id);
        for run in page.iter().filter(|run| is_finished(run, plan)) {
            candidates.iter_mut().for_each(|(name, candidates)| candidates.consider(name, run));
        }
    }
    let chosen =
        candidates.into_iter().filter_map(|(name, Candidates(runs))| Some((name, runs.into_iter().flatten().next()?)));
    found.extend(chosen.map(|(name, run)| (name.to_owned(), run)));
    Ok(found)
}

/// What gates name, each once.
fn named(plan: &RunPlan) -> BTreeSet<&str> {
    let parts = plan.gates.iter().flat_map(Gate::parts);
    let named = parts.filter_map(|gate| match &gate.condition {
        Condition::Regressed { baseline, .. } | Condition::NonInferior { baseline, .. } => {
            baseline.as_deref().or(plan.baseline.as_deref())
        }
        _ => None,
    });
    named.collect()
}

fn is_finished(run: &Run, plan: &RunPlan) -> bool {
    let is_whole = run.report.as_ref().is_some_and(|report| report.verdict != Verdict::Incomplete);
    is_whole && run.header.plan.suite == plan.suite
}

/// The newest runs of which a name can be meant, the likeliest meaning first.
#[derive(Default)]
struct Candidates([Option<RunId>; 5]);

impl Candidates {
    fn consider(&mut self, name: &str, run: &Run) {
        let origin = &run.header.origin;
        let has_failed = run.report.as_ref().is_some_and(|report| report.verdict == Verdict::Failed);
        let is_tag = |(key, value): (&String, &String)| name == key || name.split_once('=') == Some((key, value));
        let meanings = [
            name == "last" && !has_failed,
            name == "last",
            origin.name.as_deref() == Some(name),
            origin.tags.iter().any(is_tag),
            origin.branch.as_deref() == Some(name),
        ];
        for (candidate, is_meant) in self.0.iter_mut().zip(meanings) {
            if is_meant && candidate.is_none() {
                *candidate = Some(run.header.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Memory, header, plan, scorer};

    fn id(number: u128) -> RunId {
        RunId(uuid::Uuid::from_u128(number))
    }

    /// Stored runs, oldest first, and what a name means among them.
    async fn meant(runs: Vec<Run>, name: &str) -> Option<RunId> {
        let others = runs.into_iter().map(|run| (run.header.id, (run, Vec::new()))).collect();
        let memory = Memory { others: std::sync::Mutex::new(others), ..Memory::default() };
        let mut plan = plan(vec![scorer("s")]);
        plan.gates = crate::gate::parse("not regressed(s)").expect("a gate");
        plan.baseline = Some(name.to_owned());
        find(&memory, &plan).await.expect("memory").remove(name)
    }

    fn run(number: u128, verdict: Verdict, change: impl FnOnce(&mut Run)) -> Run {
        let header = model::run::RunHeader { id: id(number), ..header(plan(vec![scorer("s")])) };
        let report = crate::testing::report(header.id, verdict);
        let mut run = Run { header, report: Some(report) };
        change(&mut run);
        run
    }

    #[tokio::test]
    async fn last_is_the_newest_that_did_not_fail() {
        use Verdict::{Failed, Incomplete, NoGate, Passed};
        let runs =
            |verdicts: &[Verdict]| (1..).zip(verdicts).map(|(number, verdict)| run(number, *verdict, |_| {})).collect();
        assert_eq!(meant(runs(&[Passed, NoGate, Failed, Incomplete]), "last").await, Some(id(2)));
        assert_eq!(meant(runs(&[Failed, Failed]), "last").await, Some(id(2)));
        assert_eq!(meant(runs(&[Incomplete]), "last").await, None);
        let stranger = run(1, Passed, |run| run.header.plan.suite = "other".to_owned());
        assert_eq!(meant(vec![stranger], "last").await, None);
    }

    #[tokio::test]
    async fn a_name_is_an_id_a_name_a_tag_or_a_branch() {
        let runs = || {
            vec![
                run(1, Verdict::Passed, |run| run.header.origin.branch = Some("main".to_owned())),
                run(2, Verdict::Failed, |run| run.header.origin.branch = Some("main".to_owned())),
                run(3, Verdict::Passed, |run| {
                    drop(run.header.origin.tags.insert("release".to_owned(), "1.2".to_owned()))
                }),
                run(4, Verdict::Passed, |run| run.header.origin.name = Some("good".to_owned())),
                run(5, Verdict::Passed, |run| run.header.origin.branch = Some("good".to_owned())),
            ]
        };
        for (name, expected) in [
            (id(3).to_string().as_str(), Some(id(3))),
            ("main", Some(id(2))),
            ("release", Some(id(3))),
            ("release=1.2", Some(id(3))),
            ("release=1.3", None),
            ("good", Some(id(4))),
            ("mian", None),
        ] {
            assert_eq!(meant(runs(), name).await, expected, "{name}");
        }
    }
}
