//! How long something took, of many times.

use std::time::Duration;

use model::report::Latency;
use statistics::quantile::nearest_rank;

/// Times in microseconds: four bytes each for quantiles that are exact.
#[derive(Default)]
pub(crate) struct Times(Vec<u32>);

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        self.0.push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
    }

    /// None where there were none.
    pub(crate) fn finish(mut self) -> Option<Latency> {
        self.0.sort_unstable();
        let seconds = |micros: u32| f64::from(micros) / 1e6;
        // The smallest value that so many do not exceed.
        let quantile = |share: f64| nearest_rank(self.0.len(), share).map_or(0.0, |rank| seconds(self.0[rank]));
        self.0.last().map(|&max| Latency {
            mean: self.0.iter().map(|&one| f64::from(one)).sum::<f64>() / self.0.len() as f64 / 1e6,
            p50: quantile(0.5),
            p90: quantile(0.9),
            p99: quantile(0.99),
            max: seconds(max),
        })
    }
}
