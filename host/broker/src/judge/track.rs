//! When one endpoint may be asked, whoever asks it: in its lanes, at its pace, unless it is left alone.

use std::sync::Arc;
use std::time::Duration;

use model::endpoint::Flow;
use tokio::time::{Instant, sleep_until};

use super::breaker::Breaker;
use super::lanes::{Lane, Lanes, Turn};
use super::provider::{Pace, Trouble, TroubleKind};
use super::rate::Rate;

/// The wait before a request is made again; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Bytes of a request that are a token, more often than not.
const BYTES_OF_TOKEN: u64 = 3;

/// About how many tokens a request of so many bytes is.
pub(crate) fn about(bytes: u64) -> u64 {
    bytes / BYTES_OF_TOKEN + 1
}

pub(crate) struct Track {
    lanes: Arc<Lanes>,
    rate: Rate,
    breaker: Breaker,
}

/// How often a request was made again, and why.
#[derive(Default)]
pub(crate) struct Attempts {
    failures: u32,
    /// It was told to wait, which is no failure.
    waits: u32,
}

impl Track {
    pub(crate) fn new(flow: &Flow) -> Self {
        Self {
            lanes: Lanes::new(flow.concurrency),
            rate: Rate::new(flow.requests_per_minute, flow.tokens_per_minute),
            breaker: Breaker::default(),
        }
    }

    /// Waits for room, and until a request of about so many tokens may be made. An endpoint that rests is not waited for
    /// where whoever asks has another way.
    pub(crate) async fn enter(&self, turn: Turn, tokens: u64, has_another_way: bool) -> Result<Lane, Trouble> {
        loop {
            let lane = self.lanes.enter(turn).await;
            let mut rest = self.breaker.rest()?;
            if rest.is_none() {
                self.rate.wait(tokens).await;
                // Those before may have found meanwhile that it is of no use.
                rest = self.breaker.rest()?;
            }
            let Some(until) = rest else { return Ok(lane) };
            if has_another_way {
                let message = "the judge's provider has failed too often just now";
                return Err(Trouble::unmade(TroubleKind::Unavailable, message));
            }
            drop(lane);
            sleep_until(until).await;
        }
    }

    pub(crate) fn went_well(&self, lane: &Lane, pace: &Pace) {
        self.rate.hear(pace);
        lane.went_well();
        self.breaker.went_well();
    }

    pub(crate) fn failed(&self, lane: &Lane, trouble: &Trouble) {
        self.rate.hear(&trouble.pace);
        match trouble.kind {
            TroubleKind::Overloaded | TroubleKind::Unavailable | TroubleKind::TimedOut => lane.overloaded(),
            // Where the provider says how much it allows, the pace follows that.
            TroubleKind::RateLimited if trouble.pace.requests.is_none() => lane.overloaded(),
            _ => {}
        }
        if self.breaker.failed(trouble) {
            self.lanes.narrow();
        }
    }

    /// Takes in what the provider said beside an answer that says nothing else about it.
    pub(crate) fn hear(&self, pace: &Pace) {
        self.rate.hear(pace);
    }

    /// Counts the tokens that a request came to in place of those that it was thought to need.
    pub(crate) fn correct(&self, thought: u64, came_to: u64) {
        self.rate.correct(thought, came_to);
    }

    /// How long to wait until a request is made again; none where that would not help, or would come too late.
    pub(crate) fn again(
        &self,
        attempts: &mut Attempts,
        retries: u32,
        trouble: &Trouble,
        deadline: Instant,
    ) -> Option<Duration> {
        match trouble.kind {
            // To be told to wait is no failure, unless nothing at all is to be done again.
            TroubleKind::RateLimited if retries > 0 => {
                let time = trouble.pace.retry_after.unwrap_or_else(|| wait(attempts.waits));
                self.rate.pause(time);
                attempts.waits += 1;
                // Who can't wait for it may be asked elsewhere; who can, waits with all the others.
                (Instant::now() + time <= deadline).then_some(Duration::ZERO)
            }
            TroubleKind::Overloaded | TroubleKind::Unavailable | TroubleKind::TimedOut
                if attempts.failures < retries =>
            {
                let time = trouble.pace.retry_after.unwrap_or_else(|| wait(attempts.failures));
                attempts.failures += 1;
                Some(time)
            }
            _ => None,
        }
    }

    /// Whether requests wait for the provider rather than for its answers.
    pub(crate) fn is_throttled(&self) -> bool {
        self.rate.is_throttled() || matches!(self.breaker.rest(), Ok(Some(_)))
    }
}

/// Half of the wait or more, so that those who failed together do not come back together.
fn wait(failures: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << failures.min(16)).min(LONGEST_WAIT);
    longest.mul_f64(0.5 + fastrand::f64() / 2.0)
}
