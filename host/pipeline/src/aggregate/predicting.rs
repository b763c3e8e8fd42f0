//! What came of asking for outputs.

use model::prediction::Predicted;
use model::report::{Latency, Predictions};
use model::run::PlannedPredictor;
use statistics::quantile::nearest_rank;

pub(super) struct Predicting {
    sums: Predictions,
    /// Microseconds of each answer: four bytes a row for quantiles that are exact.
    latencies: Vec<u32>,
}

impl Predicting {
    pub(super) fn new(planned: &PlannedPredictor) -> Self {
        let not_sandboxed = planned.grant.process.iter().map(|rule| rule.run.join(" ")).collect();
        let sums = Predictions { predictor: planned.predictor.clone(), not_sandboxed, ..Predictions::default() };
        Self { sums, latencies: Vec::new() }
    }

    pub(super) fn add(&mut self, predicted: &Predicted) {
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

    pub(super) fn finish(self) -> Predictions {
        let Self { sums, mut latencies } = self;
        latencies.sort_unstable();
        let seconds = |micros: u32| f64::from(micros) / 1e6;
        // The smallest value that so many of the rows do not exceed.
        let quantile = |share: f64| nearest_rank(latencies.len(), share).map_or(0.0, |rank| seconds(latencies[rank]));
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
