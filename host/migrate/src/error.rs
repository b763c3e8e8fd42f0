use model::ports::StoreError;

/// Why nothing more is carried over. What was before it is there, and stays.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The other side can't be used, and what to do about it.
    #[error("{message}")]
    Place { message: String, hint: Option<String> },
    /// The other side does not take, or does not give, one thing.
    #[error("{0}")]
    Refused(String),
    /// The other side has no such thing at all: it is of a release that does not know it.
    #[error("it is of a release that has no such thing")]
    Unknown,
    #[error(transparent)]
    Registry(#[from] registry::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    pub(crate) fn place(message: impl Into<String>) -> Self {
        Self::Place { message: message.into(), hint: None }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        match self {
            Self::Place { message, .. } => Self::Place { message, hint: Some(hint.into()) },
            other => other,
        }
    }

    /// Whether it is about one thing, so that others may come all the same.
    pub(crate) fn is_of_one(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Unknown | Self::Registry(registry::Error::Invalid { .. }))
    }
}
