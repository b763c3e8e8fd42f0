//! P-values of several tests at once.

/// Holm's adjusted p-values (Holm 1979, Scandinavian Journal of Statistics 6:65–70), in the order of `values`: what is at or
/// below α is found with an error of at most α over all of them together.
#[must_use]
pub fn holm(values: &[f64]) -> Vec<f64> {
    let count = values.len();
    let mut adjusted = vec![0.0; count];
    let mut before: f64 = 0.0;
    for (rank, index) in ascending(values).into_iter().enumerate() {
        before = before.max(values[index] * (count - rank) as f64).min(1.0);
        adjusted[index] = before;
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values (1995, JRSS B 57:289–300), in the order of `values`: of what is at or below α a
/// share of at most α is expected to be false.
#[must_use]
pub fn benjamini_hochberg(values: &[f64]) -> Vec<f64> {
    let count = values.len();
    let mut adjusted = vec![0.0; count];
    let mut after: f64 = 1.0;
    for (rank, index) in ascending(values).into_iter().enumerate().rev() {
        after = after.min(values[index] * count as f64 / (rank + 1) as f64);
        adjusted[index] = after;
    }
    adjusted
}

fn ascending(values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&left, &right| values[left].total_cmp(&values[right]));
    order
}
