//! Calls of tools, and the abstaining where a row does not tell of them.

use karat_sdk::prelude::*;
use karat_sdk::{ToolCall, excerpt};

/// Has `verdict` compare the calls that were expected with those that were made.
pub(crate) fn compare<V: Verdict>(
    row: &Row,
    verdict: impl FnOnce(&[ToolCall], &[ToolCall]) -> Outcome<V>,
) -> Result<Outcome<V>, Failure> {
    let Some(expected) = row.expected_tool_calls()? else {
        return Ok(Outcome::abstain("the row has no `expectations.expected_tool_calls`"));
    };
    of(row, |called| verdict(&expected, called))
}

/// Has `verdict` look at the calls that were made.
pub(crate) fn of<V>(row: &Row, verdict: impl FnOnce(&[ToolCall]) -> Outcome<V>) -> Result<Outcome<V>, Failure> {
    Ok(match row.tool_calls()? {
        Some(called) => verdict(&called),
        None => Outcome::abstain("neither the row's trace nor `outputs.tool_calls` tells which tools were called"),
    })
}

/// A call in a rationale.
pub(crate) fn shown(call: &ToolCall) -> String {
    match &call.arguments {
        Some(arguments) => format!("`{}`", excerpt(&format!("{} {arguments}", call.name))),
        None => format!("`{}`", excerpt(&call.name)),
    }
}

/// Rows to try scorers on.
#[cfg(test)]
pub(crate) mod testing {
    use karat_sdk::serde_json::{Value, json};
    use karat_sdk::testing::{TestRow, row};

    /// A row with these expected and actual calls.
    pub(crate) fn calls(expected: Value, called: Value) -> TestRow {
        row().expectations(json!({ "expected_tool_calls": expected })).outputs(json!({ "tool_calls": called }))
    }

    /// Calls of tools with one letter as their names, without a word of arguments.
    pub(crate) fn named(names: &str) -> Value {
        names.chars().map(|name| json!({ "name": name })).collect()
    }
}
