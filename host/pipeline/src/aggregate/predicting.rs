//! What came of asking for outputs.

use model::prediction::Predicted;
use model::report::Predictions;
use model::run::PlannedPredictor;

use crate::latency::Times;

pub(super) struct Predicting {
    sums: Predictions,
    latencies: Times,
}

impl Predicting {
    pub(super) fn new(planned: &PlannedPredictor) -> Self {
        let not_sandboxed = planned.grant.process.iter().map(|rule| rule.run.join(" ")).collect();
        let sums = Predictions { predictor: planned.predictor.clone(), not_sandboxed, ..Predictions::default() };
        Self { sums, latencies: Times::default() }
    }

    pub(super) fn add(&mut self, predicted: &Predicted) {
        let Self { sums, latencies } = self;
        sums.answered += u64::from(predicted.outputs.is_some());
        sums.failed += u64::from(predicted.outputs.is_none());
        sums.retries += u64::from(predicted.attempts.saturating_sub(1));
        predicted.latency.into_iter().for_each(|latency| latencies.add(latency));
        let tokens =
            [(&mut sums.input_tokens, predicted.input_tokens), (&mut sums.output_tokens, predicted.output_tokens)];
        for (sum, more) in tokens {
            *sum = sum.map_or(more, |sum| Some(sum + more.unwrap_or(0)));
        }
    }

    pub(super) fn finish(self) -> Predictions {
        let Self { sums, latencies } = self;
        Predictions { latency: latencies.finish(), ..sums }
    }
}
