//! Two runs beside each other.

use std::collections::{BTreeMap, BTreeSet};

use model::aggregate::AggregateKind;
use model::comparison::{Adjustment, Compared, Comparison, NotCompared, Pairing, Side, Slice};
use model::ports::{Store, StoreError};
use model::run::{Run, RunId};

use crate::findings::{find, overall};
use crate::labels::Labels;
use crate::measure::{Terms, measure};
use crate::pairs::{Pairs, Shared};
use crate::rows::{self, Columns};
use crate::sentence::{self, Words};
use crate::{Error, regressions};

/// How many ids of rows that stand alone are named.
const NAMED: usize = 20;

/// How runs are compared.
#[derive(Debug)]
pub struct Options {
    /// How sentences call A and B.
    pub names: (String, String),
    /// What ties rows together, and their slices.
    pub labels: Labels,
    pub adjustment: Adjustment,
    /// Adjusted p-values up to this are evidence; between 0 and 1.
    pub alpha: f64,
    /// Of intervals; between 0 and 1.
    pub confidence: f64,
    /// By how much B may be worse, by scorer, in the scorer's own unit: 0.02 of a rate is two points.
    pub margins: BTreeMap<String, f64>,
    /// The difference that matters, for the number of rows that would settle it; the one at hand where there is none.
    pub settle: Option<f64>,
    /// How many rows on which B is worse are told, for each scorer.
    pub regressions: usize,
    /// Of the bootstrap of numbers over all rows; 0 takes Student's interval.
    pub resamples: usize,
    /// Decides resamples.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            names: ("A".to_owned(), "B".to_owned()),
            labels: Labels::default(),
            adjustment: Adjustment::Holm,
            alpha: 0.05,
            confidence: 0.95,
            margins: BTreeMap::new(),
            settle: None,
            regressions: 10,
            resamples: 2000,
            seed: 0,
        }
    }
}

/// Compares run B with run A, which is the baseline. Rows are paired by their ids; the trials of a row are folded into their
/// mean. It reads both runs once, and takes a second of computing for 100,000 rows, in which it does not give way.
///
/// # Errors
///
/// Fails where a run is missing, where they share no row or no scorer, and when the store does.
pub async fn compare(store: &dyn Store, a: RunId, b: RunId, options: &Options) -> Result<Comparison, Error> {
    let (run_a, run_b) = (run(store, a).await?, run(store, b).await?);
    let columns_a = rows::read(store, a, &run_a.header.plan).await?;
    let columns_b = rows::read(store, b, &run_b.header.plan).await?;
    let pairs = Pairs::new(&columns_a, &columns_b);
    if pairs.rows.is_empty() {
        return Err(Error::NoRows { a, b });
    }
    let (shared, mut not_compared) = shared(&columns_a, &columns_b, &run_a, &run_b);
    if shared.is_empty() {
        let keys = |run: &Run| run.header.plan.scorers.iter().map(|scorer| scorer.key.clone()).collect();
        return Err(Error::NoScorers { a, b, of_a: keys(&run_a), of_b: keys(&run_b) });
    }
    check_margins(&shared, options)?;

    let comparing = Comparing { a: &columns_a, pairs: &pairs, shared: &shared, options };
    let mut scorers = comparing.over(pairs.rows.iter().copied(), options.resamples);
    let mut slices = comparing.slices();
    for verdict in &shared {
        if !scorers.iter().any(|one| one.scorer == verdict.a.key) {
            let reason = "no row has it in both runs".to_owned();
            not_compared.push(NotCompared { scorer: verdict.a.key.clone(), reason });
        }
    }
    let mut all: Vec<&mut Compared> =
        scorers.iter_mut().chain(slices.iter_mut().flat_map(|slice| &mut slice.scorers)).collect();
    let demand = comparing.terms(0, None).demand();
    let tested = find(&mut all, options.adjustment, demand, options.settle);
    let words = Words { a: &options.names.0, b: &options.names.1, adjustment: options.adjustment, tested };
    all.into_iter().for_each(|one| one.sentence = sentence::of_one(one, &words));

    let (regressions, all_regressions) =
        regressions::read(store, (a, b), (&columns_a, &columns_b), &pairs, &shared, options.regressions).await?;
    Ok(Comparison {
        sentence: sentence::of_all(&scorers, &slices, &words),
        verdict: overall(&scorers),
        rows: Pairing {
            paired: pairs.rows.len() as u64,
            only_a: pairs.only_a.len() as u64,
            only_b: pairs.only_b.len() as u64,
            only_a_ids: ids(store, a, &columns_a, &pairs.only_a).await?,
            only_b_ids: ids(store, b, &columns_b, &pairs.only_b).await?,
        },
        a: side(&run_a, &options.names.0),
        b: side(&run_b, &options.names.1),
        adjustment: options.adjustment,
        tested,
        alpha: options.alpha,
        confidence: options.confidence,
        scorers,
        slices,
        not_compared,
        regressions,
        all_regressions,
    })
}

pub(crate) async fn run(store: &dyn Store, id: RunId) -> Result<Run, Error> {
    store.run(id).await?.ok_or(Error::NoRun(id))
}

struct Comparing<'a> {
    a: &'a Columns,
    pairs: &'a Pairs,
    shared: &'a [Shared<'a>],
    options: &'a Options,
}

impl Comparing<'_> {
    /// Every verdict that these rows have.
    fn over(&self, rows: impl Iterator<Item = (u32, u32)> + Clone, resamples: usize) -> Vec<Compared> {
        let compared = self.shared.iter().filter_map(|verdict| {
            let pairs = verdict.pairs(self.a, rows.clone(), &self.options.labels);
            let terms = self.terms(resamples, self.options.margins.get(&verdict.a.key).copied());
            measure(&verdict.a.key, verdict.kind, verdict.better, &pairs, &terms)
        });
        compared.collect()
    }

    /// Slices in the order of their names, without a bootstrap of their own.
    fn slices(&self) -> Vec<Slice> {
        let labels = &self.options.labels;
        let mut rows: Vec<Vec<(u32, u32)>> = vec![Vec::new(); labels.slice_names().len()];
        for &pair in &self.pairs.rows {
            for &slice in labels.slices_of(self.a.ids[pair.0 as usize]) {
                rows[slice as usize].push(pair);
            }
        }
        let named = labels.slice_names().iter().zip(rows).filter(|(_, rows)| !rows.is_empty());
        let mut slices: Vec<Slice> = named
            .map(|(name, rows)| Slice {
                name: name.clone(),
                rows: rows.len() as u64,
                scorers: self.over(rows.iter().copied(), 0),
            })
            .collect();
        slices.sort_by(|left, right| left.name.cmp(&right.name));
        slices
    }

    fn terms(&self, resamples: usize, margin: Option<f64>) -> Terms {
        let Options { alpha, confidence, seed, .. } = *self.options;
        Terms { alpha, confidence, resamples, seed, margin, is_tied: self.options.labels.tie_rows() }
    }
}

/// Verdicts that both runs have as numbers, in A's order, and those that have no difference.
fn shared<'a>(a: &'a Columns, b: &'a Columns, run_a: &Run, run_b: &Run) -> (Vec<Shared<'a>>, Vec<NotCompared>) {
    let (mut shared, mut not) = (Vec::new(), Vec::new());
    let mut of_a: Vec<_> = a.columns.iter().collect();
    of_a.sort_by(|left, right| left.verdict.cmp(&right.verdict));
    for column in of_a {
        let Some(other) = b.columns.iter().find(|other| other.key == column.key) else { continue };
        match (column.kind, other.kind) {
            (Some(kind @ (AggregateKind::Rate | AggregateKind::Mean)), Some(of_other)) if kind == of_other => {
                shared.push(Shared { a: column, b: other, kind, better: column.better });
            }
            (Some(AggregateKind::Rate), Some(AggregateKind::Mean))
            | (Some(AggregateKind::Mean), Some(AggregateKind::Rate)) => {
                let reason = "it is true or false in one run, and a number in the other".to_owned();
                not.push(NotCompared { scorer: column.key.clone(), reason });
            }
            _ => not.push(NotCompared { scorer: column.key.clone(), reason: "its values are no numbers".to_owned() }),
        }
    }
    let keys = |columns: &Columns, run: &Run| -> BTreeSet<String> {
        let planned = run.header.plan.scorers.iter().map(|scorer| scorer.key.clone());
        columns.columns.iter().map(|column| column.key.clone()).chain(planned).collect()
    };
    let (keys_a, keys_b) = (keys(a, run_a), keys(b, run_b));
    let only = |keys: BTreeSet<String>, other: &BTreeSet<String>, where_it_is: &str| -> Vec<NotCompared> {
        let alone = keys.into_iter().filter(|key| !other.contains(key));
        alone.map(|scorer| NotCompared { scorer, reason: format!("only {where_it_is} has it") }).collect()
    };
    not.extend(only(keys_a.clone(), &keys_b, "A"));
    not.extend(only(keys_b, &keys_a, "B"));
    (shared, not)
}

fn check_margins(shared: &[Shared<'_>], options: &Options) -> Result<(), Error> {
    let known: Vec<String> = shared.iter().map(|verdict| verdict.a.key.clone()).collect();
    match options.margins.keys().find(|key| !known.contains(key)) {
        Some(scorer) => Err(Error::UnknownScorer { scorer: scorer.clone(), known }),
        None => Ok(()),
    }
}

/// Ids of the first of these rows.
async fn ids(store: &dyn Store, run: RunId, columns: &Columns, rows: &[u32]) -> Result<Vec<String>, StoreError> {
    let mut ids = Vec::new();
    for &row in rows.iter().take(NAMED) {
        let after = columns.indexes[row as usize].checked_sub(1).map(|before| (before, u32::MAX));
        ids.extend(store.results(run, after, 1).await?.into_iter().next().map(|result| result.id));
    }
    Ok(ids)
}

fn side(run: &Run, name: &str) -> Side {
    let header = &run.header;
    Side { run: header.id, name: name.to_owned(), suite: header.plan.suite.clone(), data: header.data.digest.clone() }
}
