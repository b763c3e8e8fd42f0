//! Experiments: which there are.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::refusal::Refusal;
use crate::shared::Shared;

#[derive(Serialize)]
pub(super) struct Experiments {
    experiments: Vec<Experiment>,
}

#[derive(Serialize)]
struct Experiment {
    name: String,
    /// How many it has.
    traces: u64,
}

pub(super) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Experiments>, Refusal> {
    let found = shared.traces.experiments().await?;
    let experiments = found.into_iter().map(|(name, traces)| Experiment { name, traces }).collect();
    Ok(Json(Experiments { experiments }))
}
