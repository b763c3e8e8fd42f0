//! What an endpoint answers, read while it is passed on: as a whole, or event by event.

use model::object;
use model::ports::ModelOperation;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::events::{Events, data};
use super::messages;

/// What an answer says, as far as it came.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Said {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) finish_reasons: Vec<String>,
    /// In the conventions' schema.
    pub(super) messages: Vec<Value>,
    pub(super) usage: Usage,
    pub(super) fingerprint: Option<String>,
    pub(super) tier: Option<String>,
    /// What an error says about itself.
    pub(super) error: Option<String>,
}

/// Tokens; none where nobody counted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) input: Option<u64>,
    pub(super) output: Option<u64>,
    pub(super) cached: Option<u64>,
    pub(super) reasoning: Option<u64>,
}

impl Usage {
    fn read(usage: &Value) -> Self {
        let count = |names: &[&str]| names.iter().find_map(|name| usage.pointer(name)?.as_u64());
        Self {
            input: count(&["/prompt_tokens", "/input_tokens"]),
            output: count(&["/completion_tokens", "/output_tokens"]),
            cached: count(&["/prompt_tokens_details/cached_tokens", "/input_tokens_details/cached_tokens"]),
            reasoning: count(&[
                "/completion_tokens_details/reasoning_tokens",
                "/output_tokens_details/reasoning_tokens",
            ]),
        }
    }
}

impl Said {
    /// An answer that is one JSON text.
    pub(super) fn whole(operation: ModelOperation, bytes: &[u8]) -> Self {
        let Ok(text) = str::from_utf8(bytes) else { return Self::default() };
        match operation {
            // Numbers by the thousand, of which nothing is told.
            ModelOperation::Embeddings => {
                let entries = object::entries(text).unwrap_or_default();
                let kept = entries.iter().filter(|(name, _)| name != "data");
                let read = |value: &RawValue| serde_json::from_str::<Value>(value.get()).unwrap_or_default();
                Self::read(operation, &kept.map(|(name, value)| (name.to_string(), read(value))).collect())
            }
            _ => Self::read(operation, &serde_json::from_str(text).unwrap_or_default()),
        }
    }

    fn read(operation: ModelOperation, answer: &Value) -> Self {
        let text = |name| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let mut said = Self {
            id: text("id"),
            model: text("model"),
            usage: answer.get("usage").map(Usage::read).unwrap_or_default(),
            fingerprint: text("system_fingerprint"),
            tier: text("service_tier"),
            error: answer.get("error").and_then(complaint),
            ..Self::default()
        };
        match operation {
            ModelOperation::Chat => {
                let choices = answer.get("choices").and_then(Value::as_array).into_iter().flatten();
                let reason = |choice: &Value| choice.get("finish_reason")?.as_str().map(str::to_owned);
                said.finish_reasons = choices.clone().filter_map(reason).collect();
                said.messages = choices.map(messages::choice).collect();
            }
            ModelOperation::Responses => {
                said.finish_reasons.extend(messages::response_end(answer));
                said.messages.extend(messages::response(answer));
            }
            ModelOperation::Embeddings => {}
        }
        said
    }
}

/// What an error says, in whatever shape.
fn complaint(error: &Value) -> Option<String> {
    let said = error.get("message").unwrap_or(error);
    match said {
        Value::Null => None,
        Value::String(said) => Some(said.clone()),
        other => Some(other.to_string()),
    }
}

/// An answer that comes in events.
pub(super) struct Streamed {
    operation: ModelOperation,
    events: Events,
    /// What a chat completion would be by now.
    completion: Map<String, Value>,
    choices: Vec<Choice>,
    /// A response: as its last event has it, and the text of it that has come.
    response: Value,
    text: String,
    /// Whether something was said, beside that it would be.
    pub(super) has_begun: bool,
}

#[derive(Default)]
struct Choice {
    index: Value,
    texts: Map<String, Value>,
    calls: Vec<Call>,
    finish_reason: Value,
}

/// A call of a tool.
#[derive(Default)]
struct Call {
    index: Value,
    id: String,
    name: String,
    arguments: String,
}

/// Texts of a message that come in pieces.
const TEXTS: [&str; 4] = ["content", "refusal", "reasoning_content", "reasoning"];

impl Streamed {
    pub(super) fn new(operation: ModelOperation) -> Self {
        Self {
            operation,
            events: Events::default(),
            completion: Map::new(),
            choices: Vec::new(),
            response: Value::Null,
            text: String::new(),
            has_begun: false,
        }
    }

    /// Takes in what came, and returns what of it goes on to the client: all of it, or where `hides_usage`, whole events
    /// without the one that says nothing but how many tokens there were.
    pub(super) fn hear(&mut self, piece: Vec<u8>, hides_usage: bool) -> Vec<u8> {
        self.events.push(&piece);
        let mut passed = Vec::new();
        while let Some(event) = self.events.next() {
            let said = data(&event);
            let is_usage = self.event(&said);
            if hides_usage && !is_usage {
                passed.extend_from_slice(&event);
            }
        }
        if hides_usage { passed } else { piece }
    }

    /// What was held back of an event that has no end.
    pub(super) fn end(&mut self, hides_usage: bool) -> Vec<u8> {
        let rest = self.events.rest();
        let is_usage = self.event(&data(&rest));
        if hides_usage && !is_usage { rest } else { Vec::new() }
    }

    /// Says whether the event is the one that says nothing but how many tokens there were.
    fn event(&mut self, said: &str) -> bool {
        let Ok(event) = serde_json::from_str::<Value>(said) else { return false };
        match self.operation {
            ModelOperation::Responses => {
                self.of_response(&event);
                false
            }
            _ => self.chunk(&event),
        }
    }

    fn chunk(&mut self, chunk: &Value) -> bool {
        for name in ["id", "model", "usage", "system_fingerprint", "service_tier", "error"] {
            if let Some(value) = chunk.get(name).filter(|value| !value.is_null() && **value != "") {
                self.completion.insert(name.to_owned(), value.clone());
            }
        }
        let choices = chunk.get("choices").and_then(Value::as_array);
        for choice in choices.into_iter().flatten() {
            self.choice(choice);
        }
        choices.is_some_and(Vec::is_empty) && chunk.get("usage").is_some_and(Value::is_object)
    }

    fn choice(&mut self, piece: &Value) {
        let index = piece.get("index").cloned().unwrap_or_default();
        let known = self.choices.iter().position(|choice| choice.index == index);
        let place = known.unwrap_or_else(|| {
            self.choices.push(Choice { index, ..Choice::default() });
            self.choices.len() - 1
        });
        let choice = &mut self.choices[place];
        if let Some(reason) = piece.get("finish_reason").filter(|reason| !reason.is_null()) {
            choice.finish_reason = reason.clone();
        }
        let Some(delta) = piece.get("delta") else { return };
        for name in TEXTS {
            let Some(more) = delta.get(name).and_then(Value::as_str).filter(|more| !more.is_empty()) else { continue };
            self.has_begun = true;
            if let Value::String(text) = choice.texts.entry(name).or_insert_with(|| json!("")) {
                text.push_str(more);
            }
        }
        for piece in delta.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            self.has_begun = true;
            choice.call(piece);
        }
    }

    fn of_response(&mut self, event: &Value) {
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default();
        if let Some(response) = event.get("response").filter(|response| response.is_object()) {
            self.response = response.clone();
        }
        if kind == "error" {
            self.completion.insert("error".to_owned(), event.clone());
        }
        let delta = event.get("delta").and_then(Value::as_str);
        self.has_begun |= kind.ends_with(".delta");
        if kind == "response.output_text.delta" {
            self.text.push_str(delta.unwrap_or_default());
        }
    }

    /// What was said so far.
    pub(super) fn said(&self) -> Said {
        let mut answer = match &self.response {
            Value::Object(response) => response.clone(),
            _ => Map::new(),
        };
        answer.extend(self.completion.clone());
        answer.insert("choices".to_owned(), self.choices.iter().map(Choice::whole).collect());
        let has_output = answer.get("output").and_then(Value::as_array).is_some_and(|output| !output.is_empty());
        if self.operation == ModelOperation::Responses && !has_output && !self.text.is_empty() {
            let said = json!({ "type": "output_text", "text": self.text });
            answer.insert("output".to_owned(), json!([{ "role": "assistant", "content": [said] }]));
        }
        Said::read(self.operation, &Value::Object(answer))
    }
}

impl Choice {
    fn call(&mut self, piece: &Value) {
        let text =
            |of: Option<&Value>, name: &str| of.and_then(|of| of.get(name)?.as_str()).unwrap_or_default().to_owned();
        let index = piece.get("index").cloned().unwrap_or_default();
        let known = self.calls.iter().position(|call| call.index == index);
        let place = known.unwrap_or_else(|| {
            self.calls.push(Call { index, ..Call::default() });
            self.calls.len() - 1
        });
        let (call, function) = (&mut self.calls[place], piece.get("function"));
        // Some servers say these with every piece.
        if call.id.is_empty() {
            call.id = text(Some(piece), "id");
        }
        if call.name.is_empty() {
            call.name = text(function, "name");
        }
        call.arguments.push_str(&text(function, "arguments"));
    }

    fn whole(&self) -> Value {
        let calls: Vec<_> = self.calls.iter().map(Call::whole).collect();
        let mut message = self.texts.clone();
        message.insert("role".to_owned(), json!("assistant"));
        if !calls.is_empty() {
            message.insert("tool_calls".to_owned(), Value::Array(calls));
        }
        json!({ "index": self.index, "message": message, "finish_reason": self.finish_reason })
    }
}

impl Call {
    fn whole(&self) -> Value {
        json!({ "id": self.id, "function": { "name": self.name, "arguments": self.arguments } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_what_the_same_answer_says_as_a_whole() {
        let usage = json!({ "prompt_tokens": 9, "completion_tokens": 3, "prompt_tokens_details": { "cached_tokens": 4 },
            "completion_tokens_details": { "reasoning_tokens": 1 } });
        let calls = json!([{ "id": "c1", "function": { "name": "look", "arguments": "{\"at\":1}" } }]);
        let whole = json!({ "id": "x", "model": "m-1", "usage": usage, "choices": [
            { "index": 0, "finish_reason": "tool_calls",
              "message": { "role": "assistant", "content": "wait", "tool_calls": calls } },
        ] });
        let piece = |delta: Value, reason: Value| {
            json!({ "id": "x", "model": "m-1", "choices": [{ "index": 0, "delta": delta, "finish_reason": reason }],
                "usage": null })
        };
        let function = |arguments: &str| json!({ "arguments": arguments });
        let chunks = [
            piece(json!({ "role": "assistant", "content": "" }), Value::Null),
            piece(json!({ "content": "wa" }), Value::Null),
            piece(json!({ "content": "it" }), Value::Null),
            piece(
                json!({ "tool_calls": [{ "index": 0, "id": "c1", "function": { "name": "look", "arguments": "" } }] }),
                Value::Null,
            ),
            piece(json!({ "tool_calls": [{ "index": 0, "function": function("{\"at\"") }] }), Value::Null),
            piece(json!({ "tool_calls": [{ "index": 0, "function": function(":1}") }] }), Value::Null),
            piece(json!({}), json!("tool_calls")),
        ];
        let shown: String = chunks.iter().map(|chunk| format!("data: {chunk}\n\n")).collect();
        let counted = json!({ "id": "x", "model": "m-1", "choices": [], "usage": usage });
        let all = format!("{shown}data: {counted}\n\ndata: [DONE]\n\n");
        for length in [1, 7, 1000, all.len()] {
            for hides_usage in [true, false] {
                let mut streamed = Streamed::new(ModelOperation::Chat);
                let pieces = all.as_bytes().chunks(length).map(<[u8]>::to_vec);
                let mut passed: Vec<u8> = pieces.flat_map(|piece| streamed.hear(piece, hides_usage)).collect();
                passed.extend(streamed.end(hides_usage));
                let expected = if hides_usage { format!("{shown}data: [DONE]\n\n") } else { all.clone() };
                assert_eq!(String::from_utf8(passed).expect("a text"), expected);
                assert_eq!(streamed.said(), Said::whole(ModelOperation::Chat, whole.to_string().as_bytes()));
                assert!(streamed.has_begun);
            }
        }
    }

    #[test]
    fn a_response_that_is_streamed_is_what_its_last_event_has_or_what_came_of_it() {
        let response = json!({ "id": "r", "model": "m", "status": "completed", "usage": { "input_tokens": 2, "output_tokens": 1 },
            "output": [{ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "hello" }] }] });
        let begun = json!({ "id": "r", "model": "m", "status": "in_progress", "output": [] });
        let mut streamed = Streamed::new(ModelOperation::Responses);
        let sent = |event: Value| format!("data: {event}\n\n").into_bytes();
        streamed.hear(sent(json!({ "type": "response.created", "response": begun })), false);
        streamed.hear(sent(json!({ "type": "response.output_text.delta", "delta": "hel" })), false);
        let half = streamed.said();
        assert_eq!(half.messages[0]["parts"][0]["content"], "hel");
        assert_eq!((half.id.as_deref(), half.finish_reasons.len()), (Some("r"), 0));
        streamed.hear(sent(json!({ "type": "response.completed", "response": response })), false);
        assert_eq!(streamed.said(), Said::whole(ModelOperation::Responses, response.to_string().as_bytes()));
    }

    #[test]
    fn of_embeddings_tokens_are_told() {
        let answer = br#"{"object":"list","model":"e","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":5,"total_tokens":5}}"#;
        let said = Said::whole(ModelOperation::Embeddings, answer);
        assert_eq!((said.model.as_deref(), said.usage.input, said.usage.output), (Some("e"), Some(5), None));
        assert_eq!(Said::whole(ModelOperation::Chat, b"\xff"), Said::default());
        let wrong = Said::whole(ModelOperation::Chat, br#"{"error":{"message":"no","code":1}}"#);
        assert_eq!(wrong.error.as_deref(), Some("no"));
    }
}
