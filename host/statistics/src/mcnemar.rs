//! Two ways to pass or fail, tried on the same rows.

use crate::distribution::binomial;
use crate::share::wilson;
use crate::{Interval, Test};

/// How often which of A and B passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub both: u64,
    pub only_a: u64,
    pub only_b: u64,
    pub neither: u64,
}

impl Table {
    pub fn add(&mut self, a: bool, b: bool) {
        let count = match (a, b) {
            (true, true) => &mut self.both,
            (true, false) => &mut self.only_a,
            (false, true) => &mut self.only_b,
            (false, false) => &mut self.neither,
        };
        *count += 1;
    }

    #[must_use]
    pub fn count(&self) -> u64 {
        self.both + self.only_a + self.only_b + self.neither
    }

    /// Rows on which A and B differ.
    #[must_use]
    pub fn discordant(&self) -> u64 {
        self.only_a + self.only_b
    }

    /// The share that passes with B less that with A; none without rows.
    #[must_use]
    pub fn difference(&self) -> Option<f64> {
        (self.count() > 0).then(|| (self.only_b as f64 - self.only_a as f64) / self.count() as f64)
    }

    /// McNemar's test in its exact form (McNemar 1947, Psychometrika 12:153–157): of rows on which A and B differ, each side is
    /// as probable. On both sides, as twice the smaller tail, like statsmodels' `mcnemar(exact=True)`; the statistic is the
    /// smaller count.
    #[must_use]
    pub fn exact(&self) -> Test {
        let smaller = self.only_a.min(self.only_b);
        Test { statistic: smaller as f64, p: (2.0 * binomial(smaller, self.discordant(), 0.5)).min(1.0) }
    }

    /// The interval of the difference, B less A (Newcombe 1998, Statistics in Medicine 17:2635–2650, method 10): Wilson's
    /// intervals of both shares, put together with how A and B go together. None without rows.
    #[must_use]
    pub fn interval(&self, confidence: f64) -> Option<Interval> {
        let count = self.count();
        let (passed_a, passed_b) = (self.both + self.only_a, self.both + self.only_b);
        let (of_a, of_b) = (wilson(passed_a, count, confidence)?, wilson(passed_b, count, confidence)?);
        let n = count as f64;
        let (a, b) = (passed_a as f64 / n, passed_b as f64 / n);
        let correlation = self.correlation();
        // How far the difference reaches if B goes `one` way and A the `other`.
        let reach =
            |one: f64, other: f64| (one * one - 2.0 * correlation * one * other + other * other).max(0.0).sqrt();
        let lower = b - a - reach(b - of_b.lower, of_a.upper - a);
        let upper = b - a + reach(of_b.upper - b, a - of_a.lower);
        Interval { lower, upper }.within(-1.0, 1.0).finite()
    }

    /// How A and B go together, φ with the correction for continuity of method 10.
    fn correlation(&self) -> f64 {
        let [both, only_a, only_b, neither] =
            [self.both, self.only_a, self.only_b, self.neither].map(|count| count as f64);
        let margins = [both + only_a, only_b + neither, both + only_b, only_a + neither];
        if margins.contains(&0.0) {
            return 0.0;
        }
        let product = both * neither - only_a * only_b;
        let corrected = if product > 0.0 { (product - self.count() as f64 / 2.0).max(0.0) } else { product };
        corrected / margins.into_iter().map(f64::sqrt).product::<f64>()
    }
}
