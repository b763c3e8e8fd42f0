//! Addresses that are told what happens. Here they are kept; nothing is sent.

use model::document::Kind;
use model::webhook::{Event, Webhook};
use uuid::Uuid;

use crate::changing::added;
use crate::{Error, Registry, key};

/// An address as somebody wants it.
#[derive(Clone, Debug)]
pub struct NewWebhook {
    pub name: String,
    pub description: String,
    pub url: String,
    pub events: Vec<Event>,
    pub secret: Option<String>,
    pub is_active: bool,
}

/// What is to change of one; none leaves it as it is.
#[derive(Clone, Debug, Default)]
pub struct WebhookChange {
    pub name: Option<String>,
    pub description: Option<String>,
    pub url: Option<String>,
    pub events: Option<Vec<Event>>,
    pub secret: Option<String>,
    pub is_active: Option<bool>,
}

impl Registry {
    pub async fn create_webhook(&self, new: NewWebhook, now: i64) -> Result<Webhook, Error> {
        let NewWebhook { name, description, url, events, secret, is_active } = new;
        let (id, created, updated) = (Uuid::new_v4().to_string(), now, now);
        let webhook = Webhook { id, name, description, url, events, secret, is_active, created, updated };
        let key = key::of(&[&webhook.id])?;
        self.change(&key, async || Ok((vec![added(Kind::Webhook, key.clone(), &webhook)?], webhook.clone()))).await
    }

    /// # Errors
    ///
    /// `Missing` where there is none; so do all that follow.
    pub async fn webhook(&self, id: &str) -> Result<Webhook, Error> {
        let found = self.find(Kind::Webhook, &key::of(&[id])?).await?;
        found.map(|found| found.value).ok_or_else(|| Error::missing("webhook", id))
    }

    /// All of them, the youngest first.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, Error> {
        let found = self.all::<Webhook>(Kind::Webhook, "").await?;
        let mut webhooks: Vec<_> = found.into_iter().map(|found| found.value).collect();
        webhooks.sort_by(|a, b| b.created.cmp(&a.created).then(a.id.cmp(&b.id)));
        Ok(webhooks)
    }

    pub async fn change_webhook(&self, id: &str, change: &WebhookChange, now: i64) -> Result<Webhook, Error> {
        let changed = |webhook: &mut Webhook| {
            let WebhookChange { name, description, url, events, secret, is_active } = change.clone();
            webhook.name = name.unwrap_or_else(|| webhook.name.clone());
            webhook.description = description.unwrap_or_else(|| webhook.description.clone());
            webhook.url = url.unwrap_or_else(|| webhook.url.clone());
            webhook.events = events.unwrap_or_else(|| webhook.events.clone());
            webhook.secret = secret.or_else(|| webhook.secret.clone());
            webhook.is_active = is_active.unwrap_or(webhook.is_active);
            webhook.updated = now;
            Ok(())
        };
        self.alter(Kind::Webhook, &key::of(&[id])?, || Error::missing("webhook", id), changed).await
    }

    pub async fn delete_webhook(&self, id: &str) -> Result<(), Error> {
        let key = key::of(&[id])?;
        self.change(&key, async || {
            let found = self.find::<Webhook>(Kind::Webhook, &key).await?;
            Ok((vec![found.ok_or_else(|| Error::missing("webhook", id))?.removed()], ()))
        })
        .await
    }
}
