//! A chat completion that comes as a stream of server-sent events, put together again.

use karat_sdk::prelude::*;
use karat_sdk::{Failure, excerpt};
use serde_json::{Map, Value};

use crate::openai_chat::{Choice, Completion, Message, Usage};

/// One event of a stream.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Chunk {
    model: Option<String>,
    choices: Vec<Part>,
    usage: Option<Usage>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Part {
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<String>,
    refusal: Option<String>,
    tool_calls: Vec<Value>,
}

/// Reads the data of a stream's events to its end; one that ends without its last event was cut off.
pub(crate) fn completion(events: impl Iterator<Item = Result<String, Failure>>) -> Result<Completion, Failure> {
    let mut completion = Completion { choices: vec![Choice::default()], ..Completion::default() };
    for data in events {
        let data = data?;
        if data == "[DONE]" {
            return Ok(completion);
        }
        let chunk: Chunk = serde_json::from_str(&data).map_err(|error| {
            Failure::other(format!("an event of the stream is not as it should be ({error}): {}", excerpt(&data)))
        })?;
        if let Some(error) = chunk.error {
            return Err(Failure::other(format!("the endpoint broke off: {}", excerpt(&error.to_string()))));
        }
        add(&mut completion, chunk);
    }
    Err(Failure {
        code: ErrorCode::Unavailable,
        message: "the endpoint's stream was cut off before its end".to_owned(),
    })
}

fn add(completion: &mut Completion, chunk: Chunk) {
    let Chunk { model, choices, usage, .. } = chunk;
    completion.model = model.or(completion.model.take());
    completion.usage = usage.or(completion.usage);
    let Choice { message, finish_reason } = &mut completion.choices[0];
    for Part { delta, finish_reason: reason } in choices {
        let Message { content, refusal, tool_calls } = message;
        for (whole, part) in [(content, delta.content), (refusal, delta.refusal)] {
            if let Some(part) = part {
                whole.get_or_insert_default().push_str(&part);
            }
        }
        delta.tool_calls.into_iter().for_each(|part| add_call(tool_calls, part));
        *finish_reason = reason.or(finish_reason.take());
    }
}

/// A call of a tool comes in parts that say which one they are of; its arguments are a text in pieces.
fn add_call(calls: &mut Vec<Value>, part: Value) {
    let Value::Object(mut part) = part else { return };
    let place = part.remove("index").and_then(|index| index.as_u64()).unwrap_or(0) as usize;
    // Further than one behind the last no honest stream goes.
    if place > calls.len() {
        return;
    }
    if place == calls.len() {
        calls.push(Map::new().into());
    }
    if let Value::Object(whole) = &mut calls[place] {
        merge(whole, part);
    }
}

fn merge(whole: &mut Map<String, Value>, part: Map<String, Value>) {
    for (key, value) in part {
        match (whole.get_mut(&key), value) {
            (Some(Value::Object(whole)), Value::Object(part)) => merge(whole, part),
            (Some(Value::String(whole)), Value::String(part)) if key == "arguments" => whole.push_str(&part),
            (_, Value::Null) => {}
            (_, value) => _ = whole.insert(key, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An event a line.
    fn of(stream: &str) -> Result<Completion, Failure> {
        completion(stream.lines().map(|line| Ok(line.to_owned())))
    }

    #[test]
    fn a_stream_is_put_together() {
        let stream = concat!(
            "{\"model\":\"m\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"4\"}}]}\n",
            "{\"choices\":[{\"delta\":{\"content\":\"2\"},\"finish_reason\":\"stop\"}]}\n",
            "{\"choices\":[],\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n",
            "[DONE]\n",
        );
        let read = of(stream).expect("whole");
        assert_eq!(read.choices[0].message.content.as_deref(), Some("42"));
        assert_eq!(read.choices[0].finish_reason.as_deref(), Some("stop"));
        assert_eq!(read.usage, Some(Usage { prompt_tokens: Some(7), completion_tokens: Some(2) }));
        assert!(of(&stream.replace("[DONE]", "{}")).is_err_and(|failure| failure.message.contains("cut off")));
    }

    #[test]
    fn calls_of_tools_are_put_together() {
        let stream = concat!(
            "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":\"c\",\"function\":{\"name\":\"f\",\"arguments\":\"{\\\"a\\\"\"}}]}}]}\n",
            "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\":1}\"}}]}}]}\n",
            "[DONE]\n",
        );
        let calls = of(stream).expect("whole").choices.remove(0).message.tool_calls;
        assert_eq!(calls, [json!({ "id": "c", "function": { "name": "f", "arguments": "{\"a\":1}" } })]);
    }

    #[test]
    fn an_error_within_the_stream_is_told() {
        let stream = "{\"error\":{\"message\":\"overloaded\"}}\n";
        assert!(of(stream).is_err_and(|failure| failure.message.contains("overloaded")));
    }
}
