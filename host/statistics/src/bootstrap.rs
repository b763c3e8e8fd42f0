//! Intervals from drawing the values again and again.

use crate::Interval;
use crate::distribution::{normal, normal_quantile};
use crate::mean::Moments;
use crate::quantile::interpolated;
use crate::random::{Stream, numbers};

/// The bias-corrected and accelerated interval of a mean (Efron 1987, JASA 82:171–185) from so many `resamples`, which
/// `seed` decides; it follows the skew of the values, where Student's does not. None for fewer than two values, more than
/// 2³² of them, or no resamples.
#[must_use]
pub fn mean(values: &[f64], confidence: f64, resamples: usize, seed: u64) -> Option<Interval> {
    let moments: Moments = values.iter().copied().collect();
    let mean = moments.mean()?;
    if values.len() < 2 || resamples == 0 {
        return None;
    }
    if moments.squares() == 0.0 {
        return Some(Interval { lower: mean, upper: mean });
    }
    let bound = u32::try_from(values.len()).ok()?;
    let drawn = numbers(seed, resamples, |stream| resampled_mean(values, bound, stream));
    corrected(drawn, mean, acceleration(values, mean), confidence)
}

fn resampled_mean(values: &[f64], bound: u32, stream: &mut Stream) -> f64 {
    let sum: f64 = (0..bound).map(|_| values[stream.below(bound)]).sum();
    sum / f64::from(bound)
}

/// The acceleration of a mean: the jackknife's, which has a closed form since leaving a value out moves the mean by its
/// distance from it.
#[must_use]
pub fn acceleration(values: &[f64], mean: f64) -> f64 {
    let (squares, cubes) = values.iter().fold((0.0, 0.0), |(squares, cubes), value| {
        let distance = value - mean;
        (squares + distance.powi(2), cubes + distance.powi(3))
    });
    cubes / (6.0 * f64::powf(squares, 1.5))
}

/// The interval from what a number was on resamples, as scipy takes it (`scipy.stats.bootstrap`). None where one is not
/// finite.
#[must_use]
pub fn corrected(mut drawn: Vec<f64>, value: f64, acceleration: f64, confidence: f64) -> Option<Interval> {
    if drawn.is_empty() || !acceleration.is_finite() || drawn.iter().any(|number| !number.is_finite()) {
        return None;
    }
    drawn.sort_unstable_by(f64::total_cmp);
    let count = drawn.len() as f64;
    let below = drawn.partition_point(|&number| number < value) as f64;
    let not_above = drawn.partition_point(|&number| number <= value) as f64;
    // All of them on one side would be an infinite bias.
    let share = ((below + not_above) / (2.0 * count)).clamp(0.5 / count, 1.0 - 0.5 / count);
    let bias = normal_quantile(share);
    let end = |probability: f64| {
        let shifted = bias + normal_quantile(probability);
        interpolated(&drawn, normal(bias + shifted / (1.0 - acceleration * shifted)))
    };
    let beyond = (1.0 - confidence) / 2.0;
    Interval { lower: end(beyond)?, upper: end(1.0 - beyond)? }.finite()
}

/// The plain percentile interval (Efron & Tibshirani 1993, chapter 13), for numbers without a closed form of the jackknife.
pub(crate) fn percentile(mut drawn: Vec<f64>, confidence: f64) -> Option<Interval> {
    drawn.sort_unstable_by(f64::total_cmp);
    let beyond = (1.0 - confidence) / 2.0;
    Interval { lower: interpolated(&drawn, beyond)?, upper: interpolated(&drawn, 1.0 - beyond)? }.finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_interval() {
        let values: Vec<f64> = (0..50).map(|index| f64::from(index * index)).collect();
        assert_eq!(mean(&values, 0.95, 500, 7), mean(&values, 0.95, 500, 7));
        assert_ne!(mean(&values, 0.95, 500, 7), mean(&values, 0.95, 500, 8));
    }

    #[test]
    fn equal_values_have_an_interval_of_no_width() {
        assert_eq!(mean(&[2.0; 9], 0.95, 100, 0), Some(Interval { lower: 2.0, upper: 2.0 }));
        assert_eq!(mean(&[2.0], 0.95, 100, 0), None);
        assert_eq!(mean(&[], 0.95, 100, 0), None);
    }
}
