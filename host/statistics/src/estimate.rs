//! A number with the error that its sample leaves, from which intervals and tests follow.

use crate::Interval;
use crate::distribution::{normal_quantile, student_quantile, student_two_sided};

/// A mean or a difference, its standard error, and how well that error is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub value: f64,
    /// The standard error; zero where all numbers are equal.
    pub error: f64,
    /// Degrees of freedom of Student's distribution; infinite for the normal one.
    pub freedom: f64,
}

/// A test of a hypothesis.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Test {
    pub statistic: f64,
    /// How probable a statistic at least as far off would be if the hypothesis held.
    pub p: f64,
}

impl Estimate {
    /// None where a number is not finite.
    pub(crate) fn new(value: f64, error: f64, freedom: f64) -> Option<Self> {
        (value.is_finite() && error.is_finite()).then_some(Self { value, error, freedom })
    }

    /// The interval around it that covers the true number with this confidence.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Interval {
        let half = self.half(confidence);
        Interval { lower: self.value - half, upper: self.value + half }
    }

    /// Half the width of the interval: what stands behind `±`.
    #[must_use]
    pub fn half(&self, confidence: f64) -> f64 {
        if self.error == 0.0 { 0.0 } else { student_quantile(confidence, self.freedom) * self.error }
    }

    /// Whether the true number is this one, by Student's t, on both sides. An estimate without error is either that number,
    /// with p = 1, or not, with p = 0.
    #[must_use]
    pub fn test(&self, hypothesis: f64) -> Test {
        let off = self.value - hypothesis;
        if off == 0.0 {
            return Test { statistic: 0.0, p: 1.0 };
        }
        let statistic = off / self.error;
        Test { statistic, p: student_two_sided(statistic, self.freedom) }
    }

    /// What the true number is above with this confidence: one side, as of non-inferiority.
    #[must_use]
    pub fn lower_bound(&self, confidence: f64) -> f64 {
        self.interval(2.0 * confidence - 1.0).lower
    }

    /// Whether the true difference is above `-margin`, one-sided (Food and Drug Administration 2016, "Non-Inferiority
    /// Clinical Trials to Establish Effectiveness"). The p-value is that of a difference of exactly `-margin`.
    #[must_use]
    pub fn non_inferior(&self, margin: f64) -> Test {
        let Test { statistic, p } = self.test(-margin);
        Test { statistic, p: if statistic > 0.0 { p / 2.0 } else { 1.0 - p / 2.0 } }
    }

    /// How many times as large a sample leaves an interval of half this width, roughly.
    #[must_use]
    pub fn times_for_half(&self, half: f64, confidence: f64) -> f64 {
        (normal_quantile(0.5 + confidence / 2.0) * self.error / half).powi(2)
    }
}
