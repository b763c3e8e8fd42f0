//! Prompts and their versions, and whatever else is registered under a name with versions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The tag that tells a prompt from a model that is registered likewise.
pub const IS_PROMPT: &str = "mlflow.prompt.is_prompt";

/// A prompt, or a registered model, which differs in a tag alone. Its name is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Prompt {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// Versions by names that are moved from one to the next.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub aliases: BTreeMap<String, u32>,
    /// The highest number that a version ever had; 0 where there was none. The next one gets the next.
    pub last: u32,
    /// The highest number of those versions that are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<u32>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise. Tags and aliases come and go without an update.
    pub created: i64,
    pub updated: i64,
}

impl Prompt {
    pub fn is_prompt(&self) -> bool {
        says_prompt(&self.tags)
    }

    /// The aliases of one of its versions.
    pub fn aliases_of(&self, version: u32) -> Vec<&str> {
        self.aliases.iter().filter(|(_, of)| **of == version).map(|(alias, _)| alias.as_str()).collect()
    }
}

/// One version of a prompt. What it says stands in its tags, and does not change by any rule of ours.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct PromptVersion {
    /// The prompt's name.
    pub prompt: String,
    /// From 1 on; never used again while there is the prompt.
    pub number: u32,
    #[serde(flatten)]
    pub content: VersionContent,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: i64,
    pub updated: i64,
}

/// What whoever makes a version says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct VersionContent {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Where the files of a model are; of a prompt it says nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The run that made it; empty where there is none. `run_link` is an address of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub run_link: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

/// Whether tags say that it is a prompt.
pub fn says_prompt(tags: &BTreeMap<String, String>) -> bool {
    tags.get(IS_PROMPT).is_some_and(|said| said.eq_ignore_ascii_case("true"))
}
