//! 95 % intervals around what was counted and averaged.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Wilson's score interval for a share (Wilson 1927, JASA 22:209–212); it stays within 0 to 1 and needs no large
/// sample. None for an empty one.
pub(crate) fn wilson(passed: u64, scored: u64) -> Option<(f64, f64)> {
    /// The 97.5 % quantile of the normal distribution.
    const Z: f64 = 1.959_963_984_540_054;
    if scored == 0 {
        return None;
    }
    let n = scored as f64;
    let share = passed as f64 / n;
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    // At the ends the bound is the end itself, which rounding would miss.
    let lower = if passed == 0 { 0.0 } else { (centre - half).max(0.0) };
    let upper = if passed == scored { 1.0 } else { (centre + half).min(1.0) };
    Some((lower, upper))
}

/// Mean and variance in one pass (Welford 1962): sums of squares would cancel where numbers are large and alike.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub(crate) fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn mean(&self) -> Option<f64> {
        (self.count > 0).then_some(self.mean)
    }

    /// Student's t interval around the mean; none for fewer than two values.
    pub(crate) fn interval(&self) -> Option<(f64, f64)> {
        if self.count < 2 {
            return None;
        }
        let freedom = (self.count - 1) as f64;
        let quantile = StudentsT::new(0.0, 1.0, freedom).ok()?.inverse_cdf(0.975);
        let half = quantile * (self.squares / freedom / self.count as f64).sqrt();
        Some((self.mean - half, self.mean + half))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn close(left: f64, right: f64) {
        assert!((left - right).abs() < 1e-6, "{left} {right}");
    }

    #[test]
    fn the_interval_of_a_share_is_wilsons() {
        // Newcombe 1998, Statistics in Medicine 17:857–872, table I, method 3.
        for (passed, scored, lower, upper) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let (low, high) = wilson(passed, scored).expect("rows");
            assert!((low - lower).abs() < 6e-5 && (high - upper).abs() < 6e-5, "{passed}/{scored}: {low} {high}");
        }
        assert_eq!(wilson(3, 3).expect("rows").1, 1.0);
        assert_eq!(wilson(0, 0), None);
    }

    #[test]
    fn the_interval_of_a_mean_is_students() {
        let mut moments = Moments::default();
        (1..=10).for_each(|value| moments.add(f64::from(value)));
        close(moments.mean().expect("values"), 5.5);
        let (lower, upper) = moments.interval().expect("values");
        // t(0.975, 9) = 2.262157, standard deviation 3.027650.
        close(upper - 5.5, 2.262_157_16 * 3.027_650_354 / 10_f64.sqrt());
        close(5.5 - lower, upper - 5.5);
    }

    #[test]
    fn one_value_has_a_mean_and_no_interval() {
        let mut moments = Moments::default();
        assert_eq!(moments.mean(), None);
        moments.add(2.0);
        assert_eq!((moments.mean(), moments.interval()), (Some(2.0), None));
    }

    #[test]
    fn large_numbers_that_are_alike_keep_their_variance() {
        let mut moments = Moments::default();
        [4.0, 7.0, 13.0, 16.0].into_iter().for_each(|value| moments.add(1e9 + value));
        let (lower, upper) = moments.interval().expect("values");
        // Variance 30.
        close((upper - lower) / 2.0, 3.182_446_305 * (30.0_f64 / 4.0).sqrt());
    }
}
