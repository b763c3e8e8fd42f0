//! The AI SDK of Vercel, versions 4 to 6.
//!
//! <https://ai-sdk.dev/docs/ai-sdk-core/telemetry#collected-data>. Its names for tokens changed with version 5 and once more
//! with 6; `promptTokens` is version 4's.

use model::trace::Span;
use serde_json::{Value, json};

use super::{Dialect, OfTrace, text};
use crate::facts::{Fact, Offers, parsed};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: |span| span.attribute("ai.operationId").is_some(),
    reads: &[
        (Fact::Inputs, "ai.prompt"),
        (Fact::Inputs, "ai.prompt.messages"),
        (Fact::Inputs, "ai.toolCall.args"),
        (Fact::Inputs, "ai.value"),
        (Fact::Inputs, "ai.values"),
        (Fact::Outputs, "ai.response.object"),
        (Fact::Outputs, "ai.toolCall.result"),
        (Fact::Outputs, "ai.ranking"),
        (Fact::InputMessages, "ai.prompt.messages"),
        (Fact::ModelAsked, "ai.model.id"),
        (Fact::ModelAnswered, "ai.response.model"),
        (Fact::Provider, "ai.model.provider"),
        (Fact::InputTokens, "ai.usage.inputTokens"),
        (Fact::InputTokens, "ai.usage.promptTokens"),
        (Fact::OutputTokens, "ai.usage.outputTokens"),
        (Fact::OutputTokens, "ai.usage.completionTokens"),
        (Fact::TotalTokens, "ai.usage.totalTokens"),
        (Fact::TotalTokens, "ai.usage.tokens"),
        (Fact::CacheRead, "ai.usage.inputTokenDetails.cacheReadTokens"),
        (Fact::CacheRead, "ai.usage.cachedInputTokens"),
        (Fact::CacheWrite, "ai.usage.inputTokenDetails.cacheWriteTokens"),
        (Fact::Reasoning, "ai.usage.outputTokenDetails.reasoningTokens"),
        (Fact::Reasoning, "ai.usage.reasoningTokens"),
        (Fact::ToolName, "ai.toolCall.name"),
        (Fact::ToolCall, "ai.toolCall.id"),
        (Fact::ToolArguments, "ai.toolCall.args"),
        (Fact::ToolResult, "ai.toolCall.result"),
        (Fact::Session, "ai.telemetry.metadata.sessionId"),
        (Fact::User, "ai.telemetry.metadata.userId"),
    ],
    kinds: (
        "ai.operationId",
        &[
            ("ai.embed", "EMBEDDING"),
            ("ai.embed.doEmbed", "EMBEDDING"),
            ("ai.embedMany", "EMBEDDING"),
            ("ai.embedMany.doEmbed", "EMBEDDING"),
            ("ai.generateObject", "LLM"),
            ("ai.generateObject.doGenerate", "LLM"),
            ("ai.generateText", "LLM"),
            ("ai.generateText.doGenerate", "LLM"),
            ("ai.rerank", "RERANKER"),
            ("ai.rerank.doRerank", "RERANKER"),
            ("ai.streamObject", "LLM"),
            ("ai.streamObject.doStream", "LLM"),
            ("ai.streamText", "LLM"),
            ("ai.streamText.doStream", "LLM"),
            ("ai.toolCall", "TOOL"),
        ],
    ),
    trace: &[("ai.telemetry.metadata.", OfTrace::Prefix)],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    if offers.want(&[Fact::Outputs]) {
        // A stream that is nothing but calls of tools has an empty text beside them.
        let is_empty = text(span, "ai.response.text").is_none_or(|said| said.is_empty());
        let said = ["ai.response.text", "ai.response.toolCalls", "ai.response.text"];
        let said = said.into_iter().skip(usize::from(is_empty)).filter_map(|key| span.attribute(key));
        said.for_each(|value| offers.offer(Fact::Outputs, value));
    }
    if !offers.want(&[Fact::System, Fact::InputMessages, Fact::OutputMessages]) {
        return;
    }
    let prompt = span.attribute("ai.prompt").map(parsed).unwrap_or_default();
    offers.made(Fact::System, prompt["system"].clone());
    offers.made(Fact::InputMessages, prompt["messages"].clone());
    offers.made(Fact::InputMessages, prompt["prompt"].clone());
    let said = text(span, "ai.response.text");
    let calls = span.attribute("ai.response.toolCalls").map(parsed).unwrap_or_default();
    if said.is_some() || calls.is_array() {
        let message: Value = json!({ "role": "assistant", "content": said, "toolCalls": calls });
        offers.made(Fact::OutputMessages, message);
    }
}
