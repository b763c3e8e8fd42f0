//! Quantiles, and which values bound them.

use crate::distribution::binomial_quantile;

/// The place, from 0, of the smallest of `count` ascending values that at least a share `quantile` of them does not exceed
/// (nearest rank; Hyndman & Fan 1996, American Statistician 50:361–365, definition 1). None without values.
#[must_use]
pub fn nearest_rank(count: usize, quantile: f64) -> Option<usize> {
    // Of 0.07 · 100 one digit too many would be the next rank.
    let rank = (quantile * count as f64 - 1e-9).ceil().max(1.0) as usize;
    (count > 0).then(|| rank.min(count) - 1)
}

/// Between the two values that are next to it, in proportion (definition 7, numpy's). `ascending` is in ascending order. None
/// without values.
#[must_use]
pub fn interpolated(ascending: &[f64], quantile: f64) -> Option<f64> {
    let last = ascending.len().checked_sub(1)?;
    let position = quantile.clamp(0.0, 1.0) * last as f64;
    let below = (position.floor() as usize).min(last);
    let (low, high) = (ascending[below], ascending[(below + 1).min(last)]);
    Some(low + (high - low) * (position - below as f64))
}

/// The places, from 0, of two of `count` ascending values between which the population's quantile lies with at least this
/// confidence, whatever the distribution (David & Nagaraja 2003, "Order Statistics", section 7.1). None where the sample is too
/// small to bound it on both sides.
#[must_use]
pub fn bounding_ranks(count: usize, quantile: f64, confidence: f64) -> Option<(usize, usize)> {
    let beyond = (1.0 - confidence) / 2.0;
    let lower = binomial_quantile(beyond, count as u64, quantile) as usize;
    let upper = binomial_quantile(1.0 - beyond, count as u64, quantile) as usize;
    (lower > 0 && upper < count).then(|| (lower - 1, upper))
}
