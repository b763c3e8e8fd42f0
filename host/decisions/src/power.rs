//! How many rows a comparison takes, from what runs say.

use model::aggregate::AggregateKind;
use model::comparison::{PowerBasis, RowsNeeded};
use model::ports::Store;
use model::run::RunId;
use statistics::mean::Moments;
use statistics::power::{self, Demand};

use crate::compare::run;
use crate::pairs::Pairs;
use crate::rows::{self, Column, Columns};
use crate::{Error, sentence};

/// What a comparison is to show.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wanted {
    /// In the verdict's own unit: 0.02 of a rate is two points.
    pub difference: f64,
    pub demand: Demand,
}

/// Says of each verdict of a run how many rows would show a difference, from how rows vary: between it and `other` where that
/// is given, else within it.
///
/// # Errors
///
/// Fails where a run is missing, where the two share no row, and when the store does.
pub async fn power(
    store: &dyn Store,
    id: RunId,
    other: Option<RunId>,
    wanted: Wanted,
) -> Result<Vec<RowsNeeded>, Error> {
    let columns = rows::read(store, id, &run(store, id).await?.header.plan).await?;
    let Some(other) = other else {
        let needed =
            columns.columns.iter().filter_map(|column| planned(column, Spread::within(column, &columns)?, wanted));
        return Ok(needed.collect());
    };
    let others = rows::read(store, other, &run(store, other).await?.header.plan).await?;
    let pairs = Pairs::new(&columns, &others);
    if pairs.rows.is_empty() {
        return Err(Error::NoRows { a: id, b: other });
    }
    let needed = columns.columns.iter().filter_map(|column| {
        let same = others.columns.iter().find(|same| same.key == column.key && same.kind == column.kind)?;
        planned(column, Spread::between(column, same, &pairs), wanted)
    });
    Ok(needed.collect())
}

/// How values, or differences of values, vary.
struct Spread {
    basis: PowerBasis,
    moments: Moments,
    /// Whether all of them are of true or false.
    is_binary: bool,
}

impl Spread {
    fn within(column: &Column, columns: &Columns) -> Option<Self> {
        let values = || (0..columns.ids.len()).filter_map(|row| column.value(row));
        let is_binary = values().all(|value| value == 0.0 || value == 1.0);
        let moments: Moments = values().collect();
        (moments.count() > 0).then_some(Self { basis: PowerBasis::OneRun, moments, is_binary })
    }

    fn between(column: &Column, other: &Column, pairs: &Pairs) -> Self {
        let both = || pairs.rows.iter().filter_map(|&(a, b)| column.value(a as usize).zip(other.value(b as usize)));
        let is_binary = both().all(|(a, b)| [a, b].iter().all(|value| *value == 0.0 || *value == 1.0));
        let moments = both().map(|(a, b)| b - a).collect();
        Self { basis: PowerBasis::TwoRuns, moments, is_binary }
    }

    /// The share of rows on which A and B differ, if they differ by so much.
    fn discordant(&self, difference: f64) -> Option<f64> {
        let mean = self.moments.mean()?;
        Some(match self.basis {
            // Of differences of true and false, the mean of the squares.
            PowerBasis::TwoRuns => self.moments.squares() / self.moments.count() as f64 + mean * mean,
            PowerBasis::OneRun => {
                let other = if mean + difference <= 1.0 { mean + difference } else { mean - difference };
                mean * (1.0 - other) + other * (1.0 - mean)
            }
        })
    }

    /// Of differences.
    fn deviation(&self) -> Option<f64> {
        let variance = self.moments.variance()?;
        Some(match self.basis {
            PowerBasis::TwoRuns => variance.sqrt(),
            PowerBasis::OneRun => (2.0 * variance).sqrt(),
        })
    }
}

fn planned(column: &Column, spread: Spread, wanted: Wanted) -> Option<RowsNeeded> {
    let kind = column.kind.filter(|kind| matches!(kind, AggregateKind::Rate | AggregateKind::Mean))?;
    let difference = wanted.difference.abs();
    let rows_now = spread.moments.count();
    let is_shares = kind == AggregateKind::Rate && spread.is_binary;
    let (rows, detectable_now) = if is_shares {
        let discordant = spread.discordant(difference)?.max(difference);
        // Of one run, how often A and B differ goes with the difference; that of none is the most cautious.
        let now = spread.discordant(0.0)?;
        (
            power::rows_for_paired_shares(discordant, difference, wanted.demand),
            power::detectable_paired_share(now, rows_now, wanted.demand),
        )
    } else {
        let deviation = spread.deviation()?;
        (
            power::rows_for_mean(deviation, difference, wanted.demand),
            power::detectable_mean(deviation, rows_now, wanted.demand),
        )
    };
    let mut needed = RowsNeeded {
        scorer: column.key.clone(),
        kind,
        difference,
        rows,
        rows_now,
        detectable_now,
        basis: spread.basis,
        sentence: String::new(),
    };
    needed.sentence = sentence::of_plan(&needed);
    Some(needed)
}
