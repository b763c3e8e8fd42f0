//! Gemini CLI: OpenTelemetry's names with operations of its own.
//!
//! `docs/cli/telemetry.md` and `packages/core/src/telemetry` of `google-gemini/gemini-cli`. Inputs and outputs are under
//! OpenTelemetry's names, in Gemini's shape.

use super::{Dialect, nothing, text};

pub(super) const DIALECT: Dialect = Dialect {
    speaks: |span| text(span, "gen_ai.agent.name").as_deref() == Some("gemini-cli"),
    reads: &[],
    kinds: ("gen_ai.operation.name", &[("agent_call", "AGENT"), ("llm_call", "LLM"), ("tool_call", "TOOL")]),
    trace: &[],
    more: nothing,
};
