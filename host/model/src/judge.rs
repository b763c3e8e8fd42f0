//! Questions to an LLM, and what it replies.

use serde::{Deserialize, Serialize};

use crate::json::Json;

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
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Text,
    /// JSON that satisfies this schema.
    Schema(Json),
    /// One of these.
    Choice(Vec<String>),
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
