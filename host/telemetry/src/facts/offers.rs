//! What dialects offer for each fact.

use model::json::Json;
use serde_json::Value;

use super::message::{self, Message};

/// A fact that a dialect can feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

const FACTS: usize = Fact::ErrorMessage as usize + 1;

/// What a fact has to be.
#[derive(Clone, Copy)]
enum Form {
    /// A text that is not empty. What looks like a number is an id nevertheless.
    Text,
    /// A text that does say what type of step it is.
    Kind,
    Count,
    Number,
    /// Anything but null.
    Json,
    /// A list, or an object with `documents`.
    List,
    /// At least one; a text is a message of this role.
    Messages(&'static str),
}

impl Fact {
    fn form(self) -> Form {
        match self {
            Self::Kind => Form::Kind,
            Self::Inputs | Self::Outputs | Self::ToolArguments | Self::ToolResult | Self::System => Form::Json,
            Self::InputMessages => Form::Messages("user"),
            Self::OutputMessages => Form::Messages("assistant"),
            Self::InputTokens
            | Self::OutputTokens
            | Self::CacheRead
            | Self::CacheWrite
            | Self::Reasoning
            | Self::TotalTokens => Form::Count,
            Self::Cost | Self::InputCost | Self::OutputCost => Form::Number,
            Self::Documents | Self::Prompts => Form::List,
            Self::ModelAsked
            | Self::ModelAnswered
            | Self::Provider
            | Self::ToolName
            | Self::ToolCall
            | Self::Session
            | Self::User
            | Self::PromptName
            | Self::PromptVersion
            | Self::ErrorType
            | Self::ErrorMessage => Form::Text,
        }
    }
}

/// Facts that somebody asks for. The others are not read at all.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted(u64);

impl Wanted {
    pub(crate) const ALL: Self = Self(u64::MAX);

    pub(crate) const fn of(facts: &[Fact]) -> Self {
        let (mut set, mut at) = (0, 0);
        while at < facts.len() {
            set |= 1 << facts[at] as u64;
            at += 1;
        }
        Self(set)
    }

    pub(crate) fn has(self, fact: Fact) -> bool {
        self.0 & 1 << fact as u64 != 0
    }
}

/// The first that fits of what was offered for each fact that is wanted.
#[derive(Debug)]
pub(crate) struct Offers {
    wanted: Wanted,
    held: [Option<Held>; FACTS],
}

#[derive(Debug)]
enum Held {
    Text(String),
    Count(u64),
    Number(f64),
    Json(Json),
    Messages(Vec<Message>),
}

impl Offers {
    pub(crate) fn of(wanted: Wanted) -> Self {
        Self { wanted, held: [const { None }; FACTS] }
    }

    /// Whether it makes a difference what is offered for one of these.
    pub(crate) fn want(&self, facts: &[Fact]) -> bool {
        facts.iter().any(|fact| self.wanted.has(*fact) && self.held[*fact as usize].is_none())
    }

    pub(crate) fn offer(&mut self, fact: Fact, value: &Json) {
        if self.want(&[fact]) {
            self.held[fact as usize] = sent(fact.form(), value);
        }
    }

    /// What a dialect has put together.
    pub(crate) fn made(&mut self, fact: Fact, value: impl Into<Value>) {
        if self.want(&[fact]) {
            self.held[fact as usize] = made(fact.form(), &value.into());
        }
    }

    pub(super) fn json(&self, fact: Fact) -> Option<Json> {
        match self.held[fact as usize].as_ref()? {
            Held::Json(json) => Some(json.clone()),
            _ => None,
        }
    }

    pub(super) fn value(&self, fact: Fact) -> Option<Value> {
        self.json(fact).map(|json| json.to_value())
    }

    pub(super) fn messages(&mut self, fact: Fact) -> Vec<Message> {
        match self.held[fact as usize].take() {
            Some(Held::Messages(messages)) => messages,
            _ => Vec::new(),
        }
    }

    pub(super) fn text(&self, fact: Fact) -> Option<String> {
        match self.held[fact as usize].as_ref()? {
            Held::Text(text) => Some(text.clone()),
            _ => None,
        }
    }

    pub(super) fn count(&self, fact: Fact) -> Option<u64> {
        match self.held[fact as usize].as_ref()? {
            Held::Count(count) => Some(*count),
            _ => None,
        }
    }

    pub(super) fn number(&self, fact: Fact) -> Option<f64> {
        match self.held[fact as usize].as_ref()? {
            Held::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// An attribute in the form that it has to have.
fn sent(form: Form, value: &Json) -> Option<Held> {
    match form {
        Form::Text => told(value).filter(|text| !text.is_empty()).map(Held::Text),
        Form::Kind => {
            told(value).filter(|_| value.as_str().starts_with('"')).filter(|kind| is_kind(kind)).map(Held::Text)
        }
        Form::Count => match value.as_str().parse() {
            Ok(number) if number <= MOST_COUNTED => Some(Held::Count(number)),
            _ => count(&parsed(value)).map(Held::Count),
        },
        Form::Number => number(&parsed(value)).map(Held::Number),
        Form::Json => Some(plain(value)).filter(|value| value.as_str() != "null").map(Held::Json),
        Form::List => {
            let value = plain(value);
            let is_list = value.as_str().starts_with('[') || value.is_object() && is_list(&value.to_value());
            is_list.then_some(Held::Json(value))
        }
        Form::Messages(_) => made(form, &parsed(value)),
    }
}

fn made(form: Form, value: &Value) -> Option<Held> {
    match form {
        Form::Text => message::text(value).filter(|text| !text.is_empty()).map(Held::Text),
        Form::Kind => value.as_str().filter(|kind| is_kind(kind)).map(|kind| Held::Text(kind.to_owned())),
        Form::Count => count(value).map(Held::Count),
        Form::Number => number(value).map(Held::Number),
        Form::Json if value.is_null() => None,
        Form::List if !is_list(value) => None,
        Form::Json | Form::List => Json::from_serialize(value).ok().map(Held::Json),
        Form::Messages(role) => {
            Some(message::read(value, role)).filter(|messages| !messages.is_empty()).map(Held::Messages)
        }
    }
}

fn is_kind(said: &str) -> bool {
    !said.is_empty() && !said.eq_ignore_ascii_case("unknown")
}

fn is_list(value: &Value) -> bool {
    value.as_array().or_else(|| value.get("documents")?.as_array()).is_some()
}

/// What a string says as JSON, or the string itself where it is none: that is how MLflow writes what is not a string, and
/// OpenTelemetry what is not flat.
pub(super) fn plain(value: &Json) -> Json {
    let inner = text(value).and_then(|text| Json::parse(&text).ok());
    inner.unwrap_or_else(|| value.clone())
}

/// The same as a tree.
pub(crate) fn parsed(value: &Json) -> Value {
    match text(value) {
        Some(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        None => value.to_value(),
    }
}

/// A string as it is.
pub(crate) fn text(value: &Json) -> Option<String> {
    let is_text = value.as_str().starts_with('"');
    is_text.then(|| serde_json::from_str(value.as_str()).ok())?
}

/// What a value is as a text that stands for something: a string, or the string within it that MLflow writes; anything
/// else just as it was written. None of a null.
pub(crate) fn told(value: &Json) -> Option<String> {
    match (text(value), value.as_str()) {
        (Some(text), _) if text.starts_with('"') => Some(serde_json::from_str(&text).unwrap_or(text)),
        (Some(text), _) => Some(text),
        (None, "null") => None,
        (None, list) if list.starts_with('[') => message::text(&value.to_value()),
        (None, other) => Some(other.to_owned()),
    }
}

/// Greater numbers are not all told apart by those who read them.
const MOST_COUNTED: u64 = 1 << 53;

/// A number of tokens; some write it as a float or a text.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().filter(|count| *count <= MOST_COUNTED).or_else(|| {
        let number = number(value).filter(|number| (0.0..=MOST_COUNTED as f64).contains(number))?;
        Some(number as u64)
    })
}

fn number(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok()).filter(|number| number.is_finite())
}
