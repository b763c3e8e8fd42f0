//! What dialects offer for each fact.

use std::collections::BTreeMap;

use model::json::Json;
use serde_json::Value;

use super::message;

/// A fact that a dialect can feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact {
    Kind,
    Inputs,
    Outputs,
    InputMessages,
    OutputMessages,
    /// Instructions that are told apart from the messages.
    System,
    ModelAsked,
    ModelAnswered,
    Provider,
    InputTokens,
    OutputTokens,
    CacheRead,
    CacheWrite,
    Reasoning,
    TotalTokens,
    Cost,
    InputCost,
    OutputCost,
    ToolName,
    ToolCall,
    ToolArguments,
    ToolResult,
    Documents,
    Session,
    User,
    /// A list of objects with `name` and `version`.
    Prompts,
    PromptName,
    PromptVersion,
    ErrorType,
    ErrorMessage,
}

impl Fact {
    /// Whether a value says something of the fact.
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::InputTokens
            | Self::OutputTokens
            | Self::CacheRead
            | Self::CacheWrite
            | Self::Reasoning
            | Self::TotalTokens => count(value).is_some(),
            Self::Cost | Self::InputCost | Self::OutputCost => number(value).is_some(),
            Self::InputMessages | Self::OutputMessages => !message::read(value, "user").is_empty(),
            Self::Documents => value.as_array().or_else(|| value.get("documents")?.as_array()).is_some(),
            Self::Prompts => value.as_array().is_some_and(|links| !links.is_empty()),
            Self::Inputs | Self::Outputs | Self::ToolArguments | Self::ToolResult | Self::System => !value.is_null(),
            Self::Kind => value.as_str().is_some_and(|kind| !kind.is_empty() && !kind.eq_ignore_ascii_case("unknown")),
            _ => message::text(value).is_some_and(|text| !text.is_empty()),
        }
    }
}

/// The first that fits of what was offered for each fact.
#[derive(Debug, Default)]
pub(crate) struct Offers(BTreeMap<Fact, Json>);

impl Offers {
    pub(crate) fn offer(&mut self, fact: Fact, value: &Json) {
        if self.0.contains_key(&fact) {
            return;
        }
        let value = plain(value);
        if fact.fits(&value.to_value()) {
            self.0.insert(fact, value);
        }
    }

    /// What a dialect has put together.
    pub(crate) fn made(&mut self, fact: Fact, value: impl Into<Value>) {
        if let Ok(value) = Json::from_serialize(&value.into()) {
            self.offer(fact, &value);
        }
    }

    pub(super) fn json(&self, fact: Fact) -> Option<Json> {
        self.0.get(&fact).cloned()
    }

    pub(super) fn value(&self, fact: Fact) -> Option<Value> {
        self.0.get(&fact).map(Json::to_value)
    }

    pub(super) fn text(&self, fact: Fact) -> Option<String> {
        message::text(&self.value(fact)?)
    }

    pub(super) fn count(&self, fact: Fact) -> Option<u64> {
        count(&self.value(fact)?)
    }

    pub(super) fn number(&self, fact: Fact) -> Option<f64> {
        number(&self.value(fact)?)
    }
}

/// What a string says as JSON, or the string itself where it is none: that is how MLflow writes what is not a string, and
/// OpenTelemetry what is not flat.
pub(super) fn plain(value: &Json) -> Json {
    if !value.as_str().starts_with('"') {
        return value.clone();
    }
    let inner = serde_json::from_str::<String>(value.as_str()).ok().and_then(|text| Json::parse(&text).ok());
    inner.unwrap_or_else(|| value.clone())
}

/// The same as a tree.
pub(crate) fn parsed(value: &Json) -> Value {
    plain(value).to_value()
}

/// A number of tokens; some write it as a float or a text.
fn count(value: &Value) -> Option<u64> {
    const MOST: f64 = 9_007_199_254_740_992.0;
    value.as_u64().filter(|count| *count as f64 <= MOST).or_else(|| {
        let number = number(value).filter(|number| (0.0..=MOST).contains(number))?;
        Some(number as u64)
    })
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}
