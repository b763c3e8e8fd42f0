//! One verdict of two runs as a difference, with what can be said of it.

use std::collections::HashMap;

use model::aggregate::AggregateKind;
use model::comparison::{
    Bounds, Compared, Effect, EffectKind, Finding, IntervalMethod, Missing, NonInferiority, PairedTest, PassTable,
    TestKind,
};
use model::scorer::Direction;
use statistics::cluster::Clustered;
use statistics::mcnemar::Table;
use statistics::mean::Moments;
use statistics::power::{self, Demand};
use statistics::{Estimate, Interval, Test, bootstrap, effect, permutation, wilcoxon};

use crate::pairs::Pair;

/// Up to so many differences their signs are flipped; of more, Student's t is the same to three digits.
const FLIPPED: usize = 1000;
const FLIPS: usize = 10_000;

/// How numbers are made of pairs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub alpha: f64,
    pub confidence: f64,
    /// Of the bootstrap; 0 for Student's interval.
    pub resamples: usize,
    pub seed: u64,
    pub margin: Option<f64>,
    /// Whether rows depend on each other, or have weights.
    pub is_tied: bool,
}

impl Terms {
    pub(crate) fn demand(&self) -> Demand {
        Demand { alpha: self.alpha, ..Demand::default() }
    }
}

/// How a difference was found: what its interval, its tests and its power follow from.
struct Found {
    interval: Option<Interval>,
    method: IntervalMethod,
    tests: Vec<PairedTest>,
    effects: Vec<Effect>,
    table: Option<Table>,
    detectable: Option<f64>,
    /// What B − A is above, and below, with a confidence of 1 − α on that side.
    one_sided: Option<Interval>,
}

/// Compares a verdict on some rows; none where no row has it in both runs. Finding and sentence are still to come.
pub(crate) fn measure(
    key: &str,
    kind: AggregateKind,
    better: Direction,
    pairs: &[Pair],
    terms: &Terms,
) -> Option<Compared> {
    let both: Vec<(f64, f64)> = pairs.iter().filter_map(|pair| pair.a.zip(pair.b)).collect();
    let (a, b) = (weighted(pairs, |(a, _)| a)?, weighted(pairs, |(_, b)| b)?);
    let is_binary = kind == AggregateKind::Rate && both.iter().all(|(a, b)| is_whole(*a) && is_whole(*b));
    let found = match (terms.is_tied, is_binary) {
        (true, _) => tied(pairs, terms),
        (false, true) => shares(&both, terms),
        (false, false) => numbers(&both, terms),
    };
    let missing = missing(pairs);
    let table = found.table.or_else(|| is_binary.then(|| table(&both)));
    Some(Compared {
        scorer: key.to_owned(),
        kind,
        better,
        rows: both.len() as u64,
        missing,
        a,
        b,
        difference: b - a,
        lower: found.interval.map(|interval| interval.lower),
        upper: found.interval.map(|interval| interval.upper),
        method: found.method,
        bounds: (kind == AggregateKind::Rate && missing != Missing::default()).then(|| bounds(pairs)),
        table: table.map(|Table { both, only_a, only_b, neither }| PassTable { both, only_a, only_b, neither }),
        tests: found.tests,
        adjusted_p: None,
        effects: found.effects,
        detectable: found.detectable,
        settled_by: None,
        non_inferiority: terms
            .margin
            .zip(found.one_sided)
            .and_then(|(margin, sides)| non_inferior(margin, sides, better)),
        finding: Finding::NoEvidence,
        sentence: String::new(),
    })
}

/// True or false on both sides.
fn shares(both: &[(f64, f64)], terms: &Terms) -> Found {
    let table = table(both);
    let Test { statistic, p } = table.exact();
    let discordant = table.discordant() as f64 / table.count() as f64;
    let effects =
        [(EffectKind::CohensG, effect::cohens_g(&table)), (EffectKind::OddsRatio, effect::odds_ratio(&table))];
    Found {
        interval: table.interval(terms.confidence),
        method: IntervalMethod::Newcombe,
        tests: vec![PairedTest { test: TestKind::McNemar, statistic: Some(statistic), p }],
        effects: some(effects),
        table: Some(table),
        detectable: power::detectable_paired_share(discordant, table.count(), terms.demand()),
        one_sided: table.interval(1.0 - 2.0 * terms.alpha),
    }
}

/// Numbers of rows that stand for themselves.
fn numbers(both: &[(f64, f64)], terms: &Terms) -> Found {
    let differences: Vec<f64> = both.iter().map(|(a, b)| b - a).collect();
    let moments: Moments = differences.iter().copied().collect();
    let estimate = moments.estimate();
    let student = estimate.map(|estimate| (TestKind::PairedT, estimate.test(0.0)));
    let changed = differences.iter().filter(|&&difference| difference != 0.0).count();
    let flipped = (changed <= FLIPPED).then(|| permutation::sign_flip(&differences, FLIPS, terms.seed)).flatten();
    let ranks = wilcoxon::signed_rank(&differences);
    let tested = |(test, Test { statistic, p })| PairedTest { test, statistic: Some(statistic), p };
    let permuted = flipped.map(|p| PairedTest { test: TestKind::Permutation, statistic: None, p });
    let ranked = ranks.map(|ranks| tested((TestKind::Wilcoxon, ranks.test)));
    let resampled = (terms.resamples > 0)
        .then(|| bootstrap::mean(&differences, terms.confidence, terms.resamples, terms.seed))
        .flatten();
    let dz = effect::cohens_dz(&moments);
    let hedges = dz.zip(effect::hedges_correction(differences.len() as f64 - 1.0)).map(|(dz, factor)| dz * factor);
    let effects = [
        (EffectKind::CohensDz, dz),
        (EffectKind::HedgesG, hedges),
        (EffectKind::RankBiserial, ranks.map(|ranks| ranks.biserial())),
    ];
    let deviation = moments.variance().map(f64::sqrt).filter(|&deviation| deviation > 0.0);
    Found {
        interval: resampled.or_else(|| moments.interval(terms.confidence)),
        method: if resampled.is_some() { IntervalMethod::Bca } else { IntervalMethod::Student },
        tests: permuted.into_iter().chain(student.map(tested)).chain(ranked).collect(),
        effects: some(effects),
        table: None,
        detectable: deviation.and_then(|deviation| power::detectable_mean(deviation, moments.count(), terms.demand())),
        one_sided: estimate.map(|estimate| estimate.interval(1.0 - 2.0 * terms.alpha)),
    }
}

/// Anything on rows that depend on each other, or have weights.
fn tied(pairs: &[Pair], terms: &Terms) -> Found {
    let estimate = clustered(pairs).estimate();
    // Few clusters that all agree leave no error to be seen, which is no certainty.
    let test = estimate.filter(|estimate| estimate.error > 0.0 || estimate.value == 0.0).map(|estimate| {
        let Test { statistic, p } = estimate.test(0.0);
        PairedTest { test: TestKind::ClusterT, statistic: Some(statistic), p }
    });
    // The least mean that one row of this error shows: the errors of the sample itself.
    let detectable = |estimate: Estimate| power::detectable_mean(estimate.error, 1, terms.demand());
    Found {
        interval: estimate.map(|estimate| estimate.interval(terms.confidence)),
        method: IntervalMethod::ClusterRobust,
        tests: test.into_iter().collect(),
        effects: Vec::new(),
        table: None,
        detectable: estimate.and_then(detectable).filter(|&least| least > 0.0),
        one_sided: estimate.map(|estimate| estimate.interval(1.0 - 2.0 * terms.alpha)),
    }
}

fn clustered(pairs: &[Pair]) -> Clustered {
    let mut places: HashMap<u32, usize> = HashMap::new();
    let mut sums = Clustered::default();
    let mut next = 0;
    for pair in pairs {
        let Some((a, b)) = pair.a.zip(pair.b) else { continue };
        let mut new = || {
            next += 1;
            next - 1
        };
        let cluster = match pair.cluster {
            Some(cluster) => *places.entry(cluster).or_insert_with(new),
            None => new(),
        };
        sums.add(cluster, pair.weight, b - a);
    }
    sums
}

fn table(both: &[(f64, f64)]) -> Table {
    let mut table = Table::default();
    both.iter().for_each(|(a, b)| table.add(*a > 0.5, *b > 0.5));
    table
}

fn weighted(pairs: &[Pair], side: impl Fn((f64, f64)) -> f64) -> Option<f64> {
    let (mut sum, mut weight) = (0.0, 0.0);
    for (pair, both) in pairs.iter().filter_map(|pair| Some((pair, pair.a.zip(pair.b)?))) {
        sum += pair.weight * side(both);
        weight += pair.weight;
    }
    Some(sum / weight).filter(|mean| mean.is_finite())
}

fn missing(pairs: &[Pair]) -> Missing {
    let mut missing = Missing::default();
    for pair in pairs {
        match (pair.a, pair.b) {
            (Some(_), Some(_)) => {}
            (None, Some(_)) => missing.only_a += 1,
            (Some(_), None) => missing.only_b += 1,
            (None, None) => missing.both += 1,
        }
    }
    missing
}

/// Between what the difference of a rate would lie if each missing verdict were false, or true.
fn bounds(pairs: &[Pair]) -> Bounds {
    let weight: f64 = pairs.iter().map(|pair| pair.weight).sum();
    let mean = |of: fn(&Pair) -> f64| pairs.iter().map(|pair| pair.weight * of(pair)).sum::<f64>() / weight;
    let lower = mean(|pair| pair.b.unwrap_or(0.0) - pair.a.unwrap_or(1.0));
    let upper = mean(|pair| pair.b.unwrap_or(1.0) - pair.a.unwrap_or(0.0));
    Bounds { lower, upper }
}

fn non_inferior(margin: f64, sides: Interval, better: Direction) -> Option<NonInferiority> {
    let bound = match better {
        Direction::Maximize => sides.lower,
        Direction::Minimize => -sides.upper,
        Direction::Neutral => return None,
    };
    Some(NonInferiority { margin, bound, holds: bound > -margin })
}

fn is_whole(share: f64) -> bool {
    share == 0.0 || share == 1.0
}

fn some<const N: usize>(effects: [(EffectKind, Option<f64>); N]) -> Vec<Effect> {
    effects.into_iter().filter_map(|(effect, value)| Some(Effect { effect, value: value? })).collect()
}
