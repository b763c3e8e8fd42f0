//! What is not there bounds a number, instead of vanishing from it.

use crate::Interval;

/// Between what a mean would lie if so many more values, about which nothing is known, were anywhere in `range`: at the lower
/// end all of them, or at the upper (Manski 1989, Journal of Human Resources 24:343–360). `mean` is that of the `seen` values.
/// Counts may be sums of weights. None where nothing was seen and nothing is missing.
#[must_use]
pub fn bounds(mean: Option<f64>, seen: f64, missing: f64, range: Interval) -> Option<Interval> {
    let whole = seen + missing;
    let sum = match mean {
        Some(mean) => mean * seen,
        None if seen == 0.0 => 0.0,
        None => return None,
    };
    let with = |each: f64| (sum + missing * each) / whole;
    Interval { lower: with(range.lower), upper: with(range.upper) }.finite()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHARE: Interval = Interval { lower: 0.0, upper: 1.0 };

    #[test]
    fn missing_values_are_all_bad_or_all_good() {
        assert_eq!(bounds(Some(0.9), 80.0, 20.0, SHARE), Some(Interval { lower: 0.72, upper: 0.92 }));
        assert_eq!(bounds(Some(0.5), 10.0, 0.0, SHARE), Some(Interval { lower: 0.5, upper: 0.5 }));
        assert_eq!(bounds(None, 0.0, 3.0, SHARE), Some(SHARE));
        assert_eq!(bounds(None, 0.0, 0.0, SHARE), None);
    }
}
