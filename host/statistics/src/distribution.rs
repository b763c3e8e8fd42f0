//! The distributions that intervals and tests are read from.

use statrs::distribution::{ContinuousCDF, Normal};
use statrs::function::erf::erfc;

use crate::beta::regularized;

/// How much of the standard normal distribution is at or below `z`.
#[must_use]
pub fn normal(z: f64) -> f64 {
    0.5 * erfc(-z / std::f64::consts::SQRT_2)
}

/// The `z` that a standard normal number does not exceed with this probability, which lies between 0 and 1.
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    Normal::standard().inverse_cdf(probability)
}

/// How much of Student's distribution with so many degrees of freedom lies beyond `±t`.
#[must_use]
pub fn student_two_sided(t: f64, freedom: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    if freedom.is_infinite() {
        return 2.0 * normal(-t.abs());
    }
    let square = t * t;
    let whole = freedom + square;
    regularized(freedom / 2.0, 0.5, freedom / whole, square / whole).0
}

/// The `t` beyond which, on both sides, `1 − confidence` of Student's distribution lies. Infinite degrees of freedom are
/// the normal distribution.
#[must_use]
pub fn student_quantile(confidence: f64, freedom: f64) -> f64 {
    let beyond = 1.0 - confidence;
    let z = normal_quantile(1.0 - beyond / 2.0);
    if freedom.is_infinite() {
        return z;
    }
    let mut upper = z.max(1.0);
    while student_two_sided(upper, freedom) > beyond {
        upper *= 2.0;
    }
    bisect(0.0, upper, |t| student_two_sided(t, freedom) > beyond)
}

/// The probability of at most `successes` of `trials`.
#[must_use]
pub fn binomial(successes: u64, trials: u64, probability: f64) -> f64 {
    if successes >= trials {
        return 1.0;
    }
    let more = successes as f64 + 1.0;
    regularized((trials - successes) as f64, more, 1.0 - probability, probability).0
}

/// The least number of successes that is not exceeded with at least this probability.
#[must_use]
pub fn binomial_quantile(quantile: f64, trials: u64, probability: f64) -> u64 {
    let (mut low, mut high) = (0, trials);
    while low < high {
        let middle = low + (high - low) / 2;
        if binomial(middle, trials, probability) < quantile { low = middle + 1 } else { high = middle }
    }
    low
}

/// Where `is_before` turns false, to the last digit: as exact as the function, and with nothing to tune.
pub(crate) fn bisect(mut low: f64, mut high: f64, is_before: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return middle;
        }
        if is_before(middle) { low = middle } else { high = middle }
    }
}
