//! What time it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Since 1970-01-01T00:00:00Z; nothing where the machine's clock stands before it.
pub(crate) fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// The same in whole milliseconds, as what is kept under names has it.
pub(crate) fn now_in_milliseconds() -> i64 {
    now().as_millis() as i64
}
