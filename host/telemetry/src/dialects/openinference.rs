//! OpenInference (Arize Phoenix): lists are spread over attributes.
//!
//! <https://github.com/Arize-ai/openinference/blob/main/spec/semantic_conventions.md>. Details of tokens are parts of the
//! prompt's and the completion's.

use model::trace::Span;

use super::{Dialect, OfTrace, always, flat};
use crate::facts::{Fact, Offers, parsed};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Inputs, "input.value"),
        (Fact::Outputs, "output.value"),
        (Fact::ModelAsked, "llm.request.model_name"),
        (Fact::ModelAnswered, "llm.response.model_name"),
        (Fact::ModelAnswered, "llm.model_name"),
        (Fact::ModelAnswered, "embedding.model_name"),
        (Fact::ModelAnswered, "reranker.model_name"),
        (Fact::Provider, "llm.provider"),
        (Fact::Provider, "llm.system"),
        (Fact::InputTokens, "llm.token_count.prompt"),
        (Fact::OutputTokens, "llm.token_count.completion"),
        (Fact::TotalTokens, "llm.token_count.total"),
        (Fact::CacheRead, "llm.token_count.prompt_details.cache_read"),
        (Fact::CacheWrite, "llm.token_count.prompt_details.cache_write"),
        (Fact::Reasoning, "llm.token_count.completion_details.reasoning"),
        (Fact::Cost, "llm.cost.total"),
        (Fact::InputCost, "llm.cost.prompt"),
        (Fact::OutputCost, "llm.cost.completion"),
        (Fact::ToolName, "tool.name"),
        (Fact::ToolCall, "tool.id"),
        (Fact::ToolArguments, "tool.parameters"),
        (Fact::PromptName, "prompt.id"),
        (Fact::PromptVersion, "llm.prompt_template.version"),
    ],
    kinds: (
        "openinference.span.kind",
        &[
            ("AGENT", "AGENT"),
            ("CHAIN", "CHAIN"),
            ("EMBEDDING", "EMBEDDING"),
            ("EVALUATOR", "EVALUATOR"),
            ("GUARDRAIL", "GUARDRAIL"),
            ("LLM", "LLM"),
            ("PROMPT", "PROMPT"),
            ("RERANKER", "RERANKER"),
            ("RETRIEVER", "RETRIEVER"),
            ("TOOL", "TOOL"),
        ],
    ),
    trace: &[("metadata", OfTrace::Object), ("tag.tags", OfTrace::Named)],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    let levels = ["message", "tool_call", "message_content", "document"];
    // A text in a message may look like JSON and is a text nevertheless.
    let spread = |prefix| flat::list(span, prefix, &levels, |name| name == "metadata");
    for (fact, prefix) in [
        (Fact::InputMessages, "llm.input_messages"),
        (Fact::OutputMessages, "llm.output_messages"),
        (Fact::Documents, "retrieval.documents"),
        (Fact::Documents, "reranker.output_documents"),
    ] {
        let items = if offers.want(&[fact]) { spread(prefix) } else { Vec::new() };
        if !items.is_empty() {
            offers.made(fact, items);
        }
    }
    // Where a call fails, nothing else says which model it was.
    if offers.want(&[Fact::ModelAsked])
        && let Some(parameters) = span.attribute("llm.invocation_parameters").map(parsed)
    {
        offers.made(Fact::ModelAsked, parameters["model"].clone());
    }
}
