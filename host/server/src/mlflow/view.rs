//! Whether a list shows what is there, what is deleted, or both.

use model::tracking::Lifecycle;

use super::Asked;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum View {
    Active,
    Deleted,
    All,
}

impl View {
    /// As protobuf reads it: a name or a number, and one that it does not know is not there.
    pub(super) fn of(asked: &Asked, field: &str) -> Self {
        let number = asked.integer(field).ok().flatten();
        match (asked.text(field).ok().flatten(), number) {
            (Some("DELETED_ONLY"), _) | (_, Some(2)) => Self::Deleted,
            (Some("ALL"), _) | (_, Some(3)) => Self::All,
            _ => Self::Active,
        }
    }

    pub(super) fn shows(self, lifecycle: Lifecycle) -> bool {
        match self {
            Self::Active => lifecycle == Lifecycle::Active,
            Self::Deleted => lifecycle == Lifecycle::Deleted,
            Self::All => true,
        }
    }
}
