//! Messages of Anthropic.

use model::judge::{Message, Speaker, Tool};
use serde_json::{Map, Value, json};

use super::question::Question;
use super::{End, Said, Tokens, call};

pub(super) const PATH: &str = "/messages";

/// The next one, 2026-10-21, knows no temperature.
pub(super) const VERSION: &str = "2023-06-01";

pub(super) fn body(question: &Question) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(question.endpoint.model.name));
    body.insert("messages".to_owned(), Value::Array(messages(question)));
    body.insert("max_tokens".to_owned(), json!(question.limit));
    body.extend(question.system().map(|system| ("system".to_owned(), json!(system))));
    if !question.tools.is_empty() {
        body.insert("tools".to_owned(), question.tools.iter().map(tool).collect());
    }
    if question.must_call {
        body.insert("tool_choice".to_owned(), json!({"type": "any", "disable_parallel_tool_use": true}));
    }
    if let Some(schema) = &question.schema {
        body.insert("output_config".to_owned(), json!({"format": {"type": "json_schema", "schema": schema}}));
    }
    body.extend(question.temperature.map(|temperature| ("temperature".to_owned(), json!(temperature))));
    body
}

/// Answers of tools that follow each other are one message of the user, as calls that are made together want it.
fn messages(question: &Question) -> Vec<Value> {
    let talk: Vec<_> = question.talk().collect();
    let turns = talk.chunk_by(|one, next| one.speaker == Speaker::Tool && next.speaker == Speaker::Tool);
    let turns = turns.map(|turn| {
        let role = if turn[0].speaker == Speaker::Assistant { "assistant" } else { "user" };
        let blocks: Vec<_> = turn.iter().flat_map(|message| blocks(message)).collect();
        (role, blocks)
    });
    // There is no message of nothing, nor a text of it.
    turns
        .filter(|(_, blocks)| !blocks.is_empty())
        .map(|(role, content)| json!({"role": role, "content": content}))
        .collect()
}

fn blocks(message: &Message) -> Vec<Value> {
    let Message { speaker, content, tool_calls, answers } = message;
    if *speaker == Speaker::Tool {
        let answered = answers.as_deref().unwrap_or_default();
        return vec![json!({"type": "tool_result", "tool_use_id": answered, "content": content})];
    }
    let text = (!content.is_empty()).then(|| json!({"type": "text", "text": content}));
    let calls = tool_calls
        .iter()
        .map(|call| json!({"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments.to_value()}));
    text.into_iter().chain(calls).collect()
}

fn tool(tool: &Tool) -> Value {
    json!({"name": tool.name, "description": tool.description, "input_schema": tool.parameters.to_value()})
}

pub(super) fn read(body: &Value) -> Option<Said> {
    let blocks = body.get("content")?.as_array()?;
    let of =
        |kind: &'static str| blocks.iter().filter(move |block| block.get("type").is_some_and(|found| found == kind));
    let text = of("text").filter_map(|block| block.get("text")?.as_str()).collect();
    let calls = of("tool_use").enumerate();
    let calls =
        calls.filter_map(|(number, block)| call(block.get("id"), number, block.get("name")?, block.get("input")));
    let end = match body.get("stop_reason").and_then(Value::as_str) {
        Some("refusal") => End::Declined,
        Some("max_tokens" | "model_context_window_exceeded") => End::Truncated,
        _ => End::Done,
    };
    let usage = body.get("usage");
    let count = |name| usage.and_then(|usage| usage.get(name)?.as_u64());
    let cached = |name| count(name).unwrap_or_default();
    let around = cached("cache_creation_input_tokens").saturating_add(cached("cache_read_input_tokens"));
    let input = count("input_tokens").map(|input| input.saturating_add(around));
    Some(Said { text, tool_calls: calls.collect(), tokens: Tokens { input, output: count("output_tokens") }, end })
}
