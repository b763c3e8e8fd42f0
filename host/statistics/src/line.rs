//! Straight lines through points.

use crate::Estimate;

/// By how much y grows with x, by least squares, with its error (Draper & Smith 1998, "Applied Regression Analysis", section
/// 1.4). Points are (x, y). None for fewer than three, or where all x are equal.
#[must_use]
pub fn slope(points: &[(f64, f64)]) -> Option<Estimate> {
    let n = points.len() as f64;
    if points.len() < 3 {
        return None;
    }
    let (sum_x, sum_y) = points.iter().fold((0.0, 0.0), |(sum_x, sum_y), (x, y)| (sum_x + x, sum_y + y));
    let (mean_x, mean_y) = (sum_x / n, sum_y / n);
    let squares: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let slope = together / squares;
    let rest: f64 = points.iter().map(|(x, y)| (y - mean_y - slope * (x - mean_x)).powi(2)).sum();
    Estimate::new(slope, (rest / (n - 2.0) / squares).sqrt(), n - 2.0)
}
