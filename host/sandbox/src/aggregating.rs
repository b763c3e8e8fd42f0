//! An aggregator of a plugin over the results of a run.

use std::sync::Arc;

use async_trait::async_trait;
use model::aggregate::Measure;
use model::outcome::{Failure, FailureKind};
use model::ports::{Aggregating, Binding, ScoredRow, Work};
use model::scorer::PluginDescription;

use crate::account::Account;
use crate::bindings::{aggregator, types};
use crate::convert;
use crate::instances::{Answered, Question, Reply, Turn};
use crate::place::Place;
use crate::surroundings::{seed, seed_about};

/// A plugin bound to an aggregator, the first of the binding's calls.
pub(crate) struct BoundAggregator {
    place: Place,
    plugin: Arc<PluginDescription>,
    binding: Binding,
    work: Account,
}

impl BoundAggregator {
    pub(crate) fn new(place: Place, plugin: Arc<PluginDescription>, binding: Binding) -> Self {
        Self { place, plugin, binding, work: Account::default() }
    }

    /// Asks a question; `about` tells it from others.
    async fn ask(&self, mut question: Question, about: &str) -> Result<Reply, Failure> {
        let seed = seed_about(self.binding.seed, &self.plugin.digest, self.item(), about);
        let turn = Turn { seed, ..Turn::default() };
        let answered = self.place.answers(&mut question, vec![turn]).await.pop();
        let Answered { answer, work } = answered.ok_or_else(no_answer)?;
        self.work.add(work);
        answer
    }

    fn item(&self) -> &str {
        &self.binding.calls[0].item
    }

    /// A row as the guest gets it.
    fn scored(&self, ScoredRow { row, verdicts }: &ScoredRow) -> aggregator::Scored {
        let seed = seed(self.binding.seed, &self.plugin.digest, self.item(), row);
        let seed = u64::from_le_bytes(seed[..8].try_into().expect("8 bytes"));
        let verdict = |(scorer, outcome): &(String, _)| {
            convert::verdict(outcome).map(|outcome| aggregator::Verdict { scorer: scorer.clone(), outcome })
        };
        aggregator::Scored {
            row: types::Row { seed, ..convert::row(row, &self.binding.grant) },
            verdicts: verdicts.iter().filter_map(verdict).collect(),
        }
    }
}

#[async_trait]
impl Aggregating for BoundAggregator {
    async fn start(&self) -> Result<(), Failure> {
        let Reply::Started(answer) = self.ask(Question::Start, "start").await? else { return Err(no_answer()) };
        answer.map_err(convert::failure)
    }

    async fn add(&self, rows: &[ScoredRow]) -> Result<(), Failure> {
        let about = rows.first().map(|ScoredRow { row, .. }| format!("{} {}", row.trial, row.id)).unwrap_or_default();
        let question = Question::Add(rows.iter().map(|row| self.scored(row)).collect());
        let Reply::Added(answer) = self.ask(question, &about).await? else { return Err(no_answer()) };
        answer.map_err(convert::failure)
    }

    async fn finish(&self) -> Result<Vec<Measure>, Failure> {
        let Reply::Finished(answer) = self.ask(Question::Finish, "finish").await? else { return Err(no_answer()) };
        let measures = convert::measures(answer.map_err(convert::failure)?);
        measures.map_err(|message| Failure::new(FailureKind::InvalidOutput, message))
    }

    fn work(&self) -> Work {
        self.work.sum()
    }
}

fn no_answer() -> Failure {
    Failure::new(FailureKind::Internal, "the call gave no answer")
}
