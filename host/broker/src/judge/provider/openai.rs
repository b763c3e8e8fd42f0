//! Chat completions of OpenAI, of Azure, and of the many servers that speak like them.

use model::endpoint::{Endpoint, Provider};
use model::judge::{Message, Speaker, Tool, ToolCall};
use serde_json::{Map, Value, json};
use url::Url;

use super::question::Question;
use super::{End, Said, Tokens, call, segment};

/// The last one that was given for good.
const AZURE_VERSION: &str = "2024-10-21";

/// The old name of the limit, which all servers know, and the new one, which OpenAI's own want.
const LIMITS: [&str; 2] = ["max_tokens", "max_completion_tokens"];

/// Of one of the things that are asked for in OpenAI's words, such as `chat/completions`.
pub(crate) fn path(endpoint: &Endpoint, what: &str) -> String {
    match endpoint.model.provider {
        Provider::Azure => {
            let deployment = segment(&endpoint.model.name);
            format!("/openai/deployments/{deployment}/{what}?api-version={AZURE_VERSION}")
        }
        _ => format!("/{what}"),
    }
}

pub(super) fn body(question: &Question) -> Map<String, Value> {
    let Question { endpoint, temperature, seed, .. } = question;
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(endpoint.model.name));
    body.insert("messages".to_owned(), question.messages.iter().map(message).collect());
    if !question.tools.is_empty() {
        body.insert("tools".to_owned(), question.tools.iter().map(tool).collect());
    }
    if question.must_call {
        body.insert("tool_choice".to_owned(), json!("required"));
    }
    if let Some(schema) = &question.schema {
        // Not `strict`, which takes a small part of JSON Schema: what comes is checked here in any case.
        let schema = json!({"name": "reply", "schema": schema});
        body.insert("response_format".to_owned(), json!({"type": "json_schema", "json_schema": schema}));
    }
    if !LIMITS.iter().any(|name| endpoint.parameters.contains_key(*name)) {
        let is_new = is_openais_own(endpoint) != question.is_limit_renamed;
        body.insert(LIMITS[usize::from(is_new)].to_owned(), json!(question.limit));
    }
    body.extend(temperature.map(|temperature| ("temperature".to_owned(), json!(temperature))));
    body.extend(seed.map(|seed| ("seed".to_owned(), json!(seed))));
    body
}

fn is_openais_own(endpoint: &Endpoint) -> bool {
    let is_at_openai = || Url::parse(&endpoint.base_url).is_ok_and(|url| url.host_str() == Some("api.openai.com"));
    endpoint.model.provider == Provider::Azure || is_at_openai()
}

fn message(message: &Message) -> Value {
    let Message { speaker, content, tool_calls, answers } = message;
    match speaker {
        Speaker::System => json!({"role": "system", "content": content}),
        Speaker::User => json!({"role": "user", "content": content}),
        Speaker::Tool => json!({"role": "tool", "content": content, "tool_call_id": answers.as_deref().unwrap_or("")}),
        Speaker::Assistant if tool_calls.is_empty() => json!({"role": "assistant", "content": content}),
        Speaker::Assistant => {
            let calls: Value = tool_calls.iter().map(called).collect();
            let content = (!content.is_empty()).then_some(content);
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
    }
}

fn called(call: &ToolCall) -> Value {
    let function = json!({"name": call.name, "arguments": call.arguments.as_str()});
    json!({"id": call.id, "type": "function", "function": function})
}

/// Ollama has tools in the same shape.
pub(super) fn tool(tool: &Tool) -> Value {
    let Tool { name, description, parameters } = tool;
    let function = json!({"name": name, "description": description, "parameters": parameters.to_value()});
    json!({"type": "function", "function": function})
}

pub(super) fn read(body: &Value) -> Option<Said> {
    let choice = body.get("choices")?.get(0)?;
    let message = choice.get("message")?;
    let (text, is_refused_in_part) = content(message.get("content"));
    let refusal = message.get("refusal").and_then(Value::as_str).unwrap_or_default();
    let end = match choice.get("finish_reason").and_then(Value::as_str) {
        _ if is_refused_in_part || !refusal.is_empty() => End::Declined,
        Some("content_filter") => End::Declined,
        Some("length") => End::Truncated,
        Some("error") => End::Failed,
        _ => End::Done,
    };
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let tool_calls = calls.enumerate().filter_map(|(number, called)| {
        let function = called.get("function")?;
        call(called.get("id"), number, function.get("name")?, function.get("arguments"))
    });
    let count = |name| body.get("usage").and_then(|usage| usage.get(name)?.as_u64());
    let tokens = Tokens { input: count("prompt_tokens"), output: count("completion_tokens") };
    Some(Said { text, tool_calls: tool_calls.collect(), tokens, end })
}

/// Text, or parts of it among others. Says whether one of them is a refusal.
fn content(content: Option<&Value>) -> (String, bool) {
    match content {
        Some(Value::String(text)) => (text.clone(), false),
        Some(Value::Array(parts)) => {
            let is = |part: &Value, kind: &str| part.get("type").is_some_and(|found| found == kind);
            let texts = parts.iter().filter(|part| is(part, "text") || is(part, "output_text"));
            let text = texts.filter_map(|part| part.get("text")?.as_str()).collect();
            (text, parts.iter().any(|part| is(part, "refusal")))
        }
        _ => (String::new(), false),
    }
}
