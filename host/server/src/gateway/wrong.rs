//! Why a call is not passed on, in the shape that OpenAI's clients read.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use model::outcome::{Failure, FailureKind};
use serde_json::json;

use crate::refusal::{Kind, Refusal};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(super) status: StatusCode,
    /// OpenAI's word for the kind of error.
    pub(super) kind: &'static str,
    pub(super) code: &'static str,
    /// The part of the request that is meant.
    pub(super) param: Option<&'static str>,
    pub(super) message: String,
    retry_after: Option<u64>,
}

/// OpenAI's own clients make a call again that was refused for a quota, unless they are told not to.
const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

const INVALID: &str = "invalid_request_error";

impl Wrong {
    pub(super) fn new(status: StatusCode, kind: &'static str, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, code, param: None, message: message.into(), retry_after: None }
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID, "invalid_request", message)
    }

    pub(super) fn missing(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, INVALID, code, message)
    }

    pub(super) fn param(self, param: &'static str) -> Self {
        Self { param: Some(param), ..self }
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        let (kind, code) = match refusal.kind {
            Kind::BadRequest => (INVALID, "invalid_request"),
            Kind::Unauthenticated => (INVALID, "invalid_api_key"),
            Kind::Forbidden => ("permission_error", "forbidden"),
            Kind::Missing => (INVALID, "not_found"),
            Kind::TooLarge => (INVALID, "request_too_large"),
            Kind::Unsupported => (INVALID, "unsupported_media_type"),
            Kind::Unavailable => ("server_error", "service_unavailable"),
            Kind::Internal => ("server_error", "internal_error"),
        };
        let retry_after = refusal.retry_after.map(|wait| wait.as_secs());
        Self { retry_after, ..Self::new(refusal.kind.http(), kind, code, refusal.text()) }
    }
}

/// Why no endpoint has answered.
impl From<Failure> for Wrong {
    fn from(failure: Failure) -> Self {
        let (status, kind, code) = match failure.kind {
            FailureKind::BudgetExceeded => (StatusCode::TOO_MANY_REQUESTS, "insufficient_quota", "insufficient_quota"),
            FailureKind::RateLimited => (StatusCode::TOO_MANY_REQUESTS, "requests", "rate_limit_exceeded"),
            FailureKind::TimedOut => (StatusCode::GATEWAY_TIMEOUT, "server_error", "upstream_timeout"),
            FailureKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, INVALID, "request_too_large"),
            FailureKind::BadInput => (StatusCode::BAD_REQUEST, INVALID, "invalid_request"),
            FailureKind::Denied => (StatusCode::BAD_GATEWAY, "server_error", "upstream_denied"),
            _ => (StatusCode::BAD_GATEWAY, "server_error", "upstream_unavailable"),
        };
        Self::new(status, kind, code, failure.message)
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let Self { status, kind, code, param, message, retry_after } = self;
        let error = json!({ "message": message, "type": kind, "param": param, "code": code });
        let mut response = (status, Json(json!({ "error": error }))).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code == "insufficient_quota" {
            headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
