//! Wilcoxon's signed rank test.

use crate::Test;
use crate::distribution::normal;

/// Sums of the ranks of what is above and below zero.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignedRank {
    pub above: f64,
    pub below: f64,
    /// Of the smaller sum, on both sides.
    pub test: Test,
}

impl SignedRank {
    /// How far one side outweighs the other, from −1 to 1 (the matched-pairs rank-biserial correlation; Kerby 2014,
    /// Comprehensive Psychology 3:1).
    #[must_use]
    pub fn biserial(&self) -> f64 {
        (self.above - self.below) / (self.above + self.below)
    }
}

/// Whether differences lie around zero (Wilcoxon 1945, Biometrics Bulletin 1:80–83). As `scipy.stats.wilcoxon` has it: zeros
/// do not count; exact for up to 50 differences without zeros and ties, or up to 13 with them; else the normal approximation, corrected for ties
/// and not for continuity. None where all are zero, or one is not finite.
#[must_use]
pub fn signed_rank(differences: &[f64]) -> Option<SignedRank> {
    if differences.iter().any(|difference| !difference.is_finite()) {
        return None;
    }
    let mut nonzero: Vec<f64> = differences.iter().copied().filter(|&difference| difference != 0.0).collect();
    nonzero.sort_unstable_by(|left, right| left.abs().total_cmp(&right.abs()));
    let ties: Vec<&[f64]> = nonzero.chunk_by(|left, right| left.abs() == right.abs()).collect();
    // Twice the rank, which is whole where ties share one.
    let mut ranks = Vec::with_capacity(nonzero.len());
    for tie in &ties {
        let before = ranks.len() as u64;
        ranks.extend(std::iter::repeat_n(2 * before + tie.len() as u64 + 1, tie.len()));
    }
    let total: u64 = ranks.iter().sum();
    let above: u64 = nonzero.iter().zip(&ranks).filter(|(value, _)| **value > 0.0).map(|(_, rank)| rank).sum();
    let smaller = above.min(total - above);
    if total == 0 {
        return None;
    }
    let is_plain = ties.len() == differences.len();
    let p = if differences.len() <= if is_plain { 50 } else { 13 } {
        exact(&ranks, smaller)
    } else {
        let n = nonzero.len() as f64;
        let tied: f64 = ties.iter().map(|tie| (tie.len() as f64).powi(3) - tie.len() as f64).sum();
        let variance = (n * (n + 1.0) * (2.0 * n + 1.0) - tied / 2.0) / 24.0;
        2.0 * normal((smaller as f64 / 2.0 - n * (n + 1.0) / 4.0) / variance.sqrt())
    };
    let test = Test { statistic: smaller as f64 / 2.0, p: p.min(1.0) };
    Some(SignedRank { above: above as f64 / 2.0, below: (total - above) as f64 / 2.0, test })
}

/// How probable it is that one of the sums is at most `smaller`, each rank being of either side: all 2ⁿ ways, by their sums.
fn exact(ranks: &[u64], smaller: u64) -> f64 {
    let smaller = smaller as usize;
    let mut probabilities = vec![0.0; smaller + 1];
    probabilities[0] = 1.0;
    for &rank in ranks {
        for sum in (0..=smaller).rev() {
            let with = sum.checked_sub(rank as usize).map_or(0.0, |rest| probabilities[rest]);
            probabilities[sum] = (probabilities[sum] + with) / 2.0;
        }
    }
    2.0 * probabilities.iter().sum::<f64>()
}
