//! A test that takes nothing for granted but that a difference is as probable as its opposite.

use crate::random::{Stream, numbers};

/// Up to so many differences all ways are gone through.
const ENUMERATED: usize = 14;

/// How probable a mean of the differences at least as far from zero is, if the sign of each were chance (Fisher 1935, "The
/// Design of Experiments", section 21), on both sides. Exact for up to 14 that are not zero; for more, from so many
/// `resamples`, which `seed` decides, of which the one at hand is another (Phipson & Smyth 2010, SAGMB 9:39). None without
/// differences, or where one is not finite.
#[must_use]
pub fn sign_flip(differences: &[f64], resamples: usize, seed: u64) -> Option<f64> {
    if differences.is_empty() || differences.iter().any(|difference| !difference.is_finite()) {
        return None;
    }
    let nonzero: Vec<f64> = differences.iter().copied().filter(|&difference| difference != 0.0).collect();
    let total: f64 = nonzero.iter().sum();
    // What differs by rounding alone is as far off.
    let as_far = |sum: f64| sum.abs() >= total.abs() * (1.0 - 1e-13);
    if nonzero.len() <= ENUMERATED {
        let ways = 1_u64 << nonzero.len();
        let far = (0..ways).filter(|&signs| as_far(flipped(&nonzero, signs))).count();
        return Some(far as f64 / ways as f64);
    }
    let sums = numbers(seed, resamples, |stream| random_sum(&nonzero, stream));
    let far = sums.into_iter().filter(|&sum| as_far(sum)).count();
    Some((far + 1) as f64 / (resamples + 1) as f64)
}

fn random_sum(values: &[f64], stream: &mut Stream) -> f64 {
    values.chunks(64).map(|chunk| flipped(chunk, stream.bits())).sum()
}

/// The sum of at most 64 values, of which those whose bit is set are taken the other way.
fn flipped(values: &[f64], signs: u64) -> f64 {
    let signed = |(index, value): (usize, &f64)| f64::from_bits(value.to_bits() ^ (signs >> index << 63));
    values.iter().enumerate().map(signed).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_differences_are_close_to_what_students_t_says() {
        let differences: Vec<f64> = (0..400).map(|index| f64::from(index * 37 % 101) - 46.0).collect();
        let student =
            differences.iter().copied().collect::<crate::mean::Moments>().estimate().expect("values").test(0.0);
        let found = sign_flip(&differences, 20_000, 1).expect("values");
        assert!((found - student.p).abs() < 0.01, "{found} {student:?}");
    }

    #[test]
    fn no_differences_say_nothing_and_zeros_say_that_there_is_none() {
        assert_eq!(sign_flip(&[], 100, 0), None);
        assert_eq!(sign_flip(&[0.0; 30], 100, 0), Some(1.0));
    }
}
