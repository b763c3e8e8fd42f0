//! Requests and tokens for each minute: what the suite says, and what the provider says as it goes.
//!
//! A bucket fills at the rate and may hold what can be used at once (token bucket, as generic cell rates: whoever comes
//! takes its share at once and waits until the bucket would have had it).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::provider::{Allowance, Pace};

/// How fast one endpoint may be asked.
pub(super) struct Rate(Mutex<State>);

struct State {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    /// The provider wants nothing before.
    until: Option<Instant>,
}

struct Bucket {
    /// For each second.
    rate: f64,
    /// What the suite wants at the most.
    wanted: f64,
    most: f64,
    /// Below zero where more was taken than there was.
    level: f64,
    at: Instant,
}

impl Bucket {
    /// Lets a second's worth be used at once.
    fn steady(per_minute: u32, now: Instant) -> Self {
        let rate = f64::from(per_minute) / 60.0;
        Self { rate, wanted: rate, most: rate.max(1.0), level: rate.max(1.0), at: now }
    }

    fn fill(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.level = (self.level + seconds * self.rate).min(self.most);
        self.at = self.at.max(now);
    }

    /// Takes so many, and says when they would have been there.
    fn take(&mut self, count: f64, now: Instant) -> Instant {
        self.fill(now);
        self.level -= count;
        now + Duration::from_secs_f64((-self.level / self.rate).max(0.0))
    }
}

impl Rate {
    pub(super) fn new(requests_per_minute: Option<u32>, tokens_per_minute: Option<u32>) -> Self {
        let now = Instant::now();
        let bucket = |per_minute: Option<u32>| per_minute.map(|per_minute| Bucket::steady(per_minute, now));
        Self(Mutex::new(State {
            requests: bucket(requests_per_minute),
            tokens: bucket(tokens_per_minute),
            until: None,
        }))
    }

    /// Waits until one more request of about so many tokens may be made.
    pub(super) async fn wait(&self, tokens: u64) {
        loop {
            if let Some(until) = self.paused() {
                sleep_until(until).await;
                continue;
            }
            let due = self.take(tokens);
            sleep_until(due).await;
            // Where the provider wanted nothing for a while, what was taken before is worth nothing.
            if self.paused().is_none() {
                return;
            }
        }
    }

    fn take(&self, tokens: u64) -> Instant {
        let (mut state, now) = (self.state(), Instant::now());
        let requests = state.requests.as_mut().map_or(now, |bucket| bucket.take(1.0, now));
        let tokens = state.tokens.as_mut().map_or(now, |bucket| bucket.take(tokens as f64, now));
        requests.max(tokens)
    }

    fn paused(&self) -> Option<Instant> {
        self.state().until.filter(|until| *until > Instant::now())
    }

    /// Counts the tokens that a request came to in place of those that it was thought to need.
    pub(super) fn correct(&self, thought: u64, came_to: u64) {
        if let Some(bucket) = &mut self.state().tokens {
            bucket.level += thought as f64 - came_to as f64;
        }
    }

    /// Takes in what the provider said beside an answer.
    pub(super) fn hear(&self, pace: &Pace) {
        let (mut state, now) = (self.state(), Instant::now());
        if let Some(allowance) = &pace.requests {
            learn(&mut state.requests, allowance, now);
        }
        if let Some(allowance) = &pace.tokens {
            learn(&mut state.tokens, allowance, now);
        }
    }

    /// Nothing more before this time is over.
    pub(super) fn pause(&self, time: Duration) {
        let mut state = self.state();
        let until = Instant::now() + time;
        let until = state.until.map_or(until, |before| before.max(until));
        state.until = Some(until);
        // Then those who wait come one by one, not all at once.
        let State { requests, tokens, .. } = &mut *state;
        for bucket in [requests, tokens].into_iter().flatten() {
            (bucket.level, bucket.at) = (0.0, until);
        }
    }

    /// Whether requests wait for their time now.
    pub(super) fn is_throttled(&self) -> bool {
        let (state, now) = (self.state(), Instant::now());
        let is_short = |bucket: &Option<Bucket>| bucket.as_ref().is_some_and(|bucket| bucket.level < 0.0);
        state.until.is_some_and(|until| until > now) || is_short(&state.requests) || is_short(&state.tokens)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of what a provider allows: who comes just as fast is too fast now and then, and has to wait for it.
const SHARE: f64 = 0.98;

/// A provider's limits are for a minute. What is left of one bounds what we believe to have; how fast a suite wants to go
/// is not for the provider to raise.
fn learn(bucket: &mut Option<Bucket>, allowance: &Allowance, now: Instant) {
    let (limit, remaining) = (allowance.limit as f64, allowance.remaining as f64);
    if limit <= 0.0 {
        return;
    }
    let rate = SHARE * limit / 60.0;
    let bucket = bucket.get_or_insert(Bucket { rate, wanted: f64::INFINITY, most: limit, level: remaining, at: now });
    bucket.fill(now);
    bucket.rate = bucket.wanted.min(rate);
    bucket.level = bucket.level.min(remaining);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn requests_come_at_the_rate_that_the_suite_says() {
        let rate = Rate::new(Some(600), None);
        let begun = Instant::now();
        for _ in 0..110 {
            rate.wait(0).await;
        }
        // A second's worth at once, the rest at ten for each second.
        let seconds = begun.elapsed().as_secs_f64();
        assert!((9.9..10.2).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_counted_as_well() {
        let rate = Rate::new(None, Some(6000));
        let begun = Instant::now();
        for _ in 0..11 {
            rate.wait(100).await;
        }
        let seconds = begun.elapsed().as_secs_f64();
        assert!((9.9..10.2).contains(&seconds), "{seconds}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_provider_says_slows_down_and_a_pause_holds_everybody() {
        let rate = Rate::new(None, None);
        let hear = |limit| rate.hear(&Pace { requests: Some(Allowance { limit, remaining: 2 }), ..Pace::default() });
        hear(6);
        hear(60);
        let begun = Instant::now();
        for _ in 0..5 {
            rate.wait(0).await;
        }
        assert!((2.9..3.2).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
        assert!(rate.is_throttled());
        rate.pause(Duration::from_secs(7));
        assert!(rate.is_throttled());
        let begun = Instant::now();
        tokio::join!(rate.wait(0), rate.wait(0));
        assert!((7.0..9.2).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
    }
}
