//! What calls may cost in a day. A day is one of UTC, and begins with an empty account.
//!
//! What is on its way when a day ends counts for the day on which it began.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use model::ports::DayBudget;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::judge::ledger::{Empty, Ledger, Reserved};

const SECONDS_OF_DAY: u64 = 24 * 60 * 60;

/// Everything goes on one account.
const KEY: &str = "gateway";

/// What was spent on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Spent {
    /// Days since 1970-01-01.
    pub day: u64,
    /// Millionths of a US dollar.
    pub micros: u64,
}

pub(super) struct Budget {
    most: Option<u64>,
    today: Mutex<Day>,
    spent: Arc<watch::Sender<Spent>>,
}

#[derive(Clone)]
struct Day {
    number: u64,
    ledger: Arc<Ledger>,
    spent: Arc<AtomicU64>,
}

impl Day {
    fn new(most: Option<u64>, Spent { day: number, micros }: Spent) -> Self {
        let ledger = Ledger::new(most);
        ledger.carry_over(KEY, micros);
        Self { number, ledger, spent: Arc::new(AtomicU64::new(micros)) }
    }
}

impl Budget {
    pub(super) fn new(most: Option<u64>, spent: Spent) -> Self {
        let today = Mutex::new(Day::new(most, spent));
        Self { most, today, spent: Arc::new(watch::Sender::new(spent)) }
    }

    pub(super) fn watch(&self) -> watch::Receiver<Spent> {
        self.spent.subscribe()
    }

    /// None where nothing limits it.
    pub(super) fn today(&self) -> Option<DayBudget> {
        let most = self.most?;
        let day = self.day(today());
        Some(DayBudget { day: day.number, most, spent: day.spent.load(Ordering::Relaxed) })
    }

    /// Sets the most apart that a request can cost; none where that is not known.
    pub(super) async fn reserve(&self, cost: Option<u64>) -> Result<SetApart, Empty> {
        self.reserve_on(today(), cost).await
    }

    async fn reserve_on(&self, day: u64, cost: Option<u64>) -> Result<SetApart, Empty> {
        let day = self.day(day);
        let reserved = Some(day.ledger.reserve(KEY, None, cost, &day.spent).await?);
        Ok(SetApart { reserved, day, told: Arc::clone(&self.spent) })
    }

    /// A clock that is put back stays on the day that it was.
    fn day(&self, number: u64) -> Day {
        let mut today = self.today.lock().unwrap_or_else(PoisonError::into_inner);
        if today.number < number {
            *today = Day::new(self.most, Spent { day: number, micros: 0 });
        }
        today.clone()
    }
}

fn today() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    since.as_secs() / SECONDS_OF_DAY
}

/// Money for one request, until that is dropped. Where the request was not made it is given back.
pub(super) struct SetApart {
    reserved: Option<Reserved>,
    day: Day,
    told: Arc<watch::Sender<Spent>>,
}

impl SetApart {
    /// The request leaves. Until it is settled it counts as the most that it can cost.
    pub(super) fn leave(&mut self) {
        if let Some(reserved) = &mut self.reserved {
            reserved.leave();
        }
    }

    /// What it came to.
    pub(super) fn settle(mut self, cost: u64) {
        if let Some(reserved) = self.reserved.take() {
            reserved.settle(cost);
        }
    }
}

impl Drop for SetApart {
    fn drop(&mut self) {
        // The account has it when this is gone.
        drop(self.reserved.take());
        let day = self.day.number;
        self.told.send_if_modified(|told| {
            // Read under the lock of who is told, so that no smaller number comes after a larger one.
            let spent = Spent { day, micros: self.day.spent.load(Ordering::Relaxed) };
            let is_news = day >= told.day && *told != spent;
            if is_news {
                *told = spent;
            }
            is_news
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_day_has_what_it_may_spend_and_the_next_one_as_much() {
        let budget = Budget::new(Some(100), Spent { day: 7, micros: 60 });
        let told = budget.watch();
        let mut first = budget.reserve_on(7, Some(40)).await.expect("there is as much");
        first.leave();
        assert_eq!(told.borrow().micros, 60);
        first.settle(30);
        assert_eq!(*told.borrow(), Spent { day: 7, micros: 90 });
        assert!(budget.reserve_on(7, Some(11)).await.is_err());
        let mut late = budget.reserve_on(7, Some(10)).await.expect("there is as much");
        late.leave();
        // What was not counted is the most; what has not left is nothing.
        let mut next = budget.reserve_on(8, Some(100)).await.expect("another day");
        next.leave();
        drop(next);
        assert_eq!(*told.borrow(), Spent { day: 8, micros: 100 });
        drop(late);
        assert_eq!(*told.borrow(), Spent { day: 8, micros: 100 });
        drop(budget.reserve_on(9, Some(100)).await.expect("another day"));
        assert_eq!(*told.borrow(), Spent { day: 9, micros: 0 });
        assert!(budget.reserve_on(6, Some(101)).await.is_err());
    }
}
