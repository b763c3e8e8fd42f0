//! The values of one verdict.

use std::collections::BTreeMap;

use model::aggregate::{Aggregate, AggregateKind, Basis, Bounds, Clusters, Counts, Method, Variance};
use model::feedback::Value;
use model::reducer::Reducer;
use model::scorer::ValueKind;
use statistics::cluster::Clustered;
use statistics::mean::Moments;
use statistics::{Interval, missing, share, trials};

use crate::membership::Membership;
use crate::reduce;

const CONFIDENCE: f64 = 0.95;

/// What was said of the trials of a row.
pub(super) struct Row<'v> {
    /// One for each trial that was given the verdict; at least one.
    pub(super) values: Vec<&'v Value>,
    /// All there were.
    pub(super) trials: u64,
    pub(super) cluster: usize,
    pub(super) weight: f64,
}

/// Rows, whether or not they were scored.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Totals {
    rows: u64,
    weight: f64,
}

impl Totals {
    pub(super) fn add(&mut self, weight: f64) {
        self.rows += 1;
        self.weight += weight;
    }
}

pub(super) struct Tally {
    kind: AggregateKind,
    /// None where each row has one trial, or labels are all counted.
    reduce: Option<Reducer>,
    /// Verdicts, and those that are true.
    count: u64,
    passed: u64,
    values: Values,
    /// Rows with a value, and those of them that are true.
    rows: u64,
    rows_passed: u64,
    range: Range,
    trials: trials::Rows,
    labels: BTreeMap<String, u64>,
}

/// Values of rows.
enum Values {
    /// Each counts for itself and as much as any.
    Plain(Moments),
    Grouped(Clustered),
}

/// Where rows of a rate lie, whatever was not scored of them would have been; weighted sums.
#[derive(Default)]
struct Range {
    lower: f64,
    upper: f64,
    weight: f64,
}

impl Tally {
    pub(super) fn new(kind: AggregateKind, reduce: Option<Reducer>, is_repeated: bool, is_grouped: bool) -> Self {
        let reduce = match kind {
            AggregateKind::Rate => Some(reduce.unwrap_or(Reducer::Mean)),
            // What is told for booleans may meet a number where a scorer says neither.
            AggregateKind::Mean => reduce.filter(|reduce| reduce.takes(ValueKind::Number)).or(Some(Reducer::Mean)),
            AggregateKind::Categorical => reduce,
            AggregateKind::Text | AggregateKind::Corpus => None,
        };
        let is_between = kind == AggregateKind::Rate && !reduce.is_some_and(Reducer::decides);
        let values = match is_grouped || is_repeated && is_between {
            true => Values::Grouped(Clustered::default()),
            false => Values::Plain(Moments::default()),
        };
        Self {
            kind,
            reduce: reduce.filter(|_| is_repeated),
            count: 0,
            passed: 0,
            values,
            rows: 0,
            rows_passed: 0,
            range: Range::default(),
            trials: trials::Rows::default(),
            labels: BTreeMap::new(),
        }
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn passed(&self) -> u64 {
        self.passed
    }

    pub(super) fn add(&mut self, row: &Row<'_>) {
        self.count += row.values.len() as u64;
        let is_known = match self.kind {
            AggregateKind::Rate => self.booleans(row),
            AggregateKind::Mean => self.numbers(row),
            AggregateKind::Categorical => self.labels(row),
            AggregateKind::Text | AggregateKind::Corpus => Some(()),
        };
        if is_known.is_none() {
            // Values of several kinds have no number.
            (self.kind, self.passed) = (AggregateKind::Text, 0);
        }
    }

    /// None where they are not all booleans; so it is below.
    fn booleans(&mut self, row: &Row<'_>) -> Option<()> {
        let boolean = |value: &&Value| if let Value::Boolean(value) = value { Some(u64::from(*value)) } else { None };
        let (scored, passed) = (row.values.len() as u64, row.values.iter().map(boolean).sum::<Option<u64>>()?);
        self.passed += passed;
        let reducer = self.reduce.unwrap_or(Reducer::Mean);
        let of = |passed, scored| reduce::booleans(reducer, passed, scored, row.trials);
        self.value(of(passed, scored), row);
        self.range.lower += row.weight * of(passed, row.trials).unwrap_or(0.0);
        self.range.upper += row.weight * of(passed + row.trials - scored, row.trials).unwrap_or(1.0);
        self.range.weight += row.weight;
        self.repeated(row.values.iter().filter_map(boolean).map(|verdict| verdict as f64));
        Some(())
    }

    fn numbers(&mut self, row: &Row<'_>) -> Option<()> {
        let number = |value: &&Value| if let Value::Number(value) = value { Some(*value) } else { None };
        let numbers: Vec<_> = row.values.iter().map(number).collect::<Option<_>>()?;
        self.repeated(numbers.iter().copied());
        self.value(reduce::numbers(self.reduce.unwrap_or(Reducer::Mean), numbers), row);
        Some(())
    }

    fn labels(&mut self, row: &Row<'_>) -> Option<()> {
        let label = |value: &&'_ Value| if let Value::Text(label) = value { Some(label.clone()) } else { None };
        let labels: Vec<_> = row.values.iter().map(label).collect::<Option<_>>()?;
        let counted = match self.reduce {
            None => labels,
            Some(reducer) => {
                let label = reduce::labels(reducer, labels.iter().map(String::as_str).collect());
                label.map(str::to_owned).into_iter().collect()
            }
        };
        counted.into_iter().for_each(|label| *self.labels.entry(label).or_default() += 1);
        Some(())
    }

    fn value(&mut self, value: Option<f64>, row: &Row<'_>) {
        let Some(value) = value else { return };
        self.rows += 1;
        self.rows_passed += u64::from(value == 1.0);
        match &mut self.values {
            Values::Plain(moments) => moments.add(value),
            Values::Grouped(clustered) => clustered.add(row.cluster, row.weight, value),
        }
    }

    fn repeated(&mut self, values: impl Iterator<Item = f64>) {
        if self.reduce.is_some() {
            self.trials.add(&values.collect());
        }
    }

    /// `counts` and `all` are of all trials and rows, whether or not they have the verdict.
    pub(super) fn finish(&self, counts: Counts, all: Totals, membership: &Membership) -> Aggregate {
        let is_number = matches!(self.kind, AggregateKind::Rate | AggregateKind::Mean);
        let number = if is_number { self.number() } else { Number::default() };
        let (lower, upper) = number.interval.map(|interval| (interval.lower, interval.upper)).unzip();
        let is_categorical = self.kind == AggregateKind::Categorical;
        let basis = Basis {
            reduce: self.reduce.filter(|_| is_number || is_categorical),
            rows: is_number.then_some(self.rows),
            method: number.method,
            clusters: membership
                .clustered_by()
                .filter(|_| is_number)
                .zip(number.clusters)
                .map(|(by, count)| Clusters { by, count }),
            weighted: is_number && membership.is_weighted(),
            bounds: (self.kind == AggregateKind::Rate && self.is_missing_some(counts, all))
                .then(|| self.range.with(all.weight))
                .flatten(),
            variance: self
                .trials
                .components()
                .filter(|_| is_number)
                .map(|components| Variance { within_rows: components.within, between_rows: components.between }),
        };
        let labels = if is_categorical { self.labels.clone() } else { BTreeMap::new() };
        let (value, kind) = (number.value, self.kind);
        Aggregate { kind, value, lower, upper, counts, basis, note: None, failure: None, labels }
    }

    fn is_missing_some(&self, counts: Counts, all: Totals) -> bool {
        counts.abstained + counts.failed + counts.unpredicted > 0 || self.rows < all.rows
    }

    fn number(&self) -> Number {
        match (&self.values, self.kind) {
            (Values::Plain(_), AggregateKind::Rate) => {
                let share = (self.rows > 0).then(|| self.rows_passed as f64 / self.rows as f64);
                Number::new(share, share::wilson(self.rows_passed, self.rows, CONFIDENCE), Method::Wilson)
            }
            (Values::Plain(moments), _) => Number::new(moments.mean(), moments.interval(CONFIDENCE), Method::StudentT),
            (Values::Grouped(clustered), kind) => {
                let interval = || Some(clustered.estimate()?.interval(CONFIDENCE));
                let (interval, method) = match kind {
                    AggregateKind::Rate => (share::clustered(clustered, CONFIDENCE), Method::WilsonRobust),
                    _ => (interval(), Method::Robust),
                };
                let clusters = clustered.estimate().map(|estimate| estimate.freedom as u64 + 1);
                Number { clusters, ..Number::new(clustered.mean(), interval, method) }
            }
        }
    }
}

/// A number and how sure it is.
#[derive(Default)]
struct Number {
    value: Option<f64>,
    interval: Option<Interval>,
    method: Option<Method>,
    clusters: Option<u64>,
}

impl Number {
    fn new(value: Option<f64>, interval: Option<Interval>, method: Method) -> Self {
        Self { value, interval, method: interval.map(|_| method), clusters: None }
    }
}

impl Range {
    /// The bounds of the mean of rows that weigh `whole`: those that nothing is known of lie anywhere.
    fn with(&self, whole: f64) -> Option<Bounds> {
        const SHARE: Interval = Interval { lower: 0.0, upper: 1.0 };
        let bounds = |sum: f64| {
            let mean = (self.weight > 0.0).then(|| sum / self.weight);
            missing::bounds(mean, self.weight, (whole - self.weight).max(0.0), SHARE)
        };
        Some(Bounds { lower: bounds(self.lower)?.lower, upper: bounds(self.upper)?.upper })
    }
}
