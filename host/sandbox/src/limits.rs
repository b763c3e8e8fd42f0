//! What a call has used of what it may, beyond fuel, time and memory.

use model::limits::CallLimits;

/// What a call of an import costs in fuel: about what the host's side of it takes of a processor.
pub(crate) const HOST_CALL_FUEL: u64 = 500;

/// Counted over one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) host_calls: u64,
    pub(crate) judge_calls: u32,
    pub(crate) log_lines: u32,
    pub(crate) log_bytes: u64,
    /// Lines beyond the limit.
    pub(crate) log_dropped: u64,
}

/// A limit that ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reached {
    #[error("made too many host calls")]
    HostCalls,
}

impl Reached {
    /// Which limit it was, and how to raise it.
    pub(crate) fn text(self, limits: CallLimits) -> String {
        match self {
            Self::HostCalls => {
                format!("called the host more than {} times (`limits.host_calls`)", limits.host_calls)
            }
        }
    }
}
