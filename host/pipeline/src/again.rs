//! When to ask again, and after how long.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use model::outcome::FailureKind;

/// The wait before the first retry; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Whether asking again may help.
pub(crate) fn may_pass(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::RateLimited | FailureKind::Unavailable | FailureKind::TimedOut)
}

/// Half of the wait or more, by the id, so that those that failed together do not come back together.
pub(crate) fn wait(id: &str, attempts: u32) -> Duration {
    let longest = FIRST_WAIT.saturating_mul(1 << (attempts - 1).min(16)).min(LONGEST_WAIT);
    let mut hasher = DefaultHasher::new();
    (id, attempts).hash(&mut hasher);
    let share = (hasher.finish() % 1000) as f64 / 1000.0;
    longest.mul_f64(0.5 + share / 2.0)
}
