//! What calls have taken, added up by many threads.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::ports::Work;

#[derive(Default)]
pub(crate) struct Account {
    calls: AtomicU64,
    fuel: AtomicU64,
    nanos: AtomicU64,
}

impl Account {
    pub(crate) fn add(&self, Work { calls, fuel, time }: Work) {
        self.calls.fetch_add(calls, Ordering::Relaxed);
        self.fuel.fetch_add(fuel, Ordering::Relaxed);
        self.nanos.fetch_add(time.as_nanos() as u64, Ordering::Relaxed);
    }

    pub(crate) fn sum(&self) -> Work {
        Work {
            calls: self.calls.load(Ordering::Relaxed),
            fuel: self.fuel.load(Ordering::Relaxed),
            time: Duration::from_nanos(self.nanos.load(Ordering::Relaxed)),
        }
    }
}
