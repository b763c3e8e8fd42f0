//! Prompts and their versions, and whatever else is registered under a name with versions.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

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

/// How a version of a prompt is asked for: `support` is its latest version, `support@3` a version, `support@prod` the one that
/// an alias stands for; MLflow's `prompts:/support/3` and `prompts:/support@prod` mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromptRef {
    pub name: String,
    pub which: Which,
}

/// A version among those of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Latest,
    Number(u32),
    Alias(String),
}

/// What stands before the name of a prompt where other texts could stand.
pub const SCHEME: &str = "prompts:/";

impl PromptRef {
    /// As MLflow writes it, and as a suite names it: `prompts:/support/3`, `prompts:/support@prod`.
    #[must_use]
    pub fn uri(&self) -> String {
        let Self { name, which } = self;
        match which {
            Which::Latest => format!("{SCHEME}{name}@latest"),
            Which::Number(number) => format!("{SCHEME}{name}/{number}"),
            Which::Alias(alias) => format!("{SCHEME}{name}@{alias}"),
        }
    }
}

impl FromStr for PromptRef {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` names no prompt: write it as `support`, `support@3` or `support@prod`");
        let (name, which) = match text.strip_prefix(SCHEME) {
            Some(uri) => uri.split_once(['@', '/']).ok_or_else(wrong)?,
            None => text.split_once('@').unwrap_or((text, "latest")),
        };
        let which = match which.parse() {
            Ok(number) => Which::Number(number),
            Err(_) if which.eq_ignore_ascii_case("latest") => Which::Latest,
            Err(_) => Which::Alias(which.to_owned()),
        };
        let is_one = is_name(name) && which != Which::Alias(String::new());
        is_one.then(|| Self { name: name.to_owned(), which }).ok_or_else(wrong)
    }
}

impl fmt::Display for PromptRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, which } = self;
        match which {
            Which::Latest => f.write_str(name),
            Which::Number(number) => write!(f, "{name}@{number}"),
            Which::Alias(alias) => write!(f, "{name}@{alias}"),
        }
    }
}

/// Whether a prompt can have this name, by MLflow's rule: letters, digits, `_`, `-` and `.`.
pub fn is_name(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_asked_for_in_our_words_and_in_mlflows() {
        for (text, which) in [
            ("support", Which::Latest),
            ("support@latest", Which::Latest),
            ("support@3", Which::Number(3)),
            ("prompts:/support/3", Which::Number(3)),
            ("support@prod", Which::Alias("prod".to_owned())),
            ("prompts:/support@prod", Which::Alias("prod".to_owned())),
        ] {
            let named = PromptRef { name: "support".to_owned(), which };
            assert_eq!((text.parse(), named.uri().parse()), (Ok(named.clone()), Ok(named)), "{text}");
        }
        for text in ["", "@3", "support@", "a b", "prompts:/support", "sup/3"] {
            assert!(text.parse::<PromptRef>().is_err(), "{text}");
        }
    }
}
