//! Spring AI: OpenTelemetry's names, with what was asked and answered as text, in events or in attributes.
//!
//! <https://docs.spring.io/spring-ai/reference/observability/index.html>; OpenTelemetry's conventions had it so up to 1.27.

use model::json::Json;
use model::trace::Span;
use serde_json::{Value, json};

use super::{Dialect, always};
use crate::facts::{Fact, Offers, parsed, text};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: always,
    reads: &[
        (Fact::Inputs, "gen_ai.prompt"),
        (Fact::Outputs, "gen_ai.completion"),
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
    trace: &[],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    said(span.attribute("gen_ai.prompt"), Fact::InputMessages, "user", offers);
    said(span.attribute("gen_ai.completion"), Fact::OutputMessages, "assistant", offers);
    for event in &span.events {
        let (facts, key, role) = match event.name.as_str() {
            "gen_ai.content.prompt" => ([Fact::Inputs, Fact::InputMessages], "gen_ai.prompt", "user"),
            "gen_ai.content.completion" => ([Fact::Outputs, Fact::OutputMessages], "gen_ai.completion", "assistant"),
            _ => continue,
        };
        if let Some(value) = event.attribute(key) {
            offers.offer(facts[0], value);
            said(Some(value), facts[1], role, offers);
        }
    }
}

/// Messages, or else what was said: an answer may be JSON and no message.
fn said(value: Option<&Json>, fact: Fact, role: &str, offers: &mut Offers) {
    let Some(value) = value.filter(|_| offers.want(&[fact])) else { return };
    let is_list = |value: &Value| value.is_array() || value.is_object();
    offers.made(fact, Some(parsed(value)).filter(is_list));
    offers.made(fact, text(value).map(|text| json!({ "role": role, "content": text })));
}
