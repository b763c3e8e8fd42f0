//! Instances of one plugin, made and kept as a run wants them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use model::grant::Grant;
use model::judge::Asker;
use model::limits::{CallLimits, Reuse};
use model::outcome::Failure;
use model::ports::{Binding, Call, HttpRequest, Work};
use model::row::Row;
use model::scorer::PluginDescription;
use model::trace::Trace;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::Doors;
use crate::bindings::{aggregator, exporter, predictor, types};
use crate::call::Instance;
use crate::imports::Granted;
use crate::linked::Linked;
use crate::spans::RowTrace;
use crate::surroundings::Seed;

/// Calls after which a kept instance is replaced: what it leaks stays bounded.
const MOST_CALLS: u32 = 1000;

/// A kept instance is replaced when its memory has grown by this factor since its first call.
const MOST_GROWTH: u64 = 2;

/// What a call asks of a guest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) enum Question {
    /// A row with its trace.
    Score(types::Row, RowTrace),
    /// Of an aggregator: an accumulator, that the instance keeps.
    Start,
    Add(Vec<aggregator::Scored>),
    Finish,
    Predict(types::Row, predictor::SpanContext),
    /// Which encodings an exporter takes.
    Accepts,
    Export(exporter::Batch),
    Flush,
}

impl Question {
    /// Makes the question that of one call.
    fn turn_to(&mut self, seed: Seed) {
        if let Self::Score(row, _) | Self::Predict(row, _) = self {
            row.seed = u64::from_le_bytes(seed[..8].try_into().expect("8 bytes"));
        }
    }

    /// Whether only the instance that was asked before has an answer.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Self::Add(_) | Self::Finish)
    }

    /// What the guest may look into beside the row.
    pub(crate) fn trace(&self) -> Option<Arc<Trace>> {
        match self {
            Self::Score(_, RowTrace(trace)) => trace.clone(),
            _ => None,
        }
    }
}

/// What a guest said, its own failures included.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) enum Reply {
    Scored(Result<types::Outcome, types::Failure>),
    Started(Result<(), types::Failure>),
    Added(Result<(), types::Failure>),
    Finished(Result<Vec<aggregator::Measure>, types::Failure>),
    Predicted(Result<predictor::Prediction, types::Failure>),
    Accepts(Result<Vec<exporter::Encoding>, types::Failure>),
    Exported(Result<exporter::Receipt, types::Failure>),
    Flushed(Result<(), types::Failure>),
}

/// What a guest said to a call, or how the call ended instead.
pub(crate) type Answer = Result<Reply, Failure>;

/// An answer, and what it took.
pub(crate) struct Answered {
    pub(crate) answer: Answer,
    pub(crate) work: Work,
}

/// What a binding means to whoever makes the instances.
#[derive(Debug, Default, Deserialize, Serialize)]
pub(crate) struct Setup {
    /// BLAKE3 of the component, in hexadecimal.
    pub(crate) plugin: String,
    calls: Vec<SetCall>,
    pub(crate) limits: CallLimits,
    reuse: Reuse,
    pub(crate) grant: Grant,
    pub(crate) config: Map<String, Value>,
    /// Instances that are kept are kept however old they get: they may hold what they have not sent.
    pub(crate) to_the_end: bool,
}

/// An item that can be called.
#[derive(Debug, Deserialize, Serialize)]
pub(crate) struct SetCall {
    /// Its name in results.
    key: String,
    item: String,
    /// JSON text.
    parameters: String,
}

impl Setup {
    pub(crate) fn of(plugin: &PluginDescription, binding: &Binding) -> Self {
        let calls = binding.calls.iter().map(|Call { key, item, parameters }| SetCall {
            key: key.clone(),
            item: item.clone(),
            parameters: parameters.to_string(),
        });
        Self {
            plugin: plugin.digest.clone(),
            calls: calls.collect(),
            limits: binding.limits,
            reuse: binding.reuse,
            grant: binding.grant.clone(),
            config: binding.config.clone(),
            to_the_end: false,
        }
    }

    /// For a plugin that is granted nothing, and asked for nothing but itself.
    pub(crate) fn of_nothing(limits: CallLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// The same with one instance for all calls.
    pub(crate) fn kept_to_the_end(self) -> Self {
        Self { reuse: Reuse::Run, to_the_end: true, ..self }
    }

    /// A worker's request, on behalf of nobody but a call of this setup.
    pub(crate) fn vouched(&self, request: HttpRequest) -> HttpRequest {
        HttpRequest { asker: request.asker.filter(|asker| self.is_of(asker)), ..request }
    }

    /// Whether somebody who asks is a call of this setup.
    pub(crate) fn is_of(&self, asker: &Asker) -> bool {
        self.plugin == asker.plugin && self.calls.iter().any(|call| call.key == asker.key)
    }

    /// On whose behalf a call of this setup asks a judge; none where there is no such call.
    pub(crate) fn asker(&self, turn: Turn) -> Option<Asker> {
        let key = self.calls.get(turn.call)?.key.clone();
        Some(Asker { plugin: self.plugin.clone(), key, index: turn.index, trial: turn.trial })
    }
}

/// One call to be made.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize)]
pub(crate) struct Turn {
    /// Which of the setup's calls.
    pub(crate) call: usize,
    pub(crate) seed: Seed,
    /// Position of the row in its dataset.
    pub(crate) index: u64,
    pub(crate) trial: u32,
}

impl Turn {
    pub(crate) fn on(row: &Row, call: usize, seed: Seed) -> Self {
        Self { call, seed, index: row.index, trial: row.trial }
    }
}

/// A plugin as one run uses it.
pub(crate) struct Instances {
    plugin: Arc<Linked>,
    granted: Arc<Granted>,
    /// Between two rows; empty unless they are reused over the run.
    idle: Mutex<Vec<Kept>>,
}

/// An instance that has answered, and what it was like when it first did.
struct Kept {
    instance: Instance,
    calls: u32,
    first_memory: u64,
}

impl Kept {
    fn new(instance: Instance) -> Self {
        let first_memory = instance.memory();
        Self { instance, calls: 0, first_memory }
    }

    fn is_worn(&self) -> bool {
        self.calls >= MOST_CALLS || self.instance.memory() > MOST_GROWTH * self.first_memory
    }
}

impl Instances {
    pub(crate) fn new(plugin: Arc<Linked>, setup: Setup, doors: Doors) -> Self {
        let values = Arc::clone(&plugin.values);
        let granted = Arc::new(Granted { setup, values, doors });
        Self { plugin, granted, idle: Mutex::default() }
    }

    /// Makes some calls with a question, one after the other.
    pub(crate) async fn answers(&self, question: &mut Question, turns: &[Turn]) -> Vec<Answered> {
        let mut kept = self.take_idle();
        let mut answers = Vec::with_capacity(turns.len());
        for &turn in turns {
            answers.push(self.answered(question, turn, &mut kept).await);
            if self.granted.setup.reuse == Reuse::Never {
                kept = None;
            }
        }
        self.give_back(kept);
        answers
    }

    /// Makes a call in an instance that has seen nothing else and will not.
    pub(crate) async fn fresh_answer(&self, question: &mut Question, turn: Turn) -> Answered {
        self.answered(question, turn, &mut None).await
    }

    async fn answered(&self, question: &mut Question, turn: Turn, kept: &mut Option<Kept>) -> Answered {
        let begun = Instant::now();
        let mut fuel = 0;
        let answer = self.answer(question, turn, kept, &mut fuel).await;
        Answered { answer, work: Work { calls: 1, fuel, time: begun.elapsed() } }
    }

    /// Makes one call in the instance at hand, or in a fresh one that is then left there. A failed call leaves none.
    async fn answer(&self, question: &mut Question, turn: Turn, kept: &mut Option<Kept>, fuel: &mut u64) -> Answer {
        let SetCall { item, parameters, .. } = &self.granted.setup.calls[turn.call];
        question.turn_to(turn.seed);
        let mut ready = self.ready(kept.take(), turn).await?;
        let answer = ready.instance.ask(item, parameters, question).await;
        *fuel = ready.instance.used().fuel;
        let reply = answer?;
        ready.calls += 1;
        *kept = Some(ready);
        Ok(reply)
    }

    async fn ready(&self, kept: Option<Kept>, turn: Turn) -> Result<Kept, Failure> {
        if let Some(mut kept) = kept {
            kept.instance.turn_to(turn);
            return Ok(kept);
        }
        Instance::start(&self.plugin, &self.granted, turn).await.map(Kept::new)
    }

    fn take_idle(&self) -> Option<Kept> {
        if self.granted.setup.reuse != Reuse::Run {
            return None;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, kept: Option<Kept>) {
        if self.granted.setup.reuse == Reuse::Run
            && let Some(kept) = kept.filter(|kept| self.granted.setup.to_the_end || !kept.is_worn())
        {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
    }
}
