//! A call as a span, by OpenTelemetry's conventions for generative AI.

use std::sync::Arc;
use std::time::Duration;

use model::endpoint::{Model, Provider};
use model::json::Json;
use model::ports::ModelOperation;
use model::trace::{Attributes, Source, Span, SpanKind, Status};
use serde_json::{Value, json};

use super::answered::Said;
use super::asked::Asked;
use super::context::Context;
use super::messages;

/// How a call ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The endpoint that answered, or was asked.
    pub(super) endpoint: Option<String>,
    pub(super) model: Option<Model>,
    /// Requests to endpoints.
    pub(super) requests: u32,
    pub(super) status: Option<u16>,
    pub(super) said: Said,
    /// Since the call came.
    pub(super) first: Option<Duration>,
    /// US dollars.
    pub(super) cost: Option<f64>,
    /// What kind of error it is, and what is said about it.
    pub(super) error: Option<(String, String)>,
}

/// `start` and `end` are nanoseconds since 1970.
pub(super) fn span(asked: &Asked, context: &Context, outcome: Outcome, start: u64, end: u64, version: &str) -> Span {
    let operation = operation(asked.operation);
    let name = outcome.model.as_ref().map_or(&asked.model, |model| &model.name);
    let status = match &outcome.error {
        Some((_, said)) => Status::Error(said.clone()),
        None => Status::Unset,
    };
    Span {
        id: context.span.clone(),
        parent: context.parent.clone(),
        name: format!("{operation} {name}"),
        kind: SpanKind::Client,
        start,
        end: Some(end),
        status,
        attributes: attributes(asked, context, &outcome),
        source: Some(Arc::new(source(version))),
        ..Span::default()
    }
}

fn source(version: &str) -> Source {
    let resource = [("service.name", json!("karat-gateway")), ("service.version", json!(version))];
    Source {
        resource: Arc::new(resource.into_iter().filter_map(attribute).collect()),
        scope: "karat.gateway".to_owned(),
        scope_version: version.to_owned(),
        ..Source::default()
    }
}

fn operation(operation: ModelOperation) -> &'static str {
    match operation {
        ModelOperation::Chat | ModelOperation::Responses => "chat",
        ModelOperation::Embeddings => "embeddings",
    }
}

fn attributes(asked: &Asked, context: &Context, outcome: &Outcome) -> Attributes {
    let (body, said) = (&asked.said, &outcome.said);
    let of_body = |name: &str| body.get(name).cloned().unwrap_or_default();
    let interface = match asked.operation {
        ModelOperation::Chat => json!("chat_completions"),
        ModelOperation::Responses => json!("responses"),
        ModelOperation::Embeddings => Value::Null,
    };
    let stop = match of_body("stop") {
        Value::String(stop) => json!([stop]),
        other => other,
    };
    let reasons = (!said.finish_reasons.is_empty()).then(|| json!(said.finish_reasons));
    let (instructions, messages) = messages::asked(asked.operation, body);
    // Structures are texts, as exporters send them.
    let as_text = |value: Value| if value.is_null() { value } else { json!(value.to_string()) };
    let listed = |messages: Vec<Value>| (!messages.is_empty()).then(|| as_text(Value::Array(messages)));
    let embedded = match (asked.operation, of_body("input")) {
        (ModelOperation::Embeddings, Value::String(text)) => json!(text),
        (ModelOperation::Embeddings, other) => as_text(other),
        _ => Value::Null,
    };
    let model = outcome.model.as_ref();
    let attributes = [
        ("gen_ai.operation.name", json!(operation(asked.operation))),
        ("gen_ai.provider.name", json!(model.map(|model| provider(model.provider)))),
        ("gen_ai.request.model", json!(model.map_or(&asked.model, |model| &model.name))),
        ("gen_ai.request.temperature", of_body("temperature")),
        ("gen_ai.request.top_p", of_body("top_p")),
        ("gen_ai.request.max_tokens", json!(asked.max_tokens())),
        ("gen_ai.request.frequency_penalty", of_body("frequency_penalty")),
        ("gen_ai.request.presence_penalty", of_body("presence_penalty")),
        ("gen_ai.request.seed", of_body("seed")),
        ("gen_ai.request.stop_sequences", stop),
        ("gen_ai.request.choice.count", body.get("n").filter(|n| **n != 1).cloned().unwrap_or_default()),
        ("gen_ai.request.stream", json!(asked.streams.then_some(true))),
        ("gen_ai.embeddings.dimension.count", of_body("dimensions")),
        ("openai.api.type", interface),
        ("openai.request.service_tier", of_body("service_tier")),
        ("gen_ai.tool.definitions", as_text(of_body("tools"))),
        ("gen_ai.system_instructions", as_text(json!(instructions))),
        ("gen_ai.input.messages", json!(listed(messages))),
        ("input.value", embedded),
        ("gen_ai.output.messages", json!(listed(said.messages.clone()))),
        ("gen_ai.response.id", json!(said.id)),
        ("gen_ai.response.model", json!(said.model)),
        ("gen_ai.response.finish_reasons", json!(reasons)),
        ("gen_ai.response.time_to_first_chunk", json!(outcome.first.map(|first| first.as_secs_f64()))),
        ("openai.response.service_tier", json!(said.tier)),
        ("openai.response.system_fingerprint", json!(said.fingerprint)),
        ("gen_ai.usage.input_tokens", json!(said.usage.input)),
        ("gen_ai.usage.output_tokens", json!(said.usage.output)),
        ("gen_ai.usage.cache_read.input_tokens", json!(said.usage.cached)),
        ("gen_ai.usage.reasoning.output_tokens", json!(said.usage.reasoning)),
        ("gen_ai.usage.cost", json!(outcome.cost)),
        ("gen_ai.conversation.id", json!(context.session(body))),
        ("user.id", json!(context.user(body))),
        ("metadata", as_text(of_body("metadata"))),
        ("http.response.status_code", json!(outcome.status)),
        ("error.type", json!(outcome.error.as_ref().map(|(kind, _)| kind))),
        ("karat.gateway.model", json!(asked.model)),
        ("karat.gateway.endpoint", json!(outcome.endpoint)),
        ("karat.gateway.requests", json!(Some(outcome.requests).filter(|requests| *requests > 0))),
    ];
    attributes.into_iter().filter_map(attribute).collect()
}

fn attribute((name, value): (&str, Value)) -> Option<(String, Json)> {
    (!value.is_null()).then(|| Json::from_serialize(&value).ok().map(|value| (name.to_owned(), value)))?
}

/// The well-known values of `gen_ai.provider.name`.
fn provider(provider: Provider) -> &'static str {
    match provider {
        Provider::OpenAi => "openai",
        Provider::Azure => "azure.ai.openai",
        Provider::Anthropic => "anthropic",
        Provider::Gemini => "gcp.gemini",
        Provider::Ollama => "ollama",
    }
}
