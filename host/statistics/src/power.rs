//! How many rows a difference takes, and which difference so many rows can show. All by the normal approximation, for tests on
//! both sides.

use crate::distribution::{bisect, normal_quantile};

/// What is asked of a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Demand {
    /// How often it may find a difference where there is none.
    pub alpha: f64,
    /// How often it has to find a difference that is there.
    pub power: f64,
}

impl Default for Demand {
    /// What is customary: 5 % and 80 %.
    fn default() -> Self {
        Self { alpha: 0.05, power: 0.8 }
    }
}

impl Demand {
    fn of_alpha(self) -> f64 {
        normal_quantile(1.0 - self.alpha / 2.0)
    }

    fn of_power(self) -> f64 {
        normal_quantile(self.power)
    }
}

/// Rows for a mean difference of paired numbers that have this standard deviation (Cohen 1988; Chow, Shao & Wang 2008, "Sample
/// Size Calculations in Clinical Research", section 3.1). None where it takes more than can be counted, as for no difference.
#[must_use]
pub fn rows_for_mean(deviation: f64, difference: f64, demand: Demand) -> Option<u64> {
    whole(((demand.of_alpha() + demand.of_power()) * deviation / difference).powi(2))
}

/// The least mean difference that so many rows show.
#[must_use]
pub fn detectable_mean(deviation: f64, rows: u64, demand: Demand) -> Option<f64> {
    (rows > 0).then(|| (demand.of_alpha() + demand.of_power()) * deviation / (rows as f64).sqrt())
}

/// Rows for a difference of paired shares where A and B differ on a share `discordant` of them (Connor 1987, Biometrics
/// 43:207–211). None where the difference is zero, or larger than `discordant`.
#[must_use]
pub fn rows_for_paired_shares(discordant: f64, difference: f64, demand: Demand) -> Option<u64> {
    if difference.abs() > discordant {
        return None;
    }
    whole((paired_distance(discordant, difference, demand) / difference).powi(2))
}

/// The least difference of paired shares that so many rows show. None where none that is possible is shown.
#[must_use]
pub fn detectable_paired_share(discordant: f64, rows: u64, demand: Demand) -> Option<f64> {
    let shows = |difference: f64| difference * (rows as f64).sqrt() >= paired_distance(discordant, difference, demand);
    shows(discordant).then(|| bisect(0.0, discordant, |difference| !shows(difference)))
}

fn paired_distance(discordant: f64, difference: f64, demand: Demand) -> f64 {
    demand.of_alpha() * discordant.sqrt() + demand.of_power() * (discordant - difference * difference).max(0.0).sqrt()
}

/// Rows that tell a share from a known one (Fleiss, Levin & Paik 2003, "Statistical Methods for Rates and Proportions",
/// section 2.5). None where both are equal, or one is not between 0 and 1.
#[must_use]
pub fn rows_for_share(known: f64, share: f64, demand: Demand) -> Option<u64> {
    if ![known, share].iter().all(|value| (0.0..=1.0).contains(value)) {
        return None;
    }
    let deviation = |share: f64| (share * (1.0 - share)).sqrt();
    let distance = demand.of_alpha() * deviation(known) + demand.of_power() * deviation(share);
    whole((distance / (share - known)).powi(2))
}

/// The next whole number.
fn whole(rows: f64) -> Option<u64> {
    (rows.is_finite() && rows < 1e18).then(|| rows.ceil().max(1.0) as u64)
}
