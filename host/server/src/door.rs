//! The way in: every request passes here, whatever it is for, and is counted when it leaves.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;

use crate::refusal::Refusal;
use crate::shared::Shared;
use crate::{body, gateway, mlflow, otlp};

/// What a request came by: whose words it is answered in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Door {
    OtlpHttp,
    OtlpGrpc,
    Api,
    /// For MLflow's clients.
    Mlflow,
    /// To models; it always needs a token.
    Gateway,
    /// Asked by machines that keep watch; it needs no token.
    Health,
}

impl Door {
    /// As metrics have it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::OtlpHttp => "otlp_http",
            Self::OtlpGrpc => "otlp_grpc",
            Self::Api => "api",
            Self::Mlflow => "mlflow",
            Self::Gateway => "gateway",
            Self::Health => "health",
        }
    }

    fn refuse(self, headers: &HeaderMap, refusal: Refusal) -> Response {
        match self {
            Self::OtlpHttp => otlp::http::refuse(headers, refusal),
            Self::OtlpGrpc => otlp::grpc::refuse(&refusal),
            Self::Gateway => gateway::refuse(refusal),
            Self::Mlflow => mlflow::Wrong::from(refusal).into_response(),
            Self::Api | Self::Health => refusal.into_response(),
        }
    }

    /// The protocol's status; gRPC has one of its own.
    fn status(self, response: &Response) -> String {
        let of_rpc = response.headers().get("grpc-status").and_then(|status| status.to_str().ok());
        match self {
            Self::OtlpGrpc => of_rpc.unwrap_or("0").to_owned(),
            _ => response.status().as_str().to_owned(),
        }
    }
}

/// Lets a request in that the guard has nothing against.
pub(crate) async fn enter(State((door, shared)): State<(Door, Arc<Shared>)>, request: Request, next: Next) -> Response {
    let (head, mut content) = request.into_parts();
    let checked = match (door, &shared.gateway) {
        (Door::Gateway, Some(gateway)) => shared.guard.check(&head, false).and_then(|()| gateway.check(&head.headers)),
        _ => shared.guard.check(&head, door != Door::Health),
    };
    let response = match checked {
        Ok(()) => next.run(Request::from_parts(head, content)).await,
        Err(refusal) => {
            body::drain(&mut content).await;
            door.refuse(&head.headers, refusal)
        }
    };
    shared.metrics.answered(door, door.status(&response));
    response
}
