//! Chat of Ollama.

use model::judge::{Message, Speaker, ToolCall};
use serde_json::{Map, Value, json};

use super::question::Question;
use super::{End, Said, Tokens, call, openai};

pub(super) const PATH: &str = "/api/chat";

pub(super) fn body(question: &Question) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("model".to_owned(), json!(question.endpoint.model.name));
    let messages = question.messages.iter().map(|said| message(question, said));
    body.insert("messages".to_owned(), messages.collect());
    if !question.tools.is_empty() {
        body.insert("tools".to_owned(), question.tools.iter().map(openai::tool).collect());
    }
    body.extend(question.schema.as_ref().map(|schema| ("format".to_owned(), schema.clone())));
    let mut options = Map::new();
    options.insert("num_predict".to_owned(), json!(question.limit));
    options.extend(question.temperature.map(|temperature| ("temperature".to_owned(), json!(temperature))));
    options.extend(question.seed.map(|seed| ("seed".to_owned(), json!(seed))));
    body.insert("options".to_owned(), Value::Object(options));
    body.insert("stream".to_owned(), json!(false));
    body
}

fn message(question: &Question, message: &Message) -> Value {
    let Message { speaker, content, tool_calls, .. } = message;
    match speaker {
        Speaker::System => json!({"role": "system", "content": content}),
        Speaker::User => json!({"role": "user", "content": content}),
        Speaker::Tool => json!({"role": "tool", "content": content, "tool_name": question.called(message)}),
        Speaker::Assistant if tool_calls.is_empty() => json!({"role": "assistant", "content": content}),
        Speaker::Assistant => {
            let calls: Value = tool_calls.iter().map(called).collect();
            json!({"role": "assistant", "content": content, "tool_calls": calls})
        }
    }
}

fn called(call: &ToolCall) -> Value {
    json!({"function": {"name": call.name, "arguments": call.arguments.to_value()}})
}

pub(super) fn read(body: &Value) -> Option<Said> {
    let message = body.get("message")?;
    let text = message.get("content").and_then(Value::as_str).unwrap_or_default().to_owned();
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    let tool_calls = calls.enumerate().filter_map(|(number, called)| {
        let function = called.get("function")?;
        call(called.get("id"), number, function.get("name")?, function.get("arguments"))
    });
    let end = match body.get("done_reason").and_then(Value::as_str) {
        Some("length") => End::Truncated,
        _ => End::Done,
    };
    let count = |name| body.get(name).and_then(Value::as_u64);
    // The prompt is not counted where it was known already.
    let tokens = Tokens { input: count("prompt_eval_count"), output: count("eval_count") };
    Some(Said { text, tool_calls: tool_calls.collect(), tokens, end })
}
