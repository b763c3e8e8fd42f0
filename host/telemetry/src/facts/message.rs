//! Messages to and from models, in every shape that is around.

use model::json::Json;
use serde_json::{Map, Value};

/// A message to or from a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// `system`, `user`, `assistant`, `tool`; Gemini's `model` is `assistant`.
    pub role: String,
    /// Its text; parts that are no text, such as images, are not in it.
    pub content: String,
    pub tool_calls: Vec<ToolCall>,
    /// The call that a tool's message answers.
    pub answers: Option<String>,
}

/// A call that a model asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolCall {
    pub id: Option<String>,
    pub name: String,
    pub arguments: Option<Json>,
}

impl Message {
    pub(super) fn new(role: &str, content: String) -> Self {
        Self { role: role.to_owned(), content, ..Self::default() }
    }
}

/// Reads a message or a list of them: OpenAI's (`content`, `tool_calls`), those of OpenTelemetry and the AI SDK (parts with a
/// `type`), Anthropic's (blocks) and Gemini's (`parts` with `text`, `function_call`). What is no message is passed over. A
/// text is a message of this role.
pub(crate) fn read(value: &Value, role: &str) -> Vec<Message> {
    match value {
        Value::String(text) => vec![Message::new(role, text.clone())],
        Value::Array(items) => items.iter().filter_map(message).collect(),
        Value::Object(fields) => {
            let list =
                ["messages", "contents", "choices", "candidates"].iter().find_map(|name| fields.get(*name)?.as_array());
            match list {
                Some(items) => items.iter().filter_map(message).collect(),
                None => message(value).into_iter().collect(),
            }
        }
        _ => Vec::new(),
    }
}

fn message(value: &Value) -> Option<Message> {
    let fields = value.as_object()?;
    // A choice or a candidate has it one level further in.
    if !fields.contains_key("role")
        && let Some(inner) = ["message", "content"].iter().find_map(|name| fields.get(*name)?.as_object())
    {
        return message(&Value::Object(inner.clone()));
    }
    let role = fields.get("role").or_else(|| fields.get("type")).and_then(Value::as_str)?;
    let mut read = Message::new(role_of(role), String::new());
    read.answers = named(fields, &["tool_call_id", "toolCallId"]);
    for name in ["content", "contents", "parts"] {
        parts(fields.get(name), &mut read);
    }
    let calls = ["tool_calls", "toolCalls"].iter().find_map(|name| fields.get(*name)?.as_array());
    read.tool_calls.extend(calls.into_iter().flatten().filter_map(call));
    Some(read)
}

fn role_of(role: &str) -> &str {
    match role {
        "model" | "ai" => "assistant",
        "human" => "user",
        "developer" => "system",
        other => other,
    }
}

/// Adds what a message consists of to it.
fn parts(value: Option<&Value>, message: &mut Message) {
    match value {
        Some(Value::String(said)) => add(message, said),
        Some(Value::Array(parts)) => parts.iter().for_each(|one| part(one, message)),
        _ => {}
    }
}

fn part(value: &Value, message: &mut Message) {
    if let Some(said) = value.as_str() {
        return add(message, said);
    }
    let Some(fields) = value.as_object() else { return };
    let inner = ["function_call", "functionCall"].iter().find_map(|name| fields.get(*name));
    let answer = ["function_response", "functionResponse"].iter().find_map(|name| fields.get(*name));
    match (fields.get("type").and_then(Value::as_str), inner, answer) {
        (Some("tool_call" | "tool-call" | "tool_use"), ..) => message.tool_calls.extend(call(value)),
        (_, Some(inner), _) => message.tool_calls.extend(call(inner)),
        // An agent that ran the tools itself tells what they gave among what it says.
        (Some("tool_call_response" | "tool-result" | "tool_result"), ..) if message.role == "assistant" => {}
        (Some("tool_call_response" | "tool-result" | "tool_result"), ..) | (_, _, Some(_)) => {
            let fields = answer.and_then(Value::as_object).unwrap_or(fields);
            message.role = "tool".to_owned();
            message.answers =
                named(fields, &["id", "toolCallId", "tool_use_id", "tool_call_id"]).or(message.answers.take());
            let said = ["response", "result", "output", "content"].iter().find_map(|name| fields.get(*name));
            // The AI SDK says what type of result it is.
            let said = said.and_then(|said| said.get("value").or(Some(said)));
            add(message, &said.and_then(text).unwrap_or_default());
        }
        (Some("reasoning" | "thinking"), ..) => {}
        _ => {
            let said = ["text", "content"].iter().find_map(|name| fields.get(*name)?.as_str());
            add(message, said.unwrap_or_default());
        }
    }
}

fn add(message: &mut Message, said: &str) {
    if !message.content.is_empty() && !said.is_empty() {
        message.content.push('\n');
    }
    message.content.push_str(said);
}

fn call(value: &Value) -> Option<ToolCall> {
    let fields = value.as_object()?;
    let function = fields.get("function").and_then(Value::as_object).unwrap_or(fields);
    let arguments = ["arguments", "args", "input"].iter().find_map(|name| function.get(*name));
    Some(ToolCall {
        id: named(fields, &["id", "toolCallId"]),
        name: named(function, &["name", "toolName"])?,
        arguments: arguments.and_then(|value| Json::from_serialize(value).ok()).map(|json| super::offers::plain(&json)),
    })
}

fn named(fields: &Map<String, Value>, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| fields.get(*name)?.as_str()).map(str::to_owned)
}

/// A text, the JSON of anything else that is there, and the texts of a list of parts.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items)
            if !items.is_empty() && items.iter().all(|item| item.get("content").is_some_and(Value::is_string)) =>
        {
            let said: Vec<_> = items.iter().filter_map(|item| item.get("content")?.as_str()).collect();
            Some(said.join("\n"))
        }
        other => Some(other.to_string()),
    }
}
