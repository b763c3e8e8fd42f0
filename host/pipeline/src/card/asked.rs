//! What the verdicts of judges take, from the record of what was asked.

use std::collections::HashMap;
use std::time::Duration;

use model::card::Verdicts;
use model::judge::{Exchange, Usage};
use model::ports::{Store, StoreError};
use model::run::RunId;

use crate::latency::Times;

/// For each scorer's key, what was asked for each trial of a row.
pub(super) async fn verdicts(store: &dyn Store, run: RunId) -> Result<HashMap<String, Verdicts>, StoreError> {
    let mut asked: HashMap<String, HashMap<(u64, u32), Asking>> = HashMap::new();
    let mut after = None;
    while let Some((batch, exchanges)) = store.exchanges(run, after).await? {
        after = Some(batch);
        for exchange in &exchanges {
            let of_scorer = asked.entry(exchange.key.clone()).or_default();
            of_scorer.entry((exchange.index, exchange.trial)).or_default().add(exchange);
        }
    }
    Ok(asked.into_iter().map(|(key, asked)| (key, together(asked.into_values()))).collect())
}

/// The questions for one verdict.
#[derive(Default)]
struct Asking {
    questions: u64,
    usage: Usage,
    /// Since 1970.
    began: Option<Duration>,
    ended: Duration,
    was_known: bool,
}

impl Asking {
    fn add(&mut self, exchange: &Exchange) {
        let began = Duration::from_millis(exchange.started);
        self.questions += 1;
        self.usage += exchange.usage;
        self.usage += exchange.saved;
        self.began = Some(self.began.map_or(began, |earlier| earlier.min(began)));
        self.ended = self.ended.max(began + exchange.duration);
        self.was_known |= exchange.known.is_some();
    }
}

fn together(all: impl Iterator<Item = Asking>) -> Verdicts {
    let (mut count, mut questions, mut usage, mut times) = (0_u64, 0, Usage::default(), Times::default());
    for one in all {
        count += 1;
        questions += one.questions;
        usage += one.usage;
        if let (false, Some(began)) = (one.was_known, one.began) {
            times.add(one.ended.saturating_sub(began));
        }
    }
    let each = |sum: f64| sum / count as f64;
    Verdicts {
        count,
        questions: each(questions as f64),
        usd: usage.cost.map(|micros| each(micros as f64) / 1e6),
        latency: times.finish(),
    }
}
