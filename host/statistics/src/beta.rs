//! The incomplete beta function, on which Student's t and the binomial distribution rest.
//!
//! `statrs` takes its factor from differences of logarithms of the gamma function, which leaves 6 digits of 16 where
//! counts are a thousand million, and ends its fraction after 140 steps. Here the factor is Loader's, whose parts do not
//! cancel, and the fraction goes on until it stands still.

use std::f64::consts::{PI, TAU};

use statrs::function::gamma::ln_gamma;

/// `I_x(a, b)` and `1 − I_x(a, b)`, both without cancellation, for positive `a` and `b`, and `y = 1 − x`.
pub(crate) fn regularized(a: f64, b: f64, x: f64, y: f64) -> (f64, f64) {
    if x <= 0.0 {
        return (0.0, 1.0);
    }
    if y <= 0.0 {
        return (1.0, 0.0);
    }
    if x > a / (a + b) {
        let upper = (factor(b, a, y, x) * fraction(b, a, y, x)).min(1.0);
        (1.0 - upper, upper)
    } else {
        let lower = (factor(a, b, x, y) * fraction(a, b, x, y)).min(1.0);
        (lower, 1.0 - lower)
    }
}

/// `x^a · y^b / B(a, b)` by the saddle-point expansion (Loader 2000, "Fast and Accurate Computation of Binomial
/// Probabilities").
fn factor(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    let logarithm = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x) - deviance(b, n * y);
    logarithm.exp() * (a * b / (TAU * n)).sqrt()
}

/// By how much Stirling's formula misses the logarithm of `Γ(z + 1)`.
fn stirling_error(z: f64) -> f64 {
    if z <= 15.0 {
        return ln_gamma(z + 1.0) - (z + 0.5) * z.ln() + z - 0.5 * (2.0 * PI).ln();
    }
    let square = z * z;
    (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - (1.0 / 1680.0 - 1.0 / 1188.0 / square) / square) / square) / square)
        / z
}

/// `x · ln(x / mean) + mean − x`, by a series where both are close.
fn deviance(x: f64, mean: f64) -> f64 {
    if (x - mean).abs() >= 0.1 * (x + mean) {
        return x * (x / mean).ln() + mean - x;
    }
    let ratio = (x - mean) / (x + mean);
    let mut sum = (x - mean) * ratio;
    let mut term = 2.0 * x * ratio;
    for odd in (3_i32..).step_by(2) {
        term *= ratio * ratio;
        let next = sum + term / f64::from(odd);
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// The continued fraction of `I_x(a, b)` in the form of Didonato and Morris (1992, ACM TOMS 18:360–373, `BFRAC`), for `x` up
/// to `a / (a + b)`; it takes about as many steps as the root of the larger of `a` and `b`.
fn fraction(a: f64, b: f64, x: f64, y: f64) -> f64 {
    // How far `x` is below, taken from the side on which it does not cancel.
    let below = if a > b { (a + b) * y - b } else { a - (a + b) * x };
    let steps = 1000 + 100 * a.max(b).sqrt() as u32;
    let first = 1.0 + 1.0 / a;
    let (mut p, mut s) = (1.0, a + 1.0);
    // Numerator and denominator, and those of the step before, scaled so that the denominator is 1.
    let (mut before, mut denominator_before, mut value) = (0.0, first / (below + 1.0), first / (below + 1.0));
    for step in 1..steps {
        let n = f64::from(step);
        let (t, w) = (n / a, n * (b - n) * x);
        let alpha = p * (p + b / a) * (a / s) * (a / s) * (w * x);
        let beta = n + w / s + (t + 1.0) / (first + t + t) * (below + 1.0 + n * (y + 1.0));
        p = t + 1.0;
        s += 2.0;
        let denominator = alpha * denominator_before + beta;
        let next = (alpha * before + beta * value) / denominator;
        (before, denominator_before) = (value / denominator, 1.0 / denominator);
        let moved = (next - value).abs();
        value = next;
        if moved <= f64::EPSILON * value {
            break;
        }
    }
    value
}
