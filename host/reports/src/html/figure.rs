//! Intervals as a picture: on one scale, so that they can be compared by eye.

use model::aggregate::Aggregate;
use model::gate::{Condition, Gate, Statistic};
use model::report::Report;

use crate::quantities::decimal;

/// Width of the picture and room at its ends, in units of its own.
const WIDTH: f64 = 180.0;
const MARGIN: f64 = 6.0;

/// What gates ask of the number of a scorer, by its key.
pub(super) type Threshold<'a> = (&'a str, f64);

/// Those that can be marked beside the number of all rows and its interval.
pub(super) fn thresholds(gates: &[Gate]) -> Vec<Threshold<'_>> {
    let numbers = gates.iter().flat_map(Gate::parts).filter_map(|part| match &part.condition {
        Condition::Number(number) if number.slice.is_none() => Some(number),
        _ => None,
    });
    let marked =
        numbers.filter(|number| matches!(number.statistic, Statistic::Value | Statistic::Lower | Statistic::Upper));
    marked.map(|number| (number.scorer.as_str(), number.threshold)).collect()
}

/// The part of 0 to 1 that all intervals of a report lie in, in steps of a tenth.
pub(super) struct Scale {
    from: f64,
    to: f64,
}

/// A number with its interval and what gates ask of it, as places in the picture.
pub(super) struct Whisker {
    pub(super) value: String,
    pub(super) lower: String,
    pub(super) upper: String,
    pub(super) has_interval: bool,
    pub(super) thresholds: Vec<String>,
    pub(super) told: String,
}

impl Scale {
    /// None where no number lies between 0 and 1.
    pub(super) fn of(report: &Report, asked: &[Threshold<'_>]) -> Option<Self> {
        let sliced = report.slices.iter().flat_map(|slice| &slice.scorers.0);
        let aggregates = report.scorers.0.iter().chain(sliced).map(|(_, aggregate)| aggregate);
        let drawn = aggregates.filter_map(|aggregate| {
            let ends = ends(aggregate.value?, aggregate);
            is_share(ends).then_some([ends.0, ends.1])
        });
        let drawn: Vec<f64> = drawn.flatten().collect();
        if drawn.is_empty() {
            return None;
        }
        let asked = asked.iter().map(|(_, threshold)| *threshold).filter(|threshold| (0.0..=1.0).contains(threshold));
        let all = || drawn.iter().copied().chain(asked.clone());
        let from = (all().fold(1.0, f64::min) * 10.0).floor() / 10.0;
        let to = (all().fold(0.0, f64::max) * 10.0).ceil() / 10.0;
        // One value alone still needs some width to stand in.
        let to = if to - from < 0.2 { (from + 0.2).min(1.0) } else { to };
        Some(Self { from: from.min(to - 0.2), to })
    }

    /// Both ends and the middle: where they stand, and what they are called.
    pub(super) fn ticks(&self) -> Vec<(String, String)> {
        let middle = f64::midpoint(self.from, self.to);
        let ticks = [self.from, middle, self.to].into_iter();
        ticks
            .map(|at| (self.place(at), format!("{at:.2}").trim_end_matches('0').trim_end_matches('.').to_owned()))
            .collect()
    }

    /// None where the number is none between 0 and 1.
    pub(super) fn whisker(&self, key: &str, aggregate: &Aggregate, asked: &[Threshold<'_>]) -> Option<Whisker> {
        let value = aggregate.value?;
        let (lower, upper) = ends(value, aggregate);
        if !is_share((lower, upper)) {
            return None;
        }
        let of_key = asked.iter().filter(|(scorer, _)| *scorer == key);
        let has_interval = aggregate.lower.is_some() && aggregate.upper.is_some();
        let told = match has_interval {
            true => format!("{}, between {} and {}", decimal(value), decimal(lower), decimal(upper)),
            false => decimal(value),
        };
        Some(Whisker {
            value: self.place(value),
            lower: self.place(lower),
            upper: self.place(upper),
            has_interval,
            thresholds: of_key.map(|(_, threshold)| self.place(*threshold)).collect(),
            told,
        })
    }

    fn place(&self, at: f64) -> String {
        let share = ((at - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        format!("{:.1}", MARGIN + share * (WIDTH - 2.0 * MARGIN))
    }
}

fn ends(value: f64, aggregate: &Aggregate) -> (f64, f64) {
    (aggregate.lower.unwrap_or(value), aggregate.upper.unwrap_or(value))
}

fn is_share((lower, upper): (f64, f64)) -> bool {
    lower >= 0.0 && upper <= 1.0
}
