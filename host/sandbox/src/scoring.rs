//! Scorers of one plugin over the rows of a run.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use model::limits::Reuse;
use model::outcome::{Failure, FailureKind, Outcome};
use model::ports::{Binding, Scoring};
use model::row::Row;
use model::scorer::{Determinism, ScorerDescription};

use crate::bindings::types;
use crate::call::Instance;
use crate::convert;
use crate::imports::Granted;
use crate::load::Linked;
use crate::surroundings::Seed;

/// Calls after which a kept instance is replaced: what it leaks stays bounded.
const MOST_CALLS: u32 = 1000;

/// A kept instance is replaced when its memory has grown by this factor since its first call.
const MOST_GROWTH: u64 = 2;

/// One call in so many of a scorer that says it is pure is made twice.
const CHECKED: u16 = 1024;

/// Decided by the seed, so that the same calls are checked every time.
fn is_checked(seed: &Seed) -> bool {
    u16::from_le_bytes([seed[30], seed[31]]).is_multiple_of(CHECKED)
}

/// A plugin bound to the scorers of a run.
pub(crate) struct Bound {
    plugin: Arc<Linked>,
    binding: Binding,
    granted: Arc<Granted>,
    /// The JSON text of each call's parameters.
    parameters: Vec<String>,
    /// Instances between two rows; empty unless they are reused over the run.
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

#[async_trait]
impl Scoring for Bound {
    async fn score(&self, row: &Row, calls: &[usize]) -> Vec<Outcome> {
        let mut guest_row = convert::row(row);
        let mut kept = self.take_idle();
        let mut outcomes = Vec::with_capacity(calls.len());
        for &call in calls {
            outcomes.push(self.call(call, row, &mut guest_row, &mut kept).await);
            if self.binding.reuse == Reuse::Never {
                kept = None;
            }
        }
        self.give_back(kept);
        outcomes
    }
}

impl Bound {
    pub(crate) fn new(plugin: Arc<Linked>, binding: Binding) -> Self {
        let parameters = binding.calls.iter().map(|call| call.parameters.to_string()).collect();
        let granted = Arc::new(Granted::new(&plugin, &binding));
        Self { plugin, binding, granted, parameters, idle: Mutex::default() }
    }

    /// Makes one call in the instance at hand, or in a fresh one that is then left there. A failed call leaves none.
    async fn call(&self, call: usize, row: &Row, guest_row: &mut types::Row, kept: &mut Option<Kept>) -> Outcome {
        let parameters = &self.parameters[call];
        let call = &self.binding.calls[call];
        let Some(scorer) = self.plugin.description.scorers.iter().find(|scorer| scorer.name == call.scorer) else {
            return Outcome::Failed(convert::unknown(&call.scorer));
        };
        let seed = self.seed(scorer, row);
        guest_row.seed = u64::from_le_bytes(seed[..8].try_into().expect("8 bytes"));
        let mut ready = match self.ready(kept.take(), seed).await {
            Ok(ready) => ready,
            Err(failure) => return Outcome::Failed(failure),
        };
        match ready.instance.score(&call.scorer, parameters, guest_row).await {
            Ok(answer) => {
                ready.calls += 1;
                *kept = Some(ready);
                let outcome = convert::outcome(answer, scorer);
                if scorer.determinism == Determinism::Pure && is_checked(&seed) {
                    return self.checked(outcome, scorer, parameters, guest_row, seed).await;
                }
                outcome
            }
            Err(failure) => Outcome::Failed(failure),
        }
    }

    /// The outcome, if a fresh instance comes to the same.
    async fn checked(
        &self,
        outcome: Outcome,
        scorer: &ScorerDescription,
        parameters: &String,
        row: &types::Row,
        seed: Seed,
    ) -> Outcome {
        let again = async {
            let mut again = self.ready(None, seed).await?;
            again.instance.score(&scorer.name, parameters, row).await
        };
        // One that can't be made again says nothing.
        let differs = again.await.is_ok_and(|answer| convert::outcome(answer, scorer) != outcome);
        if differs {
            let message = "says that it is pure, and gave two answers to one row";
            return Outcome::Failed(Failure::new(FailureKind::InvalidOutput, message));
        }
        outcome
    }

    async fn ready(&self, kept: Option<Kept>, seed: Seed) -> Result<Kept, Failure> {
        if let Some(mut kept) = kept {
            kept.instance.turn_to(seed);
            return Ok(kept);
        }
        let Linked { shared, plugin, slots, .. } = &*self.plugin;
        Instance::start(shared, plugin, *slots, &self.granted, seed).await.map(Kept::new)
    }

    /// What decides everything random in a call: the same for the same suite seed, plugin, scorer, row and trial, in
    /// whatever order rows come.
    fn seed(&self, scorer: &ScorerDescription, row: &Row) -> Seed {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.binding.seed.to_le_bytes());
        hasher.update(&row.trial.to_le_bytes());
        for text in [&self.plugin.description.digest, &scorer.name, &row.id] {
            hasher.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        *hasher.finalize().as_bytes()
    }

    fn take_idle(&self) -> Option<Kept> {
        if self.binding.reuse != Reuse::Run {
            return None;
        }
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, kept: Option<Kept>) {
        if self.binding.reuse == Reuse::Run
            && let Some(kept) = kept.filter(|kept| !kept.is_worn())
        {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(kept);
        }
    }
}
