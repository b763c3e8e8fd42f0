//! Google's Agent Development Kit: `gcp.vertex.agent.*` beside OpenTelemetry's names.
//!
//! `google/adk/telemetry/tracing.py` (`trace_call_llm`, `trace_tool_call`). Spans of tools carry an empty request and response,
//! which say nothing; agents and invocations are told by the names of their spans.

use model::trace::Span;
use serde_json::Value;

use super::Dialect;
use crate::facts::{Fact, Offers, parsed};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: |span| {
        span.source.as_ref().is_some_and(|source| source.scope == "gcp.vertex.agent")
            || span.attributes.iter().any(|(key, _)| key.starts_with("gcp.vertex.agent."))
    },
    reads: &[
        (Fact::Inputs, "gcp.vertex.agent.tool_call_args"),
        (Fact::Outputs, "gcp.vertex.agent.tool_response"),
        (Fact::ToolArguments, "gcp.vertex.agent.tool_call_args"),
        (Fact::ToolResult, "gcp.vertex.agent.tool_response"),
        (Fact::Session, "gcp.vertex.agent.session_id"),
        (Fact::Reasoning, "gen_ai.usage.experimental.reasoning_tokens"),
    ],
    kinds: ("", &[]),
    trace: &[],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    let of = |key| {
        span.attribute(key).map(parsed).filter(|value| value.as_object().is_some_and(|fields| !fields.is_empty()))
    };
    if offers.want(&[Fact::System, Fact::InputMessages, Fact::Inputs])
        && let Some(request) = of("gcp.vertex.agent.llm_request")
    {
        offers.made(Fact::System, request["config"]["system_instruction"].clone());
        offers.made(Fact::InputMessages, request["contents"].clone());
        offers.made(Fact::Inputs, request);
    }
    if let Some(response) = of("gcp.vertex.agent.llm_response") {
        let usage = &response["usage_metadata"];
        offers.made(Fact::CacheRead, usage["cached_content_token_count"].clone());
        offers.made(Fact::Reasoning, usage["thoughts_token_count"].clone());
        offers.made(Fact::TotalTokens, usage["total_token_count"].clone());
        offers.made(Fact::OutputMessages, response["content"].clone());
        offers.made(Fact::Outputs, response);
    }
    let kind = match span.name.split(' ').next() {
        Some("agent_run" | "invoke_agent") => "AGENT",
        Some("call_llm") => "LLM",
        Some("invocation") => "CHAIN",
        _ => return,
    };
    offers.made(Fact::Kind, Value::from(kind));
}
