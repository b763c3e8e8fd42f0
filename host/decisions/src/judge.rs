//! How far a judge can be trusted: the numbers of its card, and what they come down to.

mod sentence;

use std::collections::{BTreeMap, BTreeSet};

use model::card::{Agreement, Consistency, Corrected, LabelScores, Measured, NextLabels, Scale};
use statistics::agreement::alpha::Ratings;
use statistics::agreement::kappa::kappa;
use statistics::agreement::{Confusion, Level, Weights};
use statistics::mean::Moments;
use statistics::{Estimate, Interval, line, powered, share};

pub use sentence::sentence;

const CONFIDENCE: f64 = 0.95;
const RESAMPLES: usize = 1000;

/// How far the judge agrees with people: pairs are (people, judge). None without pairs, and where labels of an interval scale are
/// no numbers. `seed` decides the resamples of alpha's interval.
#[must_use]
pub fn agreement(pairs: &[(String, String)], scale: Scale, seed: u64) -> Option<Agreement> {
    let labels = labels(pairs);
    let place = |label: &String| labels.iter().position(|known| known == label);
    let mut confusion = Confusion::new(labels.len());
    let mut units = Vec::with_capacity(pairs.len());
    for (people, judge) in pairs {
        let (people, judge) = (place(people)?, place(judge)?);
        confusion.add(people, judge);
        let position = |place: usize| match scale {
            Scale::Interval => labels[place].parse().ok().filter(|number: &f64| number.is_finite()),
            Scale::Nominal | Scale::Ordinal => Some(place as f64),
        };
        units.push([position(people)?, position(judge)?]);
    }
    let (weights, level) = match scale {
        Scale::Nominal => (Weights::None, Level::Nominal),
        Scale::Ordinal => (Weights::Linear, Level::Ordinal),
        Scale::Interval => (Weights::Quadratic, Level::Interval),
    };
    let rows = pairs.len() as u64;
    let ratings = Ratings::new(units.iter().map(<[f64; 2]>::as_slice), level);
    let alpha = ratings.alpha().map(|value| measured(value, ratings.interval(CONFIDENCE, RESAMPLES, seed), rows));
    let kappa = kappa(&confusion, weights).map(|found| estimated(found, rows, (-1.0, 1.0)));
    Some(Agreement {
        confusion: (0..labels.len())
            .map(|people| (0..labels.len()).map(|judge| confusion.count(people, judge)).collect())
            .collect(),
        accuracy: share_of(confusion.agreed(), rows)?,
        kappa,
        alpha,
        macro_f1: confusion.macro_scores()?.f1,
        by_label: (0..labels.len())
            .map(|label| confusion.scores(label))
            .map(|of| LabelScores { precision: of.precision, recall: of.recall, f1: of.f1 })
            .collect(),
        labels,
    })
}

/// Every label, in the order of numbers where all of them are.
fn labels(pairs: &[(String, String)]) -> Vec<String> {
    let all: BTreeSet<&String> = pairs.iter().flat_map(|(people, judge)| [people, judge]).collect();
    let mut labels: Vec<String> = all.into_iter().cloned().collect();
    let numbers: Option<Vec<f64>> = labels.iter().map(|label| label.parse().ok()).collect();
    if numbers.is_some() {
        let number = |label: &String| label.parse().unwrap_or(0.0_f64);
        labels.sort_by(|left, right| number(left).total_cmp(&number(right)));
    }
    labels
}

/// How far the judge agrees with itself: the verdicts on each row that was asked about more than once. None without such rows.
#[must_use]
pub fn consistency(rows: &[Vec<String>]) -> Option<Consistency> {
    let repeated = || rows.iter().filter(|verdicts| verdicts.len() > 1);
    let same: Moments = repeated().map(|verdicts| agreeing(verdicts)).collect();
    let unanimous = repeated().filter(|verdicts| verdicts.iter().all(|verdict| *verdict == verdicts[0])).count() as u64;
    let count = same.count();
    let interval = same.interval(CONFIDENCE).map(|interval| interval.within(0.0, 1.0));
    Some(Consistency { same: measured(same.mean()?, interval, count), unanimous: share_of(unanimous, count)? })
}

/// The share of pairs of verdicts that are the same.
fn agreeing(verdicts: &[String]) -> f64 {
    let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
    verdicts.iter().for_each(|verdict| *counts.entry(verdict).or_default() += 1.0);
    let n = verdicts.len() as f64;
    counts.values().map(|count| count * (count - 1.0)).sum::<f64>() / (n * (n - 1.0))
}

/// How often a verdict on a pair changes with the order in which it is shown: whether it did, of each pair. None without pairs.
#[must_use]
pub fn order_flips(flipped: &[bool]) -> Option<Measured> {
    share_of(flipped.iter().filter(|flipped| **flipped).count() as u64, flipped.len() as u64)
}

/// By how much a verdict grows when the answer is twice as long. Rows are (length, verdict), the length in whatever unit; where
/// people have labelled them, the verdict less the label tells a bias from longer answers that are better. None for fewer than
/// three rows, or where all are as long. Rows without a length do not count.
#[must_use]
pub fn length_slope(rows: &[(f64, f64)]) -> Option<Measured> {
    let points: Vec<_> =
        rows.iter().filter(|(length, _)| *length > 0.0).map(|(length, y)| (length.log2(), *y)).collect();
    line::slope(&points).map(|found| estimated(found, points.len() as u64, (f64::NEG_INFINITY, f64::INFINITY)))
}

/// What people would say of all rows: `labelled` are (people, judge), `judged` what the judge says of the others. True is 1.
/// None for fewer than two labelled rows.
#[must_use]
pub fn corrected(labelled: &[(f64, f64)], judged: &[f64]) -> Option<Corrected> {
    let others: Moments = judged.iter().copied().collect();
    let found = powered::mean(labelled, &others)?;
    let people: Moments = labelled.iter().map(|(people, _)| *people).collect();
    let all: Moments = labelled.iter().map(|(_, judge)| *judge).chain(judged.iter().copied()).collect();
    Some(Corrected {
        corrected: estimated(found.estimate, all.count(), (f64::NEG_INFINITY, f64::INFINITY)),
        judged: all.mean()?,
        people: measured(people.mean()?, people.interval(CONFIDENCE), people.count()),
        reliance: found.reliance,
    })
}

/// Which of the rows without a label, by their ids and verdicts, are to be labelled next, up to `most` of each kind. `seed`
/// decides the draw, and the more rows are asked for the more are added to the same.
#[must_use]
pub fn next_labels(rows: &[(String, Vec<String>)], most: usize, seed: u64) -> NextLabels {
    let mut drawn: Vec<&String> = rows.iter().map(|(id, _)| id).collect();
    drawn.sort_by_cached_key(|id| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&seed.to_le_bytes()).update(id.as_bytes());
        *hasher.finalize().as_bytes()
    });
    let repeated = rows.iter().filter(|(_, verdicts)| verdicts.len() > 1);
    let mut unsure: Vec<(f64, &String)> = repeated.map(|(id, verdicts)| (agreeing(verdicts), id)).collect();
    unsure.retain(|(same, _)| *same < 1.0);
    unsure.sort_by(|left, right| left.0.total_cmp(&right.0).then(left.1.cmp(right.1)));
    NextLabels {
        drawn: drawn.into_iter().take(most).cloned().collect(),
        unsure: unsure.into_iter().take(most).map(|(_, id)| id.clone()).collect(),
    }
}

fn share_of(part: u64, whole: u64) -> Option<Measured> {
    let interval = share::wilson(part, whole, CONFIDENCE)?;
    Some(measured(part as f64 / whole as f64, Some(interval), whole))
}

fn estimated(found: Estimate, of: u64, (least, most): (f64, f64)) -> Measured {
    measured(found.value, Some(found.interval(CONFIDENCE).within(least, most)), of)
}

fn measured(value: f64, interval: Option<Interval>, of: u64) -> Measured {
    Measured { value, lower: interval.map(|of| of.lower), upper: interval.map(|of| of.upper), of }
}
