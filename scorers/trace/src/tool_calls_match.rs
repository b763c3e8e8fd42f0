//! Whether the tools that were called are those that were expected.

use karat_sdk::ToolCall;
use karat_sdk::prelude::*;

use crate::arguments::Arguments;
use crate::calls::{self, shown};
use crate::pairs::Pairs;

/// Matches the calls that were made with those that were expected, as the trajectory matches of agentevals do
/// (<https://github.com/langchain-ai/agentevals#agent-trajectory-match>), with three differences. Only calls are compared
/// here, one after the other; agentevals compares messages, and takes calls of one message in any order. The arguments of a
/// call are always held against the expected ones; agentevals turns that round in the modes `unordered` and `subset`. And
/// calls are paired so that as many as can be have a partner; agentevals takes the first that fits.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCallsMatch {
    /// How the calls have to match.
    #[serde(default)]
    mode: Mode,
    /// What is asked of arguments.
    #[serde(default = "exact")]
    arguments: Arguments,
}

fn exact() -> Arguments {
    Arguments::Exact
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    /// The expected calls in their order, and no others.
    #[default]
    Strict,
    /// The expected calls in any order, and no others.
    Unordered,
    /// Expected calls only; some may not have been made.
    Subset,
    /// Every expected call; there may be others.
    Superset,
}

impl Scorer for ToolCallsMatch {
    const NAME: &str = "tool_calls_match";
    const SUMMARY: &str = "whether the tools that were called are those that were expected";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        calls::compare(row, |expected, called| match self.difference(expected, called) {
            Some(difference) => Feedback::from(false).because(difference).into(),
            None => true.into(),
        })
    }
}

impl ToolCallsMatch {
    fn difference(&self, expected: &[ToolCall], called: &[ToolCall]) -> Option<String> {
        if let Mode::Strict = self.mode {
            return self.first_difference(expected, called);
        }
        let (expected, called): (Vec<_>, Vec<_>) = (expected.iter().collect(), called.iter().collect());
        let mut pairs = Pairs::new(&expected, &called, self.arguments);
        match self.mode {
            Mode::Subset => pairs.missing.clear(),
            Mode::Superset => pairs.extra.clear(),
            Mode::Strict | Mode::Unordered => {}
        }
        pairs.rationale()
    }

    fn first_difference(&self, expected: &[ToolCall], called: &[ToolCall]) -> Option<String> {
        let places = 0..expected.len().max(called.len());
        places.map(|place| (place + 1, expected.get(place), called.get(place))).find_map(|calls| match calls {
            (_, Some(expected), Some(called)) if self.arguments.fit(expected, called) => None,
            (number, expected, called) => {
                let shown = |call: Option<&ToolCall>| call.map_or("none".to_owned(), shown);
                Some(format!("call {number} is {}, expected {}", shown(called), shown(expected)))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::testing::{calls, named};

    #[track_caller]
    fn check(expected: &str, called: &str, modes: [bool; 4]) {
        for (mode, verdict) in ["strict", "unordered", "subset", "superset"].into_iter().zip(modes) {
            let row = calls(named(expected), named(called));
            assert_eq!(row.verdict::<ToolCallsMatch>(json!({ "mode": mode })), verdict, "{mode}");
        }
    }

    #[test]
    fn modes_differ_in_order_and_in_what_may_be_left_out_or_added() {
        check("ab", "ab", [true, true, true, true]);
        check("ab", "ba", [false, true, true, true]);
        check("ab", "a", [false, false, true, false]);
        check("ab", "abc", [false, false, false, true]);
        check("ab", "ac", [false, false, false, false]);
        check("", "", [true, true, true, true]);
    }

    #[test]
    fn a_call_has_to_be_made_as_often_as_it_is_expected() {
        check("aa", "a", [false, false, true, false]);
        check("a", "aa", [false, false, false, true]);
    }

    #[track_caller]
    fn check_rationale(mode: &str, rationale: &str) {
        let called = json!([{"name": "b", "arguments": {"x": 1}}, {"name": "c"}]);
        let feedback = calls(named("ab"), called).feedback::<ToolCallsMatch>(json!({ "mode": mode }));
        assert_eq!(feedback, Feedback::from(false).because(rationale));
    }

    #[test]
    fn what_differs_is_told() {
        check_rationale("strict", "call 1 is `b {\"x\":1}`, expected `a`");
        check_rationale("unordered", "missing: `a`; not expected: `c`");
        check_rationale("subset", "not expected: `c`");
        check_rationale("superset", "missing: `a`");
        let feedback = calls(named("ab"), named("a")).feedback::<ToolCallsMatch>(json!({}));
        assert_eq!(feedback.rationale(), Some("call 2 is none, expected `b`"));
    }
}
