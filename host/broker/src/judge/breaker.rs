//! Leaves an endpoint alone for a while where it does nothing but fail, and for good where asking again can't help.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::provider::{Trouble, TroubleKind};

/// Requests that fail one after the other before the endpoint is left alone.
const PATIENCE: u32 = 10;

/// How long at first; each further time it is twice as long.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_secs(60);

#[derive(Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    has_worked: bool,
    /// Since the last that went well.
    failures: u32,
    refusals: u32,
    rests: u32,
    until: Option<Instant>,
    /// Why it is not asked any more.
    dead: Option<Trouble>,
}

impl Breaker {
    /// When the endpoint may be asked: at once, or not before the time that is given.
    ///
    /// # Errors
    ///
    /// Fails with why it is not asked any more.
    pub(super) fn rest(&self) -> Result<Option<Instant>, Trouble> {
        let state = self.state();
        match &state.dead {
            Some(trouble) => Err(trouble.clone()),
            None => Ok(state.until.filter(|until| *until > Instant::now())),
        }
    }

    pub(super) fn went_well(&self) {
        let mut state = self.state();
        (state.failures, state.refusals, state.rests, state.until) = (0, 0, 0, None);
        state.has_worked = true;
    }

    /// Takes in that a request failed, and says whether a rest begins.
    pub(super) fn failed(&self, trouble: &Trouble) -> bool {
        let mut state = self.state();
        match trouble.kind {
            TroubleKind::Refused | TroubleKind::NoSuchModel | TroubleKind::QuotaExhausted => {
                state.refusals += 1;
                // Where it has worked before, a single refusal may be one server's of many.
                if !state.has_worked || state.refusals >= PATIENCE {
                    state.dead = Some(trouble.clone());
                }
            }
            TroubleKind::Overloaded | TroubleKind::Unavailable | TroubleKind::TimedOut => {
                state.failures += 1;
                let is_resting = state.until.is_some_and(|until| until > Instant::now());
                if state.failures >= PATIENCE && !is_resting {
                    let rest = FIRST_REST.saturating_mul(1 << state.rests.min(16)).min(LONGEST_REST);
                    state.until = Some(Instant::now() + rest);
                    state.rests += 1;
                    return true;
                }
            }
            _ => {}
        }
        false
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(kind: TroubleKind) -> Trouble {
        Trouble::unmade(kind, "no")
    }

    #[tokio::test(start_paused = true)]
    async fn an_endpoint_that_does_nothing_but_fail_is_left_alone_for_longer_and_longer() {
        let breaker = Breaker::default();
        let mut rests = Vec::new();
        for _ in 0..8 {
            let begins: Vec<_> = (0..PATIENCE).map(|_| breaker.failed(&trouble(TroubleKind::Unavailable))).collect();
            assert_eq!(begins.iter().filter(|begins| **begins).count(), 1);
            let until = breaker.rest().expect("it is asked again").expect("it is left alone");
            rests.push((until - Instant::now()).as_secs());
            tokio::time::sleep_until(until).await;
            assert_eq!(breaker.rest(), Ok(None));
        }
        assert_eq!(rests, [1, 2, 4, 8, 16, 32, 60, 60]);
        breaker.went_well();
        assert!((1..PATIENCE).all(|_| !breaker.failed(&trouble(TroubleKind::TimedOut))));
        assert_eq!(breaker.rest(), Ok(None));
    }

    #[tokio::test]
    async fn what_asking_again_can_not_mend_is_not_asked_again() {
        for kind in [TroubleKind::Refused, TroubleKind::NoSuchModel, TroubleKind::QuotaExhausted] {
            let breaker = Breaker::default();
            breaker.failed(&trouble(TroubleKind::BadRequest));
            assert_eq!(breaker.rest(), Ok(None));
            breaker.failed(&trouble(kind));
            assert_eq!(breaker.rest().expect_err("it is over").kind, kind);
        }
    }

    #[tokio::test]
    async fn an_endpoint_that_has_worked_may_refuse_once() {
        let breaker = Breaker::default();
        breaker.went_well();
        (1..PATIENCE).for_each(|_| assert!(!breaker.failed(&trouble(TroubleKind::Refused))));
        assert_eq!(breaker.rest(), Ok(None));
        breaker.went_well();
        (0..PATIENCE).for_each(|_| assert!(!breaker.failed(&trouble(TroubleKind::Refused))));
        assert_eq!(breaker.rest().expect_err("it is over").kind, TroubleKind::Refused);
    }
}
