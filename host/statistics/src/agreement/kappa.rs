//! Cohen's kappa.

use crate::Estimate;
use crate::agreement::Confusion;

/// How much two labels agree that are not equal, in the order of labels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Not at all: labels without an order.
    None,
    /// Less in proportion to how far they are apart.
    Linear,
    /// In proportion to the square of it.
    Quadratic,
}

/// Agreement beyond chance (Cohen 1960, Educational and Psychological Measurement 20:37–46; with weights Cohen 1968,
/// Psychological Bulletin 70:213–220), with its error for large samples (Fleiss, Cohen & Everitt 1969, Psychological Bulletin
/// 72:323–327). None without pairs, and where all are of one label, so that chance alone agrees.
#[must_use]
pub fn kappa(pairs: &Confusion, weights: Weights) -> Option<Estimate> {
    let labels = pairs.labels();
    let total = pairs.total() as f64;
    let agreement = |one: usize, other: usize| {
        let apart = one.abs_diff(other) as f64 / labels.saturating_sub(1).max(1) as f64;
        match weights {
            Weights::None => f64::from(u8::from(one == other)),
            Weights::Linear => 1.0 - apart,
            Weights::Quadratic => 1.0 - apart * apart,
        }
    };
    let share = |truth: usize, said: usize| pairs.count(truth, said) as f64 / total;
    let of_truth: Vec<f64> = (0..labels).map(|label| pairs.true_of(label) as f64 / total).collect();
    let of_said: Vec<f64> = (0..labels).map(|label| pairs.said_of(label) as f64 / total).collect();
    let cells = || (0..labels).flat_map(|truth| (0..labels).map(move |said| (truth, said)));
    let observed: f64 = cells().map(|(truth, said)| share(truth, said) * agreement(truth, said)).sum();
    let expected: f64 = cells().map(|(truth, said)| of_truth[truth] * of_said[said] * agreement(truth, said)).sum();
    let beyond = 1.0 - expected;
    if beyond.is_nan() || beyond < 1e-12 {
        return None;
    }
    let kappa = (observed - expected) / beyond;
    let mean = |shares: &[f64], label: usize| -> f64 {
        shares.iter().enumerate().map(|(other, share)| share * agreement(label, other)).sum()
    };
    let with_said: Vec<f64> = (0..labels).map(|truth| mean(&of_said, truth)).collect();
    let with_truth: Vec<f64> = (0..labels).map(|said| mean(&of_truth, said)).collect();
    let squares: f64 = cells()
        .map(|(truth, said)| {
            let off = agreement(truth, said) - (with_said[truth] + with_truth[said]) * (1.0 - kappa);
            share(truth, said) * off * off
        })
        .sum();
    let variance = (squares - (kappa - expected * (1.0 - kappa)).powi(2)).max(0.0) / (beyond * beyond * total);
    Estimate::new(kappa, variance.sqrt(), f64::INFINITY)
}
