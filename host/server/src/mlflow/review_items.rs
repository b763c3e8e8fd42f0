//! Traces that wait in queues for people.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use model::review::{ReviewItem, ReviewStatus};
use registry::Error;
use serde_json::{Value, json};

use super::answer::{answer, done, message};
use super::review_queues::{checked, id, user, wrong};
use super::traces::store_id;
use super::{Answer, Asked, Resource, Wrong, experiments, page};
use crate::shared::Shared;

/// The most characters of the id of a trace.
const LONGEST_ID: usize = 50;

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/3.0/mlflow/review-queues/items/add", post(add)),
        ("/3.0/mlflow/review-queues/items/remove", post(remove)),
        ("/3.0/mlflow/review-queues/items/list", get(list)),
        ("/3.0/mlflow/review-queues/items/set-status", post(set_status)),
    ]
}

async fn add(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (queue, traces) = (id(&asked)?, traces(&asked)?);
    let experiment = shared.registry.review_queue(queue).await.map_err(wrong)?.experiment;
    let home = experiments::find(&shared, &experiment).await?.traces;
    let mut missing = Vec::new();
    for trace in &traces {
        let found = match store_id(trace) {
            Ok(id) => shared.traces.trace(&id).await?,
            // There can't be such a trace.
            Err(_) => None,
        };
        if found.is_none_or(|found| found.experiment != home) {
            missing.push(format!("'{trace}'"));
        }
    }
    if !missing.is_empty() {
        return Err(Wrong::missing(format!(
            "Cannot attach trace(s) [{}] to review queue '{queue}': they do not exist in experiment '{experiment}'.",
            missing.join(", ")
        )));
    }
    let items = shared.registry.add_review_items(queue, &traces, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "items": items.iter().map(item_json).collect::<Vec<_>>() }))
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.remove_review_items(id(&asked)?, &traces(&asked)?).await.map_err(wrong)?;
    done()
}

async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = page::size(&asked, 1000, 50_000)?;
    let wanted = asked.value("status").and_then(status);
    let mut items = shared.registry.review_items(id(&asked)?).await.map_err(wrong)?;
    items.retain(|item| wanted.is_none_or(|wanted| item.status == wanted));
    let (page, next) = page::of(items, &asked, size)?;
    let items: Vec<_> = page.iter().map(item_json).collect();
    answer(json!({ "items": items, "next_page_token": next.unwrap_or_default() }))
}

async fn set_status(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (queue, trace) = (id(&asked)?, asked.required("item_id")?.trim());
    let unknown = || Wrong::invalid("`status` must be one of PENDING, COMPLETE, or DECLINED.");
    let status = asked.value("status").and_then(status).ok_or_else(unknown)?;
    let by = match asked.text("completed_by")? {
        // That it says nobody is said where it is known what for.
        Some(by) if by.trim().is_empty() => Some(String::new()),
        by => by.map(|by| user(by, "completed_by")).transpose()?,
    };
    let now = shared.milliseconds();
    let item = shared.registry.set_review_status(queue, trace, status, by.as_deref(), now).await;
    let item = item.map_err(|error| match error {
        Error::Missing { what: "review item", name } => {
            Wrong::missing(format!("Item '{name}' is not attached to review queue '{queue}'."))
        }
        error => wrong(error),
    })?;
    answer(json!({ "item": item_json(&item) }))
}

/// The traces that are named, each once.
fn traces(asked: &Asked) -> Result<Vec<String>, Wrong> {
    let (mut traces, mut known) = (Vec::new(), HashSet::new());
    for trace in asked.texts("item_ids")? {
        let trace = checked(trace.trim(), "item_id", LONGEST_ID)?;
        if known.insert(trace.clone()) {
            traces.push(trace);
        }
    }
    match traces.is_empty() {
        true => Err(Wrong::invalid("`item_ids` must be a non-empty list; got [].")),
        false => Ok(traces),
    }
}

/// None of a name that is not known.
fn status(value: &Value) -> Option<ReviewStatus> {
    match (value.as_str(), value.as_i64()) {
        (Some("PENDING"), _) | (_, Some(1)) => Some(ReviewStatus::Pending),
        (Some("COMPLETE"), _) | (_, Some(2)) => Some(ReviewStatus::Complete),
        (Some("DECLINED"), _) | (_, Some(3)) => Some(ReviewStatus::Declined),
        _ => None,
    }
}

fn item_json(item: &ReviewItem) -> Value {
    message(json!({
        "queue_id": item.queue,
        "item_type": "TRACE",
        "item_id": item.trace,
        "status": item.status,
        "completed_by": item.completed_by,
        "completed_time_ms": item.completed,
        "creation_time_ms": item.created,
        "last_update_time_ms": item.updated,
    }))
}
