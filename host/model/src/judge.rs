//! Questions to an LLM, and what it replies.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::json::Json;
use crate::outcome::Failure;

/// A question that a plugin asks a role. Who is behind the role, it never learns.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct JudgeRequest {
    pub role: String,
    /// At least one.
    pub messages: Vec<Message>,
    pub tools: Vec<Tool>,
    pub format: Format,
    pub max_output_tokens: Option<u32>,
    /// Finite, and not below zero.
    pub temperature: Option<f32>,
    /// Tells repeated questions with one text apart.
    pub sample: u32,
}

impl JudgeRequest {
    /// What was said last: most often all of the question.
    pub fn question(&self) -> &str {
        self.messages.last().map_or("", |message| &message.content)
    }
}

/// Part of a conversation.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Message {
    pub speaker: Speaker,
    pub content: String,
    /// Of an assistant.
    pub tool_calls: Vec<ToolCall>,
    /// Of a tool: the id of the call that this answers.
    pub answers: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    System,
    User,
    Assistant,
    Tool,
}

/// A call of a tool, as an assistant makes it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: Json,
}

/// A tool that the judge may call. The plugin answers the call.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// JSON Schema (2020-12) of the arguments.
    pub parameters: Json,
}

/// What a reply has to be.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Text,
    /// JSON that satisfies this schema.
    Schema(Json),
    /// One of these.
    Choice(Vec<String>),
}

impl Format {
    pub fn is_text(&self) -> bool {
        *self == Self::Text
    }
}

/// What a question has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Millionths of a US dollar; none where the price is not known.
    pub cost: Option<u64>,
}

/// What a judge replied.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct JudgeReply {
    pub text: String,
    pub tool_calls: Vec<ToolCall>,
    pub usage: Usage,
    /// Always false while a run is recorded or replayed.
    pub cached: bool,
}

/// On whose behalf a judge is asked: one call of a plugin on one trial of a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct Asker {
    /// BLAKE3 of the component, in hexadecimal.
    pub plugin: String,
    /// The name in results of the scorer or predictor.
    pub key: String,
    /// Position of the row in its dataset.
    pub index: u64,
    pub trial: u32,
}

/// One question that was put before a judge, and what came of it: the record of what left this machine, and what it cost.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Exchange {
    pub plugin: String,
    pub key: String,
    pub index: u64,
    pub trial: u32,
    pub role: String,
    /// Who answered, or was asked last.
    pub endpoint: String,
    /// As in [`Model`](crate::endpoint::Model).
    pub model: String,
    /// BLAKE3 of what was sent, in hexadecimal.
    pub digest: String,
    /// What was sent, with what was taken out of it and what was objected to a first reply: a [`Sent`].
    pub sent: Json,
    /// None where there was none; `failure` says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tool_calls: Vec<ToolCall>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// What this exchange has cost; nothing where the reply was known.
    pub usage: Usage,
    /// What a reply that was known has cost when it was given.
    #[serde(default, skip_serializing_if = "Usage::is_nothing")]
    pub saved: Usage,
    /// Where a known reply came from; none where the provider was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known: Option<Known>,
    /// Requests to a provider.
    pub requests: u32,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub started: u64,
    /// From the question to the reply, all waiting included.
    pub duration: Duration,
    /// The part of it before requests left.
    #[serde(default)]
    pub waited: Duration,
}

/// What is sent of a question.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Sent {
    pub messages: Vec<Message>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tools: Vec<Tool>,
    #[serde(default, skip_serializing_if = "Format::is_text")]
    pub format: Format,
}

/// A UUIDv7 of exchanges that are stored together: later batches have larger ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(transparent)]
pub struct BatchId(pub Uuid);

/// Where a reply comes from that is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Known {
    Cache,
    Cassette,
    /// The same question was on its way.
    Shared,
}

impl Usage {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Adds up what was spent.
impl std::ops::AddAssign for Usage {
    /// A cost that is not known makes the sum unknown, unless nothing was used.
    fn add_assign(&mut self, more: Self) {
        self.cost = match (*self, more) {
            (_, Self { input_tokens: 0, output_tokens: 0, cost: None }) => self.cost,
            (Self { input_tokens: 0, output_tokens: 0, cost: None }, _) => more.cost,
            _ => self.cost.zip(more.cost).map(|(cost, more)| cost + more),
        };
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
    }
}
