//! Why a request of MLflow's client is not answered as asked: `error_code` and `message`, and the status that goes with it.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use model::ports::StoreError;
use serde_json::json;

use crate::refusal::{Kind, Refusal};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wrong {
    pub(crate) code: Code,
    pub(crate) message: String,
}

/// As MLflow names them (`mlflow/exceptions.py`, `databricks.proto`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidParameterValue,
    ResourceAlreadyExists,
    ResourceDoesNotExist,
    Unauthenticated,
    PermissionDenied,
    NotImplemented,
    TemporarilyUnavailable,
    InternalError,
}

impl Code {
    fn name(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::ResourceAlreadyExists => "RESOURCE_ALREADY_EXISTS",
            Self::ResourceDoesNotExist => "RESOURCE_DOES_NOT_EXIST",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::TemporarilyUnavailable => "TEMPORARILY_UNAVAILABLE",
            Self::InternalError => "INTERNAL_ERROR",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::InvalidParameterValue | Self::ResourceAlreadyExists => StatusCode::BAD_REQUEST,
            Self::ResourceDoesNotExist => StatusCode::NOT_FOUND,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::PermissionDenied => StatusCode::FORBIDDEN,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::TemporarilyUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::InternalError => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Wrong {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value that can't be.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    pub(crate) fn missing(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceDoesNotExist, message)
    }

    /// What is not there yet, with what to do instead.
    pub(crate) fn not_served(message: impl Into<String>) -> Self {
        Self::new(Code::NotImplemented, message)
    }

    /// As the answer has it.
    pub(crate) fn code(&self) -> &'static str {
        self.code.name()
    }

    /// Whether asking again leads to nothing.
    pub(crate) fn is_of_the_client(&self) -> bool {
        self.code.status().is_client_error()
    }

    pub(crate) fn is_missing(&self) -> bool {
        self.code == Code::ResourceDoesNotExist
    }

    pub(crate) fn exists(message: impl Into<String>) -> Self {
        Self::new(Code::ResourceAlreadyExists, message)
    }
}

/// In MLflow's words where its clients look at them, else in Karat's.
impl From<registry::Error> for Wrong {
    fn from(error: registry::Error) -> Self {
        use registry::Error;
        let code = match error {
            Error::Missing { .. } => Code::ResourceDoesNotExist,
            Error::Exists { .. } => Code::ResourceAlreadyExists,
            Error::Invalid { .. } => Code::InvalidParameterValue,
            Error::Busy { .. } => Code::TemporarilyUnavailable,
            Error::Store(error) => return error.into(),
        };
        Self::new(code, told(&error))
    }
}

fn told(error: &registry::Error) -> String {
    use registry::Error;
    match error {
        Error::Missing { what: "experiment", name } => format!("No Experiment with id={name} exists"),
        Error::Missing { what: "run", name } => format!("Run with id={name} not found"),
        Error::Exists { what: "experiment", name } => format!("Experiment(name={name}) already exists."),
        error => error.to_string(),
    }
}

impl From<StoreError> for Wrong {
    fn from(error: StoreError) -> Self {
        Refusal::from(error).into()
    }
}

impl From<Refusal> for Wrong {
    fn from(refusal: Refusal) -> Self {
        let code = match refusal.kind {
            Kind::BadRequest | Kind::Unsupported | Kind::TooLarge => Code::InvalidParameterValue,
            Kind::Missing => Code::ResourceDoesNotExist,
            Kind::Unavailable => Code::TemporarilyUnavailable,
            Kind::Unauthenticated => Code::Unauthenticated,
            Kind::Forbidden => Code::PermissionDenied,
            // Its client asks again for minutes: this is for what is ours alone.
            Kind::Internal => Code::InternalError,
        };
        Self::new(code, refusal.text())
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let body = json!({ "error_code": self.code.name(), "message": self.message });
        (self.code.status(), Json(body)).into_response()
    }
}
