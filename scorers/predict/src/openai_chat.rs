//! `openai_chat`: a model behind an endpoint that speaks OpenAI's chat completions.

use std::collections::BTreeMap;

use karat_sdk::http::{self, Request, Response};
use karat_sdk::predictor::{SpanContext, traceparent};
use karat_sdk::prelude::*;
use karat_sdk::{Prediction, Predictor, excerpt};
use serde_json::{Map, Value};

use crate::answer;
use crate::sse;
use crate::template::Parts;

/// A model behind any endpoint that speaks OpenAI's chat completions.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub struct OpenAiChat {
    /// What stands before `/chat/completions`, such as `https://api.openai.com/v1`.
    url: String,
    /// The model's name.
    model: String,
    /// The name of the secret with the key; none where the endpoint wants none.
    #[serde(default)]
    api_key: Option<String>,
    /// The system's message; `{{ … }}` in it is filled in with parts of the row.
    #[serde(default)]
    system: Option<String>,
    /// The user's message, such as `{{ inputs.question }}`. Without it and `messages`, the row's `inputs.messages`, else its
    /// only input that is a text.
    #[serde(default)]
    prompt: Option<String>,
    /// All messages, as the endpoint takes them, with parts of the row filled in.
    #[serde(default)]
    messages: Option<Vec<Value>>,
    #[serde(default)]
    temperature: Option<f64>,
    /// The most tokens of an answer.
    #[serde(default)]
    max_tokens: Option<u32>,
    /// Whether the row's seed goes along, for endpoints that take one.
    #[serde(default)]
    seed: bool,
    /// Whether the answer is asked for as a stream.
    #[serde(default)]
    stream: bool,
    /// Further fields of the request, such as `top_p`, `tools` or `response_format`.
    #[serde(default)]
    extra: Map<String, Value>,
    /// Further headers; `{{secret:NAME}}` is filled in by the host.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

/// What an endpoint answers, whole or put together from a stream.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Completion {
    pub(crate) model: Option<String>,
    pub(crate) choices: Vec<Choice>,
    pub(crate) usage: Option<Usage>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Choice {
    pub(crate) message: Message,
    pub(crate) finish_reason: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(default)]
pub(crate) struct Message {
    pub(crate) content: Option<String>,
    pub(crate) tool_calls: Vec<Value>,
    pub(crate) refusal: Option<String>,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Usage {
    pub(crate) prompt_tokens: Option<u64>,
    pub(crate) completion_tokens: Option<u64>,
}

impl Predictor for OpenAiChat {
    const NAME: &str = "openai_chat";
    const SUMMARY: &str = "a model behind an endpoint that speaks OpenAI's chat completions";

    fn predict(&self, row: &Row, span: &SpanContext) -> Result<Prediction, Failure> {
        let parts = Parts::of(row)?;
        let mut request = http::post(format!("{}/chat/completions", self.url.trim_end_matches('/')))
            .header("traceparent", traceparent(span))
            .json(&self.body(row, &parts)?);
        if let Some(name) = &self.api_key {
            request = request.header("authorization", format!("Bearer {{{{secret:{name}}}}}"));
        }
        for (name, value) in &self.headers {
            request = request.header(name, parts.text(value)?);
        }
        self.prediction(if self.stream { streamed(request)? } else { whole(request)? })
    }
}

fn whole(request: Request) -> Result<Completion, Failure> {
    serde_json::from_value(answer::json(&request.send()?)?)
        .map_err(|error| Failure::other(format!("the endpoint's answer is no chat completion: {error}")))
}

/// Takes the answer as it comes: nothing of it is kept but what the model said.
fn streamed(request: Request) -> Result<Completion, Failure> {
    let incoming = request.open()?;
    let (status, headers) = (incoming.status(), incoming.headers());
    if status != 200 {
        let response = Response { headers, ..Response::new(status, incoming.text()?) };
        answer::check(&response)?;
        return Err(Failure::other(format!("the endpoint answered with status {status} instead of a stream")));
    }
    sse::completion(incoming.events().map(|event| event.map(|event| event.data)))
}

impl OpenAiChat {
    fn body(&self, row: &Row, parts: &Parts) -> Result<Value, Failure> {
        let mut body = match parts.fill(&Value::Object(self.extra.clone()))? {
            Value::Object(extra) => extra,
            _ => Map::new(),
        };
        let mut set = |key: &str, value: Option<Value>| value.map(|value| body.insert(key.to_owned(), value));
        set("model", Some(self.model.as_str().into()));
        set("messages", Some(self.conversation(parts)?.into()));
        set("temperature", self.temperature.map(Value::from));
        set("max_tokens", self.max_tokens.map(Value::from));
        // Endpoints read it as a signed number.
        set("seed", self.seed.then(|| (row.seed() >> 1).into()));
        set("stream", self.stream.then_some(true.into()));
        set("stream_options", self.stream.then(|| json!({ "include_usage": true })));
        Ok(body.into())
    }

    fn conversation(&self, parts: &Parts) -> Result<Vec<Value>, Failure> {
        let system = self.system.as_ref().map(|text| Ok(json!({ "role": "system", "content": parts.text(text)? })));
        let mut messages: Vec<Value> = system.into_iter().collect::<Result<_, Failure>>()?;
        let user = |content: String| json!({ "role": "user", "content": content });
        match (&self.messages, &self.prompt) {
            (Some(template), None) => {
                messages.extend(template.iter().map(|one| parts.fill(one)).collect::<Result<Vec<_>, _>>()?)
            }
            (None, Some(prompt)) => messages.push(user(parts.text(prompt)?)),
            (Some(_), Some(_)) => {
                return Err(Failure::bad_parameter("`messages` and `prompt` are both there; take one out"));
            }
            (None, None) => match parts.inputs().get("messages") {
                Some(Value::Array(given)) => messages.extend(given.clone()),
                _ => messages.push(user(only_text(parts.inputs())?)),
            },
        }
        Ok(messages)
    }

    fn prediction(&self, completion: Completion) -> Result<Prediction, Failure> {
        let Completion { model, choices, usage } = completion;
        let Choice { message, finish_reason } =
            choices.into_iter().next().ok_or_else(|| Failure::other("the endpoint's answer has no choice"))?;
        let outputs = match message {
            Message { refusal: Some(refusal), .. } => refusal.into(),
            Message { content, tool_calls, .. } if !tool_calls.is_empty() => {
                json!({ "content": content, "tool_calls": tool_calls })
            }
            Message { content: Some(content), .. } => content.into(),
            Message { .. } => {
                return Err(Failure::other("the endpoint's answer has neither a text nor a call of a tool"));
            }
        };
        let usage = usage.unwrap_or_default();
        let mut prediction = Prediction::new(outputs)
            .attribute("gen_ai.operation.name", "chat")
            .attribute("gen_ai.request.model", self.model.as_str())
            .tokens(usage.prompt_tokens, usage.completion_tokens);
        if let Some(model) = model {
            prediction = prediction.attribute("gen_ai.response.model", model);
        }
        if let Some(reason) = finish_reason {
            prediction = prediction.attribute("gen_ai.response.finish_reasons", vec![reason]);
        }
        Ok(prediction)
    }
}

/// The input that is a text, where there is no doubt which one that is.
fn only_text(inputs: &Value) -> Result<String, Failure> {
    let texts = inputs.as_object().into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_str()?)));
    match texts.collect::<Vec<_>>()[..] {
        [(_, only)] => Ok(only.to_owned()),
        ref several => {
            let names = several.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ");
            let which = if names.is_empty() {
                "none of the inputs is a text".to_owned()
            } else {
                format!("there are several: {names}")
            };
            Err(Failure::bad_parameter(format!(
                "which input is the question? {}; say `prompt: \"{{{{ inputs.NAME }}}}\"`",
                excerpt(&which)
            )))
        }
    }
}
