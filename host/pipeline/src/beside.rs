//! What a run's baselines say of it.

use std::collections::{BTreeMap, BTreeSet};

use model::gate::{Condition, Gate};
use model::ports::{Store, StoreError};
use model::run::{RunHeader, RunId};
use model::stability::{Ledger, Rows};

use crate::gate::{Against, Finding};
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
    pub(crate) ledgers: Vec<Ledger>,
}

impl Beside {
    /// Looks at what the run's gates ask for, when its results are there.
    ///
    /// # Errors
    ///
    /// Fails when the store does.
    pub async fn of(store: &dyn Store, header: &RunHeader) -> Result<Self, StoreError> {
        let plan = &header.plan;
        let mut beside = Self {
            suite: plan.suite.clone(),
            usual: plan.baseline.clone(),
            runs: header.baselines.clone(),
            ledgers: Vec::new(),
        };
        let mut regressed: BTreeMap<RunId, BTreeSet<&str>> = BTreeMap::new();
        for gate in plan.gates.iter().flat_map(Gate::parts) {
            if let Condition::Regressed { regressed: key, baseline } = &gate.condition
                && let Ok(run) = beside.baseline(baseline.as_deref())
            {
                regressed.entry(run).or_default().insert(key);
            }
        }
        for (baseline, keys) in regressed {
            beside.ledgers.extend(ledgers(store, header, baseline, &keys).await?);
        }
        Ok(beside)
    }

    fn baseline(&self, named: Option<&str>) -> Result<RunId, Finding> {
        let unknown = |reason: String| Finding { holds: None, reason };
        let named =
            named.or(self.usual.as_deref()).ok_or_else(|| unknown("there is no run to compare with".to_owned()))?;
        let suite = &self.suite;
        self.runs.get(named).copied().ok_or_else(|| {
            unknown(format!("no finished run of `{suite}` has the id, the name, the tag or the branch `{named}`"))
        })
    }
}

impl Against for Beside {
    fn regressed(&self, scorer: &str, baseline: Option<&str>) -> Finding {
        let run = match self.baseline(baseline) {
            Ok(run) => run,
            Err(finding) => return finding,
        };
        let ledger = self.ledgers.iter().find(|ledger| ledger.baseline == Some(run) && ledger.scorer == scorer);
        let told = ledger.map(told).unwrap_or_default();
        let reason = if told.is_empty() { "no steady row fails now".to_owned() } else { told.join("; ") };
        Finding { holds: Some(ledger.is_some_and(|ledger| ledger.regressed.count > 0)), reason }
    }

    fn non_inferior(&self, _: &str, _: f64, baseline: Option<&str>) -> Finding {
        match self.baseline(baseline) {
            Ok(_) => Finding { holds: None, reason: String::new() },
            Err(finding) => finding,
        }
    }
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
        let more = if first.len() > NAMED || *count > first.len() as u64 { ", …" } else { "" };
        format!("{count} {noun} {which} {verb} {how} ({named}{more})")
    });
    told.collect()
}
