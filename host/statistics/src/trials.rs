//! Several trials of the same row.

use crate::mean::Moments;

/// How probable it is that at least one of `k` trials passes, from `passed` of `trials`, without bias (Chen et al. 2021,
/// arXiv:2107.03374, pass@k). None for k = 0, or more than there are trials.
#[must_use]
pub fn pass_at(k: u64, passed: u64, trials: u64) -> Option<f64> {
    all_of(k, trials.checked_sub(passed)?, trials).map(|none| 1.0 - none)
}

/// How probable it is that all of `k` trials pass, without bias (Yao et al. 2024, arXiv:2406.12045, pass^k). None for k = 0, or
/// more than there are trials.
#[must_use]
pub fn pass_hat(k: u64, passed: u64, trials: u64) -> Option<f64> {
    all_of(k, passed.min(trials), trials)
}

/// `C(some, k) / C(all, k)`: the probability that `k` drawn of `all` are all of `some`.
fn all_of(k: u64, some: u64, all: u64) -> Option<f64> {
    if k == 0 || k > all {
        return None;
    }
    if k > some {
        return Some(0.0);
    }
    // Of the product's two forms the one with fewer factors.
    let rest = all - some;
    let product = if k <= rest {
        (0..k).map(|drawn| (some - drawn) as f64 / (all - drawn) as f64).product()
    } else {
        (0..rest).map(|drawn| (all - k - drawn) as f64 / (all - drawn) as f64).product()
    };
    Some(product)
}

/// Adds up trials row by row, to tell apart how much rows vary and how much trials of one row do.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rows {
    rows: u64,
    /// Trials, and the sum of their squared numbers by row.
    trials: f64,
    trials_squared: f64,
    mean: f64,
    within: f64,
    between: f64,
}

/// Variances of one-way random effects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Components {
    /// Of trials of one row.
    pub within: f64,
    /// Of rows' true means; zero where rows differ no more than trials do.
    pub between: f64,
}

impl Components {
    /// How much of all variance is between rows (intraclass correlation; Shrout & Fleiss 1979, Psychological Bulletin
    /// 86:420–428). None where nothing varies.
    #[must_use]
    pub fn share_between(&self) -> Option<f64> {
        let whole = self.within + self.between;
        (whole > 0.0).then(|| self.between / whole)
    }
}

impl Rows {
    /// Adds the trials of one row.
    pub fn add(&mut self, row: &Moments) {
        let Some(mean) = row.mean() else { return };
        let trials = row.count() as f64;
        self.rows += 1;
        self.trials += trials;
        self.trials_squared += trials * trials;
        self.within += row.squares();
        let before = mean - self.mean;
        self.mean += before * trials / self.trials;
        self.between += trials * before * (mean - self.mean);
    }

    /// The variances, by the moments of unbalanced analysis of variance (Searle, Casella & McCulloch 1992, "Variance
    /// Components", section 3.6). None for fewer than two rows, or where no row has two trials.
    #[must_use]
    pub fn components(&self) -> Option<Components> {
        let rows = self.rows as f64;
        if self.rows < 2 || self.trials <= rows {
            return None;
        }
        let within = self.within / (self.trials - rows);
        let trials_each = (self.trials - self.trials_squared / self.trials) / (rows - 1.0);
        let between = ((self.between / (rows - 1.0) - within) / trials_each).max(0.0);
        (within.is_finite() && between.is_finite()).then_some(Components { within, between })
    }
}
