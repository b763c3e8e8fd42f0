//! Traces of which a filter holds, a page at a time.

use std::sync::Arc;

use ::search::Problem;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use model::search::{self, Cursor, TraceInfo};
use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::shared::Shared;

/// The most traces of a page.
const MOST_TRACES: usize = 1000;

/// What is asked for, in the language of searches.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    filter: String,
    order: String,
    /// Of this experiment only.
    experiment: Option<String>,
    after: Option<Cursor>,
    limit: usize,
}

impl Default for Asked {
    fn default() -> Self {
        Self { filter: String::new(), order: String::new(), experiment: None, after: None, limit: 100 }
    }
}

#[derive(Serialize)]
pub(super) struct Found {
    traces: Vec<TraceInfo>,
    /// Where the next page begins; a page may be short of its limit and not be the last.
    next: Option<Cursor>,
}

pub(super) async fn search(
    State(shared): State<Arc<Shared>>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Found>, Refusal> {
    let Query(Asked { filter, order, experiment, after, limit }) =
        asked.map_err(|error| Refusal::bad_request(error.body_text()))?;
    if !(1..=MOST_TRACES).contains(&limit) {
        return Err(Refusal::bad_request(format!("`limit` is 1 to {MOST_TRACES}")).field("limit"));
    }
    let filter = ::search::parse(&filter, (shared.now)()).map_err(|problem| refused("filter", problem))?;
    let order = ::search::parse_order(&order).map_err(|problem| refused("order", problem))?;
    let query = search::Query { experiments: Vec::from_iter(experiment), filter, order };
    let page = shared.traces.search(&query, after.as_ref(), limit).await?;
    Ok(Json(Found { traces: page.traces, next: page.next }))
}

fn refused(field: &str, problem: Problem) -> Refusal {
    let refusal = Refusal::bad_request(problem.to_string()).field(field);
    match problem.hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}
