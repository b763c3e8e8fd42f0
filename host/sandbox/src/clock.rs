//! The wall time of a call: what a guest takes, without what it waits for judges.
//!
//! A judge may have a queue in front of it, and its host has deadlines for that. A guest that waits does nothing.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often one that waits is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// What a guest was not charged with.
#[derive(Default)]
pub(crate) struct Clock(Mutex<Stopped>);

#[derive(Clone, Copy, Default)]
struct Stopped {
    /// By waits that are over.
    time: Duration,
    since: Option<Instant>,
    waits: u32,
}

impl Clock {
    /// Stands still while `waiting` waits.
    pub(crate) async fn stop_for<T>(&self, waiting: impl Future<Output = T>) -> T {
        let _stopped = Standing::new(self);
        waiting.await
    }

    /// Runs a call until it has taken so much time; none where it took longer.
    pub(crate) async fn within<T>(&self, time: Duration, call: impl Future<Output = T>) -> Option<T> {
        let (begun, before) = (Instant::now(), self.stood());
        let mut call = std::pin::pin!(call);
        let mut patience = time;
        loop {
            if let Ok(answer) = tokio::time::timeout(patience, &mut call).await {
                return Some(answer);
            }
            let taken = begun.elapsed().saturating_sub(self.stood() - before);
            patience = time.checked_sub(taken).filter(|left| !left.is_zero())?.max(LOOK);
        }
    }

    fn stood(&self) -> Duration {
        let stopped = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stopped.time + stopped.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn change(&self, change: impl FnOnce(&mut Stopped)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

struct Standing<'a>(&'a Clock);

impl<'a> Standing<'a> {
    fn new(clock: &'a Clock) -> Self {
        clock.change(|stopped| {
            stopped.waits += 1;
            stopped.since.get_or_insert_with(Instant::now);
        });
        Self(clock)
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.0.change(|stopped| {
            stopped.waits -= 1;
            if stopped.waits == 0
                && let Some(since) = stopped.since.take()
            {
                stopped.time += since.elapsed();
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_for_a_judge_takes_none_of_the_time() {
        let clock = Clock::default();
        let call = async {
            sleep(millis(40)).await;
            tokio::join!(clock.stop_for(sleep(millis(1000))), clock.stop_for(sleep(millis(2000))));
            sleep(millis(40)).await;
        };
        assert_eq!(clock.within(millis(100), call).await, Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_after_waiting_is_all_there_is() {
        let clock = Clock::default();
        let begun = Instant::now();
        let call = async {
            sleep(millis(60)).await;
            clock.stop_for(sleep(millis(1000))).await;
            sleep(millis(60)).await;
        };
        assert_eq!(clock.within(millis(100), call).await, None);
        assert!(begun.elapsed() < millis(1120), "{:?}", begun.elapsed());
    }
}
