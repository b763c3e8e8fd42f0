//! A number that a judge says of many rows, corrected by what people say of a few of them.

use crate::Estimate;
use crate::mean::Moments;

/// A corrected mean, and how far the judge was relied on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Powered {
    pub estimate: Estimate,
    /// From 0, the judge tells nothing and people alone count, to 1.
    pub reliance: f64,
}

/// The mean of what people would say of all rows, from `labelled` ones, as (people, judge), and what the judge says of the
/// others (prediction-powered inference; Angelopoulos et al. 2023, Science 382:669–674), relying on the judge as far as
/// makes the interval narrowest (Angelopoulos, Duchi & Zrnic 2023, PPI++, arXiv:2311.01453). Mean and reliance are
/// `ppi_py`'s; variances are divided by one less than counts, and Student's t replaces the normal distribution, without which
/// intervals of few labels are too narrow. None for fewer than two labelled rows.
#[must_use]
pub fn mean(labelled: &[(f64, f64)], judged: &Moments) -> Option<Powered> {
    let people: Moments = labelled.iter().map(|&(people, _)| people).collect();
    let judge: Moments = labelled.iter().map(|&(_, judge)| judge).collect();
    let Some(of_judged) = judged.mean() else {
        return Some(Powered { estimate: people.estimate()?, reliance: 0.0 });
    };
    let (n, others) = (labelled.len() as f64, judged.count() as f64);
    let (of_people, of_judge) = (people.mean()?, judge.mean()?);
    let together = labelled.iter().map(|(people, judge)| (people - of_people) * (judge - of_judge)).sum::<f64>() / n;
    let whole = judge.squares() + judged.squares() + (of_judge - of_judged).powi(2) * n * others / (n + others);
    let variance = whole / (n + others - 1.0);
    let reliance = together / ((1.0 + n / others) * variance);
    let reliance = if reliance.is_finite() { reliance.clamp(0.0, 1.0) } else { 0.0 };
    let corrections: Moments = labelled.iter().map(|(people, judge)| people - reliance * judge).collect();
    let of_others = if reliance == 0.0 { 0.0 } else { reliance * reliance * judged.variance()? / others };
    let error = (of_others + corrections.variance()? / n).sqrt();
    let estimate = Estimate::new(reliance * of_judged + corrections.mean()?, error, n - 1.0)?;
    Some(Powered { estimate, reliance })
}
