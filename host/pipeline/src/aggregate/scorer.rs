//! What one scorer said of all rows: its main verdict, and those it gives names.

use std::collections::BTreeMap;

use model::aggregate::{Aggregate, AggregateKind, Counts};
use model::feedback::Value;
use model::outcome::Outcome;
use model::reducer::Reducer;
use model::run::PlannedScorer;
use model::scorer::ValueKind;

use super::tally::{Row, Tally, Totals};
use crate::membership::Membership;

/// How many sub-feedbacks of one scorer are aggregated. Their names come from a guest, row by row; those that appear
/// later are in the results all the same.
const MOST_SUBS: usize = 256;

pub(super) struct Scorer {
    key: String,
    /// Whether the plugin said beforehand what its main verdicts are.
    is_told: bool,
    /// Trials it said something about, whether or not the main verdict was among it.
    scored: u64,
    abstained: u64,
    failed: u64,
    unpredicted: u64,
    rows: Totals,
    reduce: Option<Reducer>,
    /// Whether values are not simply averaged: rows have several trials, or are grouped.
    is_repeated: bool,
    is_grouped: bool,
    main: Tally,
    subs: BTreeMap<String, Tally>,
}

impl Scorer {
    pub(super) fn new(planned: &PlannedScorer, is_repeated: bool, is_grouped: bool) -> Self {
        let kind = match planned.value {
            ValueKind::Boolean => AggregateKind::Rate,
            ValueKind::Number => AggregateKind::Mean,
            ValueKind::Label => AggregateKind::Categorical,
            ValueKind::Text | ValueKind::Booleans | ValueKind::Numbers | ValueKind::Texts | ValueKind::Any => {
                AggregateKind::Text
            }
        };
        Self {
            key: planned.key.clone(),
            is_told: planned.value != ValueKind::Any,
            scored: 0,
            abstained: 0,
            failed: 0,
            unpredicted: 0,
            rows: Totals::default(),
            reduce: planned.reduce,
            is_repeated,
            is_grouped,
            main: Tally::new(kind, planned.reduce, is_repeated, is_grouped),
            subs: BTreeMap::new(),
        }
    }

    /// Adds what it said of the trials of a row.
    pub(super) fn add<'o>(&mut self, outcomes: impl Iterator<Item = &'o Outcome>, cluster: usize, weight: f64) {
        let (mut trials, mut main) = (0, Vec::new());
        let mut subs: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        for outcome in outcomes {
            trials += 1;
            match outcome {
                Outcome::Scored(feedback) => {
                    self.scored += 1;
                    for (place, one) in feedback.iter().enumerate() {
                        // A name counts once for each trial.
                        if feedback[..place].iter().any(|before| before.name == one.name) {
                            continue;
                        }
                        match &one.name {
                            None => main.push(&one.value),
                            Some(name) => subs.entry(name).or_default().push(&one.value),
                        }
                    }
                }
                Outcome::Abstained { .. } => self.abstained += 1,
                Outcome::Failed(_) => self.failed += 1,
                Outcome::Unpredicted => self.unpredicted += 1,
            }
        }
        self.rows.add(weight);
        let row = |values| Row { values, trials, cluster, weight };
        if let Some(first) = main.first() {
            if !self.is_told && self.main.count() == 0 {
                self.main = self.tally(first);
            }
            self.main.add(&row(main));
        }
        for (name, values) in subs {
            if let Some(sub) = self.subs.get_mut(name) {
                sub.add(&row(values));
            } else if self.subs.len() < MOST_SUBS {
                let mut sub = self.tally(values[0]);
                sub.add(&row(values));
                self.subs.insert(name.to_owned(), sub);
            }
        }
    }

    /// Where nothing is declared, as for sub-feedback, the first value says what it is.
    fn tally(&self, first: &Value) -> Tally {
        let kind = match first {
            Value::Boolean(_) => AggregateKind::Rate,
            Value::Number(_) => AggregateKind::Mean,
            Value::Text(_) | Value::Booleans(_) | Value::Numbers(_) | Value::Texts(_) => AggregateKind::Text,
        };
        Tally::new(kind, self.reduce, self.is_repeated, self.is_grouped)
    }

    pub(super) fn finish(self, membership: &Membership) -> Vec<(String, Aggregate)> {
        let counts = |tally: &Tally| Counts {
            scored: tally.count(),
            passed: tally.passed(),
            // A trial that was scored without this verdict: the scorer held it back.
            abstained: self.abstained + self.scored - tally.count(),
            failed: self.failed,
            unpredicted: self.unpredicted,
        };
        let finish = |tally: &Tally| tally.finish(counts(tally), self.rows, membership);
        // Where nothing was promised but named feedback came, that is all there is.
        let has_main = self.is_told || self.main.count() > 0 || self.subs.is_empty();
        let main = has_main.then(|| (self.key.clone(), finish(&self.main)));
        let subs = self.subs.iter().map(|(name, tally)| (format!("{}/{name}", self.key), finish(tally)));
        main.into_iter().chain(subs).collect()
    }
}
