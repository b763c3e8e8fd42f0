//! Why there is no reply.

use model::outcome::{Failure, FailureKind};

use super::{End, Feature, Pace, Tokens};
use crate::http::NoAnswer;
use crate::judge::ledger::Empty;

/// Why there is no reply, in words that are fit for a plugin: they name no model, address, key or request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Trouble {
    pub(crate) kind: TroubleKind,
    pub(crate) message: String,
    /// What was used all the same.
    pub(crate) tokens: Tokens,
    pub(crate) pace: Box<Pace>,
}

/// What can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TroubleKind {
    /// Ask slower.
    RateLimited,
    /// Ask later, and slower.
    Overloaded,
    /// Ask again.
    Unavailable,
    /// Ask again, if there is time.
    TimedOut,
    /// Nothing before somebody pays, or before tomorrow.
    QuotaExhausted,
    /// Nothing before the key is another.
    Refused,
    NoSuchModel,
    /// The provider does not take the question.
    BadRequest,
    /// The provider does not take this of the question: ask without.
    Unsupported(Feature),
    /// The question makes no sense before it is sent.
    BadInput,
    /// The model, or who watches over it, does not want to reply.
    Declined,
    /// The reply has more tokens than it may have.
    Truncated,
    /// The answer has more bytes than are read.
    TooLarge,
    /// The reply is not what was asked for, nor was a second one.
    Mismatch,
    /// Nobody may spend what it would cost.
    Empty(Empty),
    /// Nobody is to be asked any more.
    Stopped,
    /// The door does not let the request out, for another reason.
    Shut(FailureKind),
}

impl TroubleKind {
    /// Whether another endpoint may do better.
    pub(crate) fn passes_on(self) -> bool {
        use TroubleKind::{NoSuchModel, Overloaded, QuotaExhausted, RateLimited, Refused, TimedOut, Unavailable};
        matches!(self, RateLimited | Overloaded | Unavailable | TimedOut | QuotaExhausted | Refused | NoSuchModel)
    }

    /// What a plugin is told that it is.
    fn failure(self) -> FailureKind {
        match self {
            Self::RateLimited | Self::QuotaExhausted => FailureKind::RateLimited,
            Self::TimedOut => FailureKind::TimedOut,
            Self::BadRequest | Self::BadInput | Self::Unsupported(_) => FailureKind::BadInput,
            Self::TooLarge | Self::Truncated => FailureKind::TooLarge,
            Self::Empty(_) => FailureKind::BudgetExceeded,
            Self::Stopped => FailureKind::Cancelled,
            Self::Shut(kind) => kind,
            Self::Overloaded | Self::Unavailable | Self::Refused | Self::NoSuchModel => FailureKind::Unavailable,
            Self::Declined | Self::Mismatch => FailureKind::Unavailable,
        }
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        match trouble.kind {
            TroubleKind::Empty(empty) => empty.into(),
            kind => Self::new(kind.failure(), trouble.message),
        }
    }
}

impl Trouble {
    pub(crate) fn new(kind: TroubleKind, message: impl Into<String>, tokens: Tokens, pace: Pace) -> Self {
        Self { kind, message: message.into(), tokens, pace: Box::new(pace) }
    }

    /// Of a request that nobody answered in time: what it has cost is not known.
    pub(crate) fn timed_out(message: impl Into<String>) -> Self {
        Self::new(TroubleKind::TimedOut, message, Tokens::UNKNOWN, Pace::default())
    }

    /// Of one that was not made.
    pub(crate) fn unmade(kind: TroubleKind, message: impl Into<String>) -> Self {
        Self::new(kind, message, Tokens::NONE_USED, Pace::default())
    }

    /// Of one that the door did not let out, or that got no answer.
    pub(crate) fn shut(NoAnswer { failure, has_left }: NoAnswer) -> Self {
        let kind = match failure.kind {
            FailureKind::Unavailable => TroubleKind::Unavailable,
            FailureKind::TimedOut => TroubleKind::TimedOut,
            kind => TroubleKind::Shut(kind),
        };
        let tokens = if has_left { Tokens::UNKNOWN } else { Tokens::NONE_USED };
        Self::new(kind, failure.message, tokens, Pace::default())
    }

    /// Of a reply that ended early.
    pub(super) fn of(end: End, tokens: Tokens, pace: Pace) -> Self {
        let (kind, message) = match end {
            End::Truncated => {
                (TroubleKind::Truncated, "the judge's reply was cut off where the limit of its tokens was reached")
            }
            End::Declined => (TroubleKind::Declined, "the judge declined to reply"),
            End::Done | End::Failed => (TroubleKind::Unavailable, "the judge broke off its reply"),
        };
        Self::new(kind, message, tokens, pace)
    }

    pub(super) fn too_large(pace: Pace) -> Self {
        Self::new(TroubleKind::TooLarge, "the answer of the judge's provider is too large", Tokens::UNKNOWN, pace)
    }

    pub(crate) fn unreadable(pace: Pace) -> Self {
        let message = "the judge's provider gave an answer that can't be read";
        Self::new(TroubleKind::Unavailable, message, Tokens::UNKNOWN, pace)
    }
}
