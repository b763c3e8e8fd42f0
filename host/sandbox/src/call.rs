//! One instance of a plugin, and calls into it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use model::limits::CallLimits;
use model::outcome::{Failure, FailureKind};
use model::quantity::TimeSpan;
use tokio::sync::OwnedSemaphorePermit;
use wasmtime::Store;
use wasmtime::component::ResourceAny;

use crate::bindings::{aggregator, describe, exporter, predictor, scorer};
use crate::clock::Clock;
use crate::engine::YIELD_INTERVAL;
use crate::failure;
use crate::guest::Guest;
use crate::imports::Granted;
use crate::instances::{Question, Reply, Turn};
use crate::linked::Linked;

/// A plugin come alive: its memory, and what the host keeps for it. After a failed call it must be dropped.
pub(crate) struct Instance {
    store: Store<Guest>,
    instance: wasmtime::component::Instance,
    exports: Exported,
    /// What an aggregator has started and not finished.
    accumulator: Option<ResourceAny>,
    limits: CallLimits,
    _slot: OwnedSemaphorePermit,
}

/// What the instance can be asked about rows and runs.
struct Exported {
    scorer: Option<scorer::Guest>,
    aggregator: Option<aggregator::Guest>,
    predictor: Option<predictor::Guest>,
    exporter: Option<exporter::Guest>,
}

impl Exported {
    fn load(
        plugin: &Linked,
        store: &mut Store<Guest>,
        instance: &wasmtime::component::Instance,
    ) -> wasmtime::Result<Self> {
        let exports = &plugin.exports;
        Ok(Self {
            scorer: exports.scorer.as_ref().map(|scorer| scorer.load(&mut *store, instance)).transpose()?,
            aggregator: exports.aggregator.as_ref().map(|exported| exported.load(&mut *store, instance)).transpose()?,
            predictor: exports.predictor.as_ref().map(|predictor| predictor.load(&mut *store, instance)).transpose()?,
            exporter: exports.exporter.as_ref().map(|exporter| exporter.load(&mut *store, instance)).transpose()?,
        })
    }
}

impl Instance {
    /// Makes a fresh instance, waiting for a free slot.
    pub(crate) async fn start(plugin: &Linked, granted: &Arc<Granted>, turn: Turn) -> Result<Self, Failure> {
        let limits = granted.setup.limits;
        let shared = &plugin.shared;
        let slot = shared.slots.clone().acquire_many_owned(plugin.slots).await;
        let slot = slot.map_err(|_| Failure::new(FailureKind::Cancelled, "the sandbox is closed"))?;
        let mut store = Guest::store(&shared.engine, turn, granted);
        let clock = Arc::clone(&store.data().clock);
        // In a place of its own: ten thousand may wait for a slot, and none of them needs it yet.
        let started = Box::pin(async {
            refuel(&mut store, limits)?;
            let instance = plugin.plugin.instantiate_async(&mut store).await?;
            Ok((instance, Exported::load(plugin, &mut store, &instance)?))
        });
        match within(&clock, limits.time, started).await {
            Ok((instance, exports)) => Ok(Self { store, instance, exports, accumulator: None, limits, _slot: slot }),
            Err(stop) => Err(stop.explain(&store, limits)),
        }
    }

    /// Asks a plugin what it offers, in an instance of its own.
    pub(crate) async fn describe(
        plugin: &Linked,
        granted: &Arc<Granted>,
    ) -> Result<describe::PluginDescription, Failure> {
        let mut instance = Self::start(plugin, granted, Turn::default()).await?;
        let Self { store, instance, limits, .. } = &mut instance;
        let clock = Arc::clone(&store.data().clock);
        let described = async {
            let exported = plugin.exports.describe.load(&mut *store, &*instance)?;
            exported.call_describe(&mut *store).await
        };
        let answer = within(&clock, limits.time, described).await;
        answer.map_err(|stop| stop.explain(store, *limits))
    }

    /// Calls an item of the plugin. `Ok` is what the guest answered, its own failures included.
    pub(crate) async fn ask(&mut self, item: &str, parameters: &String, question: &Question) -> Result<Reply, Failure> {
        let Self { store, exports, accumulator, limits, .. } = self;
        let clock = Arc::clone(&store.data().clock);
        let called = Box::pin(async {
            refuel(store, *limits)?;
            store.data_mut().traces.turn_to(question.trace());
            match (question, exports) {
                (Question::Score(row, _), Exported { scorer: Some(scorer), .. }) => {
                    scorer.call_score(&mut *store, item, parameters, row).await.map(Reply::Scored)
                }
                (Question::Start, Exported { aggregator: Some(aggregator), .. }) => {
                    let started = aggregator.accumulator().call_start(&mut *store, item, parameters).await?;
                    Ok(Reply::Started(started.map(|started| *accumulator = Some(started))))
                }
                (Question::Add(rows), Exported { aggregator: Some(aggregator), .. }) => {
                    let accumulator = accumulator.ok_or_else(not_started)?;
                    aggregator.accumulator().call_add(&mut *store, accumulator, rows).await.map(Reply::Added)
                }
                (Question::Finish, Exported { aggregator: Some(aggregator), .. }) => {
                    let accumulator = accumulator.take().ok_or_else(not_started)?;
                    aggregator.accumulator().call_finish(&mut *store, accumulator).await.map(Reply::Finished)
                }
                (Question::Predict(row, span), Exported { predictor: Some(predictor), .. }) => {
                    predictor.call_predict(&mut *store, item, parameters, row, span).await.map(Reply::Predicted)
                }
                (Question::Accepts, Exported { exporter: Some(exporter), .. }) => {
                    exporter.call_accepts(&mut *store, item, parameters).await.map(Reply::Accepts)
                }
                (Question::Export(batch), Exported { exporter: Some(exporter), .. }) => {
                    exporter.call_export(&mut *store, item, parameters, batch).await.map(Reply::Exported)
                }
                (Question::Flush, Exported { exporter: Some(exporter), .. }) => {
                    exporter.call_flush(&mut *store, item, parameters).await.map(Reply::Flushed)
                }
                _ => Err(wasmtime::Error::msg("the plugin does not export what it says it offers")),
            }
        });
        let answer = within(&clock, limits.time, called).await;
        // What the guest left open ends with the call, though the instance may go on.
        store.data_mut().egress.incoming.clear();
        answer.map_err(|stop| stop.explain(store, *limits))
    }

    /// What the last call has used.
    pub(crate) fn used(&self) -> CallUse {
        let guest = self.store.data();
        let left = self.store.get_fuel().unwrap_or_default();
        CallUse {
            fuel: self.limits.fuel.saturating_sub(left) + guest.used.price(),
            memory: guest.memory.used(),
            host_calls: guest.used.host_calls,
        }
    }

    /// Makes the surroundings those of another call.
    pub(crate) fn turn_to(&mut self, turn: Turn) {
        self.store.data_mut().turn_to(turn);
    }

    /// Bytes of memory and tables in use.
    pub(crate) fn memory(&self) -> u64 {
        self.store.data().memory.used()
    }
}

fn not_started() -> wasmtime::Error {
    wasmtime::Error::msg("the aggregator has not been started")
}

/// Of one call.
pub(crate) struct CallUse {
    /// Calls of the host included.
    pub(crate) fuel: u64,
    pub(crate) memory: u64,
    pub(crate) host_calls: u64,
}

fn refuel(store: &mut Store<Guest>, limits: CallLimits) -> wasmtime::Result<()> {
    store.set_hostcall_fuel(usize::try_from(limits.output).unwrap_or(usize::MAX));
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(YIELD_INTERVAL))
}

/// Why a call did not come to its end.
enum Stop {
    Deadline,
    Error(wasmtime::Error),
}

impl Stop {
    fn explain(self, store: &Store<Guest>, limits: CallLimits) -> Failure {
        match self {
            Self::Deadline => Failure::new(
                FailureKind::TimedOut,
                format!("gave no answer within {} (`limits.time`)", TimeSpan(limits.time)),
            ),
            Self::Error(error) => failure::explain(&error, store.data(), limits),
        }
    }
}

async fn within<T>(clock: &Clock, time: Duration, call: impl Future<Output = wasmtime::Result<T>>) -> Result<T, Stop> {
    match clock.within(time, call).await {
        Some(answer) => answer.map_err(Stop::Error),
        None => Err(Stop::Deadline),
    }
}
