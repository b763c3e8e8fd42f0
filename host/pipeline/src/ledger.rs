//! What earlier runs say of single rows.
//!
//! It is found in the results that are there, and kept nowhere else, so that it can't contradict them. Earlier runs are those that
//! a baseline stands for: it and those before it, of the same suite and scorer, and of its branch. Rows are the same by their ids,
//! so a dataset may grow. What came behind the
//! baseline is what is being judged: were it looked at, a regression that is run twice would be a row that was never steady.

use std::collections::{BTreeSet, HashMap};

use model::feedback::Value;
use model::outcome::Outcome;
use model::ports::{Store, StoreError};
use model::report::Verdict;
use model::run::{PlannedScorer, RowResult, Run, RunHeader, RunId};
use model::scorer::{Direction, ValueKind};
use model::stability::{ENOUGH, Ledger, Stability};

use crate::dataset::hash_text;
use crate::results::each_row;

/// Earlier runs that are looked at.
const RUNS: usize = 10;

/// Runs among which they are looked for.
const AMONG: usize = 1000;

/// What runs up to `baseline` say of the rows of a run, for those of these scorers whose verdicts are true or false; `key/sub` is
/// a sub-feedback. Takes some 40 bytes of memory for each row, and 4 for each scorer of it.
///
/// # Errors
///
/// Fails when the store does.
pub async fn ledgers(
    store: &dyn Store,
    header: &RunHeader,
    baseline: RunId,
    keys: &BTreeSet<&str>,
) -> Result<Vec<Ledger>, StoreError> {
    let runs = history(store, header, baseline).await?;
    let mut histories: Vec<_> = keys.iter().filter_map(|key| History::new(key, header)).collect();
    let mut rows: HashMap<u128, u32> = HashMap::new();
    for run in &runs {
        let places: Vec<_> = histories.iter().map(|history| history.verdicts.place_in(&run.header)).collect();
        each_row(store, run.header.id, |trials| {
            let next = rows.len() as u32;
            let row = *rows.entry(identity(trials)).or_insert(next) as usize;
            for (history, place) in histories.iter_mut().zip(&places) {
                if let Some(place) = place {
                    history.add(row, trials, *place);
                }
            }
        })
        .await?;
    }
    let ids: Vec<_> = runs.iter().map(|run| run.header.id).collect();
    let quarantine: BTreeSet<_> = header.plan.quarantine.iter().map(String::as_str).collect();
    let empty = |history: &History<'_>| Ledger {
        scorer: history.verdicts.key.to_owned(),
        baseline: Some(baseline),
        runs: ids.clone(),
        ..Ledger::default()
    };
    let mut ledgers: Vec<_> = histories.iter().map(empty).collect();
    each_row(store, header.id, |trials| {
        let row = rows.get(&identity(trials)).map(|row| *row as usize);
        for (ledger, history) in ledgers.iter_mut().zip(&histories) {
            history.enter(row, trials, &quarantine, ledger);
        }
    })
    .await?;
    Ok(ledgers)
}

/// Finished runs of the suite, newest first, from `baseline` on.
async fn history(store: &dyn Store, header: &RunHeader, baseline: RunId) -> Result<Vec<Run>, StoreError> {
    let Some(first) = store.run(baseline).await? else { return Ok(Vec::new()) };
    let branch = first.header.origin.branch.clone();
    let is_meant = |run: &Run| {
        let of_run = &run.header;
        run.report.as_ref().is_some_and(|report| report.verdict != Verdict::Incomplete)
            && of_run.id != header.id
            && of_run.plan.suite == header.plan.suite
            && (branch.is_none() || of_run.origin.branch == branch)
    };
    let (mut found, mut after, mut seen) = (Vec::new(), baseline, 1);
    let mut page = vec![first];
    while !page.is_empty() && seen <= AMONG {
        found.extend(page.into_iter().filter(is_meant));
        if found.len() >= RUNS {
            found.truncate(RUNS);
            break;
        }
        page = store.runs(Some(after), 100).await?;
        seen += page.len();
        after = page.last().map_or(after, |run| run.header.id);
    }
    Ok(found)
}

/// The verdicts that are looked at.
struct Verdicts<'h> {
    key: &'h str,
    /// The name of a sub-feedback.
    sub: Option<&'h str>,
    scorer: &'h PlannedScorer,
}

impl Verdicts<'_> {
    /// Where a run has them. A scorer of another plugin or with other parameters is another one.
    fn place_in(&self, header: &RunHeader) -> Option<usize> {
        let identity =
            |scorer: &PlannedScorer| (scorer.plugin.clone(), scorer.scorer.clone(), scorer.parameters.clone());
        let own = identity(self.scorer);
        header.plan.scorers.iter().position(|scorer| identity(scorer) == own)
    }

    /// How many trials passed, and how many failed. Which verdict is the good one the scorer has declared.
    fn count(&self, trials: &[RowResult], place: usize) -> [u16; 2] {
        let good = self.scorer.better != Direction::Minimize;
        let mut counts = [0; 2];
        for outcome in trials.iter().filter_map(|trial| trial.outcomes.get(place)) {
            let Outcome::Scored(feedback) = outcome else { continue };
            let named = feedback.iter().find(|one| one.name.as_deref() == self.sub);
            if let Some(Value::Boolean(verdict)) = named.map(|one| &one.value) {
                counts[usize::from(*verdict != good)] += 1;
            }
        }
        counts
    }
}

/// Stands for a row by its id, whichever dataset it is in.
fn identity(trials: &[RowResult]) -> u128 {
    trials.first().map_or(0, |first| hash_text(&first.id))
}

/// How often each row passed and failed.
struct History<'h> {
    verdicts: Verdicts<'h>,
    /// The place of the scorer in the run that is judged.
    place: usize,
    rows: Vec<[u16; 2]>,
}

impl<'h> History<'h> {
    /// None where the scorer can't say true or false.
    fn new(key: &'h str, header: &'h RunHeader) -> Option<Self> {
        let (main, sub) = key.split_once('/').map_or((key, None), |(main, sub)| (main, Some(sub)));
        let place = header.plan.scorers.iter().position(|scorer| scorer.key == main)?;
        let scorer = &header.plan.scorers[place];
        let is_told = sub.is_none() && !matches!(scorer.value, ValueKind::Boolean | ValueKind::Any);
        (!is_told).then(|| Self { verdicts: Verdicts { key, sub, scorer }, place, rows: Vec::new() })
    }

    fn add(&mut self, row: usize, trials: &[RowResult], place: usize) {
        if self.rows.len() <= row {
            self.rows.resize(row + 1, [0; 2]);
        }
        for (sum, more) in self.rows[row].iter_mut().zip(self.verdicts.count(trials, place)) {
            *sum = sum.saturating_add(more);
        }
    }

    fn stability(&self, row: Option<usize>) -> Stability {
        let counts = row.and_then(|row| self.rows.get(row)).copied().unwrap_or_default();
        let [passed, failed] = counts.map(u32::from);
        match (passed, failed) {
            (1.., 1..) => Stability::Flaky,
            (ENOUGH.., 0) => Stability::StablePass,
            (0, ENOUGH..) => Stability::StableFail,
            _ => Stability::Unknown,
        }
    }

    /// Enters what the run that is judged says of a row.
    fn enter(&self, row: Option<usize>, trials: &[RowResult], quarantine: &BTreeSet<&str>, ledger: &mut Ledger) {
        let Some(first) = trials.first() else { return };
        let [passed, failed] = self.verdicts.count(trials, self.place).map(u32::from);
        let is_quarantined = quarantine.contains(first.id.as_str());
        match if is_quarantined { Stability::Quarantined } else { self.stability(row) } {
            Stability::StablePass => {
                ledger.stable_pass += 1;
                match (passed, failed) {
                    (_, 0) => {}
                    (0, ENOUGH..) => ledger.regressed.add(&first.id),
                    _ => ledger.unconfirmed.add(&first.id),
                }
            }
            Stability::StableFail => {
                ledger.stable_fail += 1;
                if passed >= ENOUGH && failed == 0 {
                    ledger.mended.add(&first.id);
                }
            }
            Stability::Flaky => {
                ledger.flaky += 1;
                if failed > 0 {
                    ledger.flaky_failing.add(&first.id);
                }
            }
            Stability::Unknown => ledger.unknown += 1,
            Stability::Quarantined => ledger.quarantined += 1,
        }
    }
}

#[cfg(test)]
mod tests;
