//! Spring AI: OpenTelemetry's names, with what was asked and answered as text, in events or in attributes.
//!
//! <https://docs.spring.io/spring-ai/reference/observability/index.html>; OpenTelemetry's conventions had it so up to 1.27.

use model::trace::Span;

use super::{Dialect, always};
use crate::facts::{Fact, Offers};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Inputs, "gen_ai.prompt"),
        (Fact::Outputs, "gen_ai.completion"),
        (Fact::InputMessages, "gen_ai.prompt"),
        (Fact::OutputMessages, "gen_ai.completion"),
        (Fact::ToolName, "spring.ai.tool.definition.name"),
        (Fact::ToolArguments, "spring.ai.tool.call.arguments"),
        (Fact::ToolResult, "spring.ai.tool.call.result"),
        (Fact::Inputs, "db.vector.query.content"),
        (Fact::Documents, "spring.ai.vector_store.query.response.documents"),
    ],
    kinds: (
        "spring.ai.kind",
        &[("advisor", "CHAIN"), ("chat_client", "CHAIN"), ("tool_call", "TOOL"), ("vector_store", "RETRIEVER")],
    ),
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    for event in &span.events {
        let (facts, key) = match event.name.as_str() {
            "gen_ai.content.prompt" => ([Fact::Inputs, Fact::InputMessages], "gen_ai.prompt"),
            "gen_ai.content.completion" => ([Fact::Outputs, Fact::OutputMessages], "gen_ai.completion"),
            _ => continue,
        };
        if let Some(value) = event.attribute(key) {
            facts.into_iter().for_each(|fact| offers.offer(fact, value));
        }
    }
}
