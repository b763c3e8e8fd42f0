//! Messages of OpenAI's two interfaces in the schemas of OpenTelemetry's conventions for generative AI.

use model::ports::ModelOperation;
use serde_json::{Map, Value, json};

/// What a model is sent: instructions that are told apart, and messages.
pub(super) fn asked(operation: ModelOperation, body: &Value) -> (Option<Value>, Vec<Value>) {
    match operation {
        ModelOperation::Chat => (None, list(body.get("messages")).map(message).collect()),
        ModelOperation::Responses => {
            let instructions = body.get("instructions").and_then(Value::as_str);
            let input = match body.get("input") {
                Some(Value::String(said)) => vec![json!({ "role": "user", "parts": [text(said)] })],
                input => list(input).map(item).collect(),
            };
            (instructions.map(|said| json!([text(said)])), input)
        }
        ModelOperation::Embeddings => (None, Vec::new()),
    }
}

/// What a model says in one choice of a chat completion.
pub(super) fn choice(choice: &Value) -> Value {
    let mut message = message(choice.get("message").unwrap_or(&Value::Null));
    if let Value::Object(fields) = &mut message {
        fields.entry("role").or_insert_with(|| json!("assistant"));
        if let Some(reason) = choice.get("finish_reason").and_then(Value::as_str) {
            fields.insert("finish_reason".to_owned(), json!(finish(reason)));
        }
    }
    message
}

/// What a model says in all items of a response.
pub(super) fn response(response: &Value) -> Option<Value> {
    let items: Vec<_> = list(response.get("output")).map(item).collect();
    let parts: Vec<_> = items.iter().flat_map(|item| list(item.get("parts"))).cloned().collect();
    if parts.is_empty() {
        return None;
    }
    let mut message = json!({ "role": "assistant", "parts": parts });
    if let Some(reason) = response_end(response) {
        message["finish_reason"] = json!(finish(&reason));
    }
    Some(message)
}

/// Why a response has no more.
pub(super) fn response_end(response: &Value) -> Option<String> {
    let status = response.get("status").and_then(Value::as_str)?;
    let reason = response.pointer("/incomplete_details/reason").and_then(Value::as_str);
    let calls = list(response.get("output")).any(|item| item.get("type").is_some_and(|kind| kind == "function_call"));
    if matches!(status, "in_progress" | "queued") {
        return None;
    }
    Some(match (status, reason) {
        ("completed", _) if calls => "tool_calls".to_owned(),
        ("completed", _) => "stop".to_owned(),
        (_, Some("max_output_tokens")) => "length".to_owned(),
        (status, reason) => reason.unwrap_or(status).to_owned(),
    })
}

/// The conventions' word.
fn finish(reason: &str) -> &str {
    match reason {
        "tool_calls" | "function_call" => "tool_call",
        other => other,
    }
}

fn message(message: &Value) -> Value {
    let said = |name| message.get(name).and_then(Value::as_str).filter(|said| !said.is_empty());
    let mut parts: Vec<Value> = Vec::new();
    if let Some(thought) = said("reasoning_content").or_else(|| said("reasoning")) {
        parts.push(json!({ "type": "reasoning", "content": thought }));
    }
    match (said("tool_call_id"), message.get("content")) {
        (Some(id), content) => parts.push(json!({ "type": "tool_call_response", "id": id, "response": content })),
        (None, Some(Value::String(said))) if !said.is_empty() => parts.push(text(said)),
        (None, content) => parts.extend(list(content).map(part)),
    }
    parts.extend(said("refusal").map(text));
    parts.extend(list(message.get("tool_calls")).map(|called| {
        let function = called.get("function").or_else(|| called.get("custom")).unwrap_or(called);
        call(called.get("id"), function)
    }));
    parts.extend(message.get("function_call").filter(|called| called.is_object()).map(|called| call(None, called)));
    let mut fields = Map::new();
    for name in ["role", "name"] {
        fields.extend(said(name).map(|said| (name.to_owned(), json!(said))));
    }
    fields.insert("parts".to_owned(), Value::Array(parts));
    Value::Object(fields)
}

/// An item of what goes into a response, or comes out.
fn item(item: &Value) -> Value {
    let kind = item.get("type").and_then(Value::as_str).unwrap_or("message");
    let of = |role: &str, part: Value| json!({ "role": role, "parts": [part] });
    match kind {
        "message" => message(item),
        "function_call" | "custom_tool_call" => of("assistant", call(item.get("call_id"), item)),
        "function_call_output" | "custom_tool_call_output" => {
            let (id, response) = (item.get("call_id"), item.get("output"));
            of("tool", json!({ "type": "tool_call_response", "id": id, "response": response }))
        }
        "reasoning" => {
            let said = list(item.get("summary")).chain(list(item.get("content")));
            let said: Vec<_> = said.filter_map(|part| part.get("text")?.as_str()).collect();
            of("assistant", json!({ "type": "reasoning", "content": said.join("\n") }))
        }
        // A tool that the provider runs itself.
        other => of("assistant", json!({ "type": other, "id": item.get("id"), "status": item.get("status") })),
    }
}

fn part(part: &Value) -> Value {
    let said = |name| part.get(name).and_then(Value::as_str);
    match said("type") {
        Some("text" | "input_text" | "output_text") => text(said("text").unwrap_or_default()),
        Some("refusal") => text(said("refusal").unwrap_or_default()),
        Some(kind @ ("image_url" | "input_image")) => {
            let url = part.pointer("/image_url/url").or_else(|| part.get("image_url")).and_then(Value::as_str);
            url.map_or_else(|| json!({ "type": kind, "file_id": part.get("file_id") }), |url| media("image", url))
        }
        Some(kind @ ("input_audio" | "file" | "input_file")) => {
            let of = |place| part.pointer(place).and_then(Value::as_str);
            let data = ["/input_audio/data", "/file/file_data", "/file_data"].into_iter().find_map(of);
            let name = ["/file/filename", "/filename", "/file/file_id", "/file_id"].into_iter().find_map(of);
            json!({ "type": kind, "name": name, "size": data.map(str::len) })
        }
        _ => part.clone(),
    }
}

/// Something that is no text: where it is, or that it was there. What it is made of would make traces large, and tells
/// nobody anything.
fn media(modality: &str, url: &str) -> Value {
    let Some(inline) = url.strip_prefix("data:") else {
        return json!({ "type": "uri", "modality": modality, "uri": url });
    };
    let (mime, content) = inline.split_once(',').unwrap_or((inline, ""));
    let mime = mime.split(';').next().unwrap_or_default();
    let told = format!("[{} characters]", content.len());
    json!({ "type": "blob", "modality": modality, "mime_type": mime, "content": told })
}

fn text(said: &str) -> Value {
    json!({ "type": "text", "content": said })
}

fn call(id: Option<&Value>, called: &Value) -> Value {
    let arguments = called.get("arguments").or_else(|| called.get("input"));
    let parsed = arguments.and_then(Value::as_str).and_then(|said| serde_json::from_str::<Value>(said).ok());
    json!({ "type": "tool_call", "id": id, "name": called.get("name"), "arguments": parsed.as_ref().or(arguments) })
}

fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    value.and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_is_told_in_the_conventions_words() {
        let body = json!({ "messages": [
            { "role": "developer", "content": "be brief" },
            { "role": "user", "content": [
                { "type": "text", "text": "what is this?" },
                { "type": "image_url", "image_url": { "url": "data:image/png;base64,AAAA" } },
                { "type": "image_url", "image_url": { "url": "https://example.com/a.png" } },
            ] },
            { "role": "assistant", "content": null, "tool_calls": [
                { "id": "c1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } }
            ] },
            { "role": "tool", "tool_call_id": "c1", "content": "a cat" },
        ] });
        let (instructions, messages) = asked(ModelOperation::Chat, &body);
        assert_eq!(instructions, None);
        let expected = json!([
            { "role": "developer", "parts": [{ "type": "text", "content": "be brief" }] },
            { "role": "user", "parts": [
                { "type": "text", "content": "what is this?" },
                { "type": "blob", "modality": "image", "mime_type": "image/png", "content": "[4 characters]" },
                { "type": "uri", "modality": "image", "uri": "https://example.com/a.png" },
            ] },
            { "role": "assistant", "parts": [
                { "type": "tool_call", "id": "c1", "name": "look", "arguments": { "at": 1 } }
            ] },
            { "role": "tool", "parts": [{ "type": "tool_call_response", "id": "c1", "response": "a cat" }] },
        ]);
        assert_eq!(Value::from(messages), expected);
    }

    #[test]
    fn a_response_is_told_in_the_conventions_words() {
        let body = json!({ "instructions": "be brief", "input": [
            { "role": "user", "content": [{ "type": "input_text", "text": "hello" }] },
            { "type": "function_call", "call_id": "c1", "name": "look", "arguments": "?" },
            { "type": "function_call_output", "call_id": "c1", "output": "a cat" },
        ] });
        let (instructions, messages) = asked(ModelOperation::Responses, &body);
        assert_eq!(instructions, Some(json!([{ "type": "text", "content": "be brief" }])));
        assert_eq!(messages[1]["parts"][0]["arguments"], "?");
        assert_eq!((&messages[0]["role"], &messages[2]["role"]), (&json!("user"), &json!("tool")));

        let came = json!({ "status": "completed", "output": [
            { "type": "reasoning", "summary": [{ "type": "summary_text", "text": "hm" }] },
            { "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "hello" }] },
            { "type": "function_call", "call_id": "c2", "name": "look", "arguments": "{}" },
        ] });
        let expected = json!({ "role": "assistant", "finish_reason": "tool_call", "parts": [
            { "type": "reasoning", "content": "hm" },
            { "type": "text", "content": "hello" },
            { "type": "tool_call", "id": "c2", "name": "look", "arguments": {} },
        ] });
        assert_eq!(response(&came), Some(expected));
        let cut = json!({ "status": "incomplete", "incomplete_details": { "reason": "max_output_tokens" } });
        assert_eq!((response(&cut), response_end(&cut)), (None, Some("length".to_owned())));
    }
}
