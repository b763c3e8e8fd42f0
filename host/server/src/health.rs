//! Whether the server does what it is for, and which one it is.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::mlflow;
use crate::refusal::Refusal;
use crate::shared::Shared;

/// How long a store counts as refusing after it has refused: who keeps senders away from a server that is not well would
/// otherwise keep away what shows that it is well again.
const REMEMBERED: Duration = Duration::from_secs(15);

/// What became of the last write.
#[derive(Default)]
pub(crate) struct Health(Mutex<Option<Instant>>);

impl Health {
    pub(crate) fn wrote(&self, well: bool) {
        *self.refused() = (!well).then(Instant::now);
    }

    fn is_well(&self) -> bool {
        self.refused().is_none_or(|refused| refused.elapsed() > REMEMBERED)
    }

    fn refused(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

pub(crate) async fn health(State(shared): State<Arc<Shared>>) -> Response {
    match shared.health.is_well() {
        true => "OK".into_response(),
        false => Refusal::unavailable("the store does not take what is written").into_response(),
    }
}

/// The version of MLflow whose client this server can be asked by, and behind the `+` our own: MLflow's client reads it
/// (PEP 440), and sends no spans to what it can't read.
pub(crate) async fn version(State(shared): State<Arc<Shared>>) -> String {
    format!("{}+karat.{}", mlflow::VERSION, shared.version)
}
