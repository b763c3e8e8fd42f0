//! What a run has spent on judges, from the record of its exchanges.

use std::collections::BTreeMap;

use model::judge::{Exchange, Usage};
use model::ports::{Store, StoreError};
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
