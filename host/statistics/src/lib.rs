//! What numbers allow to be said: intervals, tests, agreement, sample sizes. Every formula names its source, and every
//! one that scipy, statsmodels, scikit-learn, `krippendorff` or `ppi_py` has is checked against theirs
//! (`tests/statistics/vectors.py`).
//!
//! Nothing here knows rows, stores or files, and nothing is random but by a seed. What can't be said of so few numbers is
//! None; NaN never comes out.

pub mod agreement;
mod beta;
pub mod bootstrap;
pub mod cluster;
pub mod distribution;
pub mod effect;
mod estimate;
pub mod line;
pub mod mcnemar;
pub mod mean;
pub mod missing;
pub mod multiple;
pub mod permutation;
pub mod power;
pub mod powered;
pub mod quantile;
mod random;
pub mod sequence;
pub mod share;
pub mod trials;
pub mod wilcoxon;

pub use estimate::{Estimate, Test};

/// What lies between two numbers, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub lower: f64,
    pub upper: f64,
}

impl Interval {
    /// The part of it that a number can be in at all, as a share in 0 to 1.
    #[must_use]
    pub fn within(self, lower: f64, upper: f64) -> Self {
        Self { lower: self.lower.clamp(lower, upper), upper: self.upper.clamp(lower, upper) }
    }

    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        (self.lower..=self.upper).contains(&value)
    }

    #[must_use]
    pub fn width(&self) -> f64 {
        self.upper - self.lower
    }

    fn finite(self) -> Option<Self> {
        (self.lower.is_finite() && self.upper.is_finite()).then_some(self)
    }
}
