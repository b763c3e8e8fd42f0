//! One exchange with a judge as a span, as OpenTelemetry's conventions for generative AI have a call of a model.

use std::str::FromStr;

use model::endpoint::{Model, Provider};
use model::judge::{self, BatchId, Exchange, Message, Speaker};
use model::trace::{Attributes, Span, SpanKind};
use serde_json::{Value as Json, json};

use super::row::{error_type, row_ids, status, text, value};
use super::{Origin, Sent};
use crate::id::hexadecimal;

/// The span under the one of its row. The exchange is that of this place in its batch.
pub(super) fn span(origin: &Origin, row: &str, batch: BatchId, place: usize, exchange: &Exchange) -> Sent {
    let (trace, parent) = row_ids(origin, row, exchange.trial);
    let mut hasher = blake3::Hasher::new_derive_key("karat 2026 span of an exchange");
    hasher.update(batch.0.as_bytes()).update(&(place as u64).to_le_bytes());
    let start = exchange.started.saturating_mul(1_000_000);
    let span = Span {
        id: hexadecimal(&hasher.finalize().as_bytes()[..8]),
        parent: Some(parent),
        name: format!("chat {}", name(&exchange.model)),
        kind: SpanKind::Client,
        start,
        end: Some(start.saturating_add(exchange.duration.as_nanos() as u64)),
        status: status(exchange.failure.as_ref()),
        attributes: attributes(exchange),
        ..Span::default()
    };
    (trace, span)
}

/// Of a model, without its provider.
fn name(model: &str) -> &str {
    model.split_once(":/").map_or(model, |(_, name)| name)
}

fn attributes(exchange: &Exchange) -> Attributes {
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
        ("karat.judge.requests", value(exchange.requests)),
        ("gen_ai.usage.input_tokens", value(usage.input_tokens)),
        ("gen_ai.usage.output_tokens", value(usage.output_tokens)),
    ];
    let provider = Model::from_str(&exchange.model).ok().map(|model| text(provider(model.provider)));
    let known = exchange.known.and_then(|known| serde_json::to_value(known).ok());
    let (asked, said) = messages(exchange);
    let more = [
        ("gen_ai.provider.name", provider),
        ("gen_ai.input.messages", asked.map(|asked| text(asked.to_string()))),
        ("gen_ai.output.messages", said.map(|said| text(said.to_string()))),
        ("karat.judge.usd", usage.cost.map(|micros| value(micros as f64 / 1e6))),
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
    let sent: Option<judge::Sent> = serde_json::from_str(exchange.sent.as_str()).ok();
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
