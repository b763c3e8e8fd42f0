//! OpenTelemetry's conventions for generative AI, in attributes and in events.
//!
//! <https://github.com/open-telemetry/semantic-conventions-genai>, before that `docs/gen-ai` of
//! `open-telemetry/semantic-conventions`: what is asked and answered is in `gen_ai.input.messages` and `gen_ai.output.messages`
//! of the span or of its event `gen_ai.client.inference.operation.details`; up to 1.36 it was in one event a message. The
//! input's tokens have those of the cache in them. Both spellings of these are read: with a dot (since 1.38) and without one
//! (OpenLLMetry, pydantic-ai, LiteLLM).

use model::trace::{Event, Span};
use serde_json::{Value, json};

use super::{Dialect, always};
use crate::facts::{Fact, Offers, parsed};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Inputs, "gen_ai.tool.call.arguments"),
        (Fact::Inputs, "gen_ai.input.messages"),
        (Fact::Inputs, "gen_ai.retrieval.query.text"),
        (Fact::Outputs, "gen_ai.tool.call.result"),
        (Fact::Outputs, "gen_ai.retrieval.documents"),
        (Fact::Outputs, "gen_ai.output.messages"),
        (Fact::InputMessages, "gen_ai.input.messages"),
        (Fact::OutputMessages, "gen_ai.output.messages"),
        (Fact::System, "gen_ai.system_instructions"),
        (Fact::ModelAsked, "gen_ai.request.model"),
        (Fact::ModelAnswered, "gen_ai.response.model"),
        (Fact::Provider, "gen_ai.provider.name"),
        (Fact::Provider, "gen_ai.system"),
        (Fact::InputTokens, "gen_ai.usage.input_tokens"),
        (Fact::InputTokens, "gen_ai.usage.prompt_tokens"),
        (Fact::OutputTokens, "gen_ai.usage.output_tokens"),
        (Fact::OutputTokens, "gen_ai.usage.completion_tokens"),
        (Fact::TotalTokens, "gen_ai.usage.total_tokens"),
        (Fact::CacheRead, "gen_ai.usage.cache_read.input_tokens"),
        (Fact::CacheRead, "gen_ai.usage.cache_read_input_tokens"),
        (Fact::CacheRead, "gen_ai.usage.cached_tokens"),
        (Fact::CacheWrite, "gen_ai.usage.cache_creation.input_tokens"),
        (Fact::CacheWrite, "gen_ai.usage.cache_creation_input_tokens"),
        (Fact::Reasoning, "gen_ai.usage.reasoning.output_tokens"),
        (Fact::Reasoning, "gen_ai.usage.reasoning_tokens"),
        (Fact::Cost, "gen_ai.usage.cost"),
        (Fact::ToolName, "gen_ai.tool.name"),
        (Fact::ToolCall, "gen_ai.tool.call.id"),
        (Fact::ToolArguments, "gen_ai.tool.call.arguments"),
        (Fact::ToolResult, "gen_ai.tool.call.result"),
        (Fact::Documents, "gen_ai.retrieval.documents"),
        (Fact::Session, "gen_ai.conversation.id"),
        (Fact::Session, "session.id"),
        (Fact::User, "user.id"),
        (Fact::User, "enduser.id"),
        (Fact::PromptName, "gen_ai.prompt.name"),
        (Fact::PromptVersion, "gen_ai.prompt.version"),
        (Fact::ErrorType, "error.type"),
    ],
    kinds: (
        "gen_ai.operation.name",
        &[
            // `@ai-sdk/otel`'s own: what groups a call of a model and the tools that it asked for.
            ("agent_step", "CHAIN"),
            ("chat", "CHAT_MODEL"),
            ("create_agent", "AGENT"),
            ("embeddings", "EMBEDDING"),
            ("execute_tool", "TOOL"),
            ("generate_content", "LLM"),
            ("invoke_agent", "AGENT"),
            ("invoke_workflow", "WORKFLOW"),
            ("response", "LLM"),
            ("retrieval", "RETRIEVER"),
            ("text_completion", "LLM"),
        ],
    ),
    trace: &[],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    if let Some(details) = span.events.iter().find(|event| event.name == "gen_ai.client.inference.operation.details") {
        for (facts, key) in [
            ([Fact::InputMessages, Fact::Inputs], "gen_ai.input.messages"),
            ([Fact::OutputMessages, Fact::Outputs], "gen_ai.output.messages"),
            ([Fact::System, Fact::System], "gen_ai.system_instructions"),
        ] {
            let value = details.attribute(key);
            facts.into_iter().for_each(|fact| value.into_iter().for_each(|value| offers.offer(fact, value)));
        }
    }
    let asked: Vec<_> = span.events.iter().filter_map(message).collect();
    let answered: Vec<_> = span.events.iter().filter(|event| event.name == "gen_ai.choice").map(answer).collect();
    for (messages, facts) in
        [(asked, [Fact::InputMessages, Fact::Inputs]), (answered, [Fact::OutputMessages, Fact::Outputs])]
    {
        if !messages.is_empty() {
            facts.into_iter().for_each(|fact| offers.made(fact, messages.clone()));
        }
    }
}

/// `gen_ai.user.message` with `content`, and the like.
fn message(event: &Event) -> Option<Value> {
    let role = event.name.strip_prefix("gen_ai.")?.strip_suffix(".message")?;
    Some(with_role(event, role))
}

fn answer(event: &Event) -> Value {
    match event.attribute("message").map(parsed) {
        Some(Value::Object(message)) => {
            let role = json!("assistant");
            [("role".to_owned(), role)].into_iter().chain(message).collect()
        }
        _ => with_role(event, "assistant"),
    }
}

fn with_role(event: &Event, role: &str) -> Value {
    let told = ["role", "content", "tool_calls", "id"].into_iter().filter_map(|name| {
        let value = event.attribute(name)?;
        let name = if name == "id" { "tool_call_id" } else { name };
        Some((name.to_owned(), if name == "content" { value.to_value() } else { parsed(value) }))
    });
    [("role".to_owned(), json!(role))].into_iter().chain(told).collect()
}
