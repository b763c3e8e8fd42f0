//! One row before all scorers.

use std::sync::Arc;

use futures_util::future::join_all;
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Scoring, Work};
use model::prediction::Predicted;
use model::row::Row;
use model::run::{RowResult, RunPlan};

use crate::plan::PlannedBinding;

/// All scorers of a run.
pub(super) struct Scorers {
    bound: Vec<Bound>,
    /// How many scorers the suite has.
    count: usize,
    needs_outputs: bool,
}

struct Bound {
    scoring: Arc<dyn Scoring>,
    /// For each call, the place of its scorer in the suite.
    places: Vec<usize>,
    all: Vec<usize>,
    /// The calls that can do without outputs.
    without_outputs: Vec<usize>,
}

impl Scorers {
    pub(super) fn bind(plan: &RunPlan, bindings: Vec<PlannedBinding>) -> Self {
        let bound = bindings.into_iter().map(|planned| {
            let PlannedBinding { plugin, binding, places } = planned;
            let all: Vec<usize> = (0..places.len()).collect();
            let can_do_without = |call: &usize| !plan.scorers[places[*call]].needs_outputs;
            let without_outputs = all.iter().copied().filter(can_do_without).collect();
            Bound { scoring: plugin.bind(binding), places, all, without_outputs }
        });
        Self {
            bound: bound.collect(),
            count: plan.scorers.len(),
            needs_outputs: plan.scorers.iter().any(|scorer| scorer.needs_outputs),
        }
    }

    /// What each scorer has taken so far, by its place in the suite.
    pub(super) fn work(&self) -> Vec<Work> {
        let mut work = vec![Work::default(); self.count];
        for bound in &self.bound {
            for (place, taken) in bound.places.iter().zip(bound.scoring.work()) {
                work[*place] += taken;
            }
        }
        work
    }

    /// Gives an outcome for each scorer, in suite order. `asked` is what came of asking for outputs, where that was done.
    pub(super) async fn score(&self, row: Row, asked: Option<(Predicted, Option<Failure>)>) -> RowResult {
        let has_outputs = row.outputs.is_some();
        let mut outcomes = vec![Outcome::Unpredicted; self.count];
        // No plugin waits for what another one has asked.
        let scored = self.bound.iter().map(async |bound| {
            let calls = if has_outputs { &bound.all } else { &bound.without_outputs };
            let answers = if calls.is_empty() { Vec::new() } else { bound.scoring.score(&row, calls).await };
            (bound, calls, answers)
        });
        for (bound, calls, answers) in join_all(scored).await {
            let mut answers = answers.into_iter();
            for call in calls {
                outcomes[bound.places[*call]] = answers.next().unwrap_or_else(no_answer);
            }
        }
        let is_unpredicted = !has_outputs && self.needs_outputs;
        let (predicted, error) = match asked {
            Some((predicted, error)) => (Some(predicted), error),
            None => (None, is_unpredicted.then(|| Failure::new(FailureKind::BadInput, "the row has no `outputs`"))),
        };
        RowResult { index: row.index, trial: row.trial, id: row.id, error, predicted, outcomes }
    }
}

pub(crate) fn no_answer() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Internal, "the call gave no outcome"))
}
