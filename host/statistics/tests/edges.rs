//! What nobody computes on purpose: nothing, one value, equal values, numbers too large to square. Whatever comes out is a
//! number or none.

use statistics::agreement::alpha::Ratings;
use statistics::agreement::{Confusion, Level, Weights, kappa};
use statistics::cluster::{Clustered, weighted};
use statistics::mcnemar::Table;
use statistics::mean::Moments;
use statistics::power::{self, Demand};
use statistics::sequence::Sequence;
use statistics::trials::Rows;
use statistics::{
    Estimate, Interval, bootstrap, distribution, effect, line, missing, multiple, permutation, powered, quantile,
    share, wilcoxon,
};

const SAMPLES: &[&[f64]] = &[
    &[],
    &[0.0],
    &[3.0],
    &[0.0, 0.0, 0.0],
    &[2.5, 2.5, 2.5, 2.5],
    &[1.0, -1.0],
    &[1e300, -1e300, 1e300],
    &[f64::MAX, f64::MAX],
    &[5e-324, 0.0, 5e-324],
    &[f64::NAN, 1.0, 2.0],
    &[f64::INFINITY, 1.0],
    &[1e15, 1e15 + 1.0, 1e15 + 2.0],
];

#[track_caller]
fn finite(values: impl IntoIterator<Item = Option<f64>>, of: &[f64]) {
    values.into_iter().flatten().for_each(|value| assert!(value.is_finite(), "{value} of {of:?}"));
}

fn ends(interval: Option<Interval>) -> [Option<f64>; 2] {
    [interval.map(|interval| interval.lower), interval.map(|interval| interval.upper)]
}

fn parts(estimate: Option<Estimate>) -> Vec<Option<f64>> {
    let Some(estimate) = estimate else { return Vec::new() };
    let mut parts = vec![Some(estimate.value), Some(estimate.error), Some(estimate.test(0.0).p)];
    parts.push(Some(estimate.non_inferior(0.1).p));
    parts
}

#[test]
fn nothing_is_nan_whatever_the_sample() {
    for sample in SAMPLES {
        let moments: Moments = sample.iter().copied().collect();
        finite([moments.mean(), moments.variance(), effect::cohens_dz(&moments)], sample);
        finite(parts(moments.estimate()), sample);
        finite(ends(moments.interval(0.95)), sample);
        finite(parts(weighted(sample.iter().map(|&value| (1.0, value)))), sample);
        finite(parts(weighted(sample.iter().map(|&value| (value, 1.0)))), sample);
        finite(ends(bootstrap::mean(sample, 0.95, 50, 1)), sample);
        finite([permutation::sign_flip(sample, 50, 1)], sample);
        let ranks = wilcoxon::signed_rank(sample);
        finite([ranks.map(|ranks| ranks.test.p), ranks.map(|ranks| ranks.biserial())], sample);
        finite(
            ends(missing::bounds(moments.mean(), sample.len() as f64, 2.0, Interval { lower: 0.0, upper: 1.0 })),
            sample,
        );
        let pairs: Vec<_> = sample.iter().map(|&value| (value, value)).collect();
        finite(parts(powered::mean(&pairs, &moments).map(|found| found.estimate)), sample);
        finite(parts(powered::mean(&pairs, &Moments::default()).map(|found| found.estimate)), sample);
        finite(parts(line::slope(&pairs)), sample);
        let mut rows = Rows::default();
        rows.add(&moments);
        rows.add(&moments);
        finite([rows.components().map(|of| of.within), rows.components().and_then(|of| of.share_between())], sample);
        for level in [Level::Nominal, Level::Ordinal, Level::Interval] {
            let ratings = Ratings::new([*sample, *sample], level);
            finite([ratings.alpha()], sample);
            finite(ends(ratings.interval(0.95, 20, 1)), sample);
        }
        let mut sequence = Sequence::new(Interval { lower: 0.0, upper: 1.0 }, 0.05);
        sample.iter().for_each(|&value| sequence.add(value));
        finite(ends(Some(sequence.interval())), sample);
    }
}

#[test]
fn tables_of_any_size_have_an_answer() {
    const COUNTS: [u64; 4] = [0, 1, 7, 1_000_000_000];
    let counts = || COUNTS.into_iter();
    let pairs = || counts().flat_map(move |one| counts().map(move |other| (one, other)));
    for ((both, only_a), (only_b, neither)) in pairs().flat_map(|first| pairs().map(move |second| (first, second))) {
        let table = Table { both, only_a, only_b, neither };
        let of = [both, only_a, only_b, neither].map(|count| count as f64);
        let p = table.exact().p;
        assert!((0.0..=1.0).contains(&p), "{p} of {table:?}");
        finite([table.difference(), effect::cohens_g(&table), effect::odds_ratio(&table)], &of);
        finite(ends(table.interval(0.95)), &of);
        if let (Some(interval), Some(difference)) = (table.interval(0.95), table.difference()) {
            assert!(interval.lower <= difference + 1e-12 && difference <= interval.upper + 1e-12, "{interval:?}");
        }
        let mut pairs = Confusion::new(2);
        [(0, 0, both), (0, 1, only_a), (1, 0, only_b), (1, 1, neither)]
            .into_iter()
            .for_each(|(truth, said, times)| pairs.add_many(truth, said, times));
        for weights in [Weights::None, Weights::Linear, Weights::Quadratic] {
            finite(parts(kappa::kappa(&pairs, weights)), &of);
        }
        finite([pairs.macro_scores().map(|scores| scores.f1)], &of);
    }
    assert_eq!(kappa::kappa(&Confusion::new(0), Weights::Linear), None);
}

#[test]
fn plans_for_the_impossible_are_none() {
    let demand = Demand::default();
    assert_eq!(power::rows_for_mean(1.0, 0.0, demand), None);
    assert_eq!(power::rows_for_mean(0.0, 0.0, demand), None);
    assert_eq!(power::detectable_mean(1.0, 0, demand), None);
    assert_eq!(power::rows_for_paired_shares(0.1, 0.2, demand), None);
    assert_eq!(power::rows_for_paired_shares(0.0, 0.0, demand), None);
    assert_eq!(power::detectable_paired_share(0.2, 3, demand), None);
    assert_eq!(power::rows_for_share(0.5, 0.5, demand), None);
    assert_eq!(power::rows_for_share(0.5, 1.5, demand), None);
}

#[test]
fn empty_samples_have_no_quantiles_and_no_p_values() {
    assert_eq!(quantile::nearest_rank(0, 0.5), None);
    assert_eq!(quantile::interpolated(&[], 0.5), None);
    assert_eq!(quantile::bounding_ranks(0, 0.5, 0.95), None);
    assert_eq!(quantile::nearest_rank(3, 0.0), Some(0));
    assert_eq!(quantile::nearest_rank(3, 1.0), Some(2));
    assert!(multiple::holm(&[]).is_empty() && multiple::benjamini_hochberg(&[]).is_empty());
}

#[test]
fn one_cluster_says_nothing_of_others() {
    let mut one = Clustered::default();
    (0..10).for_each(|value| one.add(0, 1.0, f64::from(value)));
    assert_eq!((one.mean(), one.estimate(), share::clustered(&one, 0.95)), (Some(4.5), None, None));
}

#[test]
fn counts_of_a_thousand_million_keep_their_digits() {
    let found = share::wilson(500_000_000, 1_000_000_000, 0.95).expect("rows");
    assert!((found.width() - 2.0 * 1.959_963_984_540_054 * (0.25e-9_f64).sqrt()).abs() < 1e-12, "{found:?}");
    let middle = distribution::binomial(499_999_999, 999_999_999, 0.5);
    assert!((middle - 0.5).abs() < 1e-12, "{middle}");
}
