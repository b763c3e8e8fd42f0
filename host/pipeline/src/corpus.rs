//! Numbers of all rows together, which no row has alone: what aggregators make of a run.
//!
//! They are made of what was stored, in dataset order and in chunks that follow from it, so that the same results give the
//! same numbers, however often the run was taken up again. An aggregator that fails has no number, and costs nobody else's.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::aggregate::{Aggregate, AggregateKind, Basis, Counts, Measure};
use model::outcome::{Failure, Outcome};
use model::ports::{Aggregating, ScoredRow, Work};
use model::row::{Row, RowRecord};
use model::run::{PlannedAggregator, RowResult, RunPlan};

use crate::joined::{Joined, JoinedError};
use crate::plan::PlannedAggregation;

/// Rows that are handed over at once.
const MOST_ROWS: usize = 100;

/// Bytes of text after which no more rows are added to those that are handed over at once: what a call may use does not
/// grow with them.
const MOST_BYTES: usize = 256 << 10;

/// What aggregators made of a run.
#[derive(Debug, Default)]
pub struct Made {
    pub aggregates: Vec<(String, Aggregate)>,
    /// What each took, by its key.
    pub work: BTreeMap<String, Work>,
}

/// Puts all results of a run before every aggregator.
///
/// # Errors
///
/// Fails when results or rows can't be read. Whatever a guest does ends up in its aggregate.
pub async fn aggregate(
    mut results: Joined,
    plan: &RunPlan,
    aggregators: Vec<PlannedAggregation>,
) -> Result<Made, JoinedError> {
    if aggregators.is_empty() {
        return Ok(Made::default());
    }
    let mut running = Vec::with_capacity(aggregators.len());
    for (PlannedAggregation { plugin, binding }, planned) in aggregators.into_iter().zip(&plan.aggregators) {
        running.push(Aggregator::start(planned, plan, plugin.bind_aggregator(binding)).await);
    }
    while let Some((record, result)) = results.next().await? {
        for aggregator in &mut running {
            aggregator.take(&record, &result).await;
        }
    }
    let mut made = Made::default();
    for aggregator in running {
        let (key, aggregating) = (aggregator.key.clone(), Arc::clone(&aggregator.aggregating));
        made.aggregates.extend(aggregator.finish().await);
        made.work.insert(key, aggregating.work());
    }
    Ok(made)
}

/// What stands in place of all numbers where nobody makes them.
pub fn unmade(plan: &RunPlan, failure: &Failure) -> Made {
    let none = |planned: &PlannedAggregator| {
        (planned.key.clone(), corpus(None, None, Some(failure.clone()), Counts::default()))
    };
    Made { aggregates: plan.aggregators.iter().map(none).collect(), work: BTreeMap::new() }
}

fn corpus(value: Option<f64>, note: Option<String>, failure: Option<Failure>, counts: Counts) -> Aggregate {
    let (kind, basis) = (AggregateKind::Corpus, Basis::default());
    Aggregate { kind, value, lower: None, upper: None, counts, basis, note, failure, labels: BTreeMap::new() }
}

struct Aggregator {
    key: String,
    aggregating: Arc<dyn Aggregating>,
    /// The scorers whose verdicts it sees, with their places in the suite.
    of: Vec<(String, usize)>,
    counts: Counts,
    waiting: Vec<ScoredRow>,
    /// In those that wait.
    bytes: usize,
    /// Nothing follows a failure.
    failure: Option<Failure>,
}

impl Aggregator {
    async fn start(planned: &PlannedAggregator, plan: &RunPlan, aggregating: Arc<dyn Aggregating>) -> Self {
        let place = |key: &String| plan.scorers.iter().position(|scorer| scorer.key == *key);
        let of = planned.of.iter().filter_map(|key| Some((key.clone(), place(key)?))).collect();
        let failure = aggregating.start().await.err();
        let (counts, waiting) = (Counts::default(), Vec::new());
        Self { key: planned.key.clone(), aggregating, of, counts, waiting, bytes: 0, failure }
    }

    /// Takes a row, unless it has no outputs where it should, or a scorer that belongs to it has no verdict.
    async fn take(&mut self, record: &RowRecord, result: &RowResult) {
        let outcomes: Vec<_> = self.of.iter().filter_map(|(_, place)| result.outcomes.get(*place)).collect();
        let has_nothing = self.of.is_empty() && result.outputs(record).is_none();
        if has_nothing
            || result.error.is_some()
            || outcomes.iter().any(|outcome| matches!(outcome, Outcome::Unpredicted))
        {
            self.counts.unpredicted += 1;
            return;
        }
        if outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(_))) {
            self.counts.failed += 1;
            return;
        }
        self.counts.scored += 1;
        if self.failure.is_some() {
            return;
        }
        let verdicts = self.of.iter().zip(outcomes).map(|((key, _), outcome)| (key.clone(), outcome.clone())).collect();
        let scored = ScoredRow { row: row(record, result), verdicts };
        self.bytes += length(&scored);
        self.waiting.push(scored);
        if self.waiting.len() == MOST_ROWS || self.bytes >= MOST_BYTES {
            self.hand_over().await;
        }
    }

    async fn hand_over(&mut self) {
        let rows = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return };
        let about = match (&first.row.id, &last.row.id) {
            (only, last) if only == last => format!("row `{only}`"),
            (first, last) => format!("rows `{first}` to `{last}`"),
        };
        let told = |failure: Failure| Failure { message: format!("{about}: {}", failure.message), ..failure };
        self.failure = self.aggregating.add(&rows).await.err().map(told);
    }

    /// Its numbers; without a row it is not asked for any.
    async fn finish(mut self) -> Vec<(String, Aggregate)> {
        if self.failure.is_none() {
            self.hand_over().await;
        }
        let finished = match self.failure.take() {
            Some(failure) => Err(failure),
            None if self.counts.scored == 0 => Ok(Vec::new()),
            None => self.aggregating.finish().await,
        };
        let Self { key, counts, .. } = self;
        match finished {
            Ok(measures) if measures.is_empty() => vec![(key, corpus(None, None, None, counts))],
            Ok(measures) => {
                let named = |Measure { name, value, note }: Measure| {
                    let key = name.map_or_else(|| key.clone(), |name| format!("{key}/{name}"));
                    (key, corpus(Some(value), note, None, counts))
                };
                measures.into_iter().map(named).collect()
            }
            Err(failure) => {
                // Rows that are in no number count as scored nowhere.
                let counts = Counts { scored: 0, failed: counts.failed + counts.scored, ..counts };
                vec![(key, corpus(None, None, Some(failure), counts))]
            }
        }
    }
}

/// The row as it was scored.
fn row(record: &RowRecord, result: &RowResult) -> Row {
    Row {
        index: result.index,
        id: result.id.clone(),
        trial: result.trial,
        inputs: record.inputs.clone(),
        outputs: result.outputs(record).cloned(),
        expectations: record.expectations.clone(),
        tags: record.tags.clone(),
        session: record.session.clone(),
        trace: None,
    }
}

/// Bytes of what may be long in a row and its verdicts.
fn length(ScoredRow { row, verdicts }: &ScoredRow) -> usize {
    let texts = [Some(&row.inputs), row.outputs.as_ref(), row.expectations.as_ref()];
    let texts: usize = texts.into_iter().flatten().map(|text| text.as_str().len()).sum();
    let tags: usize = row.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
    let verdict = |(_, outcome): &(String, Outcome)| match outcome {
        Outcome::Scored(feedback) => serde_json::to_vec(feedback).map_or(0, |written| written.len()),
        Outcome::Abstained { reason } => reason.len(),
        Outcome::Failed(_) | Outcome::Unpredicted => 0,
    };
    let verdicts: usize = verdicts.iter().map(verdict).sum();
    texts + tags + verdicts
}

#[cfg(test)]
mod tests;
