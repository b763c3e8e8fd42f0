//! What a run has spent on judges, from the record of its exchanges.

use std::collections::BTreeMap;

use model::judge::{Exchange, Usage};
use model::ports::{Store, StoreError, Work};
use model::report::{Cost, Spent};
use model::run::RunId;

/// Adds up all exchanges of a run, those of rows that have no result as well.
///
/// # Errors
///
/// Fails when the store does.
pub async fn cost(store: &dyn Store, run: RunId) -> Result<Cost, StoreError> {
    let mut accounts = BTreeMap::<String, Account>::new();
    let mut after = None;
    while let Some((batch, exchanges)) = store.exchanges(run, after).await? {
        after = Some(batch);
        for exchange in &exchanges {
            accounts.entry(exchange.key.clone()).or_default().add(exchange);
        }
    }
    let all = accounts.values().fold(Account::default(), Account::and).spent();
    Ok(Cost { all, of: accounts.into_iter().map(|(key, account)| (key, account.spent())).collect() })
}

/// Adds what guests took: in this session, and what a report tells of those before.
pub fn add_work(cost: &mut Cost, before: Option<&Cost>, work: &BTreeMap<String, Work>) {
    for (key, spent) in before.iter().flat_map(|before| &before.of) {
        add(cost, key, spent.calls, spent.fuel, spent.seconds);
    }
    for (key, work) in work {
        add(cost, key, work.calls, work.fuel, work.time.as_secs_f64());
    }
}

fn add(cost: &mut Cost, key: &str, calls: u64, fuel: u64, seconds: f64) {
    for spent in [&mut cost.all, cost.of.entry(key.to_owned()).or_default()] {
        spent.calls += calls;
        spent.fuel += fuel;
        spent.seconds += seconds;
    }
}

#[derive(Clone, Copy, Default)]
struct Account {
    counts: Spent,
    usage: Usage,
}

impl Account {
    fn add(&mut self, exchange: &Exchange) {
        self.counts.judge_known += u64::from(exchange.known.is_some());
        self.counts.judge_calls += u64::from(exchange.known.is_none() && exchange.requests > 0);
        self.counts.judge_failed += u64::from(exchange.failure.is_some());
        self.usage += exchange.usage;
    }

    fn and(mut self, other: &Self) -> Self {
        self.counts.judge_known += other.counts.judge_known;
        self.counts.judge_calls += other.counts.judge_calls;
        self.counts.judge_failed += other.counts.judge_failed;
        self.usage += other.usage;
        self
    }

    fn spent(self) -> Spent {
        let Usage { input_tokens, output_tokens, cost } = self.usage;
        Spent { input_tokens, output_tokens, usd: cost.map(|micros| micros as f64 / 1e6), ..self.counts }
    }
}
