//! Whether a run has seen enough: `stop: { when: decided }`.
//!
//! Rows are looked at in the order that was drawn, whenever they come, so that what decides is a function of the results alone: an
//! undisturbed run and one that was taken up again stop at the same row. Each number that gates ask about has a bet that
//! stays valid however often it is looked at, for its part of the error that is allowed.

use std::collections::HashMap;

use model::feedback::Value;
use model::gate::{Comparison, Condition, Gate, Number};
use model::outcome::Outcome;
use model::ports::{Store, StoreError};
use model::reducer::Reducer;
use model::report::Decided;
use model::run::{RowResult, RunHeader};
use statistics::Interval;
use statistics::sequence::Threshold;

use crate::dataset::Rank;
use crate::reduce;
use crate::results::each_row;

/// Is told of results until every gate is decided.
pub struct Decider {
    gates: Vec<Gate>,
    alpha: f64,
    trials: u32,
    /// What gates ask about, in the order of [`Gate::parts`].
    numbers: Vec<Deciding>,
    /// All rows in the order that was drawn, and how many of them were looked at.
    order: Vec<u32>,
    seen: usize,
    /// Rows that have come before their turn.
    waiting: HashMap<u64, Waiting>,
    holds: Option<Vec<bool>>,
}

/// What decided a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub decided: Decided,
    /// For each gate whether it holds.
    pub holds: Vec<bool>,
    /// The last row that counts, in the order that this seed draws.
    last: Rank,
    seed: u64,
}

impl Decision {
    /// Whether a row is among those that decided. What else is stored was on its way then, and there by how fast it was.
    pub(crate) fn rests_on(&self, index: u64) -> bool {
        Rank::of(self.seed, index) <= self.last
    }
}

struct Deciding {
    /// Of its scorer in the suite.
    place: usize,
    reduce: Reducer,
    comparison: Comparison,
    threshold: Threshold,
}

/// Trials of a row so far, and how many of them passed and were scored for each number.
struct Waiting {
    trials: u32,
    counts: Vec<(u64, u64)>,
}

impl Decider {
    /// None where the run goes on to its last row in any case.
    pub fn new(header: &RunHeader) -> Option<Self> {
        let plan = &header.plan;
        let stop = plan.stop.filter(|_| plan.only.is_none())?;
        let numbers: Vec<_> = plan.gates.iter().flat_map(Gate::parts).filter_map(number).collect();
        let alpha = stop.alpha / numbers.len().max(1) as f64;
        let deciding = |number: &&Number| {
            let place = plan.scorers.iter().position(|scorer| scorer.key == number.scorer)?;
            let threshold = Threshold::new(number.threshold, Interval { lower: 0.0, upper: 1.0 }, alpha);
            let reduce = plan.scorers[place].reduce.unwrap_or(Reducer::Mean);
            Some(Deciding { place, reduce, comparison: number.comparison, threshold })
        };
        let mut order: Vec<_> = (0..header.data.rows).map(|index| Rank::of(plan.seed, index)).collect();
        order.sort_unstable();
        Some(Self {
            gates: plan.gates.clone(),
            alpha: stop.alpha,
            trials: plan.trials,
            numbers: numbers.iter().map(deciding).collect::<Option<_>>()?,
            order: order.into_iter().filter_map(|rank| u32::try_from(rank.index()).ok()).collect(),
            seen: 0,
            waiting: HashMap::new(),
            holds: None,
        })
    }

    /// Takes a result, each once.
    pub fn add(&mut self, result: &RowResult) {
        if self.holds.is_some() {
            return;
        }
        let nothing = || Waiting { trials: 0, counts: vec![(0, 0); self.numbers.len()] };
        let row = self.waiting.entry(result.index).or_insert_with(nothing);
        row.trials += 1;
        for (count, number) in row.counts.iter_mut().zip(&self.numbers) {
            if let Some(verdict) = result.outcomes.get(number.place).and_then(verdict) {
                *count = (count.0 + u64::from(verdict), count.1 + 1);
            }
        }
        while self.holds.is_none() && self.look_at_next() {}
    }

    /// Takes what is stored of the run.
    ///
    /// # Errors
    ///
    /// Fails when the store does.
    pub async fn read(&mut self, store: &dyn Store, header: &RunHeader) -> Result<(), StoreError> {
        each_row(store, header.id, |trials| trials.iter().for_each(|result| self.add(result))).await
    }

    pub fn is_decided(&self) -> bool {
        self.holds.is_some()
    }

    /// What was decided before the last row.
    pub(crate) fn decision(&self, seed: u64) -> Option<Decision> {
        let holds = self.holds.clone().filter(|_| self.seen < self.order.len())?;
        let last = Rank::of(seed, (*self.order.get(self.seen.checked_sub(1)?)?).into());
        let (rows, of) = (self.seen as u64, self.order.len());
        let reason = format!("every gate was decided by {rows} of {of} rows, drawn by the seed");
        Some(Decision { decided: Decided { rows, alpha: self.alpha, reason }, holds, last, seed })
    }

    /// Looks at the row whose turn it is; false where it has not come yet.
    fn look_at_next(&mut self) -> bool {
        let Some(index) = self.order.get(self.seen).map(|index| u64::from(*index)) else { return false };
        let is_whole = |row: &&Waiting| row.trials >= self.trials;
        if self.waiting.get(&index).filter(is_whole).is_none() {
            return false;
        }
        let counts = self.waiting.remove(&index).map(|row| row.counts).unwrap_or_default();
        for (number, (passed, scored)) in self.numbers.iter_mut().zip(counts) {
            let value = reduce::booleans(number.reduce, passed, scored, self.trials.into());
            value.into_iter().for_each(|value| number.threshold.add(value));
        }
        self.seen += 1;
        let mut numbers = self.numbers.iter().map(Deciding::holds);
        self.holds = self.gates.iter().map(|gate| holds(gate, &mut numbers)).collect::<Vec<_>>().into_iter().collect();
        true
    }
}

/// What decided a run whose results are stored, if something did.
///
/// # Errors
///
/// Fails when the store does.
pub(crate) async fn decision(store: &dyn Store, header: &RunHeader) -> Result<Option<Decision>, StoreError> {
    let Some(mut decider) = Decider::new(header) else { return Ok(None) };
    decider.read(store, header).await?;
    Ok(decider.decision(header.plan.seed))
}

fn number(gate: &Gate) -> Option<&Number> {
    if let Condition::Number(number) = &gate.condition { Some(number) } else { None }
}

fn verdict(outcome: &Outcome) -> Option<bool> {
    let Outcome::Scored(feedback) = outcome else { return None };
    match feedback.iter().find(|one| one.name.is_none())?.value {
        Value::Boolean(verdict) => Some(verdict),
        _ => None,
    }
}

impl Deciding {
    /// None as long as it may still be either.
    fn holds(&self) -> Option<bool> {
        let (is_above, is_below) = (self.threshold.is_exceeded(), self.threshold.is_missed());
        match self.comparison {
            Comparison::AtLeast | Comparison::Above => (is_above || is_below).then_some(is_above),
            Comparison::AtMost | Comparison::Below => (is_above || is_below).then_some(is_below),
            Comparison::Equal => (is_above || is_below).then_some(false),
        }
    }
}

/// Whether a gate holds; `numbers` says it of each number in it, in order.
fn holds(gate: &Gate, numbers: &mut dyn Iterator<Item = Option<bool>>) -> Option<bool> {
    match &gate.condition {
        Condition::Number(_) => numbers.next().flatten(),
        // A plan with a stop has neither.
        Condition::Regressed { .. } | Condition::NonInferior { .. } => None,
        Condition::Not { not } => holds(not, numbers).map(|holds| !holds),
        Condition::Any { any } => joined(any, numbers, true),
        Condition::All { all } => joined(all, numbers, false),
    }
}

/// Several, of which one that comes out as `deciding` decides.
fn joined(of: &[Gate], numbers: &mut dyn Iterator<Item = Option<bool>>, deciding: bool) -> Option<bool> {
    // All of them are looked at: each takes its numbers.
    let of: Vec<_> = of.iter().map(|gate| holds(gate, numbers)).collect();
    if of.contains(&Some(deciding)) { Some(deciding) } else { of.iter().all(Option::is_some).then_some(!deciding) }
}

#[cfg(test)]
mod tests;
