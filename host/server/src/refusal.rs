//! Why a request is not answered as asked, whatever door it came by.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use model::ports::StoreError;
use serde_json::json;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The part of the request that is meant.
    pub(crate) field: Option<String>,
    /// When to ask again; none where that leads to nothing.
    pub(crate) retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Unauthenticated,
    Forbidden,
    Missing,
    TooLarge,
    Unsupported,
    Unavailable,
    Internal,
}

impl Kind {
    pub(crate) fn http(self) -> StatusCode {
        match self {
            Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Missing => StatusCode::NOT_FOUND,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Unsupported => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// A number of `google.rpc.Code`. Of these, exporters send again what is unavailable, and nothing else.
    pub(crate) fn rpc(self) -> i32 {
        match self {
            Self::BadRequest | Self::TooLarge => 3,
            Self::Missing => 5,
            Self::Forbidden => 7,
            Self::Unsupported => 12,
            Self::Internal => 13,
            Self::Unavailable => 14,
            Self::Unauthenticated => 16,
        }
    }
}

impl Refusal {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, field: None, retry_after: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Kind::BadRequest, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(Kind::TooLarge, message)
    }

    /// Says to ask again, each sender after another while, so that they don't come back together.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        let retry_after = Some(Duration::from_secs(fastrand::u64(1..=5)));
        Self { retry_after, ..Self::new(Kind::Unavailable, message) }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    pub(crate) fn field(self, field: impl Into<String>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// What a sender of spans is told of a store that did not take them: whatever it is, the operator can make it good, and
    /// spans that are sent again then are not lost.
    pub(crate) fn of_intake(error: &StoreError) -> Self {
        Self::unavailable(told(error))
    }

    /// A request that made this program fail would do so again.
    pub(crate) fn failed(error: &tokio::task::JoinError) -> Self {
        tracing::error!(%error, "a request made the server fail");
        Self::new(Kind::Internal, "the server failed on this request")
    }

    /// Message and hint in one, for protocols that have room for one text.
    pub(crate) fn text(&self) -> String {
        match &self.hint {
            Some(hint) => format!("{}: {hint}", self.message),
            None => self.message.clone(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Invalid { .. } => Self::bad_request(told(&error)),
            StoreError::Missing { .. } => Self::new(Kind::Missing, told(&error)),
            StoreError::Locked { .. } | StoreError::ReadOnly { .. } | StoreError::Full { .. } | StoreError::Io(_) => {
                Self::unavailable(told(&error))
            }
            StoreError::Version { .. } | StoreError::Damaged { .. } => {
                tracing::error!(%error, "the store can't be used");
                Self::new(Kind::Internal, told(&error))
            }
        }
    }
}

/// What is wrong, without the path: where the store is, is nothing for those who ask from elsewhere.
fn told(error: &StoreError) -> String {
    match error {
        StoreError::Locked { .. } => "the store is in use by another process".to_owned(),
        StoreError::ReadOnly { .. } => "the store can't be written".to_owned(),
        StoreError::Version { .. } => "the store was written by another version of Karat".to_owned(),
        StoreError::Full { .. } => "the disk of the store is full".to_owned(),
        StoreError::Damaged { .. } => "the store is damaged".to_owned(),
        StoreError::Invalid { .. } | StoreError::Missing { .. } | StoreError::Io(_) => error.to_string(),
    }
}

/// As our own API says it.
impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({ "message": self.message, "hint": self.hint, "field": self.field });
        let mut response = (self.kind.http(), Json(json!({ "error": error }))).into_response();
        self.set_headers(&mut response);
        response
    }
}

impl Refusal {
    /// What HTTP says of it beside the status.
    pub(crate) fn set_headers(&self, response: &mut Response) {
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
        }
        if self.kind == Kind::Unauthenticated {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
    }
}
