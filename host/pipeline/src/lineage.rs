//! What a run came of, and whether what is kept of it still says so.
//!
//! What is outside of the store (files, plugins, the binary) is for whoever can reach it to look at.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::ports::{DataReader, Store};
use model::report::{Report, Verdict};
use model::run::{Run, RunHeader, RunPlan};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aggregate::{self, Summary};
use crate::beside::Beside;
use crate::joined::JoinedError;
use crate::report;

/// How something that a run rests on is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    Same,
    /// It is not there to be looked at.
    Unknown,
    Differs,
}

/// Something that a run rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub what: String,
    pub found: Found,
    /// What was looked at, or why it is not the same.
    pub told: String,
}

impl Checked {
    pub fn same(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { what: what.into(), found: Found::Same, told: told.into() }
    }

    pub fn unknown(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { what: what.into(), found: Found::Unknown, told: told.into() }
    }

    pub fn differs(what: impl Into<String>, told: impl Into<String>) -> Self {
        Self { what: what.into(), found: Found::Differs, told: told.into() }
    }
}

/// Digests of what the scorers of a plan ask judges, by their keys: the plugin, the version of its prompt, and what the suite
/// says to it. BLAKE3, in hexadecimal.
pub fn prompts(plan: &RunPlan) -> BTreeMap<String, String> {
    let asking = plan.scorers.iter().filter(|scorer| scorer.prompt.is_some() || scorer.grant.judge.is_some());
    let digest = |scorer: &model::run::PlannedScorer| {
        let asked = (&scorer.plugin.digest, &scorer.scorer, &scorer.prompt, &scorer.parameters);
        let asked = serde_json::to_vec(&asked).expect("plain data can be written");
        (scorer.key.clone(), blake3::hash(&asked).to_hex().to_string())
    };
    asking.map(digest).collect()
}

/// A plan that was made anew, with what does not come from the suite as the stored one has it: where rows were taken from is the
/// dataset's business, how far plugins are isolated that of a machine, and the quarantine may be the store's.
pub fn as_stored(mut now: RunPlan, stored: &RunPlan) -> RunPlan {
    now.format = stored.format;
    now.map.clone_from(&stored.map);
    now.traces.clone_from(&stored.traces);
    now.quarantine.clone_from(&stored.quarantine);
    if let (Some(now), Some(stored)) = (&mut now.predictor, &stored.predictor) {
        now.isolation = stored.isolation;
    }
    now.scorers.iter_mut().zip(&stored.scorers).for_each(|(now, stored)| now.isolation = stored.isolation);
    now.aggregators.iter_mut().zip(&stored.aggregators).for_each(|(now, stored)| now.isolation = stored.isolation);
    now
}

/// Works the numbers of a run out anew from its results, and holds them against its report.
///
/// # Errors
///
/// Fails when the store does, or the run's dataset can't be read.
pub async fn check_results(
    store: &dyn Store,
    run: &Run,
    reader: Arc<dyn DataReader>,
) -> Result<Vec<Checked>, JoinedError> {
    let Run { header, report } = run;
    let Some(stored) = report else {
        return Ok(vec![Checked::unknown("results", "the run has not come to its end: there is no report")]);
    };
    let summary = aggregate::aggregate(store, header, Arc::clone(&reader)).await?;
    let results = summary.results;
    let gates = check_gates(store, header, stored, &summary, reader).await?;
    let wrong = wrong_numbers(header, stored, &summary);
    let numbers = match wrong.is_empty() {
        true => Checked::same("results", format!("the report's numbers are those of its results ({results})")),
        false => Checked::differs("results", wrong.join("; ")),
    };
    Ok(vec![numbers, gates])
}

fn wrong_numbers(header: &RunHeader, stored: &Report, summary: &Summary) -> Vec<String> {
    let mut wrong = Vec::new();
    let expected = match &stored.decided {
        Some(decided) => decided.rows * u64::from(header.plan.trials),
        None => header.data.trials,
    };
    if stored.run != header.id {
        wrong.push(format!("the report is of run {}", stored.run));
    }
    if stored.verdict != Verdict::Incomplete && summary.results != expected {
        wrong.push(format!("there are {} results of {expected}", summary.results));
    }
    for (what, was, is) in
        [("rows", stored.rows, header.data.rows), ("failed rows", stored.failed_rows, summary.failed)]
    {
        if was != is {
            wrong.push(format!("the report has {was} {what}, the results {is}"));
        }
    }
    for (key, aggregate) in &summary.scorers.0 {
        if !stored.scorers.get(key).is_some_and(|stored| is_same(stored, aggregate)) {
            wrong.push(format!("the results give other numbers of `{key}`"));
        }
    }
    let is_made = |key: &str| {
        let of = key.split('/').next().unwrap_or(key);
        header.plan.aggregators.iter().any(|made| made.key == of)
    };
    for (key, _) in stored.scorers.0.iter().filter(|(key, _)| summary.scorers.get(key).is_none() && !is_made(key)) {
        wrong.push(format!("nothing in the results gives numbers of `{key}`"));
    }
    if !is_same(&stored.slices, &summary.slices) {
        wrong.push("the results give other slices".to_owned());
    }
    if !is_same(&stored.predictions, &summary.predictions) {
        wrong.push("the results say something else of predictions".to_owned());
    }
    wrong
}

/// What gates say, where all they were held against is still there.
async fn check_gates(
    store: &dyn Store,
    header: &RunHeader,
    stored: &Report,
    summary: &Summary,
    reader: Arc<dyn DataReader>,
) -> Result<Checked, JoinedError> {
    const WHAT: &str = "verdict";
    if stored.verdict == Verdict::Incomplete {
        return Ok(Checked::unknown(WHAT, "the run is incomplete: what ended it is not kept"));
    }
    let earlier = stored.ledgers.iter().flat_map(|ledger| &ledger.runs);
    for run in header.baselines.values().chain(earlier) {
        if store.run(*run).await?.is_none() {
            return Ok(Checked::unknown(
                WHAT,
                format!("gates were held against run {run}, which is not in this store"),
            ));
        }
    }
    let beside = Beside::of(store, header, reader).await?;
    let mut summary = summary.clone();
    // Numbers that plugins made of all rows are the report's: `replay` makes them anew.
    let made = stored.scorers.0.iter().filter(|(key, _)| summary.scorers.get(key).is_none()).cloned();
    let made: Vec<_> = made.collect();
    summary.scorers.0.extend(made);
    let now = report::build(header, summary, beside, stored.cost.clone(), None, stored.seconds);
    let holds = |report: &Report| report.gates.iter().map(|gate| (gate.text.clone(), gate.holds)).collect::<Vec<_>>();
    let (was, is) = (holds(stored), holds(&now));
    if (was.len(), stored.verdict) != (is.len(), now.verdict) {
        return Ok(Checked::differs(WHAT, "the numbers give another verdict than the report's"));
    }
    Ok(match was.iter().zip(&is).find(|(was, is)| was != is) {
        Some(((gate, _), _)) => Checked::differs(WHAT, format!("the gate `{gate}` comes out otherwise")),
        None if is.is_empty() => Checked::same(WHAT, "there are no gates"),
        None => Checked::same(WHAT, "all gates come out as the report says"),
    })
}

/// Whether two are the same when both were written down: what is stored was read back.
pub fn is_same<T: Serialize + DeserializeOwned>(stored: &T, now: &T) -> bool {
    let written = |value: &T| serde_json::to_string(value).ok();
    let read_back: Option<T> = written(now).and_then(|text| serde_json::from_str(&text).ok());
    read_back.is_some_and(|now| written(&now) == written(stored))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Lines, Memory, feedback, header, plan, result, run_id, scorer};
    use model::feedback::Value;
    use model::outcome::Outcome;
    use model::run::RowResult;

    fn said(index: u64, verdict: bool) -> RowResult {
        result(index, vec![Outcome::Scored(vec![feedback(Value::Boolean(verdict))])])
    }

    #[tokio::test]
    async fn results_that_give_other_numbers_than_the_report_are_told() {
        let mut plan = plan(vec![scorer("s")]);
        plan.gates = crate::gate::parse("s >= 0.5").expect("a gate");
        let mut header = header(plan);
        (header.data.rows, header.data.trials) = (2, 2);
        let memory = Memory::default();
        memory.put_results(run_id(), vec![said(0, true), said(1, false)]).await.expect("memory");
        let reader = || Arc::new(Lines);
        let summary = aggregate::aggregate(&memory, &header, reader()).await.expect("memory");
        let report = report::build(&header, summary, Beside::default(), Default::default(), None, 1.0);
        let run = Run { header, report: Some(report) };
        let check = async |run: &Run| {
            let checked = check_results(&memory, run, reader()).await.expect("memory");
            checked.into_iter().map(|one| (one.found, one.told)).collect::<Vec<_>>()
        };
        assert!(check(&run).await.iter().all(|(found, _)| *found == Found::Same));
        let mut lying = run.clone();
        let numbers = lying.report.as_mut().map(|report| &mut report.scorers.0[0].1).expect("a report");
        numbers.value = Some(0.75);
        assert_eq!(check(&lying).await[0], (Found::Differs, "the results give other numbers of `s`".to_owned()));
        lying.report.as_mut().expect("a report").verdict = Verdict::Failed;
        assert_eq!(check(&lying).await[1].0, Found::Differs);
        memory.put_results(run_id(), vec![said(2, true)]).await.expect("memory");
        assert!(check(&run).await[0].1.starts_with("there are 3 results of 2; "));
        assert_eq!(check(&Run { report: None, ..run }).await[0].0, Found::Unknown);
    }
}
