//! Requests at once to one endpoint: so many as it bears, and in turn for the rows that wait.
//!
//! The number goes down by half when the endpoint is overloaded and up by one for each round that is not (additive
//! increase, multiplicative decrease; Chiu and Jain, 1989). A row that asks a hundred questions at once does not stand
//! before a hundred rows that ask one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use tokio::time::Instant;

/// Who takes turns: a trial of a row.
pub(crate) type Turn = (u64, u32);

pub(super) struct Lanes(Mutex<State>);

struct State {
    /// From 1 to `most`.
    limit: f64,
    most: f64,
    busy: u32,
    waiting: Rotation,
    /// Requests that were begun before this say nothing new about an overload.
    cut: Option<Instant>,
}

/// Those who wait, each row with its questions in order.
#[derive(Default)]
struct Rotation {
    rows: VecDeque<Turn>,
    of: HashMap<Turn, VecDeque<oneshot::Sender<Lane>>>,
}

impl Rotation {
    fn push(&mut self, turn: Turn, waiting: oneshot::Sender<Lane>) {
        let of_row = self.of.entry(turn).or_default();
        if of_row.is_empty() {
            self.rows.push_back(turn);
        }
        of_row.push_back(waiting);
    }

    fn pop(&mut self) -> Option<oneshot::Sender<Lane>> {
        let turn = self.rows.pop_front()?;
        let of_row = self.of.get_mut(&turn)?;
        let first = of_row.pop_front();
        if of_row.is_empty() {
            self.of.remove(&turn);
        } else {
            self.rows.push_back(turn);
        }
        first
    }
}

/// Room for one request, until it is dropped.
pub(crate) struct Lane {
    /// None once it is given back.
    lanes: Option<Arc<Lanes>>,
    begun: Instant,
}

impl Lanes {
    pub(super) fn new(most: u32) -> Arc<Self> {
        let most = f64::from(most.max(1));
        Arc::new(Self(Mutex::new(State { limit: most, most, busy: 0, waiting: Rotation::default(), cut: None })))
    }

    /// Waits until it is this row's turn.
    pub(super) async fn enter(self: &Arc<Self>, turn: Turn) -> Lane {
        let waiting = {
            let mut state = self.state();
            if f64::from(state.busy) < state.limit.floor() {
                state.busy += 1;
                return self.lane();
            }
            let (sender, receiver) = oneshot::channel();
            state.waiting.push(turn, sender);
            receiver
        };
        waiting.await.expect("the lanes outlive those who wait")
    }

    fn lane(self: &Arc<Self>) -> Lane {
        Lane { lanes: Some(Arc::clone(self)), begun: Instant::now() }
    }

    fn give_back(self: &Arc<Self>) {
        self.state().busy -= 1;
        while let Some(next) = self.next() {
            // Somebody who waits no more is passed over.
            if let Err(mut lane) = next.send(self.lane()) {
                lane.lanes = None;
                self.state().busy -= 1;
            }
        }
    }

    /// Lets one request go, then more as they go well.
    pub(super) fn narrow(&self) {
        self.state().limit = 1.0;
    }

    /// Who gets the lane that is free, if one is.
    fn next(&self) -> Option<oneshot::Sender<Lane>> {
        let mut state = self.state();
        let is_free = f64::from(state.busy) < state.limit.floor();
        let next = is_free.then(|| state.waiting.pop()).flatten()?;
        state.busy += 1;
        Some(next)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lane {
    /// The request went well.
    pub(super) fn went_well(&self) {
        if let Some(lanes) = &self.lanes {
            let mut state = lanes.state();
            state.limit = (state.limit + 1.0 / state.limit).min(state.most);
        }
    }

    /// The endpoint could not bear it.
    pub(super) fn overloaded(&self) {
        let Some(lanes) = &self.lanes else { return };
        let mut state = lanes.state();
        if state.cut.is_none_or(|cut| cut <= self.begun) {
            state.limit = (state.limit / 2.0).max(1.0);
            state.cut = Some(Instant::now());
        }
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        if let Some(lanes) = self.lanes.take() {
            lanes.give_back();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_row_with_many_questions_does_not_stand_before_the_others() {
        let lanes = Lanes::new(1);
        let first = lanes.enter((0, 0)).await;
        let order = Arc::new(Mutex::new(Vec::new()));
        let mut asking = Vec::new();
        for turn in [(1, 0), (1, 0), (1, 0), (2, 0), (3, 0)] {
            let (lanes, order) = (Arc::clone(&lanes), Arc::clone(&order));
            asking.push(tokio::spawn(async move {
                let _lane = lanes.enter(turn).await;
                order.lock().expect("no panic").push(turn.0);
            }));
            tokio::task::yield_now().await;
        }
        drop(first);
        for task in asking {
            task.await.expect("no panic");
        }
        assert_eq!(*order.lock().expect("no panic"), [1, 2, 3, 1, 1]);
        assert_eq!(lanes.state().busy, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn an_overload_halves_the_lanes_once_and_success_brings_them_back() {
        let lanes = Lanes::new(8);
        let mut at_once = Vec::new();
        for row in 0..8 {
            at_once.push(lanes.enter((row, 0)).await);
        }
        tokio::time::advance(Duration::from_millis(1)).await;
        at_once.iter().for_each(Lane::overloaded);
        assert_eq!(lanes.state().limit, 4.0);
        at_once.clear();
        for row in 0..40 {
            lanes.enter((row, 0)).await.went_well();
        }
        assert_eq!(lanes.state().limit, 8.0);
    }

    #[tokio::test]
    async fn somebody_who_gave_up_takes_no_lane_along() {
        let lanes = Lanes::new(1);
        let first = lanes.enter((0, 0)).await;
        for row in 1..4 {
            let given_up = tokio::time::timeout(Duration::ZERO, lanes.enter((row, 0))).await;
            assert!(given_up.is_err());
        }
        drop(first);
        drop(lanes.enter((4, 0)).await);
        let state = lanes.state();
        assert_eq!((state.busy, state.waiting.rows.len()), (0, 0));
    }
}
