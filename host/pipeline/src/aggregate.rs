//! All results of a run as one number for each scorer, with what it rests on.
//!
//! A failure, an abstention or a missing prediction is counted and never turned into a number.

use std::collections::BTreeMap;

use model::aggregate::{Aggregate, AggregateKind, Counts};
use model::feedback::{Feedback, Value};
use model::outcome::Outcome;
use model::ports::{Store, StoreError};
use model::prediction::Predicted;
use model::report::{Latency, Predictions, Scorers};
use model::run::{PlannedPredictor, PlannedScorer, RowResult, RunId, RunPlan};
use model::scorer::ValueKind;
use statistics::mean::Moments;
use statistics::share::wilson;

/// How many sub-feedbacks of one scorer are aggregated. Their names come from a guest, row by row; those that appear
/// later are in the results all the same.
const MOST_SUBS: usize = 256;

/// What a run's results add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Summary {
    pub scorers: Scorers,
    /// None where nobody was asked for outputs.
    pub predictions: Option<Predictions>,
    /// Results there are; one for each trial of a row.
    pub results: u64,
    /// Those on which a scorer failed or that had no outputs to score.
    pub failed: u64,
}

/// Reads a run's results once, in dataset order.
///
/// # Errors
///
/// Fails when the store does.
pub async fn aggregate(store: &dyn Store, run: RunId, plan: &RunPlan) -> Result<Summary, StoreError> {
    const PAGE: usize = 1000;
    let mut folding = Folding::new(plan);
    let mut after = None;
    loop {
        let page = store.results(run, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(folding.finish()) };
        after = Some((last.index, last.trial));
        page.iter().for_each(|result| folding.add(result));
    }
}

struct Folding {
    scorers: Vec<Scorer>,
    predictions: Option<Predicting>,
    results: u64,
    failed: u64,
}

impl Folding {
    fn new(plan: &RunPlan) -> Self {
        Self {
            scorers: plan.scorers.iter().map(Scorer::new).collect(),
            predictions: plan.predictor.as_ref().map(Predicting::new),
            results: 0,
            failed: 0,
        }
    }

    fn add(&mut self, result: &RowResult) {
        self.results += 1;
        self.failed += u64::from(result.is_failed());
        if let Some((predictions, predicted)) = self.predictions.as_mut().zip(result.predicted.as_ref()) {
            predictions.add(predicted);
        }
        for (scorer, outcome) in self.scorers.iter_mut().zip(&result.outcomes) {
            scorer.add(outcome);
        }
    }

    fn finish(self) -> Summary {
        let Self { scorers, predictions, results, failed } = self;
        let scorers = Scorers(scorers.into_iter().flat_map(Scorer::finish).collect());
        Summary { scorers, predictions: predictions.map(Predicting::finish), results, failed }
    }
}

/// What came of asking for outputs.
struct Predicting {
    sums: Predictions,
    /// Microseconds of each answer: four bytes a row for quantiles that are exact.
    latencies: Vec<u32>,
}

impl Predicting {
    fn new(planned: &PlannedPredictor) -> Self {
        let not_sandboxed = planned.grant.process.iter().map(|rule| rule.run.join(" ")).collect();
        let sums = Predictions { predictor: planned.predictor.clone(), not_sandboxed, ..Predictions::default() };
        Self { sums, latencies: Vec::new() }
    }

    fn add(&mut self, predicted: &Predicted) {
        let Self { sums, latencies } = self;
        sums.answered += u64::from(predicted.outputs.is_some());
        sums.failed += u64::from(predicted.outputs.is_none());
        sums.retries += u64::from(predicted.attempts.saturating_sub(1));
        latencies.extend(predicted.latency.map(|latency| u32::try_from(latency.as_micros()).unwrap_or(u32::MAX)));
        let tokens =
            [(&mut sums.input_tokens, predicted.input_tokens), (&mut sums.output_tokens, predicted.output_tokens)];
        for (sum, more) in tokens {
            *sum = sum.map_or(more, |sum| Some(sum + more.unwrap_or(0)));
        }
    }

    fn finish(self) -> Predictions {
        let Self { sums, mut latencies } = self;
        latencies.sort_unstable();
        let seconds = |micros: u32| f64::from(micros) / 1e6;
        // The smallest value that so many of the rows do not exceed (nearest rank).
        let quantile = |share: f64| {
            let rank = (share * latencies.len() as f64).ceil() as usize;
            seconds(latencies[rank.saturating_sub(1)])
        };
        let latency = latencies.last().map(|&max| Latency {
            mean: latencies.iter().map(|&one| f64::from(one)).sum::<f64>() / latencies.len() as f64 / 1e6,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: seconds(max),
        });
        Predictions { latency, ..sums }
    }
}

struct Scorer {
    key: String,
    /// Whether the plugin said beforehand what its main verdicts are.
    is_told: bool,
    /// Rows it said something about, whether or not the main verdict was among it.
    scored: u64,
    abstained: u64,
    failed: u64,
    unpredicted: u64,
    main: Tally,
    subs: BTreeMap<String, Tally>,
}

impl Scorer {
    fn new(planned: &PlannedScorer) -> Self {
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
            main: Tally::new(kind),
            subs: BTreeMap::new(),
        }
    }

    fn add(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Scored(feedback) => {
                self.scored += 1;
                feedback.iter().enumerate().for_each(|(place, one)| {
                    // A name counts once for each row.
                    if !feedback[..place].iter().any(|before| before.name == one.name) {
                        self.feedback(one);
                    }
                });
            }
            Outcome::Abstained { .. } => self.abstained += 1,
            Outcome::Failed(_) => self.failed += 1,
            Outcome::Unpredicted => self.unpredicted += 1,
        }
    }

    fn feedback(&mut self, feedback: &Feedback) {
        let Some(name) = &feedback.name else {
            if !self.is_told && self.main.count == 0 {
                self.main = Tally::new(kind_of(&feedback.value));
            }
            return self.main.add(&feedback.value);
        };
        if let Some(sub) = self.subs.get_mut(name) {
            sub.add(&feedback.value);
        } else if self.subs.len() < MOST_SUBS {
            let mut sub = Tally::new(kind_of(&feedback.value));
            sub.add(&feedback.value);
            self.subs.insert(name.clone(), sub);
        }
    }

    fn finish(self) -> Vec<(String, Aggregate)> {
        let counts = |tally: &Tally| Counts {
            scored: tally.count,
            passed: tally.passed,
            // A row that was scored without this verdict: the scorer held it back.
            abstained: self.abstained + self.scored - tally.count,
            failed: self.failed,
            unpredicted: self.unpredicted,
        };
        // Where nothing was promised but named feedback came, that is all there is.
        let has_main = self.is_told || self.main.count > 0 || self.subs.is_empty();
        let main = has_main.then(|| (self.key.clone(), self.main.finish(counts(&self.main))));
        let subs = self.subs.iter().map(|(name, tally)| (format!("{}/{name}", self.key), tally.finish(counts(tally))));
        main.into_iter().chain(subs).collect()
    }
}

/// Where nothing is declared, as for sub-feedback, the first value says what it is.
fn kind_of(value: &Value) -> AggregateKind {
    match value {
        Value::Boolean(_) => AggregateKind::Rate,
        Value::Number(_) => AggregateKind::Mean,
        Value::Text(_) | Value::Booleans(_) | Value::Numbers(_) | Value::Texts(_) => AggregateKind::Text,
    }
}

/// The values of one verdict.
struct Tally {
    kind: AggregateKind,
    count: u64,
    passed: u64,
    moments: Moments,
    labels: BTreeMap<String, u64>,
}

impl Tally {
    fn new(kind: AggregateKind) -> Self {
        Self { kind, count: 0, passed: 0, moments: Moments::default(), labels: BTreeMap::new() }
    }

    fn add(&mut self, value: &Value) {
        self.count += 1;
        match (self.kind, value) {
            (AggregateKind::Rate, Value::Boolean(value)) => self.passed += u64::from(*value),
            (AggregateKind::Mean, Value::Number(value)) => self.moments.add(*value),
            (AggregateKind::Categorical, Value::Text(label)) => *self.labels.entry(label.clone()).or_default() += 1,
            (AggregateKind::Text, _) => {}
            // Values of several kinds have no number.
            _ => (self.kind, self.passed) = (AggregateKind::Text, 0),
        }
    }

    fn finish(&self, counts: Counts) -> Aggregate {
        let (value, interval) = match self.kind {
            AggregateKind::Rate => {
                let share = (self.count > 0).then(|| self.passed as f64 / self.count as f64);
                (share, wilson(self.passed, self.count, 0.95))
            }
            AggregateKind::Mean => (self.moments.mean(), self.moments.interval(0.95)),
            AggregateKind::Categorical | AggregateKind::Text | AggregateKind::Corpus => (None, None),
        };
        let (lower, upper) = interval.map(|interval| (interval.lower, interval.upper)).unzip();
        let labels = if self.kind == AggregateKind::Categorical { self.labels.clone() } else { BTreeMap::new() };
        Aggregate { kind: self.kind, value, lower, upper, counts, note: None, failure: None, labels }
    }
}

#[cfg(test)]
mod tests;
