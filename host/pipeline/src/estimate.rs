//! What the whole of a run will take, from its first rows.

use std::collections::BTreeMap;

use model::endpoint::Judges;
use model::judge::{Exchange, Usage};
use model::ports::{Store, StoreError};
use model::run::RunId;
use serde::Serialize;
use statistics::mean::Moments;

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
    /// Questions of the first rows whose replies were known. Those of the others may be known as well, which the lower ends
    /// take for granted, or may have to be paid for, which the upper ends do.
    pub known: u64,
}

/// What lies between with a confidence of 95 % (Student's t), where the first rows are like the others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Range {
    pub low: f64,
    pub high: f64,
}

/// What one row took.
#[derive(Default)]
struct Row {
    spent: Spent,
    /// The same if no reply had been known.
    unknown: Spent,
    /// From its beginning to its end, without waiting for its turn.
    seconds: f64,
    of: BTreeMap<String, Asked>,
}

#[derive(Clone, Copy, Default)]
struct Spent {
    tokens: f64,
    micros: f64,
}

/// What one row took of an endpoint.
#[derive(Clone, Copy, Default)]
struct Asked {
    requests: f64,
    tokens: f64,
    seconds: f64,
}

/// Estimates a run of so many `rows`, of which `at_once` are in work together, and which ask these `judges`. The time is what
/// the narrowest takes: the rows in work, or the requests at once, requests a minute or tokens a minute of one endpoint.
///
/// # Errors
///
/// Fails when the store does.
pub async fn estimate(
    store: &dyn Store,
    run: RunId,
    rows: u64,
    at_once: usize,
    judges: &Judges,
) -> Result<Estimate, StoreError> {
    let mut seen = first_rows(store, run).await?;
    let (mut known, mut is_priced) = (0, true);
    let mut after = None;
    while let Some((batch, exchanges)) = store.exchanges(run, after).await? {
        after = Some(batch);
        for exchange in &exchanges {
            known += u64::from(exchange.known.is_some());
            let usage = if exchange.known.is_some() { exchange.saved } else { exchange.usage };
            is_priced &= usage.is_nothing() || usage.cost.is_some();
            add(seen.entry((exchange.index, exchange.trial)).or_default(), exchange);
        }
    }
    let seen = Seen { first: seen.into_values().collect(), rows };
    Ok(Estimate {
        seen: seen.first.len() as u64,
        rows,
        tokens: seen.spent(|spent| spent.tokens),
        usd: is_priced.then(|| seen.spent(|spent| spent.micros / 1e6)),
        seconds: seen.seconds(at_once, judges),
        known,
    })
}

/// The first rows of so many.
struct Seen {
    first: Vec<Row>,
    rows: u64,
}

impl Seen {
    /// Of all rows together.
    fn sum(&self, of: impl Fn(&Row) -> f64) -> Range {
        range(self.first.iter().map(of), self.rows)
    }

    fn spent(&self, of: impl Fn(&Spent) -> f64) -> Range {
        let (low, high) = (self.sum(|row| of(&row.spent)), self.sum(|row| of(&row.unknown)));
        // Nothing is left to be asked where all rows were seen.
        if self.first.len() as u64 >= self.rows { low } else { Range { low: low.low, high: high.high } }
    }

    /// Wall time.
    fn seconds(&self, at_once: usize, judges: &Judges) -> Range {
        let of_rows = self.sum(|row| row.seconds).over((at_once.max(1) as f64).min(self.rows as f64));
        judges.endpoints.iter().fold(of_rows, |longest, (name, endpoint)| {
            let flow = &endpoint.flow;
            let asked = |of: fn(&Asked) -> f64| self.sum(|row| row.of.get(name).map_or(0.0, of));
            let per_second = |per_minute: Option<u32>| per_minute.map_or(f64::INFINITY, |most| f64::from(most) / 60.0);
            longest
                .or(asked(|asked| asked.seconds).over(f64::from(flow.concurrency.max(1))))
                .or(asked(|asked| asked.requests).over(per_second(flow.requests_per_minute)))
                .or(asked(|asked| asked.tokens).over(per_second(flow.tokens_per_minute)))
        })
    }
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

impl Range {
    fn over(self, divisor: f64) -> Self {
        Self { low: self.low / divisor, high: self.high / divisor }
    }

    /// What takes longer of two that go on at the same time.
    fn or(self, other: Self) -> Self {
        Self { low: self.low.max(other.low), high: self.high.max(other.high) }
    }
}

impl Spent {
    fn add(&mut self, usage: Usage) {
        self.tokens += (usage.input_tokens + usage.output_tokens) as f64;
        self.micros += usage.cost.unwrap_or(0) as f64;
    }
}

fn add(row: &mut Row, exchange: &Exchange) {
    row.spent.add(exchange.usage);
    row.unknown.add(exchange.usage);
    row.unknown.add(exchange.saved);
    let seconds = exchange.duration.saturating_sub(exchange.waited).as_secs_f64();
    row.seconds += seconds;
    if exchange.requests > 0 {
        let asked = row.of.entry(exchange.endpoint.clone()).or_default();
        asked.requests += f64::from(exchange.requests);
        asked.tokens += (exchange.usage.input_tokens + exchange.usage.output_tokens) as f64;
        asked.seconds += seconds;
    }
}

/// The sum over so many rows of something that was seen on some of them.
fn range(seen: impl Iterator<Item = f64>, rows: u64) -> Range {
    let mut moments = Moments::default();
    seen.for_each(|value| moments.add(value));
    let mean = moments.mean().unwrap_or(0.0);
    // Where all there is was seen, it is what it is.
    let around = moments.interval(0.95).filter(|_| moments.count() < rows);
    let (low, high) = around.map_or((mean, mean), |interval| (interval.lower, interval.upper));
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
