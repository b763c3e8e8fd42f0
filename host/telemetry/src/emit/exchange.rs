//! One exchange with a judge as a span, as OpenTelemetry's conventions for generative AI have a call of a model.

use std::str::FromStr;

use model::endpoint::{Model, Provider};
use model::judge::{BatchId, Exchange, Message, Sent, Speaker};
use serde_json::{Value as Json, json};

use super::row::{error_type, row_ids, text};
use super::{Attributes, Origin, Span, Value};

/// The span under the one of its row. The exchange is that of this place in its batch.
pub(super) fn span(origin: &Origin, row: &str, batch: BatchId, place: usize, exchange: &Exchange) -> Span {
    let (trace, parent) = row_ids(origin, row, exchange.trial);
    let mut hasher = blake3::Hasher::new_derive_key("karat 2026 span of an exchange");
    hasher.update(batch.0.as_bytes()).update(&(place as u64).to_le_bytes());
    let start = exchange.started.saturating_mul(1_000_000);
    Span {
        trace,
        id: *hasher.finalize().as_bytes().first_chunk().expect("32 bytes"),
        parent: Some(parent),
        name: format!("chat {}", name(&exchange.model)).into(),
        start,
        end: start.saturating_add(exchange.duration.as_nanos() as u64),
        error: exchange.failure.as_ref().map(|failure| failure.message.clone()),
        attributes: attributes(exchange),
        events: Vec::new(),
    }
}

/// Of a model, without its provider.
fn name(model: &str) -> &str {
    model.split_once(":/").map_or(model, |(_, name)| name)
}

fn attributes(exchange: &Exchange) -> Attributes {
    let whole = |number: u64| Value::Whole(number.cast_signed());
    let usage = exchange.usage;
    let mut attributes = vec![
        ("gen_ai.operation.name", text("chat")),
        ("gen_ai.request.model", text(name(&exchange.model))),
        ("openinference.span.kind", text("LLM")),
        ("karat.evaluator", text(&exchange.key)),
        ("karat.plugin.digest", text(&exchange.plugin)),
        ("karat.judge.role", text(&exchange.role)),
        ("karat.judge.endpoint", text(&exchange.endpoint)),
        ("karat.judge.prompt", text(&exchange.digest)),
        ("karat.judge.requests", whole(exchange.requests.into())),
        ("gen_ai.usage.input_tokens", whole(usage.input_tokens)),
        ("gen_ai.usage.output_tokens", whole(usage.output_tokens)),
    ];
    let provider = Model::from_str(&exchange.model).ok().map(|model| text(provider(model.provider)));
    let known = exchange.known.and_then(|known| serde_json::to_value(known).ok());
    let (asked, said) = messages(exchange);
    let more = [
        ("gen_ai.provider.name", provider),
        ("gen_ai.input.messages", asked.map(|asked| text(asked.to_string()))),
        ("gen_ai.output.messages", said.map(|said| text(said.to_string()))),
        ("karat.judge.usd", usage.cost.map(|micros| Value::Number(micros as f64 / 1e6))),
        ("karat.judge.known", known.as_ref().and_then(Json::as_str).map(text)),
        ("error.type", exchange.failure.as_ref().map(error_type)),
    ];
    attributes.extend(more.into_iter().filter_map(|(key, value)| Some((key, value?))));
    attributes.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
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

/// What was asked and what was said, in the conventions' schemas of messages.
fn messages(exchange: &Exchange) -> (Option<Json>, Option<Json>) {
    let sent: Option<Sent> = serde_json::from_str(exchange.sent.as_str()).ok();
    let asked = sent.map(|sent| sent.messages.iter().map(message).collect());
    let mut said: Vec<_> = exchange.reply.iter().map(|reply| json!({ "type": "text", "content": reply })).collect();
    said.extend(exchange.tool_calls.iter().map(call));
    let finish = if exchange.tool_calls.is_empty() { "stop" } else { "tool_call" };
    let said = (!said.is_empty()).then(|| json!([{ "role": "assistant", "parts": said, "finish_reason": finish }]));
    (asked, said)
}

fn message(message: &Message) -> Json {
    let Message { speaker, content, tool_calls, answers } = message;
    let role = match speaker {
        Speaker::System => "system",
        Speaker::User => "user",
        Speaker::Assistant => "assistant",
        Speaker::Tool => "tool",
    };
    let mut parts = vec![match answers {
        Some(id) => json!({ "type": "tool_call_response", "id": id, "response": content }),
        None => json!({ "type": "text", "content": content }),
    }];
    parts.extend(tool_calls.iter().map(call));
    json!({ "role": role, "parts": parts })
}

fn call(call: &model::judge::ToolCall) -> Json {
    json!({ "type": "tool_call", "id": call.id, "name": call.name, "arguments": call.arguments.to_value() })
}
