//! Brings spans of calls into the store, behind the answers.
//!
//! Only so many wait for it at a time. What there is no room for, and what the store does not take however often it is
//! asked, is lost: it is counted, and the log says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use model::trace::Span;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::admission::Held;
use crate::metrics::Metrics;
use crate::otlp::Intake;

/// Spans that wait at once.
const MOST: u32 = 1024;

/// How often the store is asked to take a span, and how long it is left alone after the first time; then twice as long.
const TIMES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_secs(1);

pub(crate) struct Recorder {
    intake: Intake,
    room: Arc<Semaphore>,
    metrics: Arc<Metrics>,
    /// Calls end in destructors, too, which may run anywhere.
    runtime: Handle,
    now: fn() -> u64,
    version: String,
}

impl Recorder {
    /// For the runtime that this is called on.
    pub(crate) fn new(intake: Intake, metrics: Arc<Metrics>, now: fn() -> u64, version: String) -> Self {
        let room = Arc::new(Semaphore::new(MOST as usize));
        Self { intake, room, metrics, runtime: Handle::current(), now, version }
    }

    pub(super) fn now(&self) -> u64 {
        (self.now)()
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Takes a span, and the room that the call has held, until the store has it.
    pub(super) fn record(&self, experiment: String, trace: String, span: Span, held: Held) {
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            return lost(&self.metrics.lost, &trace, "too many wait for the store");
        };
        let (intake, metrics) = (self.intake.clone(), Arc::clone(&self.metrics));
        self.runtime.spawn(async move {
            let mut wait = FIRST_WAIT;
            for time in 1..=TIMES {
                let Err(refusal) = intake.keep(&experiment, &trace, vec![span.clone()]).await else { break };
                if time == TIMES {
                    lost(&metrics.lost, &trace, &refusal.message);
                    break;
                }
                tokio::time::sleep(wait).await;
                wait *= 2;
            }
            drop((room, held));
        });
    }

    /// Waits until the store has everything, for so long at the most.
    pub(crate) async fn flush(&self, time: Duration) {
        let all = tokio::time::timeout(time, self.room.acquire_many(MOST));
        if all.await.is_err() {
            let waiting = MOST as usize - self.room.available_permits();
            self.metrics.lost.fetch_add(waiting as u64, Ordering::Relaxed);
            tracing::error!(spans = waiting, "the store did not take spans of the gateway: they are lost");
        }
    }
}

fn lost(count: &AtomicU64, trace: &str, why: &str) {
    count.fetch_add(1, Ordering::Relaxed);
    tracing::error!(trace, why, "a span of the gateway is lost");
}
