use model::ports::StoreError;

/// Why something was not done. Where nothing else is said, nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What it is, such as `experiment`, and the name or id by which it was asked for.
    #[error("there is no {what} `{name}`")]
    Missing { what: &'static str, name: String },
    #[error("there is a {what} `{name}` already")]
    Exists { what: &'static str, name: String },
    /// It can't be, whoever asks.
    #[error("{message}")]
    Invalid { message: String },
    #[error("others change `{what}` all the time; ask again")]
    Busy { what: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid { message: message.into() }
    }

    pub(crate) fn missing(what: &'static str, name: impl Into<String>) -> Self {
        Self::Missing { what, name: name.into() }
    }

    pub(crate) fn exists(what: &'static str, name: impl Into<String>) -> Self {
        Self::Exists { what, name: name.into() }
    }
}
