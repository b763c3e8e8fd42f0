//! Traces that go: by id, or the oldest of an experiment.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use model::search::{Comparison, Field, Filter, Order, Query, Test, Value};
use serde_json::json;

use super::{experiment, store_id};
use crate::mlflow::{Answer, Asked, Wrong, experiments};
use crate::shared::Shared;

/// Traces that are looked for at once.
const PAGE: usize = 1000;

pub(super) async fn delete(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let id = experiments::id(&asked)?;
    let experiments = experiment::all(&shared, &[id]).await?;
    let Some(experiment) = experiments.first() else { return Ok(Json(json!({ "traces_deleted": 0 }))) };
    let ids = asked.texts("request_ids")?;
    let before = asked.integer("max_timestamp_millis")?;
    let most = asked.integer("max_traces")?;
    let deleted = match (ids.is_empty(), before) {
        (false, None) if most.is_none() => {
            let wanted: Vec<String> = ids.into_iter().filter_map(|id| store_id(id).ok()).collect();
            let found = shared.traces.traces(&wanted, 0).await?.into_iter().flatten().map(|found| found.info);
            let there = found.filter(|trace| trace.experiment == experiment.traces).map(|trace| trace.id);
            let there: Vec<String> = there.collect();
            shared.traces.delete_traces(&there).await?
        }
        (true, Some(before)) => {
            let most = match most {
                None => usize::MAX,
                Some(most) => usize::try_from(most).ok().filter(|most| *most > 0).ok_or_else(|| {
                    Wrong::invalid(format!("`max_traces` must be a positive integer, received {most}."))
                })?,
            };
            oldest(&shared, &experiment.traces, before, most).await?
        }
        (true, None) => {
            return Err(Wrong::invalid("Either `max_timestamp_millis` or `trace_ids` must be specified."));
        }
        (false, None) => return Err(Wrong::invalid("`max_traces` can't be specified if `trace_ids` is specified.")),
        (false, Some(_)) => {
            return Err(Wrong::invalid("Only one of `max_timestamp_millis` and `trace_ids` can be specified."));
        }
    };
    shared.intake.forget();
    Ok(Json(json!({ "traces_deleted": deleted })))
}

/// Deletes the traces that started no later than then, those first that started first.
async fn oldest(shared: &Shared, experiment: &str, before: i64, most: usize) -> Result<u64, Wrong> {
    // All of that millisecond.
    let until = Test::Is(Comparison::Less, Value::Number(before as f64 + 1.0));
    let query = Query {
        experiments: vec![experiment.to_owned()],
        filter: Some(Filter::Trace(Field::Start, until)),
        order: vec![Order { field: Field::Start, descending: false }],
    };
    let mut deleted = 0;
    loop {
        let limit = PAGE.min(most - deleted as usize);
        let page = shared.traces.search(&query, None, limit).await?;
        let ids: Vec<String> = page.traces.into_iter().map(|trace| trace.id).collect();
        deleted += shared.traces.delete_traces(&ids).await?;
        if deleted as usize >= most || (ids.is_empty() && page.next.is_none()) {
            return Ok(deleted);
        }
    }
}
