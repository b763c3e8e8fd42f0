//! All results of a run as one number for each scorer, with what it rests on.
//!
//! The trials of a row are folded into one value first, then rows into the number, so that its interval rests on rows. A
//! failure, an abstention or a missing prediction is counted and never turned into a number.

mod predicting;
mod scorer;
mod tally;

use std::collections::HashMap;
use std::sync::Arc;

use model::ports::{DataReader, Store};
use model::report::{Predictions, Scorers};
use model::run::{RowResult, RunHeader, RunPlan};
use model::slice::Sliced;

use crate::joined::JoinedError;
use crate::membership::Membership;
use crate::results::each_row;
use crate::stop::{self, Decision};
use predicting::Predicting;
use scorer::Scorer;

/// What a run's results add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub scorers: Scorers,
    /// Those with a row, in the order of the suite and then of their values.
    pub slices: Vec<Sliced>,
    /// Rows of values that had no place among the slices.
    pub slices_left_out: u64,
    /// None where nobody was asked for outputs.
    pub predictions: Option<Predictions>,
    /// What ended the run before its last row; rows behind it are in no number.
    pub decision: Option<Decision>,
    /// Results there are; one for each trial of a row.
    pub results: u64,
    /// Those on which a scorer failed or that had no outputs to score.
    pub failed: u64,
}

/// Reads a run's results once, in dataset order; and its dataset, where rows have clusters, weights or slices.
///
/// # Errors
///
/// Fails when the store does, or the dataset can't be read.
pub async fn aggregate(
    store: &dyn Store,
    header: &RunHeader,
    reader: Arc<dyn DataReader>,
) -> Result<Summary, JoinedError> {
    let membership = Membership::of(store, header, reader).await?;
    let mut folding = Folding::new(header, &membership);
    let decision = stop::decision(store, header).await?;
    let counts = |first: &RowResult| decision.as_ref().is_none_or(|decision| decision.rests_on(first.index));
    each_row(store, header.id, |trials| {
        if trials.first().is_some_and(counts) {
            folding.add(trials);
        }
    })
    .await?;
    Ok(Summary { decision, ..folding.finish() })
}

struct Folding<'a> {
    membership: &'a Membership,
    all: Part,
    slices: Vec<Part>,
    predictions: Option<Predicting>,
    results: u64,
    failed: u64,
}

impl<'a> Folding<'a> {
    fn new(header: &RunHeader, membership: &'a Membership) -> Self {
        let part = || Part::new(&header.plan, header.data.trials > header.data.rows, membership);
        Self {
            membership,
            all: part(),
            slices: membership.slices().iter().map(|_| part()).collect(),
            predictions: header.plan.predictor.as_ref().map(Predicting::new),
            results: 0,
            failed: 0,
        }
    }

    /// Adds the trials of a row.
    fn add(&mut self, trials: &[RowResult]) {
        let Some(first) = trials.first() else { return };
        for result in trials {
            self.results += 1;
            self.failed += u64::from(result.is_failed());
            if let Some((predictions, predicted)) = self.predictions.as_mut().zip(result.predicted.as_ref()) {
                predictions.add(predicted);
            }
        }
        let (weight, cluster) = (self.membership.weight(first.index), self.membership.cluster(first.index));
        for slice in self.membership.slices_of(first.index) {
            self.slices[slice].add(trials, cluster, weight);
        }
        self.all.add(trials, cluster, weight);
    }

    fn finish(self) -> Summary {
        let Self { membership, all, slices, predictions, results, failed } = self;
        let slices = membership.slices().iter().zip(slices).filter(|(_, part)| part.rows > 0);
        let slices = slices.map(|(slice, part)| Sliced {
            slice: slice.clone(),
            rows: part.rows,
            scorers: part.finish(membership),
        });
        Summary {
            slices: slices.collect(),
            slices_left_out: membership.left_out(),
            scorers: all.finish(membership),
            predictions: predictions.map(Predicting::finish),
            decision: None,
            results,
            failed,
        }
    }
}

/// All rows, or those of a slice.
struct Part {
    rows: u64,
    scorers: Vec<Scorer>,
    /// Clusters in the order of their first row: numbers without gaps, which sums are kept by.
    clusters: HashMap<usize, usize>,
}

impl Part {
    fn new(plan: &RunPlan, is_repeated: bool, membership: &Membership) -> Self {
        let scorer = |planned| Scorer::new(planned, is_repeated, membership.is_grouped());
        Self { rows: 0, scorers: plan.scorers.iter().map(scorer).collect(), clusters: HashMap::new() }
    }

    /// Adds the trials of a row. Without a cluster it stands for itself.
    fn add(&mut self, trials: &[RowResult], cluster: Option<usize>, weight: f64) {
        let cluster = match cluster {
            Some(cluster) => {
                let next = self.clusters.len();
                *self.clusters.entry(cluster).or_insert(next)
            }
            None => self.rows as usize,
        };
        self.rows += 1;
        for (place, scorer) in self.scorers.iter_mut().enumerate() {
            scorer.add(trials.iter().filter_map(|trial| trial.outcomes.get(place)), cluster, weight);
        }
    }

    fn finish(self, membership: &Membership) -> Scorers {
        Scorers(self.scorers.into_iter().flat_map(|scorer| scorer.finish(membership)).collect())
    }
}

#[cfg(test)]
mod tests;
