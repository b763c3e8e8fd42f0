//! Langfuse's SDKs.
//!
//! `langfuse/_client/attributes.py` (`LangfuseOtelSpanAttributes`) and <https://langfuse.com/docs/observability/features/token-and-cost-tracking>:
//! details of usage don't overlap, and what is called `input…` adds up to the input; usage as OpenAI has it does overlap, and
//! has details one level further in.

use model::trace::Span;
use serde_json::Value;

use super::{Dialect, OfTrace, always};
use crate::facts::{Fact, Offers, parsed};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Inputs, "langfuse.observation.input"),
        (Fact::Outputs, "langfuse.observation.output"),
        (Fact::ModelAsked, "langfuse.observation.model.name"),
        (Fact::PromptName, "langfuse.observation.prompt.name"),
        (Fact::PromptVersion, "langfuse.observation.prompt.version"),
        (Fact::Session, "langfuse.session.id"),
        (Fact::User, "langfuse.user.id"),
    ],
    kinds: (
        "langfuse.observation.type",
        &[
            ("agent", "AGENT"),
            ("chain", "CHAIN"),
            ("embedding", "EMBEDDING"),
            ("evaluator", "EVALUATOR"),
            ("generation", "LLM"),
            ("guardrail", "GUARDRAIL"),
            ("retriever", "RETRIEVER"),
            ("tool", "TOOL"),
        ],
    ),
    trace: &[
        ("langfuse.trace.metadata.", OfTrace::Prefix),
        ("langfuse.trace.tags", OfTrace::Named),
        ("langfuse.release", OfTrace::Named),
        ("langfuse.version", OfTrace::Named),
    ],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    let of = |key| span.attribute(key).map(parsed).unwrap_or_default();
    usage(&of("langfuse.observation.usage_details"), offers);
    let cost = of("langfuse.observation.cost_details");
    offers.made(Fact::Cost, cost["total"].clone());
    offers.made(Fact::InputCost, cost["input"].clone());
    offers.made(Fact::OutputCost, cost["output"].clone());
    let messages = [Fact::InputMessages, Fact::OutputMessages];
    if offers.want(&messages) && super::text(span, "langfuse.observation.type").as_deref() == Some("generation") {
        offers.made(Fact::InputMessages, of("langfuse.observation.input"));
        offers.made(Fact::OutputMessages, of("langfuse.observation.output"));
    }
    if super::text(span, "langfuse.observation.level").as_deref() == Some("ERROR") {
        offers.made(Fact::ErrorMessage, of("langfuse.observation.status_message"));
        offers.made(Fact::ErrorMessage, "ERROR");
    }
}

fn usage(usage: &Value, offers: &mut Offers) {
    let Some(fields) = usage.as_object() else { return };
    let sum = |prefix: &str| {
        let named = fields.iter().filter(|(name, _)| name.starts_with(prefix));
        let counts: Vec<_> = named.filter_map(|(_, value)| value.as_u64()).collect();
        (!counts.is_empty()).then(|| counts.into_iter().fold(0, u64::saturating_add))
    };
    let of = |name: &str| usage[name].as_u64();
    let detail = |of: &str, name: &str| usage[of][name].as_u64();
    let cache_read = of("input_cached_tokens")
        .or_else(|| of("cache_read_input_tokens"))
        .or_else(|| detail("prompt_tokens_details", "cached_tokens"));
    let cache_write = of("input_cache_creation").or_else(|| of("cache_creation_input_tokens"));
    // Anthropic's names begin otherwise.
    let beside =
        ["cache_read_input_tokens", "cache_creation_input_tokens"].iter().filter_map(|name| of(name)).sum::<u64>();
    let input = of("prompt_tokens").or_else(|| sum("input").map(|input| input.saturating_add(beside)));
    let reasoning = of("output_reasoning_tokens")
        .or_else(|| of("output_reasoning"))
        .or_else(|| detail("completion_tokens_details", "reasoning_tokens"));
    let told = [
        (Fact::InputTokens, input),
        (Fact::OutputTokens, of("completion_tokens").or_else(|| sum("output"))),
        (Fact::TotalTokens, of("total").or_else(|| of("total_tokens"))),
        (Fact::CacheRead, cache_read),
        (Fact::CacheWrite, cache_write),
        (Fact::Reasoning, reasoning),
    ];
    for (fact, count) in told {
        offers.made(fact, count);
    }
}
