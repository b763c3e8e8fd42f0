//! Whether the right tools were called.

use karat_sdk::ToolCall;
use karat_sdk::prelude::*;

use crate::material::{self, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// Says whether the tools that were called are those of `expectations.expected_tool_calls`, or asks a judge.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCallCorrectness {
    /// How calls are compared. What is not expected at all a judge decides in any case.
    #[serde(default)]
    compare: Compare,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Compare {
    /// A judge goes by what names and arguments mean.
    #[default]
    Fuzzy,
    /// The same names and arguments, in any order.
    Exact,
    /// The same names and arguments, in the same order.
    Ordered,
}

const PROMPT: Prompt = prompt!("tool_call_correctness");

impl Scorer for ToolCallCorrectness {
    const NAME: &str = "tool_call_correctness";
    const SUMMARY: &str = "whether the right tools were called: as expected, or as a judge finds";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let calls = found!(material::calls(row)?);
        let expected = row.expected_tool_calls()?;
        if let (Some(expected), Compare::Exact | Compare::Ordered) = (&expected, self.compare) {
            let is_ordered = matches!(self.compare, Compare::Ordered);
            return Ok(compared(&calls, expected, is_ordered).into());
        }
        let mut shown = vec![("request", material::request(row)), ("calls", material::told(&calls))];
        shown.extend(expected.map(|expected| ("expected", material::told(&expected))));
        Ok(holds(PROMPT.about(&self.role, &shown))?.into())
    }
}

/// Whether they are the same. An expected call without arguments has any.
fn compared(calls: &[ToolCall], expected: &[ToolCall], is_ordered: bool) -> Feedback<bool> {
    let is = |call: &ToolCall, expected: &ToolCall| {
        call.name == expected.name && (expected.arguments.is_none() || call.arguments == expected.arguments)
    };
    let mut left: Vec<_> = calls.iter().collect();
    for expected in expected {
        let found = left.iter().position(|call| is(call, expected)).filter(|place| !is_ordered || *place == 0);
        match found {
            Some(place) => _ = left.remove(place),
            None => {
                let expected = material::told(std::slice::from_ref(expected));
                return Feedback::from(false).because(format!("not called, or not in its place: {expected}"));
            }
        }
    }
    match left.first() {
        Some(call) => {
            let call = material::told(&[(*call).clone()]);
            Feedback::from(false).because(format!("not expected: {call}"))
        }
        None => Feedback::from(true).because("as expected"),
    }
}
