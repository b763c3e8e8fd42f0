//! What a call has used of what it may, beyond fuel, time and memory.

use model::limits::CallLimits;
use model::outcome::FailureKind;
use model::quantity::ByteSize;

/// What a call of an import costs in fuel: about what the host's side of it takes of a processor.
pub(crate) const HOST_CALL_FUEL: u64 = 500;

/// What a span that the host looks at for a guest costs in fuel.
pub(crate) const SPAN_FUEL: u64 = 10;

/// Bytes that the host copies to a guest for one unit of fuel, where there can be many.
pub(crate) const BYTES_FOR_FUEL: u64 = 4;

/// Counted over one call.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Used {
    pub(crate) host_calls: u64,
    /// Fuel for what the host did beyond being called.
    pub(crate) host_fuel: u64,
    pub(crate) judge_calls: u32,
    pub(crate) log_lines: u32,
    pub(crate) log_bytes: u64,
    /// Lines beyond the limit.
    pub(crate) log_dropped: u64,
}

impl Used {
    /// What the guest has to pay for the host's work, in fuel.
    pub(crate) fn price(&self) -> u64 {
        self.host_calls * HOST_CALL_FUEL + self.host_fuel
    }
}

/// A limit that ends a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reached {
    #[error("made too many host calls")]
    HostCalls,
    #[error("asked for a part of a trace that is too large")]
    TracePart { bytes: u64 },
}

impl Reached {
    pub(crate) fn kind(self) -> FailureKind {
        match self {
            Self::HostCalls => FailureKind::BudgetExceeded,
            Self::TracePart { .. } => FailureKind::TooLarge,
        }
    }

    /// Which limit it was, and how to raise it.
    pub(crate) fn text(self, limits: CallLimits) -> String {
        match self {
            Self::HostCalls => {
                format!("called the host more than {} times (`limits.host_calls`)", limits.host_calls)
            }
            Self::TracePart { bytes } => {
                let (bytes, most) = (ByteSize(bytes), ByteSize(limits.output));
                format!(
                    "a span of the trace has {bytes}, more than can be handed over at once (`limits.output` is {most})"
                )
            }
        }
    }
}
