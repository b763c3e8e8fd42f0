//! MLflow's own: attributes are JSON within texts.
//!
//! `mlflow/tracing/constant.py` (`SpanAttributeKey`, `TokenUsageKey`, `CostKey`). Its tokens of input have those of the cache
//! in them.

use model::trace::Span;

use super::{Dialect, OfTrace, always, text};
use crate::facts::{Fact, Offers, parsed};

/// Before the names of what a file says of a trace.
pub(crate) const OF_TRACE: &str = "karat.trace.metadata.";

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Kind, "mlflow.spanType"),
        (Fact::Inputs, "mlflow.spanInputs"),
        (Fact::Outputs, "mlflow.spanOutputs"),
        (Fact::ModelAnswered, "mlflow.llm.model"),
        (Fact::Provider, "mlflow.llm.provider"),
        (Fact::Prompts, "mlflow.linkedPrompts"),
        (Fact::Session, "mlflow.trace.session"),
        (Fact::User, "mlflow.trace.user"),
    ],
    kinds: ("", &[]),
    trace: &[
        ("mlflow.sourceRun", OfTrace::Named),
        ("mlflow.modelId", OfTrace::Named),
        // The client makes it of the trace's id.
        ("mlflow.traceRequestId", OfTrace::Not),
        ("mlflow.trace", OfTrace::Beginning),
        // What an application says of a trace has names of its own; a file of traces has no span that says it.
        (OF_TRACE, OfTrace::Prefix),
    ],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    let of = |key| span.attribute(key).map(parsed).unwrap_or_default();
    let usage = of("mlflow.chat.tokenUsage");
    for (fact, name) in [
        (Fact::InputTokens, "input_tokens"),
        (Fact::OutputTokens, "output_tokens"),
        (Fact::TotalTokens, "total_tokens"),
        (Fact::CacheRead, "cache_read_input_tokens"),
        (Fact::CacheWrite, "cache_creation_input_tokens"),
    ] {
        offers.made(fact, usage[name].clone());
    }
    let cost = of("mlflow.llm.cost");
    for (fact, name) in [(Fact::Cost, "total_cost"), (Fact::InputCost, "input_cost"), (Fact::OutputCost, "output_cost")]
    {
        offers.made(fact, cost[name].clone());
    }
    let kind = text(span, "mlflow.spanType").unwrap_or_default();
    match kind.trim_matches('"') {
        "LLM" | "CHAT_MODEL" => {
            let model = offers.want(&[Fact::ModelAsked]) && offers.want(&[Fact::ModelAnswered]);
            if model || offers.want(&[Fact::InputMessages]) {
                let inputs = of("mlflow.spanInputs");
                offers.made(Fact::InputMessages, inputs["messages"].clone());
                offers.made(Fact::ModelAsked, inputs["model"].clone());
            }
            let model = model && offers.want(&[Fact::ModelAsked]);
            if model || offers.want(&[Fact::OutputMessages]) {
                let outputs = of("mlflow.spanOutputs");
                if model {
                    offers.made(Fact::ModelAnswered, outputs["model"].clone());
                }
                offers.made(Fact::OutputMessages, outputs);
            }
        }
        "RETRIEVER" | "RERANKER" if offers.want(&[Fact::Documents]) => {
            offers.made(Fact::Documents, of("mlflow.spanOutputs"));
        }
        _ => {}
    }
}
