//! Queues in which traces wait for people. What waits is in [`review_items`](super::review_items).

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use model::review::{QueueKind, ReviewQueue};
use registry::{Error, NewReviewQueue, ReviewQueueChange};
use serde_json::{Value, json};

use super::answer::{answer, done, message};
use super::limits::KEY;
use super::{Answer, Asked, Resource, Wrong, experiments, page};
use crate::shared::Shared;

/// The most characters of the id of a question.
const LONGEST_ID: usize = 36;

const MOST_USERS: usize = 10;

/// The name that none but MLflow's own interface gives.
const RESERVED: &str = "default";

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/3.0/mlflow/review-queues/create", post(create)),
        ("/3.0/mlflow/review-queues/get-or-create-user", post(of_user)),
        ("/3.0/mlflow/review-queues/get", get(show)),
        ("/3.0/mlflow/review-queues/get-by-name", get(by_name)),
        ("/3.0/mlflow/review-queues/list", get(list)),
        ("/3.0/mlflow/review-queues/update", post(update)),
        ("/3.0/mlflow/review-queues/delete", post(remove)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = (experiments::id(&asked)?, asked.required("name")?);
    let kind = match asked.value("queue_type") {
        Some(kind) if *kind == "USER" || *kind == 1 => QueueKind::User,
        Some(kind) if *kind == "CUSTOM" || *kind == 2 => QueueKind::Custom,
        _ => return Err(Wrong::invalid("`queue_type` must be one of USER or CUSTOM.")),
    };
    let (mut users, schemas) = (users(&asked)?, schemas(&asked)?);
    let name = match kind {
        QueueKind::Custom => queue_name(name)?,
        QueueKind::User => {
            let user = user(name, "name")?;
            if users.is_empty() {
                users.push(user.clone());
            }
            check_user_queue(&user, &users, &schemas)?;
            user
        }
    };
    let created_by = asked.text("created_by")?.map(str::to_owned);
    let experiment = experiments::find(&shared, &experiment).await?.id;
    let new = NewReviewQueue { experiment, name, kind, created_by, users, schemas };
    let made = shared.registry.create_review_queue(new, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "review_queue": queue_json(&made) }))
}

fn check_user_queue(user: &str, users: &[String], schemas: &[String]) -> Result<(), Wrong> {
    if users != [user] {
        let users: Vec<_> = users.iter().map(|user| format!("'{user}'")).collect();
        return Err(Wrong::invalid(format!(
            "A user queue must have exactly one assigned user equal to its name; got name='{user}' and users=[{}].",
            users.join(", ")
        )));
    }
    match schemas.is_empty() {
        true => Ok(()),
        false => Err(Wrong::invalid(
            "A user queue cannot have explicitly-attached schemas; it resolves to all of the experiment's label schemas.",
        )),
    }
}

async fn of_user(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let experiment = experiments::id(&asked)?;
    let user = user(asked.required("user")?, "name")?;
    let experiment = experiments::find(&shared, &experiment).await?.id;
    let queue = match shared.registry.user_queue(&experiment, &user, shared.milliseconds()).await {
        Err(Error::Exists { .. }) => {
            return Err(Wrong::exists(format!(
                "A non-user queue named '{user}' already exists; cannot get-or-create a user queue with that name."
            )));
        }
        queue => queue.map_err(wrong)?,
    };
    answer(json!({ "review_queue": queue_json(&queue) }))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let queue = shared.registry.review_queue(id(&asked)?).await.map_err(wrong)?;
    answer(json!({ "review_queue": queue_json(&queue) }))
}

async fn by_name(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (experiment, name) = (experiments::id(&asked)?, asked.required("name")?);
    let queue = shared.registry.review_queue_named(&experiment, name).await.map_err(|error| match error {
        Error::Missing { .. } => {
            Wrong::missing(format!("Review queue with name '{name}' not found for experiment '{experiment}'."))
        }
        error => error.into(),
    })?;
    answer(json!({ "review_queue": queue_json(&queue) }))
}

async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let experiment = experiments::id(&asked)?;
    let size = page::size(&asked, 1000, 50_000)?;
    let mut queues = shared.registry.review_queues(&experiment).await?;
    if let Some(user) = asked.text("user")? {
        let user = user.trim().to_lowercase();
        queues.retain(|queue| queue.users.contains(&user));
    }
    if let Some(trace) = asked.text("item_id")? {
        let mut with_it = Vec::new();
        for queue in queues {
            if shared.registry.waits_in(&queue.id, trace).await? {
                with_it.push(queue);
            }
        }
        queues = with_it;
    }
    let (page, next) = page::of(queues, &asked, size)?;
    let queues: Vec<_> = page.iter().map(queue_json).collect();
    answer(json!({ "review_queues": queues, "next_page_token": next.unwrap_or_default() }))
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let says = |field: &str| asked.boolean(field).map(Option::unwrap_or_default);
    let change = ReviewQueueChange {
        name: asked.text("name")?.map(queue_name).transpose()?,
        created_by: asked.text("new_owner")?.map(|owner| checked(owner.trim(), "new_owner", KEY)).transpose()?,
        users: if says("update_users")? { Some(users(&asked)?) } else { None },
        schemas: if says("update_schema_ids")? { Some(schemas(&asked)?) } else { None },
    };
    let queue = shared.registry.change_review_queue(id(&asked)?, &change, shared.milliseconds()).await;
    answer(json!({ "review_queue": queue_json(&queue.map_err(wrong)?) }))
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.delete_review_queue(id(&asked)?).await?;
    done()
}

pub(super) fn id(asked: &Asked) -> Result<&str, Wrong> {
    asked.required("queue_id")
}

/// A name as it is kept.
fn queue_name(name: &str) -> Result<String, Wrong> {
    let name = checked(name.trim(), "name", KEY)?;
    match name.eq_ignore_ascii_case(RESERVED) {
        true => {
            Err(Wrong::invalid(format!("`{name}` is a reserved queue name and cannot be used for a custom queue.")))
        }
        false => Ok(name),
    }
}

/// A user as they are kept.
pub(super) fn user(user: &str, field: &str) -> Result<String, Wrong> {
    checked(&user.trim().to_lowercase(), field, KEY)
}

fn users(asked: &Asked) -> Result<Vec<String>, Wrong> {
    let (mut users, mut known) = (Vec::new(), HashSet::new());
    for name in asked.texts("users")? {
        let user = user(name, "user")?;
        if known.insert(user.clone()) {
            users.push(user);
        }
    }
    match users.len() > MOST_USERS {
        true => Err(Wrong::invalid(format!(
            "A review queue can have at most {MOST_USERS} assigned users; got {}.",
            users.len()
        ))),
        false => Ok(users),
    }
}

fn schemas(asked: &Asked) -> Result<Vec<String>, Wrong> {
    let (mut schemas, mut known) = (Vec::new(), HashSet::new());
    for id in asked.texts("schema_ids")? {
        let id = checked(id.trim(), "schema_id", LONGEST_ID)?;
        if known.insert(id.clone()) {
            schemas.push(id);
        }
    }
    Ok(schemas)
}

/// A text that is not empty and not too long.
pub(super) fn checked(text: &str, field: &str, most: usize) -> Result<String, Wrong> {
    match text.chars().count() {
        0 => Err(Wrong::invalid(format!("`{field}` must be a non-empty string; got ''."))),
        length if length > most => {
            Err(Wrong::invalid(format!("`{field}` must be at most {most} characters; got {length}.")))
        }
        _ => Ok(text.to_owned()),
    }
}

pub(super) fn wrong(error: Error) -> Wrong {
    match error {
        Error::Missing { what: "review queue", name } => {
            Wrong::missing(format!("Review queue with id '{name}' not found."))
        }
        Error::Exists { what: "review queue", name } => {
            Wrong::exists(format!("Review queue with name '{name}' already exists (names are case-insensitive)."))
        }
        error => error.into(),
    }
}

fn queue_json(queue: &ReviewQueue) -> Value {
    message(json!({
        "queue_id": queue.id,
        "experiment_id": queue.experiment,
        "name": queue.name,
        "queue_type": match queue.kind {
            QueueKind::User => "USER",
            QueueKind::Custom => "CUSTOM",
        },
        "created_by": queue.created_by,
        "creation_time_ms": queue.created,
        "last_update_time_ms": queue.updated,
        "users": queue.users,
        "schema_ids": queue.schemas,
    }))
}
