//! Bodies that come in pieces though nobody asked for that, put together to what they would have been as a whole.
//!
//! A body that breaks off is none.

use serde_json::{Map, Value, json};

/// A completion as OpenAI's shape has it, as one JSON text or as server-sent events.
pub(super) fn events(text: &str) -> Option<Value> {
    if let Ok(whole) = serde_json::from_str(text) {
        return Some(whole);
    }
    let (mut completion, mut is_done) = (Completion::default(), false);
    for data in text.lines().filter_map(|line| line.strip_prefix("data:")).map(str::trim) {
        if data == "[DONE]" {
            is_done = true;
            break;
        }
        let event: Value = serde_json::from_str(data).ok()?;
        if event.get("error").is_some_and(|error| !error.is_null()) {
            return Some(event);
        }
        completion.add(&event);
    }
    (is_done || completion.finish_reason.is_some()).then(|| completion.whole())
}

/// What was said so far.
#[derive(Default)]
struct Completion {
    content: String,
    refusal: String,
    calls: Vec<Call>,
    finish_reason: Option<Value>,
    usage: Value,
}

#[derive(Default)]
struct Call {
    /// Which one the pieces name it.
    index: Value,
    id: String,
    name: String,
    arguments: String,
}

impl Completion {
    fn add(&mut self, event: &Value) {
        if let Some(usage) = event.get("usage").filter(|usage| usage.is_object()) {
            self.usage = usage.clone();
        }
        let Some(choice) = event.get("choices").and_then(|choices| choices.get(0)) else { return };
        if let Some(reason) = choice.get("finish_reason").filter(|reason| reason.is_string()) {
            self.finish_reason = Some(reason.clone());
        }
        let Some(delta) = choice.get("delta") else { return };
        self.content.push_str(text(delta, "content"));
        self.refusal.push_str(text(delta, "refusal"));
        for piece in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.call(piece);
        }
    }

    fn call(&mut self, piece: &Value) {
        let index = piece.get("index").cloned().unwrap_or_default();
        let found = self.calls.iter().position(|call| call.index == index);
        let number = found.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        });
        let call = &mut self.calls[number];
        // Some servers say these with every piece.
        if call.id.is_empty() {
            text(piece, "id").clone_into(&mut call.id);
        }
        let Some(function) = piece.get("function") else { return };
        if call.name.is_empty() {
            text(function, "name").clone_into(&mut call.name);
        }
        call.arguments.push_str(text(function, "arguments"));
    }

    fn whole(self) -> Value {
        let calls = self.calls.into_iter().map(
            |Call { id, name, arguments, .. }| json!({"id": id, "function": {"name": name, "arguments": arguments}}),
        );
        let calls: Value = calls.collect();
        let message = json!({"content": self.content, "refusal": self.refusal, "tool_calls": calls});
        json!({"choices": [{"message": message, "finish_reason": self.finish_reason}], "usage": self.usage})
    }
}

fn text<'a>(of: &'a Value, name: &str) -> &'a str {
    of.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A reply of Ollama, as one JSON text or as a text in each line.
pub(super) fn lines(text: &str) -> Option<Value> {
    if let Ok(whole) = serde_json::from_str(text) {
        return Some(whole);
    }
    let (mut content, mut calls) = (String::new(), Vec::new());
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let mut piece: Map<String, Value> = serde_json::from_str(line).ok()?;
        if piece.contains_key("error") {
            return Some(Value::Object(piece));
        }
        if let Some(message) = piece.get("message") {
            content.push_str(self::text(message, "content"));
            calls.extend(message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().cloned());
        }
        if piece.get("done") == Some(&Value::Bool(true)) {
            piece.insert("message".to_owned(), json!({"content": content, "tool_calls": calls}));
            return Some(Value::Object(piece));
        }
    }
    None
}
