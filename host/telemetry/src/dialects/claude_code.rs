//! Claude Code and the agent SDK built on it.
//!
//! <https://code.claude.com/docs/en/monitoring-usage#traces-beta>. Its names are bare words, which only mean this on a span
//! of its own: `span.type` is there, and the name of the span begins with `claude_code.`. Tokens of the cache are not in
//! those of the input. What was not meant to be told is `<REDACTED>`.

use model::json::Json;
use model::trace::Span;

use super::{Dialect, text};
use crate::facts::{Fact, Offers, parsed};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: |span| span.name.starts_with("claude_code."),
    reads: &[
        (Fact::ModelAsked, "model"),
        (Fact::CacheRead, "cache_read_tokens"),
        (Fact::CacheWrite, "cache_creation_tokens"),
        (Fact::OutputTokens, "output_tokens"),
        (Fact::ToolName, "tool_name"),
        (Fact::ToolCall, "tool_use_id"),
        (Fact::ErrorMessage, "error"),
    ],
    kinds: (
        "span.type",
        &[
            ("claude_code.interaction", "AGENT"),
            ("claude_code.llm_request", "LLM"),
            ("claude_code.tool", "TOOL"),
            ("interaction", "AGENT"),
            ("llm_request", "LLM"),
            ("tool", "TOOL"),
        ],
    ),
    trace: &[],
    more,
};

fn more(span: &Span, offers: &mut Offers) {
    let count = |key| span.attribute(key).and_then(|value| parsed(value).as_u64());
    if let Some(input) = count("input_tokens") {
        let cached = ["cache_read_tokens", "cache_creation_tokens"].into_iter().filter_map(count);
        offers.made(Fact::InputTokens, cached.fold(input, u64::saturating_add));
    }
    let kind = text(span, "span.type").unwrap_or_default();
    let (inputs, outputs): (&[&str], &[&str]) = match kind.strip_prefix("claude_code.").unwrap_or(&kind) {
        "interaction" => (&["user_prompt", "new_context"], &[]),
        "llm_request" => (&["new_context"], &["response.model_output"]),
        "tool" => (&["tool_input", "full_command", "file_path"], &[]),
        _ => return,
    };
    let told = |value: &&Json| value.as_str() != "\"<REDACTED>\"";
    for value in inputs.iter().filter_map(|key| span.attribute(key)).filter(told) {
        offers.offer(Fact::Inputs, value);
    }
    for value in outputs.iter().filter_map(|key| span.attribute(key)).filter(told) {
        offers.offer(Fact::Outputs, value);
    }
    let output = span.events.iter().filter(|event| event.name == "tool.output");
    let said = output.flat_map(|event| ["output", "content", "diff"].map(|key| event.attribute(key)));
    for value in said.flatten().filter(told) {
        offers.offer(Fact::Outputs, value);
    }
}
