//! Addresses that are told what happens.

use serde::{Deserialize, Serialize};

/// An address that is told of some events.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Webhook {
    pub id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    pub url: String,
    pub events: Vec<Event>,
    /// What is sent is signed with it. It never leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    pub is_active: bool,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
}

/// Something that happens to a kind of thing, such as `PROMPT` and `CREATED`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Event {
    pub entity: String,
    pub action: String,
}
