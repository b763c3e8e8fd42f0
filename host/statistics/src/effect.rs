//! How large a difference is, whatever the number of rows.

use statrs::function::gamma::ln_gamma;

use crate::mcnemar::Table;
use crate::mean::Moments;

/// Cohen's d of paired values, d_z (Cohen 1988, "Statistical Power Analysis", section 2.3.5): the mean of the differences over
/// their standard deviation. None where that is zero, or for fewer than two.
#[must_use]
pub fn cohens_dz(differences: &Moments) -> Option<f64> {
    let found = differences.mean()? / differences.variance()?.sqrt();
    found.is_finite().then_some(found)
}

/// The factor that takes the bias of few values out of Cohen's d (Hedges 1981, Journal of Educational Statistics 6:107–128),
/// exact. None for fewer than two degrees of freedom.
#[must_use]
pub fn hedges_correction(freedom: f64) -> Option<f64> {
    if freedom < 2.0 {
        return None;
    }
    // Beyond, differences of logarithms leave fewer digits than the series.
    if freedom > 1000.0 {
        return Some(1.0 - 3.0 / (4.0 * freedom) - 7.0 / (32.0 * freedom * freedom));
    }
    let half = freedom / 2.0;
    Some((ln_gamma(half) - ln_gamma(half - 0.5) - half.ln() / 2.0).exp())
}

/// Cohen's g (Cohen 1988, chapter 5): by how much the share of rows in B's favour, of those on which A and B differ, is off a
/// half. None where they differ on none.
#[must_use]
pub fn cohens_g(table: &Table) -> Option<f64> {
    let discordant = table.discordant();
    (discordant > 0).then(|| table.only_b as f64 / discordant as f64 - 0.5)
}

/// The odds that a row on which A and B differ is in B's favour. None where none is in A's.
#[must_use]
pub fn odds_ratio(table: &Table) -> Option<f64> {
    (table.only_a > 0).then(|| table.only_b as f64 / table.only_a as f64)
}
