//! Gives up on a run that can't become complete any more, because a plugin does nothing but break.

use model::outcome::{Failure, FailureKind, Outcome};
use model::run::{RowResult, RunPlan};

/// Rows in a row that a scorer breaks on in the same way before it counts as broken.
const TIMES: u32 = 100;

/// A scorer that broke on so many rows in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Its key.
    pub scorer: String,
    pub times: u32,
    pub failure: Failure,
}

/// Watches results in the order they are stored.
pub(super) struct Breaker {
    keys: Vec<String>,
    streaks: Vec<Option<(Failure, u32)>>,
    /// Failed rows.
    failed: u64,
    /// Those that the run can bear.
    allowed: u64,
}

impl Breaker {
    pub(super) fn new(plan: &RunPlan, trials: u64) -> Self {
        let keys: Vec<_> = plan.scorers.iter().map(|scorer| scorer.key.clone()).collect();
        let streaks = vec![None; keys.len()];
        Self { keys, streaks, failed: 0, allowed: plan.max_failed.of(trials) }
    }

    /// Says which scorer is broken, once that is plain and more rows have failed than the run can bear.
    pub(super) fn see(&mut self, results: &[RowResult]) -> Option<Broken> {
        for result in results {
            self.failed += u64::from(result.is_failed());
            for (streak, outcome) in self.streaks.iter_mut().zip(&result.outcomes) {
                *streak = longer(streak.take(), outcome);
            }
        }
        if self.failed <= self.allowed {
            return None;
        }
        self.keys.iter().zip(&self.streaks).find_map(|(key, streak)| {
            let (failure, times) = streak.as_ref().filter(|(_, times)| *times >= TIMES)?;
            Some(Broken { scorer: key.clone(), times: *times, failure: failure.clone() })
        })
    }
}

fn longer(streak: Option<(Failure, u32)>, outcome: &Outcome) -> Option<(Failure, u32)> {
    let Outcome::Failed(failure) = outcome else { return None };
    if !breaks(failure.kind) {
        return None;
    }
    let is_same = |last: &Failure| (last.kind, &last.message) == (failure.kind, &failure.message);
    match streak {
        Some((last, times)) if is_same(&last) => Some((last, times + 1)),
        _ => Some((failure.clone(), 1)),
    }
}

/// Whether the host ended the call, which may have cost all that it was allowed. What a scorer says itself is cheap.
fn breaks(kind: FailureKind) -> bool {
    use FailureKind::{Exited, OutOfFuel, OutOfMemory, Panicked, StackExhausted, TimedOut, Trapped};
    matches!(kind, Exited | OutOfFuel | OutOfMemory | Panicked | StackExhausted | TimedOut | Trapped)
}
