//! Means of independent values.

use crate::{Estimate, Interval};

/// Mean and variance in one pass (Welford 1962): sums of squares would cancel where numbers are large and alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Moments {
    count: u64,
    mean: f64,
    squares: f64,
}

impl Moments {
    pub fn add(&mut self, value: f64) {
        self.count += 1;
        let before = value - self.mean;
        self.mean += before / self.count as f64;
        self.squares += before * (value - self.mean);
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.count
    }

    /// None without values, and for values that have none.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0 && self.mean.is_finite()).then_some(self.mean)
    }

    /// The sum of squared distances from the mean.
    #[must_use]
    pub fn squares(&self) -> f64 {
        self.squares
    }

    /// Of the population that the values were drawn from; none for fewer than two.
    #[must_use]
    pub fn variance(&self) -> Option<f64> {
        (self.count > 1 && self.squares.is_finite()).then(|| self.squares / (self.count - 1) as f64)
    }

    /// The mean with its standard error; none for fewer than two values.
    #[must_use]
    pub fn estimate(&self) -> Option<Estimate> {
        let error = (self.variance()? / self.count as f64).sqrt();
        Estimate::new(self.mean, error, (self.count - 1) as f64)
    }

    /// Student's t interval around the mean (Student 1908, Biometrika 6:1–25); none for fewer than two values.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        self.estimate()?.interval(confidence).finite()
    }
}

impl FromIterator<f64> for Moments {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Self {
        let mut moments = Self::default();
        values.into_iter().for_each(|value| moments.add(value));
        moments
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
    fn the_interval_of_a_mean_is_students() {
        let moments: Moments = (1..=10).map(f64::from).collect();
        close(moments.mean().expect("values"), 5.5);
        let found = moments.interval(0.95).expect("values");
        // t(0.975, 9) = 2.262157, standard deviation 3.027650.
        close(found.upper - 5.5, 2.262_157_16 * 3.027_650_354 / 10_f64.sqrt());
        close(5.5 - found.lower, found.upper - 5.5);
    }

    #[test]
    fn one_value_has_a_mean_and_no_interval() {
        let mut moments = Moments::default();
        assert_eq!(moments.mean(), None);
        moments.add(2.0);
        assert_eq!((moments.mean(), moments.interval(0.95)), (Some(2.0), None));
    }

    #[test]
    fn large_numbers_that_are_alike_keep_their_variance() {
        let moments: Moments = [4.0, 7.0, 13.0, 16.0].into_iter().map(|value| 1e9 + value).collect();
        // Variance 30.
        close(moments.interval(0.95).expect("values").width() / 2.0, 3.182_446_305 * (30.0_f64 / 4.0).sqrt());
    }

    #[test]
    fn values_too_large_to_be_squared_have_no_interval() {
        let moments: Moments = [1e300, -1e300].into_iter().collect();
        assert_eq!(moments.interval(0.95), None);
    }
}
