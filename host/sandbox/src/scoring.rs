//! Scorers of one plugin over the rows of a run.

use std::sync::Arc;

use async_trait::async_trait;
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Scoring};
use model::row::Row;
use model::scorer::{Determinism, PluginDescription, ScorerDescription};

use crate::bindings::types;
use crate::convert;
use crate::instances::{Answer, Instances, Turn};
use crate::surroundings::Seed;
use crate::worker::Assigned;

/// One call in so many of a scorer that says it is pure is made twice.
const CHECKED: u16 = 1024;

/// Decided by the seed, so that the same calls are checked every time.
fn is_checked(seed: &Seed) -> bool {
    u16::from_le_bytes([seed[30], seed[31]]).is_multiple_of(CHECKED)
}

/// Where the instances of a binding live.
pub(crate) enum Place {
    Here(Instances),
    There(Assigned),
}

impl Place {
    async fn answers(&self, row: &mut types::Row, turns: Vec<Turn>) -> Vec<Answer> {
        match self {
            Self::Here(instances) => instances.answers(row, &turns).await,
            Self::There(assigned) => assigned.answers(row, turns).await,
        }
    }

    async fn fresh_answer(&self, row: &mut types::Row, turn: Turn) -> Answer {
        match self {
            Self::Here(instances) => instances.fresh_answer(row, turn).await,
            Self::There(assigned) => assigned.fresh_answer(row, turn).await,
        }
    }
}

/// A plugin bound to the scorers of a run.
pub(crate) struct Bound {
    place: Place,
    plugin: Arc<PluginDescription>,
    binding: Binding,
}

#[async_trait]
impl Scoring for Bound {
    async fn score(&self, row: &Row, calls: &[usize]) -> Vec<Outcome> {
        let mut guest_row = convert::row(row);
        let scorers: Vec<_> = calls.iter().map(|&call| self.scorer(call)).collect();
        let turn = |(&call, scorer): (&usize, &Option<&ScorerDescription>)| {
            scorer.map(|scorer| Turn { call, seed: self.seed(scorer, row) })
        };
        let turns: Vec<_> = calls.iter().zip(&scorers).filter_map(turn).collect();
        let mut answers = self.place.answers(&mut guest_row, turns.clone()).await.into_iter().zip(turns);
        let mut outcomes = Vec::with_capacity(calls.len());
        for (&call, scorer) in calls.iter().zip(scorers) {
            let outcome = match scorer.and_then(|scorer| Some((scorer, answers.next()?))) {
                Some((scorer, (answer, turn))) => self.outcome(answer, scorer, &mut guest_row, turn).await,
                None => Outcome::Failed(convert::unknown(&self.binding.calls[call].scorer)),
            };
            outcomes.push(outcome);
        }
        outcomes
    }
}

impl Bound {
    pub(crate) fn new(place: Place, plugin: Arc<PluginDescription>, binding: Binding) -> Self {
        Self { place, plugin, binding }
    }

    fn scorer(&self, call: usize) -> Option<&ScorerDescription> {
        let name = &self.binding.calls[call].scorer;
        self.plugin.scorers.iter().find(|scorer| scorer.name == *name)
    }

    /// What an answer means; one that is checked only if a fresh instance comes to the same.
    async fn outcome(&self, answer: Answer, scorer: &ScorerDescription, row: &mut types::Row, turn: Turn) -> Outcome {
        let outcome = match answer {
            Ok(answer) => convert::outcome(answer, scorer),
            Err(failure) => return Outcome::Failed(failure),
        };
        if scorer.determinism != Determinism::Pure || !is_checked(&turn.seed) {
            return outcome;
        }
        // One that can't be made again says nothing.
        let again = self.place.fresh_answer(row, turn).await;
        if again.is_ok_and(|answer| convert::outcome(answer, scorer) != outcome) {
            let message = "says that it is pure, and gave two answers to one row";
            return Outcome::Failed(Failure::new(FailureKind::InvalidOutput, message));
        }
        outcome
    }

    /// What decides everything random in a call: the same for the same suite seed, plugin, scorer, row and trial, in
    /// whatever order rows come.
    fn seed(&self, scorer: &ScorerDescription, row: &Row) -> Seed {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.binding.seed.to_le_bytes());
        hasher.update(&row.trial.to_le_bytes());
        for text in [&self.plugin.digest, &scorer.name, &row.id] {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }
}
