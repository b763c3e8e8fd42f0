//! Whether intervals and tests keep what they promise: thousands of samples of known populations, with fixed seeds.
//! Prints a table, and fails where a promise is broken. `cargo bench -p statistics`

#![expect(clippy::print_stdout, reason = "figures are what it is for")]

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use statistics::cluster::Clustered;
use statistics::distribution::normal_quantile;
use statistics::mcnemar::Table;
use statistics::mean::Moments;
use statistics::multiple::holm;
use statistics::sequence::{Sequence, Threshold};
use statistics::{Interval, bootstrap, permutation, powered, quantile, share, wilcoxon};

const SHARE: Interval = Interval { lower: 0.0, upper: 1.0 };

struct Draws(ChaCha8Rng);

impl Draws {
    fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Between 0 and 1, neither included.
    fn uniform(&mut self) -> f64 {
        ((self.0.next_u64() >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        normal_quantile(self.uniform())
    }

    fn is(&mut self, share: f64) -> f64 {
        f64::from(u8::from(self.uniform() < share))
    }
}

/// One promise: a figure, and between what it has to lie.
struct Row {
    what: String,
    figure: f64,
    promised: (f64, f64),
}

/// The share of samples of which something holds.
fn of(samples: u64, seed: u64, holds: impl Fn(&mut Draws) -> bool) -> f64 {
    let hits = (0..samples).filter(|sample| holds(&mut Draws::new(seed * 1_000_000 + sample))).count();
    hits as f64 / samples as f64
}

fn main() {
    const COVERS: (f64, f64) = (0.94, 0.96);
    const AT_LEAST: (f64, f64) = (0.94, 1.0);
    const RARELY: (f64, f64) = (0.0, 0.05);
    let mut rows = Vec::new();
    let mut add = |what: String, figure: f64, promised| rows.push(Row { what, figure, promised });

    for (rate, n) in [(0.5, 100), (0.8, 200), (0.9, 500), (0.97, 1000)] {
        let figure = of(20_000, 1, |draws| {
            let passed = (0..n).map(|_| draws.is(rate)).sum::<f64>() as u64;
            share::wilson(passed, n, 0.95).is_some_and(|interval| interval.contains(rate))
        });
        add(format!("Wilson covers a rate of {rate}, {n} rows"), figure, COVERS);
    }
    for n in [10, 50, 300] {
        let figure = of(20_000, 2, |draws| {
            let moments: Moments = (0..n).map(|_| draws.normal()).collect();
            moments.interval(0.95).is_some_and(|interval| interval.contains(0.0))
        });
        add(format!("Student covers a mean, {n} rows"), figure, COVERS);
    }
    for n in [100, 400] {
        let mean = 0.5_f64.exp();
        let samples = || move |draws: &mut Draws| (0..n).map(|_| draws.normal().exp()).collect::<Vec<f64>>();
        let figure = of(4000, 3, |draws| {
            let moments: Moments = samples()(draws).into_iter().collect();
            moments.interval(0.95).is_some_and(|interval| interval.contains(mean))
        });
        add(format!("Student covers a mean of skewed (lognormal) numbers, {n} rows"), figure, (0.0, 1.0));
        let figure = of(4000, 3, |draws| {
            bootstrap::mean(&samples()(draws), 0.95, 1000, 1).is_some_and(|interval| interval.contains(mean))
        });
        add(format!("BCa covers the same, {n} rows"), figure, (0.0, 1.0));
    }
    let skewed = |draws: &mut Draws| -> Vec<f64> { (0..200).map(|_| -draws.uniform().ln()).collect() };
    let figure = of(4000, 4, |draws| {
        bootstrap::mean(&skewed(draws), 0.95, 1000, 1).is_some_and(|interval| interval.contains(1.0))
    });
    add("BCa covers a mean of exponential numbers, 200 rows".into(), figure, COVERS);
    let figure = of(20_000, 5, |draws| {
        let mut values: Vec<f64> = (0..200).map(|_| draws.uniform()).collect();
        values.sort_by(f64::total_cmp);
        quantile::bounding_ranks(200, 0.9, 0.95).is_some_and(|(low, high)| values[low] <= 0.9 && 0.9 <= values[high])
    });
    add("ranks cover the 90 % quantile, 200 rows".into(), figure, AT_LEAST);

    for clusters in [20, 40, 100] {
        let sample = |draws: &mut Draws, is_rate: bool| {
            let mut sums = Clustered::default();
            for cluster in 0..clusters {
                let (size, common) = (2 + cluster % 9, draws.normal());
                for _ in 0..size {
                    let value = 0.7 * common + 0.51_f64.sqrt() * draws.normal();
                    sums.add(
                        cluster,
                        1.0,
                        if is_rate { f64::from(u8::from(value < normal_quantile(0.85))) } else { value },
                    );
                }
            }
            sums
        };
        let figure = of(20_000, 6, |draws| {
            sample(draws, false).estimate().is_some_and(|estimate| estimate.interval(0.95).contains(0.0))
        });
        add(format!("CR1 covers a mean of {clusters} clusters of 2 to 10 rows"), figure, COVERS);
        let figure = of(20_000, 7, |draws| {
            share::clustered(&sample(draws, true), 0.95).is_some_and(|interval| interval.contains(0.85))
        });
        add(format!("Wilson of the effective size covers a rate of {clusters} clusters"), figure, COVERS);
        let figure = of(20_000, 7, |draws| {
            sample(draws, true).estimate().is_some_and(|estimate| estimate.interval(0.95).contains(0.85))
        });
        add("  where CR1 with Student's t covers".into(), figure, (0.0, 1.0));
    }
    for n in [100, 500] {
        let pair = |draws: &mut Draws| {
            let hard = draws.uniform();
            (hard * 0.5 + draws.uniform() * 0.5 < 0.6, hard * 0.5 + draws.uniform() * 0.5 < 0.65)
        };
        let shares = {
            let mut draws = Draws::new(99);
            let mut table = Table::default();
            (0..4_000_000).for_each(|_| {
                let (a, b) = pair(&mut draws);
                table.add(a, b);
            });
            table.difference().unwrap_or(0.0)
        };
        let figure = of(20_000, 8, |draws| {
            let mut table = Table::default();
            (0..n).for_each(|_| {
                let (a, b) = pair(draws);
                table.add(a, b);
            });
            table.interval(0.95).is_some_and(|interval| interval.contains(shares))
        });
        add(format!("Newcombe covers a difference of paired rates, {n} rows"), figure, COVERS);
    }

    let figure = of(5000, 9, |draws| {
        let tests: Vec<f64> = (0..10).map(|_| null_p(draws)).collect();
        holm(&tests).into_iter().any(|p| p <= 0.05)
    });
    add("Holm errs anywhere in 10 tests (McNemar, Wilcoxon, t in turn)".into(), figure, RARELY);
    let figure = of(2000, 10, |draws| {
        let differences: Vec<f64> = (0..30).map(|_| draws.normal().powi(3)).collect();
        permutation::sign_flip(&differences, 999, 1).is_some_and(|p| p <= 0.05)
    });
    add("sign flips err".into(), figure, (0.0, 0.06));

    for truth in [0.8, 0.9] {
        let figure = of(1000, 11, |draws| {
            let mut threshold = Threshold::new(truth, SHARE, 0.05);
            (0..2000).any(|_| {
                threshold.add(draws.is(truth));
                threshold.is_exceeded() || threshold.is_missed()
            })
        });
        add(format!("early stopping decides falsely at a threshold of {truth}, 2,000 rows"), figure, RARELY);
    }
    for (threshold, truth) in [(0.8, 0.9), (0.8, 0.7), (0.5, 0.6)] {
        let used: u64 = (0..500).map(|sample| rows_until_decided(threshold, truth, 1000, 12_000_000 + sample)).sum();
        let saved = 1.0 - used as f64 / 500.0 / 1000.0;
        add(format!("rows of 1,000 saved where {truth} is told from {threshold}"), saved, (0.3, 1.0));
    }
    let figure = of(300, 13, |draws| {
        let mut sequence = Sequence::new(SHARE, 0.05);
        (0..1000).any(|_| {
            sequence.add(draws.is(0.85));
            !sequence.interval().contains(0.85)
        })
    });
    add("a confidence sequence is ever off in 1,000 rows".into(), figure, RARELY);

    for (labels, agreement) in [(100, 0.9), (100, 0.7), (50, 0.9), (300, 0.85)] {
        let sample = |draws: &mut Draws| {
            let mut pair = || {
                let people = draws.is(0.7);
                let judge = if draws.is(agreement) > 0.5 { people } else { 1.0 - people };
                (people, judge)
            };
            let labelled: Vec<_> = (0..labels).map(|_| pair()).collect();
            let judged: Moments = (0..2000).map(|_| pair().1).collect();
            (labelled, judged)
        };
        let (mut covered, mut width, mut plain) = (0, 0.0, 0.0);
        for seed in 0..4000 {
            let (labelled, judged) = sample(&mut Draws::new(14_000_000 + seed));
            let people: Moments = labelled.iter().map(|pair| pair.0).collect();
            let Some(found) = powered::mean(&labelled, &judged) else { continue };
            let interval = found.estimate.interval(0.95);
            covered += u32::from(interval.contains(0.7));
            width += interval.width();
            plain += people.interval(0.95).map_or(0.0, |interval| interval.width());
        }
        let name = format!("{labels} labels and a judge that is right on {:.0} %", agreement * 100.0);
        add(format!("prediction-powered covers, {name}"), f64::from(covered) / 4000.0, COVERS);
        add("  its width beside that of people alone".into(), width / plain, (0.0, 1.0));
    }

    let mut broken = 0;
    println!("| what | figure | promised |\n| --- | --- | --- |");
    for Row { what, figure, promised: (low, high) } in rows {
        let holds = (low..=high).contains(&figure);
        broken += u32::from(!holds);
        let promised = if (low, high) == (0.0, 1.0) { "–".to_owned() } else { format!("{low} to {high}") };
        println!("| {what} | {figure:.4}{} | {promised} |", if holds { "" } else { " (!)" });
    }
    assert_eq!(broken, 0, "promises are broken");
}

/// A test of two things that are the same.
fn null_p(draws: &mut Draws) -> f64 {
    match draws.uniform() {
        kind if kind < 1.0 / 3.0 => {
            let mut table = Table::default();
            (0..200).for_each(|_| table.add(draws.is(0.8) > 0.5, draws.is(0.8) > 0.5));
            table.exact().p
        }
        kind => {
            let differences: Vec<f64> = (0..60).map(|_| draws.normal()).collect();
            let student = differences.iter().copied().collect::<Moments>().estimate().map(|of| of.test(0.0).p);
            let ranks = wilcoxon::signed_rank(&differences).map(|ranks| ranks.test.p);
            if kind < 2.0 / 3.0 { student } else { ranks }.unwrap_or(1.0)
        }
    }
}

fn rows_until_decided(threshold: f64, truth: f64, most: u64, seed: u64) -> u64 {
    let mut draws = Draws::new(seed);
    let mut decided = Threshold::new(threshold, SHARE, 0.05);
    (1..=most)
        .find(|_| {
            decided.add(draws.is(truth));
            decided.is_exceeded() || decided.is_missed()
        })
        .unwrap_or(most)
}
