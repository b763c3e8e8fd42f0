//! Scorers of one plugin over the rows of a run.

use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt};
use model::grant::RowPart;
use model::limits::Reuse;
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Scoring, Work};
use model::row::Row;
use model::scorer::{Determinism, PluginDescription, ScorerDescription};

use crate::account::Account;
use crate::convert;
use crate::instances::{Answer, Answered, Question, Turn};
use crate::place::Place;
use crate::spans::RowTrace;
use crate::surroundings::{Seed, seed};

/// Scorers of a row that may wait for judges at the same time: each takes the memory of an instance meanwhile.
const AT_ONCE: usize = 4;

/// One call in so many of a scorer that says it is pure is made twice.
const CHECKED: u16 = 1024;

/// Decided by the seed, so that the same calls are checked every time.
fn is_checked(seed: &Seed) -> bool {
    u16::from_le_bytes([seed[30], seed[31]]).is_multiple_of(CHECKED)
}

/// A plugin bound to the scorers of a run.
pub(crate) struct Bound {
    place: Place,
    plugin: Arc<PluginDescription>,
    binding: Binding,
    /// One that does not is not sent any.
    reads_traces: bool,
    /// Of each call.
    work: Vec<Account>,
}

#[async_trait]
impl Scoring for Bound {
    async fn score(&self, row: &Row, calls: &[usize]) -> Vec<Outcome> {
        let grant = &self.binding.grant;
        let sees_trace = self.reads_traces && convert::sees(grant, RowPart::Trace);
        let trace = RowTrace(row.trace.clone().filter(|_| sees_trace));
        let mut question = Question::Score(convert::row(row, grant), trace);
        let scorers: Vec<_> = calls.iter().map(|&call| self.scorer(call)).collect();
        let turn = |(&call, scorer): (&usize, &Option<&ScorerDescription>)| {
            let seed = |scorer: &ScorerDescription| seed(self.binding.seed, &self.plugin.digest, &scorer.name, row);
            scorer.map(|scorer| Turn::on(row, call, seed(scorer)))
        };
        let turns: Vec<_> = calls.iter().zip(&scorers).filter_map(turn).collect();
        let mut answers = self.answers(&mut question, &turns).await.into_iter().zip(turns);
        let mut outcomes = Vec::with_capacity(calls.len());
        for (&call, scorer) in calls.iter().zip(scorers) {
            let outcome = match scorer.and_then(|scorer| Some((scorer, answers.next()?))) {
                Some((scorer, (Answered { answer, work }, turn))) => {
                    self.work[call].add(work);
                    self.outcome(answer, scorer, &mut question, turn).await
                }
                None => Outcome::Failed(convert::unknown(&self.binding.calls[call].item)),
            };
            outcomes.push(outcome);
        }
        outcomes
    }

    fn work(&self) -> Vec<Work> {
        self.work.iter().map(Account::sum).collect()
    }
}

impl Bound {
    pub(crate) fn new(place: Place, plugin: Arc<PluginDescription>, binding: Binding, reads_traces: bool) -> Self {
        let work = binding.calls.iter().map(|_| Account::default()).collect();
        Self { place, plugin, binding, reads_traces, work }
    }

    /// One after the other, unless they may ask judges and keep nothing: then none waits for what another one has asked.
    async fn answers(&self, question: &mut Question, turns: &[Turn]) -> Vec<Answered> {
        let Binding { grant, reuse, .. } = &self.binding;
        if grant.judge.is_none() || !grant.kv.is_empty() || *reuse != Reuse::Never {
            return self.place.answers(question, turns.to_vec()).await;
        }
        let answer = |&turn: &Turn| {
            let mut question = question.clone();
            async move { self.place.fresh_answer(&mut question, turn).await }
        };
        stream::iter(turns).map(answer).buffered(AT_ONCE).collect().await
    }

    fn scorer(&self, call: usize) -> Option<&ScorerDescription> {
        let name = &self.binding.calls[call].item;
        self.plugin.scorers.iter().find(|scorer| scorer.name == *name)
    }

    /// What an answer means; one that is checked only if a fresh instance comes to the same.
    async fn outcome(
        &self,
        answer: Answer,
        scorer: &ScorerDescription,
        question: &mut Question,
        turn: Turn,
    ) -> Outcome {
        let outcome = match answer {
            Ok(answer) => convert::outcome(answer, scorer),
            Err(failure) => return Outcome::Failed(failure),
        };
        if scorer.determinism != Determinism::Pure || !is_checked(&turn.seed) {
            return outcome;
        }
        // One that can't be made again says nothing. It is rare: no call takes room for it before.
        let again = Box::pin(self.place.fresh_answer(question, turn)).await.answer;
        if again.is_ok_and(|answer| convert::outcome(answer, scorer) != outcome) {
            let message = "says that it is pure, and gave two answers to one row";
            return Outcome::Failed(Failure::new(FailureKind::InvalidOutput, message));
        }
        outcome
    }
}
