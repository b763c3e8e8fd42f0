//! What a run may spend on judges, and what it has.
//!
//! The most that a request can cost is reserved before it leaves and settled when its answer is there. Where the rest of a
//! budget may be enough for a request or not, the request waits for those before it to be settled: what is reserved is the
//! most, what is spent is less. So no more is ever spent than was allowed, unless a provider counts more tokens than the
//! request could have, and then by that request alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::judge::Usage;
use model::outcome::{Failure, FailureKind};
use tokio::sync::Notify;

/// The accounts of a run. Amounts are millionths of a US dollar.
pub(crate) struct Ledger {
    accounts: Mutex<Accounts>,
    settled: Notify,
}

#[derive(Default)]
struct Accounts {
    run: Account,
    /// By the key of a scorer or the name of a predictor.
    of: HashMap<String, Account>,
}

#[derive(Clone, Copy, Default)]
struct Account {
    most: Option<u64>,
    spent: u64,
    reserved: u64,
}

impl Account {
    fn left(&self) -> Option<u64> {
        self.most.map(|most| most.saturating_sub(self.spent))
    }

    fn short_of(&self, worst: u64) -> Short {
        Short { most: self.most.unwrap_or(0), left: self.left().unwrap_or(0), worst }
    }

    fn fit(&self, more: u64) -> Fit {
        match self.most {
            None => Fit::Yes,
            Some(most) if self.spent + self.reserved + more <= most => Fit::Yes,
            Some(most) if self.spent + more <= most && self.reserved > 0 => Fit::Later,
            Some(_) => Fit::No,
        }
    }
}

enum Fit {
    Yes,
    /// When others have been settled it may.
    Later,
    No,
}

/// Who has no more to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Empty {
    /// All of the run.
    Run(Short),
    /// One scorer or predictor.
    One(Short),
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Short {
    most: u64,
    left: u64,
    /// The most that the question can cost.
    worst: u64,
}

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [most, left, worst] = [self.most, self.left, self.worst].map(|micros| micros as f64 / 1e6);
        write!(f, "{left} of {most} USD are left, and the question may cost {worst}")
    }
}

impl From<Empty> for Failure {
    fn from(empty: Empty) -> Self {
        let message = match empty {
            Empty::Run(short) => format!("the run may not spend more on judges: {short} (`limits.max_usd`)"),
            Empty::One(short) => format!("its questions may not cost more: {short} (`max_usd_per_run`)"),
        };
        Self::new(FailureKind::BudgetExceeded, message)
    }
}

impl Ledger {
    pub(crate) fn new(most: Option<u64>) -> Arc<Self> {
        let run = Account { most, ..Account::default() };
        Arc::new(Self { accounts: Mutex::new(Accounts { run, of: HashMap::new() }), settled: Notify::new() })
    }

    /// Takes in what an earlier session of the run has spent.
    pub(crate) fn carry_over(&self, key: &str, cost: u64) {
        let mut accounts = self.accounts();
        accounts.run.spent += cost;
        accounts.of.entry(key.to_owned()).or_default().spent += cost;
    }

    /// Sets the most apart that a request can cost, of what `key` may spend; what it comes to is added to the `tally`. None where that is not known, which is none of
    /// a budget's business where there is no budget.
    pub(crate) async fn reserve(
        self: &Arc<Self>,
        key: &str,
        most_of_key: Option<u64>,
        cost: Option<u64>,
        tally: &Arc<AtomicU64>,
    ) -> Result<Reserved, Empty> {
        loop {
            let settled = self.settled.notified();
            {
                let mut accounts = self.accounts();
                let Accounts { run, of } = &mut *accounts;
                let account = of.entry(key.to_owned()).or_default();
                account.most = most_of_key;
                let cost = cost.unwrap_or(0);
                match (run.fit(cost), account.fit(cost)) {
                    (Fit::No, _) => return Err(Empty::Run(run.short_of(cost))),
                    (_, Fit::No) => return Err(Empty::One(account.short_of(cost))),
                    (Fit::Yes, Fit::Yes) => {
                        run.reserved += cost;
                        account.reserved += cost;
                        let (ledger, tally) = (Arc::clone(self), Arc::clone(tally));
                        return Ok(Reserved { ledger, tally, key: key.to_owned(), cost, spent: 0 });
                    }
                    _ => {}
                }
            }
            settled.await;
        }
    }

    /// What is left for `key`, in millionths of a US dollar; none where nothing limits it.
    pub(crate) fn left(&self, key: &str, most_of_key: Option<u64>) -> Option<Usage> {
        let accounts = self.accounts();
        let of_key = accounts.of.get(key).copied().unwrap_or_default();
        let of_key = Account { most: most_of_key, ..of_key }.left();
        let cost = accounts.run.left().into_iter().chain(of_key).min()?;
        Some(Usage { input_tokens: u64::MAX, output_tokens: u64::MAX, cost: Some(cost) })
    }

    fn accounts(&self) -> MutexGuard<'_, Accounts> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Money set apart for one request, until that is dropped. Where the request was not made it is given back.
pub(crate) struct Reserved {
    ledger: Arc<Ledger>,
    tally: Arc<AtomicU64>,
    key: String,
    /// The most that it can cost.
    cost: u64,
    spent: u64,
}

impl Reserved {
    /// The request leaves. Where nobody waits for its answer it counts as the most that it can cost.
    pub(crate) fn leave(&mut self) {
        self.spent = self.cost;
    }

    /// What it came to.
    pub(crate) fn settle(mut self, cost: u64) {
        self.spent = cost;
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        let mut accounts = self.ledger.accounts();
        let Accounts { run, of } = &mut *accounts;
        for account in [Some(run), of.get_mut(&self.key)].into_iter().flatten() {
            account.spent += self.spent;
            account.reserved -= self.cost;
        }
        drop(accounts);
        self.tally.fetch_add(self.spent, Ordering::Relaxed);
        self.ledger.settled.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks a hundred times at once, of a provider that is cheaper than it could be.
    #[tokio::test]
    async fn no_more_is_spent_than_was_allowed_and_nearly_all_of_it_is() {
        for seed in 0..100 {
            let mut random = fastrand::Rng::with_seed(seed);
            let most = random.u64(1_000..100_000);
            let ledger = Ledger::new(Some(most));
            let spent = Arc::new(Mutex::new(0));
            let requests: Vec<_> = (0..100)
                .map(|_| {
                    let (worst, ledger, spent) = (random.u64(1..2_000), Arc::clone(&ledger), Arc::clone(&spent));
                    let real = random.u64(0..=worst);
                    tokio::spawn(async move {
                        let reserved = ledger.reserve("tone", None, Some(worst), &Arc::default()).await?;
                        tokio::task::yield_now().await;
                        *spent.lock().expect("no panic") += real;
                        reserved.settle(real);
                        Ok::<_, Empty>(())
                    })
                })
                .collect();
            let mut refused = 0;
            for request in requests {
                refused += u64::from(request.await.expect("no panic").is_err());
            }
            let spent = *spent.lock().expect("no panic");
            assert!(spent <= most, "{spent} of {most}");
            // One that is refused would not have fitted into what is left.
            assert!(refused == 0 || most - spent < 2_000, "{spent} of {most}, {refused} refused");
            let run = ledger.accounts().run;
            assert_eq!((run.reserved, run.spent), (0, spent));
        }
    }

    #[tokio::test]
    async fn one_scorer_has_a_ceiling_of_its_own_and_the_run_another() {
        let (ledger, tally) = (Ledger::new(Some(1_000)), Arc::default());
        ledger.carry_over("tone", 300);
        ledger.reserve("tone", Some(400), Some(100), &tally).await.expect("there is as much").settle(100);
        assert_eq!(
            ledger.reserve("tone", Some(400), Some(1), &tally).await.err(),
            Some(Empty::One(Short { most: 400, left: 0, worst: 1 }))
        );
        ledger.reserve("other", None, Some(600), &tally).await.expect("there is as much").settle(600);
        assert_eq!(
            ledger.reserve("other", None, Some(1), &tally).await.err(),
            Some(Empty::Run(Short { most: 1_000, left: 0, worst: 1 }))
        );
        assert_eq!(ledger.left("tone", Some(400)).and_then(|left| left.cost), Some(0));
        assert_eq!(tally.load(Ordering::Relaxed), 700);
        // What is free costs nothing of an empty account.
        assert!(ledger.reserve("other", None, Some(0), &tally).await.is_ok());
    }
}
