//! OpenLLMetry (Traceloop), beside the names that OpenTelemetry took over from it.
//!
//! `packages/opentelemetry-semantic-conventions-ai` of `traceloop/openllmetry`. Before it went over to
//! `gen_ai.input.messages`, it spread messages over `gen_ai.prompt.0.content` and `gen_ai.completion.0.content`.

use model::trace::Span;

use super::{Dialect, OfTrace, always, flat, text};
use crate::facts::{Fact, Offers};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Inputs, "traceloop.entity.input"),
        (Fact::Outputs, "traceloop.entity.output"),
        (Fact::TotalTokens, "llm.usage.total_tokens"),
        (Fact::Reasoning, "llm.usage.reasoning_tokens"),
        (Fact::ModelAsked, "llm.request.model"),
        (Fact::ModelAnswered, "llm.response.model"),
        (Fact::Provider, "llm.vendor"),
        (Fact::Session, "traceloop.association.properties.session_id"),
        (Fact::User, "traceloop.association.properties.user_id"),
        (Fact::User, "llm.user"),
        (Fact::PromptName, "traceloop.prompt.key"),
        (Fact::PromptVersion, "traceloop.prompt.version"),
    ],
    kinds: ("traceloop.span.kind", &[("agent", "AGENT"), ("task", "TASK"), ("tool", "TOOL"), ("workflow", "WORKFLOW")]),
    trace: &[("traceloop.association.properties.", OfTrace::Prefix)],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    let kind = match text(span, "llm.request.type").as_deref() {
        Some("chat") => "CHAT_MODEL",
        Some("completion") => "LLM",
        Some("embedding") => "EMBEDDING",
        Some("rerank") => "RERANKER",
        _ => "UNKNOWN",
    };
    offers.made(Fact::Kind, kind);
    for (facts, prefix) in [
        ([Fact::InputMessages, Fact::Inputs], "gen_ai.prompt"),
        ([Fact::OutputMessages, Fact::Outputs], "gen_ai.completion"),
    ] {
        if !offers.want(&facts) {
            continue;
        }
        let items = flat::list(span, prefix, &[], |_| false);
        if !items.is_empty() {
            facts.into_iter().for_each(|fact| offers.made(fact, items.clone()));
        }
    }
}
