//! Where judges live: an LLM behind an HTTP interface, and how it is asked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::sensitive::Sensitive;

/// The judges of a run: who is behind each role, and how they are asked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct Judges {
    /// Endpoints by role.
    pub roles: BTreeMap<String, String>,
    /// Those behind the roles, and those that stand in for them.
    pub endpoints: BTreeMap<String, Endpoint>,
}

impl Judges {
    pub fn is_empty(&self) -> bool {
        self.roles.is_empty()
    }

    /// The same without endpoints that are behind no role, and stand in for none that is.
    #[must_use]
    pub fn in_use(self) -> Self {
        let mut used = BTreeSet::new();
        for name in self.roles.values() {
            let mut next = Some(name);
            while let Some(name) = next.filter(|name| used.insert((*name).clone())) {
                next = self.endpoints.get(name).and_then(|endpoint| endpoint.fallback.as_ref());
            }
        }
        let endpoints = self.endpoints.into_iter().filter(|(name, _)| used.contains(name)).collect();
        Self { roles: self.roles, endpoints }
    }

    /// The same as far as it shows in replies.
    #[must_use]
    pub fn without_flow(&self) -> Self {
        let flow = Flow::default();
        let endpoints = self
            .endpoints
            .iter()
            .map(|(name, endpoint)| (name.clone(), Endpoint { flow, price: None, api_key: None, ..endpoint.clone() }));
        Self { roles: self.roles.clone(), endpoints: endpoints.collect() }
    }
}

/// An endpoint with every default filled in.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Endpoint {
    pub model: Model,
    /// Without a slash at its end.
    pub base_url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<KeySource>,
    /// What is added to the body of each request, in the provider's own words.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub parameters: Map<String, Value>,
    /// For questions that say nothing else.
    pub max_output_tokens: u32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<Redaction>,
    /// The endpoint that is asked where this one can't be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// None where it is not known.
    pub price: Option<Price>,
    pub flow: Flow,
}

/// How fast an endpoint is asked. None of it shows in a reply.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
pub struct Flow {
    /// Requests at once; at least 1.
    pub concurrency: u32,
    /// None where only the provider says it.
    pub requests_per_minute: Option<u32>,
    pub tokens_per_minute: Option<u32>,
    /// How often a request that failed in passing is made again. Being told to wait is no failure.
    pub retries: u32,
    /// For one request.
    pub timeout: Duration,
    /// For a question, with all its waiting and repeating.
    pub deadline: Duration,
}

/// A model by the name of its provider and its own: `openai:/gpt-5-mini`, as MLflow writes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Model {
    pub provider: Provider,
    pub name: String,
}

/// Whose interface an endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Provider {
    /// Chat completions, as many servers offer them: llama.cpp, vLLM, LM Studio, OpenRouter, Bedrock.
    OpenAi,
    /// OpenAI's models by the names of deployments.
    Azure,
    Anthropic,
    Gemini,
    Ollama,
}

impl Default for Flow {
    /// 32 requests at once, 3 retries, 60 s for a request and 10 min for a question.
    fn default() -> Self {
        Self {
            concurrency: 32,
            requests_per_minute: None,
            tokens_per_minute: None,
            retries: 3,
            timeout: Duration::from_secs(60),
            deadline: Duration::from_secs(600),
        }
    }
}

impl Provider {
    pub const ALL: [Self; 5] = [Self::OpenAi, Self::Azure, Self::Anthropic, Self::Gemini, Self::Ollama];

    /// As suites write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Azure => "azure",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
            Self::Ollama => "ollama",
        }
    }

    /// Where it is found; none where everybody has one of their own.
    pub fn base_url(self) -> Option<&'static str> {
        match self {
            Self::OpenAi => Some("https://api.openai.com/v1"),
            Self::Azure => None,
            Self::Anthropic => Some("https://api.anthropic.com/v1"),
            Self::Gemini => Some("https://generativelanguage.googleapis.com/v1beta"),
            Self::Ollama => Some("http://127.0.0.1:11434"),
        }
    }

    /// The variables that the provider's own clients take its key from. They go to its own host without anybody's word.
    pub fn key_names(self) -> &'static [&'static str] {
        match self {
            Self::OpenAi => &["OPENAI_API_KEY"],
            Self::Azure => &["AZURE_OPENAI_API_KEY"],
            Self::Anthropic => &["ANTHROPIC_API_KEY"],
            Self::Gemini => &["GEMINI_API_KEY", "GOOGLE_API_KEY"],
            Self::Ollama => &[],
        }
    }
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:/{}", self.provider.name(), self.name)
    }
}

impl FromStr for Model {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (provider, name) = text
            .split_once(":/")
            .filter(|(_, name)| !name.is_empty() && !name.starts_with('/'))
            .ok_or_else(|| format!("`{text}` should be a provider and a model, such as `openai:/gpt-5-mini`"))?;
        let found = Provider::ALL.into_iter().find(|known| known.name() == provider);
        let provider = found.ok_or_else(|| {
            let known: Vec<_> = Provider::ALL.map(|known| format!("`{}`", known.name())).into();
            format!("there is no provider `{provider}`: use {}", known.join(", "))
        })?;
        Ok(Self { provider, name: name.to_owned() })
    }
}

impl Serialize for Model {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Model {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Where a key is taken from. It is in no suite.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeySource {
    /// A variable of the environment.
    Env(String),
    /// A file with nothing else in it.
    File(String),
}

impl KeySource {
    /// What it is called where requests are put together.
    pub fn name(&self) -> &str {
        match self {
            Self::Env(name) | Self::File(name) => name,
        }
    }
}

/// US dollars for a million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Price {
    #[schemars(range(min = 0))]
    pub input: f64,
    #[schemars(range(min = 0))]
    pub output: f64,
}

impl Price {
    /// Millionths of a US dollar, rounded up: what so many tokens cost at the most.
    pub fn of(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        (input_tokens as f64 * self.input + output_tokens as f64 * self.output).ceil() as u64
    }
}

/// What is taken out of a question before it leaves.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Redaction {
    Known(Sensitive),
    /// A regular expression of one's own.
    Pattern {
        pattern: String,
        /// What stands in its place, in brackets: `REDACTED` where nothing is said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_a_provider_and_a_name() {
        for text in
            ["openai:/gpt-5-mini", "anthropic:/claude-haiku-4-5", "openai:/openai/gpt-oss-20b", "ollama:/llama3:8b"]
        {
            assert_eq!(text.parse::<Model>().expect("a model").to_string(), text);
        }
        for text in ["gpt-5-mini", "openai:gpt-5", "openai:/", "openai://x", "nobody:/x"] {
            assert!(text.parse::<Model>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_price_is_never_rounded_down() {
        let price = Price { input: 0.25, output: 2.0 };
        assert_eq!(price.of(1_000_000, 1_000_000), 2_250_000);
        assert_eq!((price.of(1, 0), price.of(0, 0)), (1, 0));
    }
}
