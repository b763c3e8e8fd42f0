//! Addresses that are told what happens: [which](self) there are, [what](events) they are told of, [when](deliveries) and
//! [how](sending).

mod address;
mod deliveries;
mod events;
mod sending;

use std::sync::Arc;

use axum::extract::State;
use axum::routing::{get, post};
use model::webhook::{Event, Webhook};
use registry::{Error, NewWebhook, WebhookChange};
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::{answer, done, message};
use super::asked::lacks;
use super::{Answer, Asked, Resource, Wrong, page};
use crate::shared::Shared;
use events::EVENTS;

pub(crate) use deliveries::Webhooks;
pub(super) use deliveries::tell;
pub(super) use events::Happened;

pub(super) fn resources() -> Vec<Resource> {
    vec![
        ("/2.0/mlflow/webhooks", get(list).post(create)),
        ("/2.0/mlflow/webhooks/{webhook_id}", get(show).patch(update).delete(remove)),
        ("/2.0/mlflow/webhooks/{webhook_id}/test", post(test)),
    ]
}

async fn create(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let (name, url) = (asked.required("name")?, asked.required("url")?.trim());
    let events = events(&asked)?.ok_or_else(|| lacks("events"))?;
    check_name(name)?;
    address::check(url, &shared.webhooks.named)?;
    let text = |field| asked.text(field).map(|text| text.filter(|text| !text.is_empty()).map(str::to_owned));
    let new = NewWebhook {
        name: name.to_owned(),
        description: text("description")?.unwrap_or_default(),
        url: url.to_owned(),
        events,
        secret: text("secret")?,
        is_active: is_active(&asked).unwrap_or(true),
    };
    let made = shared.registry.create_webhook(new, shared.milliseconds()).await?;
    answer(json!({ "webhook": webhook_json(&made) }))
}

async fn list(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let size = match asked.integer("max_results")? {
        None => 100,
        Some(size @ 1..=1000) => usize::try_from(size).unwrap_or(100),
        Some(_) => return Err(Wrong::invalid("max_results must be between 1 and 1000.")),
    };
    let (page, next) = page::of(shared.registry.webhooks().await?, &asked, size)?;
    let webhooks: Vec<_> = page.iter().map(webhook_json).collect();
    answer(json!({ "webhooks": webhooks, "next_page_token": next }))
}

async fn show(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let webhook = shared.registry.webhook(asked.required("webhook_id")?).await.map_err(wrong)?;
    answer(json!({ "webhook": webhook_json(&webhook) }))
}

async fn update(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let text = |field| asked.text(field).map(|text| text.map(str::to_owned));
    let change = WebhookChange {
        name: text("name")?.filter(|name| !name.is_empty()),
        description: text("description")?,
        url: asked.text("url")?.filter(|url| !url.is_empty()).map(|url| url.trim().to_owned()),
        events: events(&asked)?,
        secret: text("secret")?,
        is_active: is_active(&asked),
    };
    change.name.as_deref().map_or(Ok(()), check_name)?;
    change.url.as_deref().map_or(Ok(()), |url| address::check(url, &shared.webhooks.named))?;
    let id = asked.required("webhook_id")?;
    let changed = shared.registry.change_webhook(id, &change, shared.milliseconds()).await.map_err(wrong)?;
    answer(json!({ "webhook": webhook_json(&changed) }))
}

async fn remove(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    shared.registry.delete_webhook(asked.required("webhook_id")?).await.map_err(wrong)?;
    done()
}

/// Tells it of an example of the event that is asked for, else of the first that it wants to know of, once.
async fn test(State(shared): State<Arc<Shared>>, asked: Asked) -> Answer {
    let webhook = shared.registry.webhook(asked.required("webhook_id")?).await.map_err(wrong)?;
    let asked_for = asked.message("event")?.as_ref().map(event).transpose()?;
    let event = asked_for.or_else(|| webhook.events.first().cloned()).ok_or_else(|| lacks("event"))?;
    let body = sending::body(&Happened::example(event), (shared.now)());
    let result = match sending::send(&shared, &webhook, &Uuid::new_v4().to_string(), &body).await {
        Ok(response) => json!({
            "success": sending::is_taken(&response),
            "response_status": response.status,
            "response_body": String::from_utf8_lossy(&response.body),
        }),
        Err(failure) => {
            json!({ "success": false, "error_message": format!("Failed to test webhook: {}", failure.message) })
        }
    };
    answer(json!({ "result": result }))
}

fn wrong(error: Error) -> Wrong {
    match error {
        Error::Missing { what: "webhook", name } => Wrong::missing(format!("Webhook with ID {name} not found.")),
        error => error.into(),
    }
}

/// None where the request does not say, or says something that is not known.
fn is_active(asked: &Asked) -> Option<bool> {
    match asked.value("status")?.as_str()? {
        "ACTIVE" => Some(true),
        "DISABLED" => Some(false),
        _ => None,
    }
}

/// What the address is told of; none where the request does not say.
fn events(asked: &Asked) -> Result<Option<Vec<Event>>, Wrong> {
    let events = asked.messages("events")?.iter().map(event).collect::<Result<Vec<_>, _>>()?;
    Ok(Some(events).filter(|events| !events.is_empty()))
}

fn event(asked: &Asked) -> Result<Event, Wrong> {
    let (entity, action) = (asked.required("entity")?, asked.required("action")?);
    let known = EVENTS.iter().find(|(known, _)| *known == entity);
    let (_, actions) = known.ok_or_else(|| Wrong::invalid(format!("Unknown webhook entity: '{entity}'")))?;
    if actions.contains(&action) {
        return Ok(Event { entity: entity.to_owned(), action: action.to_owned() });
    }
    let actions: Vec<_> = actions.iter().map(|action| format!("'{}'", action.to_lowercase())).collect();
    Err(Wrong::invalid(format!(
        "Invalid action '{}' for entity '{}'. Valid actions are: [{}]",
        action.to_lowercase(),
        entity.to_lowercase(),
        actions.join(", ")
    )))
}

fn check_name(name: &str) -> Result<(), Wrong> {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_name = name.len() <= 63 && name.chars().all(is_part);
    match is_name && is_end(name.chars().next()) && is_end(name.chars().next_back()) {
        true => Ok(()),
        false => Err(Wrong::invalid(format!(
            "Webhook name '{name}' is invalid. It must start and end with a letter or digit, be less than 63 characters \
             long, and contain only letters, digits, dots (.), underscores (_), and hyphens (-)."
        ))),
    }
}

/// Without its secret.
fn webhook_json(webhook: &Webhook) -> Value {
    let description = Some(&webhook.description).filter(|description| !description.is_empty());
    message(json!({
        "webhook_id": webhook.id,
        "name": webhook.name,
        "description": description,
        "url": webhook.url,
        "events": webhook.events,
        "status": if webhook.is_active { "ACTIVE" } else { "DISABLED" },
        "creation_timestamp": webhook.created,
        "last_updated_timestamp": webhook.updated,
    }))
}
