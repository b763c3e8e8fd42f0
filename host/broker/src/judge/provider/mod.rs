//! How providers of LLMs are spoken to: a question becomes a request, an answer a reply or the reason why there is none.
//!
//! Nothing here sends, waits, or knows a key: a request names it, and the door fills it in.

mod anthropic;
mod error;
mod excerpt;
mod gemini;
mod ollama;
mod openai;
mod pace;
mod question;
mod stream;
mod trouble;

use std::collections::BTreeSet;
use std::time::SystemTime;

use model::endpoint::{Endpoint, Provider};
use model::json::Json;
use model::judge::{JudgeRequest, ToolCall};
use model::ports::{HttpRequest, HttpResponse};
use serde_json::{Map, Value};

pub(super) use excerpt::excerpt;
pub(crate) use openai::path as openai_path;
pub(super) use pace::Allowance;
pub(crate) use pace::Pace;
use question::Question;
pub(crate) use trouble::{Trouble, TroubleKind};

/// How a reply that is more than text is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// By what the provider has for it.
    Native,
    /// As the arguments of a tool that has to be called.
    Tool,
    /// In words.
    Text,
}

impl Way {
    /// Those that make sense with a provider, best first. The last one needs nothing of it.
    pub(super) fn of(provider: Provider) -> &'static [Self] {
        match provider {
            Provider::OpenAi | Provider::Azure | Provider::Gemini => &[Self::Native, Self::Tool, Self::Text],
            // Its own mode takes a small part of JSON Schema, its tools take all of it. Where thinking is on, no tool can be
            // forced.
            Provider::Anthropic => &[Self::Tool, Self::Native, Self::Text],
            // It can't force a tool.
            Provider::Ollama => &[Self::Native, Self::Text],
        }
    }
}

/// What an endpoint may not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Feature {
    /// The way that a reply is asked for.
    Format,
    /// This schema, asked for that way. Others may do.
    Schema,
    Temperature,
    Seed,
    /// The usual name of the limit of tokens.
    Limit,
}

/// How a question is put to an endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    pub(super) way: Way,
    pub(super) without: BTreeSet<Feature>,
}

/// What a model replied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// Without what the model thought.
    pub(super) text: String,
    pub(super) tool_calls: Vec<ToolCall>,
    pub(super) tokens: Tokens,
    pub(super) pace: Pace,
}

/// What a provider counted; none where it does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tokens {
    pub(crate) input: Option<u64>,
    pub(crate) output: Option<u64>,
}

impl Tokens {
    pub(crate) const NONE_USED: Self = Self { input: Some(0), output: Some(0) };
    pub(crate) const UNKNOWN: Self = Self { input: None, output: None };

    /// Both, where both are known, and can be true.
    pub(crate) fn known(self) -> Option<(u64, u64)> {
        /// More than any model takes or gives.
        const MOST: u64 = 1 << 32;
        self.input.zip(self.output).filter(|(input, output)| *input <= MOST && *output <= MOST)
    }
}

/// What is not known makes the sum unknown.
impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, more: Self) {
        let sum = |one: Option<u64>, other: Option<u64>| Some(one?.saturating_add(other?));
        *self = Self { input: sum(self.input, more.input), output: sum(self.output, more.output) };
    }
}

/// What the parameters of an endpoint can't say.
const QUESTIONS: [&str; 7] = ["model", "messages", "contents", "system", "systemInstruction", "tools", "stream"];

/// A question as a provider wants it. The key is there by its name only.
pub(super) fn request(endpoint: &Endpoint, request: &JudgeRequest, manner: &Manner) -> HttpRequest {
    let question = Question::new(endpoint, request, manner);
    let (path, mut body) = match endpoint.model.provider {
        Provider::OpenAi | Provider::Azure => (openai::path(endpoint, "chat/completions"), openai::body(&question)),
        Provider::Anthropic => (anthropic::PATH.to_owned(), anthropic::body(&question)),
        Provider::Gemini => (gemini::path(endpoint), gemini::body(&question)),
        Provider::Ollama => (ollama::PATH.to_owned(), ollama::body(&question)),
    };
    merge(&mut body, &endpoint.parameters);
    HttpRequest {
        method: "POST".to_owned(),
        url: format!("{}{path}", endpoint.base_url),
        headers: headers(endpoint),
        body: Value::Object(body).to_string().into_bytes(),
        timeout: Some(endpoint.flow.timeout),
        asker: None,
    }
}

/// What every request to an endpoint says. The key is there by its name only.
pub(crate) fn headers(endpoint: &Endpoint) -> Vec<(String, Vec<u8>)> {
    let provider = endpoint.model.provider;
    let mut headers = vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())];
    if provider == Provider::Anthropic {
        headers.push(("anthropic-version", anthropic::VERSION.to_owned()));
    }
    if let Some(key) = &endpoint.api_key {
        let secret = format!("{{{{secret:{}}}}}", key.name());
        headers.push(match provider {
            Provider::OpenAi | Provider::Ollama => ("authorization", format!("Bearer {secret}")),
            Provider::Azure => ("api-key", secret),
            Provider::Anthropic => ("x-api-key", secret),
            Provider::Gemini => ("x-goog-api-key", secret),
        });
    }
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_bytes())).collect()
}

/// Adds what the endpoint says to a body: to its objects, and in place of anything else that is not the question.
fn merge(body: &mut Map<String, Value>, parameters: &Map<String, Value>) {
    for (name, value) in parameters.iter().filter(|(name, _)| !QUESTIONS.contains(&name.as_str())) {
        match (body.get_mut(name), value) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => ours.extend(theirs.clone()),
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

/// A name as part of a path.
fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:@".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// What a body says, whoever wrote it.
struct Said {
    text: String,
    tool_calls: Vec<ToolCall>,
    tokens: Tokens,
    end: End,
}

/// Why a model said no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Done,
    Truncated,
    Declined,
    /// It lost its way, or its server did.
    Failed,
}

/// A call as a body has it: the number says which one it is where the body does not.
fn call(id: Option<&Value>, number: usize, name: &Value, arguments: Option<&Value>) -> Option<ToolCall> {
    let arguments = match arguments {
        None | Some(Value::Null) => Json::parse("{}"),
        Some(Value::String(text)) if text.trim().is_empty() => Json::parse("{}"),
        // What is no JSON is kept as the text that it is: whoever looks at the call says what is wrong with it.
        Some(Value::String(text)) => Json::parse(text).or_else(|_| Json::from_serialize(text)),
        Some(arguments) => Json::from_serialize(arguments),
    };
    let id =
        id.and_then(Value::as_str).filter(|id| !id.is_empty()).map_or_else(|| format!("call_{number}"), str::to_owned);
    Some(ToolCall { id, name: name.as_str()?.to_owned(), arguments: arguments.ok()? })
}

/// What an answer is: a reply, or the reason why there is none.
///
/// # Errors
///
/// Fails in words that are fit for a plugin.
pub(crate) fn answer(endpoint: &Endpoint, response: &HttpResponse, now: SystemTime) -> Result<Answer, Trouble> {
    let mut pace = Pace::of(&response.headers, now);
    let succeeded = (200..300).contains(&response.status);
    if succeeded && response.truncated {
        return Err(Trouble::too_large(pace));
    }
    let text = str::from_utf8(&response.body).ok();
    let body = text.and_then(|text| match endpoint.model.provider {
        Provider::OpenAi | Provider::Azure => stream::events(text),
        Provider::Ollama => stream::lines(text),
        Provider::Anthropic | Provider::Gemini => serde_json::from_str(text).ok(),
    });
    if let Some(delay) = body.as_ref().and_then(pace::delay) {
        pace.retry_after.get_or_insert(delay);
    }
    let is_error = |body: &Value| body.get("error").is_some_and(|error| !error.is_null());
    if !succeeded || body.as_ref().is_some_and(is_error) {
        return Err(error::trouble(endpoint, response.status, body.as_ref(), text, pace));
    }
    let said = body.as_ref().and_then(|body| match endpoint.model.provider {
        Provider::OpenAi | Provider::Azure => openai::read(body),
        Provider::Anthropic => anthropic::read(body),
        Provider::Gemini => gemini::read(body),
        Provider::Ollama => ollama::read(body),
    });
    let Some(Said { text, tool_calls, tokens, end }) = said else {
        return Err(Trouble::unreadable(pace));
    };
    match end {
        End::Done => Ok(Answer { text: without_thoughts(text), tool_calls, tokens, pace }),
        _ => Err(Trouble::of(end, tokens, pace)),
    }
}

/// Takes away what a model thought aloud before it replied.
fn without_thoughts(text: String) -> String {
    let Some(thoughts) = text.trim_start().strip_prefix("<think>") else { return text };
    thoughts.split_once("</think>").map_or_else(String::new, |(_, reply)| reply.trim_start().to_owned())
}

#[cfg(test)]
mod answers;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod samples;
