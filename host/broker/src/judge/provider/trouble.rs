//! Why there is no reply.

use super::{End, Feature, Pace, Tokens};

/// Why there is no reply, in words that are fit for a plugin: they name no model, address, key or request.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::judge) struct Trouble {
    pub(in crate::judge) kind: TroubleKind,
    pub(in crate::judge) message: String,
    /// What was used all the same.
    pub(in crate::judge) tokens: Tokens,
    pub(in crate::judge) pace: Box<Pace>,
}

/// What can be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::judge) enum TroubleKind {
    /// Ask slower.
    RateLimited,
    /// Ask later, and slower.
    Overloaded,
    /// Ask again.
    Unavailable,
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
}

impl Trouble {
    pub(in crate::judge) fn new(kind: TroubleKind, message: impl Into<String>, tokens: Tokens, pace: Pace) -> Self {
        Self { kind, message: message.into(), tokens, pace: Box::new(pace) }
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

    pub(super) fn unreadable(pace: Pace) -> Self {
        let message = "the judge's provider gave an answer that can't be read";
        Self::new(TroubleKind::Unavailable, message, Tokens::UNKNOWN, pace)
    }
}
