//! Every formula beside the package that people would check it with. `tests/statistics/vectors.py` writes the numbers.

use serde_json::Value;
use statistics::agreement::{self, Confusion, Level, Weights, alpha::Ratings};
use statistics::cluster::Clustered;
use statistics::mcnemar::Table;
use statistics::mean::Moments;
use statistics::power::{self, Demand};
use statistics::sequence::Sequence;
use statistics::trials::{Rows, pass_at, pass_hat};
use statistics::{
    Estimate, Interval, bootstrap, distribution, effect, line, multiple, permutation, powered, quantile, share,
    wilcoxon,
};

/// How far closed forms may be off, relative to the number.
const CLOSED: f64 = 1e-9;

#[test]
fn every_formula_gives_what_known_packages_give() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("vectors.json")).expect("the cases");
    assert!(cases.len() > 100, "{} cases", cases.len());
    for case in &cases {
        Case { value: case }.check();
    }
}

#[derive(Clone, Copy)]
struct Case<'a> {
    value: &'a Value,
}

impl Case<'_> {
    fn check(self) {
        match self.value["of"].as_str().expect("a function") {
            "normal" => self.is(distribution::normal(self.number("z"))),
            "normal_quantile" => self.is(distribution::normal_quantile(self.number("p"))),
            "student_quantile" => {
                self.is(distribution::student_quantile(self.number("confidence"), self.number("freedom")));
            }
            "student" => self.is(distribution::student_two_sided(self.number("t"), self.number("freedom"))),
            "binomial" => {
                self.is(distribution::binomial(self.count("successes"), self.count("trials"), self.number("p")));
            }
            "wilson" => {
                let found = share::wilson(self.count("passed"), self.count("scored"), self.number("confidence"));
                self.is_interval(self.expected(), found, CLOSED);
            }
            "mean" => self.mean(),
            "clustered" => self.clustered(),
            "quantile" => self.quantile(),
            "bca" => self.bca(),
            "bootstrap_mean" => {
                let found = bootstrap::mean(&self.numbers("values"), 0.95, 100_000, 1);
                self.is_interval(self.expected(), found, 0.02);
            }
            "mcnemar" => {
                let table = self.table();
                self.near("statistic", table.exact().statistic);
                self.near("p", table.exact().p);
                self.is_interval(&self.expected()["interval"], table.interval(0.95), CLOSED);
            }
            "mcnemar_huge" => self.is(self.table().exact().p),
            "wilcoxon" => {
                let found = wilcoxon::signed_rank(&self.numbers("values")).expect("differences");
                self.near("statistic", found.test.statistic);
                self.near("p", found.test.p);
                self.near("biserial", found.biserial());
            }
            "sign_flip" => self.is(permutation::sign_flip(&self.numbers("values"), 0, 0).expect("differences")),
            "hedges" => self.is(effect::hedges_correction(self.number("freedom")).expect("freedom")),
            "rows_for_mean" => {
                let rows = power::rows_for_mean(self.number("deviation"), self.number("difference"), self.demand());
                self.is(rows.expect("rows") as f64);
            }
            "rows_for_paired_shares" => {
                let (discordant, difference) = (self.number("discordant"), self.number("difference"));
                self.is(power::rows_for_paired_shares(discordant, difference, self.demand()).expect("rows") as f64);
            }
            "detectable_paired_share" => {
                let found =
                    power::detectable_paired_share(self.number("discordant"), self.count("rows"), self.demand());
                self.is(found.expect("a difference"));
            }
            "rows_for_share" => {
                let rows = power::rows_for_share(self.number("known"), self.number("share"), self.demand());
                self.is(rows.expect("rows") as f64);
            }
            "adjusted" => {
                let values = self.numbers("values");
                self.all(&self.expected()["holm"], &multiple::holm(&values));
                self.all(&self.expected()["bh"], &multiple::benjamini_hochberg(&values));
            }
            "agreement" => self.agreement(),
            "alpha" => self.alpha(),
            "passes" => {
                let (k, passed, trials) = (self.count("k"), self.count("passed"), self.count("trials"));
                self.near("at", pass_at(k, passed, trials).expect("trials"));
                self.near("hat", pass_hat(k, passed, trials).expect("trials"));
            }
            "components" => {
                let mut rows = Rows::default();
                for row in self.given()["rows"].as_array().expect("rows") {
                    rows.add(&numbers(row).into_iter().collect());
                }
                let found = rows.components().expect("trials");
                self.near("within", found.within);
                self.near("between", found.between);
            }
            "sequence" => {
                let mut sequence = Sequence::new(Interval { lower: 0.0, upper: 1.0 }, self.number("alpha"));
                self.numbers("values").into_iter().for_each(|value| sequence.add(value));
                self.is_interval(self.expected(), Some(sequence.interval()), CLOSED);
            }
            "powered" => self.powered(),
            "slope" => {
                let points: Vec<_> = self.numbers("x").into_iter().zip(self.numbers("y")).collect();
                let found = line::slope(&points).expect("points");
                self.near("slope", found.value);
                self.near("error", found.error);
                self.near("p", found.test(0.0).p);
            }
            unknown => panic!("no function is called {unknown}"),
        }
    }

    fn mean(self) {
        let moments: Moments = self.numbers("values").into_iter().collect();
        let estimate = moments.estimate().expect("values");
        self.near("mean", estimate.value);
        self.near("lower", estimate.interval(0.95).lower);
        self.near("upper", estimate.interval(0.95).upper);
        let test = estimate.test(self.number("hypothesis"));
        self.near("statistic", test.statistic);
        self.near("p", test.p);
    }

    fn clustered(self) {
        let mut sums = Clustered::default();
        let values = self.numbers("values").into_iter().zip(self.numbers("weights")).zip(self.numbers("clusters"));
        values.for_each(|((value, weight), cluster)| sums.add(cluster as usize, weight, value));
        let found = sums.estimate().expect("clusters");
        self.near("mean", found.value);
        self.near("error", found.error);
        self.near("lower", found.interval(0.95).lower);
        self.near("upper", found.interval(0.95).upper);
        self.near("p", found.test(0.0).p);
    }

    fn quantile(self) {
        let (values, count, share) = (self.numbers("values"), self.count("count") as usize, self.number("quantile"));
        if !values.is_empty() {
            self.near("nearest", values[quantile::nearest_rank(count, share).expect("values")]);
            self.near("interpolated", quantile::interpolated(&values, share).expect("values"));
        }
        let found = quantile::bounding_ranks(count, share, self.number("confidence"));
        let ranks = self.expected()["ranks"].as_array().map(|ranks| {
            let rank = |index: usize| ranks[index].as_u64().expect("a rank") as usize;
            (rank(0), rank(1))
        });
        assert_eq!(found, ranks, "{}", self.name());
    }

    fn bca(self) {
        let values = self.numbers("values");
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let found = bootstrap::corrected(self.numbers("drawn"), mean, bootstrap::acceleration(&values, mean), 0.95);
        self.is_interval(self.expected(), found, CLOSED);
    }

    fn agreement(self) {
        let labels = self.count("labels") as usize;
        let mut pairs = Confusion::new(labels);
        let said = self.numbers("truth").into_iter().zip(self.numbers("said"));
        said.for_each(|(truth, said)| pairs.add(truth as usize, said as usize));
        for (truth, row) in self.expected()["matrix"].as_array().expect("rows").iter().enumerate() {
            let found: Vec<f64> = (0..labels).map(|said| pairs.count(truth, said) as f64).collect();
            self.all(row, &found);
        }
        for (name, weights) in [("none", Weights::None), ("linear", Weights::Linear), ("quadratic", Weights::Quadratic)]
        {
            let Estimate { value, error, .. } = agreement::kappa::kappa(&pairs, weights).expect("two labels");
            self.all(&self.expected()[name], &[value, error]);
        }
        for label in 0..labels {
            let scores = pairs.scores(label);
            for (name, found) in [("precision", scores.precision), ("recall", scores.recall), ("f1", scores.f1)] {
                match self.expected()[name][label].as_f64() {
                    Some(expected) => self.close(expected, found.expect(name), CLOSED),
                    None => assert_eq!(found, None, "{}: {name} of {label}", self.name()),
                }
            }
        }
        let found = pairs.macro_scores().expect("pairs");
        self.all(&self.expected()["macro"], &[found.precision, found.recall, found.f1]);
    }

    fn alpha(self) {
        let units: Vec<Vec<f64>> = self.given()["units"].as_array().expect("units").iter().map(numbers).collect();
        for (name, level) in [("nominal", Level::Nominal), ("ordinal", Level::Ordinal), ("interval", Level::Interval)] {
            let ratings = Ratings::new(units.iter().map(Vec::as_slice), level);
            let alpha = ratings.alpha().expect("ratings");
            self.near(name, alpha);
            let interval = ratings.interval(0.95, 500, 3).expect("ratings");
            assert!(interval.contains(alpha) && interval.width() > 0.0, "{}: {interval:?} of {alpha}", self.name());
        }
    }

    fn powered(self) {
        let labelled: Vec<_> = self.numbers("human").into_iter().zip(self.numbers("judged")).collect();
        let found = powered::mean(&labelled, &self.numbers("others").into_iter().collect()).expect("labels");
        self.near("value", found.estimate.value);
        self.near("reliance", found.reliance);
        self.near("error", found.estimate.error);
    }

    fn table(self) -> Table {
        let [both, only_a, only_b, neither] = ["both", "only_a", "only_b", "neither"].map(|name| self.count(name));
        Table { both, only_a, only_b, neither }
    }

    fn demand(self) -> Demand {
        Demand { alpha: self.number("alpha"), power: self.number("power") }
    }

    fn name(&self) -> String {
        format!("{} ({})", self.value["of"], self.value["name"])
    }

    fn given(&self) -> &Value {
        &self.value["given"]
    }

    fn expected(&self) -> &Value {
        &self.value["expected"]
    }

    fn number(&self, name: &str) -> f64 {
        self.given()[name].as_f64().unwrap_or_else(|| panic!("{} has no {name}", self.name()))
    }

    fn count(&self, name: &str) -> u64 {
        self.given()[name].as_u64().unwrap_or_else(|| panic!("{} has no {name}", self.name()))
    }

    fn numbers(&self, name: &str) -> Vec<f64> {
        numbers(&self.given()[name])
    }

    fn is(self, found: f64) {
        self.close(self.expected().as_f64().expect("a number"), found, CLOSED);
    }

    fn near(self, name: &str, found: f64) {
        self.close(self.expected()[name].as_f64().expect(name), found, CLOSED);
    }

    fn all(self, expected: &Value, found: &[f64]) {
        let expected = numbers(expected);
        assert_eq!(expected.len(), found.len(), "{}", self.name());
        expected.iter().zip(found).for_each(|(&expected, &found)| self.close(expected, found, CLOSED));
    }

    fn is_interval(self, expected: &Value, found: Option<Interval>, off: f64) {
        let found = found.unwrap_or_else(|| panic!("{} gives none", self.name()));
        let expected = numbers(expected);
        self.close(expected[0], found.lower, off);
        self.close(expected[1], found.upper, off);
    }

    #[track_caller]
    fn close(self, expected: f64, found: f64, off: f64) {
        let apart = (expected - found).abs();
        // What is zero but for rounding is zero.
        assert!(apart <= off * expected.abs() || apart < 1e-14, "{}: {found} instead of {expected}", self.name());
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    let numbers = value.as_array().expect("a list").iter();
    numbers.map(|number| number.as_f64().expect("a number")).collect()
}
