//! What a run's baselines say of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use decisions::{Options, compare};
use model::comparison::{Compared, Comparison, Finding as Difference};
use model::gate::{Condition, Gate};
use model::ports::{DataReader, Store};
use model::run::{RunHeader, RunId};
use model::stability::{Ledger, Rows};

use crate::gate::{Against, Finding};
use crate::joined::JoinedError;
use crate::labels::labels;
use crate::ledger::ledgers;

/// Rows that a reason names.
const NAMED: usize = 5;

/// A run beside those that its gates hold it against.
#[derive(Debug, Default)]
pub struct Beside {
    suite: String,
    /// What gates mean that name no run.
    usual: Option<String>,
    runs: BTreeMap<String, RunId>,
    /// With each baseline, or why that can't be.
    comparisons: BTreeMap<RunId, Result<Comparison, String>>,
    pub(crate) ledgers: Vec<Ledger>,
}

/// What gates ask of a baseline.
#[derive(Default)]
struct Asked<'g> {
    /// As the first of them names it.
    name: String,
    regressed: BTreeSet<&'g str>,
    margins: BTreeMap<String, f64>,
}

impl Beside {
    /// Looks at what the run's gates ask for, when its results are there.
    ///
    /// # Errors
    ///
    /// Fails when the store does, or the run's dataset can't be read.
    pub async fn of(store: &dyn Store, header: &RunHeader, reader: Arc<dyn DataReader>) -> Result<Self, JoinedError> {
        let plan = &header.plan;
        let mut beside = Self {
            suite: plan.suite.clone(),
            usual: plan.baseline.clone(),
            runs: header.baselines.clone(),
            ..Self::default()
        };
        for (baseline, asked) in beside.asked(&plan.gates) {
            let options = Options {
                names: (format!("`{}`", asked.name), "this run".to_owned()),
                labels: labels(store, header, Arc::clone(&reader), &[]).await?,
                margins: asked.margins,
                seed: plan.seed,
                regressions: 0,
                ..Options::default()
            };
            let compared = match compare(store, baseline, header.id, &options).await {
                Err(decisions::Error::Store(error)) => return Err(error.into()),
                compared => compared.map_err(|error| error.to_string()),
            };
            beside.comparisons.insert(baseline, compared);
            if !asked.regressed.is_empty() {
                beside.ledgers.extend(ledgers(store, header, baseline, &asked.regressed).await?);
            }
        }
        Ok(beside)
    }

    fn asked<'g>(&self, gates: &'g [Gate]) -> BTreeMap<RunId, Asked<'g>> {
        let mut all: BTreeMap<RunId, Asked<'g>> = BTreeMap::new();
        for gate in gates.iter().flat_map(Gate::parts) {
            let (Condition::Regressed { baseline, .. } | Condition::NonInferior { baseline, .. }) = &gate.condition
            else {
                continue;
            };
            let Ok(run) = self.baseline(baseline.as_deref()) else { continue };
            let asked = all.entry(run).or_default();
            if asked.name.is_empty() {
                asked.name = baseline.as_ref().or(self.usual.as_ref()).cloned().unwrap_or_default();
            }
            match &gate.condition {
                Condition::Regressed { regressed, .. } => drop(asked.regressed.insert(regressed)),
                // Of several margins each is held against the one bound.
                Condition::NonInferior { non_inferior, margin, .. } => {
                    asked.margins.insert(non_inferior.clone(), *margin);
                }
                _ => {}
            }
        }
        all
    }

    fn baseline(&self, named: Option<&str>) -> Result<RunId, Finding> {
        let named = named.or(self.usual.as_deref());
        let named = named.ok_or_else(|| unknown("there is no run to compare with"))?;
        let suite = &self.suite;
        self.runs.get(named).copied().ok_or_else(|| {
            unknown(format!("no finished run of `{suite}` has the id, the name, the tag or the branch `{named}`"))
        })
    }

    /// A scorer beside a baseline; an error is why that is not known.
    fn compared(&self, run: RunId, scorer: &str) -> Result<&Compared, String> {
        let comparison = match self.comparisons.get(&run) {
            Some(Ok(comparison)) => comparison,
            Some(Err(reason)) => return Err(reason.clone()),
            None => return Err("the runs were not compared".to_owned()),
        };
        comparison.scorers.iter().find(|one| one.scorer == scorer).ok_or_else(|| {
            let not = comparison.not_compared.iter().find(|one| one.scorer == scorer);
            not.map_or_else(|| format!("neither run has a `{scorer}`"), |not| format!("`{scorer}`: {}", not.reason))
        })
    }
}

impl Against for Beside {
    /// By rows that were steady, or by the difference of all rows.
    fn regressed(&self, scorer: &str, baseline: Option<&str>) -> Finding {
        let run = match self.baseline(baseline) {
            Ok(run) => run,
            Err(finding) => return finding,
        };
        let ledger = self.ledgers.iter().find(|ledger| ledger.baseline == Some(run) && ledger.scorer == scorer);
        let is_steady = ledger.is_some_and(|ledger| ledger.regressed.count > 0);
        let (holds, sentence) = match self.compared(run, scorer) {
            Ok(one) => (Some(is_steady || one.finding == Difference::Worse), one.sentence.clone()),
            Err(reason) => (is_steady.then_some(true), reason),
        };
        let mut told = ledger.map(told).unwrap_or_default();
        // What decides comes first.
        told.insert(usize::from(is_steady), sentence);
        Finding { holds, reason: told.join("; ") }
    }

    fn non_inferior(&self, scorer: &str, margin: f64, baseline: Option<&str>) -> Finding {
        let run = match self.baseline(baseline) {
            Ok(run) => run,
            Err(finding) => return finding,
        };
        let one = match self.compared(run, scorer) {
            Ok(one) => one,
            Err(reason) => return unknown(reason),
        };
        let Some(found) = one.non_inferiority else {
            return unknown(format!("too few rows have `{scorer}` in both runs"));
        };
        let (holds, bound) = (found.bound > -margin, (found.bound * 1e4).round() / 1e4);
        let how = if holds { "within" } else { "which is beyond" };
        let reason = format!("this run may be worse by {} at most, {how} the margin of {margin}", (-bound).max(0.0));
        Finding { holds: Some(holds), reason: format!("{reason}; {}", one.sentence) }
    }
}

fn unknown(reason: impl Into<String>) -> Finding {
    Finding { holds: None, reason: reason.into() }
}

/// What a ledger says for a gate: regressions first.
fn told(ledger: &Ledger) -> Vec<String> {
    let kinds = [
        (&ledger.regressed, "that always passed", "now on every trial"),
        (&ledger.unconfirmed, "that always passed", "now, on too few trials to be sure"),
        (&ledger.flaky_failing, "that are flaky", "now, which decides nothing"),
    ];
    let told = kinds.into_iter().filter(|(rows, ..)| rows.count > 0).map(|(rows, which, how)| {
        let Rows { count, first } = rows;
        let (noun, verb) = if *count == 1 { ("row", "fails") } else { ("rows", "fail") };
        let which = if *count == 1 { which.replace("are", "is") } else { which.to_owned() };
        let named = first.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
        let more = if *count > NAMED as u64 { ", …" } else { "" };
        format!("{count} {noun} {which} {verb} {how} ({named}{more})")
    });
    told.collect()
}

#[cfg(test)]
mod tests;
