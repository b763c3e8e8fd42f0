//! What the whole of a run will take, from its first rows.

use std::collections::BTreeMap;

use model::judge::Exchange;
use model::ports::{Store, StoreError};
use model::run::RunId;
use serde::Serialize;

use crate::interval::Moments;

/// An estimate for all rows (times trials), those that are done included.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Rows (times trials) that it rests on.
    pub seen: u64,
    pub rows: u64,
    /// Of judges, in and out.
    pub tokens: Range,
    /// None where a price is not known.
    pub usd: Option<Range>,
    /// Wall time.
    pub seconds: Range,
    /// Questions of the first rows whose replies were known: those of the others may not be.
    pub known: u64,
}

/// What lies between with a confidence of 95 % (Student's t), where the first rows are like the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// What one row took.
#[derive(Clone, Copy, Default)]
struct Row {
    tokens: f64,
    micros: f64,
    seconds: f64,
}

/// Estimates a run of so many `rows`, of which `at_once` are in work together.
///
/// # Errors
///
/// Fails when the store does.
pub async fn estimate(store: &dyn Store, run: RunId, rows: u64, at_once: usize) -> Result<Estimate, StoreError> {
    let mut seen = first_rows(store, run).await?;
    let (mut known, mut is_priced) = (0, true);
    let mut after = None;
    while let Some((batch, exchanges)) = store.exchanges(run, after).await? {
        after = Some(batch);
        for exchange in &exchanges {
            known += u64::from(exchange.known.is_some());
            is_priced &= exchange.known.is_some() || exchange.requests == 0 || exchange.usage.cost.is_some();
            add(seen.entry((exchange.index, exchange.trial)).or_default(), exchange);
        }
    }
    let range = |of: fn(&Row) -> f64| range(seen.values().map(of), rows);
    let Range { low, high } = range(|row| row.seconds);
    let lanes = (at_once.max(1) as f64).min(rows as f64);
    Ok(Estimate {
        seen: seen.len() as u64,
        rows,
        tokens: range(|row| row.tokens),
        usd: is_priced.then(|| range(|row| row.micros / 1e6)),
        seconds: Range { low: low / lanes, high: high / lanes },
        known,
    })
}

/// The rows that are done, with what the application took.
async fn first_rows(store: &dyn Store, run: RunId) -> Result<BTreeMap<(u64, u32), Row>, StoreError> {
    const PAGE: usize = 1000;
    let mut rows = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.results(run, after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some((last.index, last.trial));
        rows.extend(page.iter().map(|result| {
            let latency = result.predicted.as_ref().and_then(|predicted| predicted.latency).unwrap_or_default();
            ((result.index, result.trial), Row { seconds: latency.as_secs_f64(), ..Row::default() })
        }));
    }
}

fn add(row: &mut Row, exchange: &Exchange) {
    row.tokens += (exchange.usage.input_tokens + exchange.usage.output_tokens) as f64;
    row.micros += exchange.usage.cost.unwrap_or(0) as f64;
    row.seconds += exchange.duration.as_secs_f64();
}

/// The sum over so many rows of something that was seen on some of them.
fn range(seen: impl Iterator<Item = f64>, rows: u64) -> Range {
    let mut moments = Moments::default();
    seen.for_each(|value| moments.add(value));
    let mean = moments.mean().unwrap_or(0.0);
    // Where all there is was seen, it is what it is.
    let (low, high) = moments.interval().filter(|_| moments.count() < rows).unwrap_or((mean, mean));
    Range { low: (low * rows as f64).max(0.0), high: high * rows as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_is_estimated_from_a_part_and_known_from_all() {
        let Range { low, high } = range([1.0, 2.0, 3.0].into_iter(), 300);
        // t(0.975, 2) = 4.302653, standard deviation 1.
        assert!((high - 300.0 * (2.0 + 4.302_653 / 3_f64.sqrt())).abs() < 1e-3, "{high}");
        assert_eq!(low, 0.0);
        assert_eq!(range([1.0, 2.0, 3.0].into_iter(), 3), Range { low: 6.0, high: 6.0 });
        assert_eq!(range(std::iter::empty(), 3), Range { low: 0.0, high: 0.0 });
    }
}
