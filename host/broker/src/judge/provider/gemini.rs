//! Generated content of Gemini.

use model::endpoint::Endpoint;
use model::judge::{Message, Speaker, Tool, ToolCall};
use serde_json::{Map, Value, json};

use super::question::Question;
use super::{End, Said, Tokens, call, segment};

/// What stands for the thoughts behind a call that was not made with this request. Newer models refuse a call without.
const UNSIGNED: &str = "skip_thought_signature_validator";

pub(super) fn path(endpoint: &Endpoint) -> String {
    let name = &endpoint.model.name;
    let name: Vec<_> = name.strip_prefix("models/").unwrap_or(name).split('/').map(segment).collect();
    // A model of one's own has its kind before its name.
    let kind = if name.len() == 1 { "models/" } else { "" };
    format!("/{kind}{}:generateContent", name.join("/"))
}

pub(super) fn body(question: &Question) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("contents".to_owned(), Value::Array(contents(question)));
    if let Some(system) = question.system() {
        body.insert("systemInstruction".to_owned(), json!({"parts": [{"text": system}]}));
    }
    if !question.tools.is_empty() {
        let declared: Value = question.tools.iter().map(tool).collect();
        body.insert("tools".to_owned(), json!([{"functionDeclarations": declared}]));
    }
    if question.must_call {
        body.insert("toolConfig".to_owned(), json!({"functionCallingConfig": {"mode": "ANY"}}));
    }
    body.insert("generationConfig".to_owned(), Value::Object(config(question)));
    body
}

fn config(question: &Question) -> Map<String, Value> {
    let mut config = Map::new();
    config.insert("maxOutputTokens".to_owned(), json!(question.limit));
    config.extend(question.temperature.map(|temperature| ("temperature".to_owned(), json!(temperature))));
    config.extend(question.seed.map(|seed| ("seed".to_owned(), json!(seed))));
    if let Some(schema) = &question.schema {
        config.insert("responseMimeType".to_owned(), json!("application/json"));
        config.insert("responseJsonSchema".to_owned(), schema.clone());
    }
    config
}

/// Answers of tools that follow each other are one content, as calls that are made together want it.
fn contents(question: &Question) -> Vec<Value> {
    let talk: Vec<_> = question.talk().collect();
    let turns = talk.chunk_by(|one, next| one.speaker == Speaker::Tool && next.speaker == Speaker::Tool);
    turns
        .map(|turn| {
            let role = if turn[0].speaker == Speaker::Assistant { "model" } else { "user" };
            let parts: Vec<_> = turn.iter().flat_map(|message| parts(question, message)).collect();
            json!({"role": role, "parts": parts})
        })
        .collect()
}

fn parts(question: &Question, message: &Message) -> Vec<Value> {
    if message.speaker == Speaker::Tool {
        let said = serde_json::from_str(&message.content).ok().filter(Value::is_object);
        let response = said.unwrap_or_else(|| json!({"result": message.content}));
        return vec![json!({"functionResponse": {"name": question.called(message), "response": response}})];
    }
    let text = (!message.content.is_empty() || message.tool_calls.is_empty()).then(|| json!({"text": message.content}));
    text.into_iter().chain(message.tool_calls.iter().map(called)).collect()
}

fn called(call: &ToolCall) -> Value {
    let called = json!({"name": call.name, "args": call.arguments.to_value()});
    json!({"functionCall": called, "thoughtSignature": UNSIGNED})
}

fn tool(tool: &Tool) -> Value {
    let Tool { name, description, parameters } = tool;
    json!({"name": name, "description": description, "parametersJsonSchema": parameters.to_value()})
}

pub(super) fn read(body: &Value) -> Option<Said> {
    let candidate = body.get("candidates").and_then(|candidates| candidates.get(0));
    let is_blocked = body.get("promptFeedback").is_some_and(|feedback| feedback.get("blockReason").is_some());
    if candidate.is_none() && !is_blocked {
        return None;
    }
    let end = match candidate.and_then(|candidate| candidate.get("finishReason")?.as_str()) {
        _ if is_blocked => End::Declined,
        None | Some("STOP" | "FINISH_REASON_UNSPECIFIED") => End::Done,
        Some("MAX_TOKENS") => End::Truncated,
        Some("SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "LANGUAGE" | "ESCALATION") => {
            End::Declined
        }
        Some(_) => End::Failed,
    };
    let parts = candidate.and_then(|candidate| candidate.get("content")?.get("parts")?.as_array());
    let said = || parts.into_iter().flatten().filter(|part| part.get("thought") != Some(&Value::Bool(true)));
    let text = said().filter_map(|part| part.get("text")?.as_str()).collect();
    let calls = said().filter_map(|part| part.get("functionCall")).enumerate();
    let calls =
        calls.filter_map(|(number, called)| call(called.get("id"), number, called.get("name")?, called.get("args")));
    let count = |name| body.get("usageMetadata").and_then(|usage| usage.get(name)?.as_u64());
    // What is nothing is left out.
    let more = |name| count(name).unwrap_or_default();
    let input = count("promptTokenCount").map(|input| input.saturating_add(more("toolUsePromptTokenCount")));
    let output = input.map(|_| more("candidatesTokenCount").saturating_add(more("thoughtsTokenCount")));
    Some(Said { text, tool_calls: calls.collect(), tokens: Tokens { input, output }, end })
}
