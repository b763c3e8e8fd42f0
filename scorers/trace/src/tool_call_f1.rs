//! How well the tools that were called are those that were expected.

use karat_sdk::prelude::*;

use crate::arguments::Arguments;
use crate::calls;
use crate::pairs::Pairs;

/// F1 of the calls: 2 · right / (expected + made), where a call that is there twice counts once, as in ragas'
/// `ToolCallF1` (<https://docs.ragas.io/en/stable/concepts/metrics/available_metrics/agents/#tool-call-f1>); it compares
/// names and arguments, as `exact` here. Where nothing was expected and nothing was called, 1; ragas says 0.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCallF1 {
    /// What is asked of arguments.
    #[serde(default = "ignore")]
    arguments: Arguments,
}

fn ignore() -> Arguments {
    Arguments::Ignore
}

impl Scorer for ToolCallF1 {
    const NAME: &str = "tool_call_f1";
    const SUMMARY: &str = "F1 of the tools that were called against those that were expected, each counted once";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        calls::compare(row, |expected, called| {
            let (expected, called) = (self.arguments.distinct(expected), self.arguments.distinct(called));
            let all = expected.len() + called.len();
            if all == 0 {
                return Feedback::from(1.0).because("no call was expected, and none was made").into();
            }
            let pairs = Pairs::new(&expected, &called, self.arguments);
            let feedback = Feedback::from(2.0 * pairs.count as f64 / all as f64);
            match pairs.rationale() {
                Some(rationale) => feedback.because(rationale).into(),
                None => feedback.into(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::testing::{calls, named};
    use karat_sdk::testing::{row, span};

    #[track_caller]
    fn check(expected: &str, called: &str, f1: f64) {
        assert_eq!(calls(named(expected), named(called)).verdict::<ToolCallF1>(json!({})), f1);
    }

    #[test]
    fn each_tool_counts_once() {
        check("ab", "ba", 1.0);
        check("ab", "aab", 1.0);
        check("ab", "ac", 0.5);
        check("ab", "a", 2.0 / 3.0);
        check("ab", "c", 0.0);
    }

    #[test]
    fn nothing_called_is_right_only_where_nothing_was_expected() {
        check("", "", 1.0);
        check("a", "", 0.0);
        check("", "a", 0.0);
    }

    #[test]
    fn arguments_count_where_they_are_asked_for() {
        let search = |q: u64| json!([{"name": "search", "arguments": {"q": q}}]);
        assert_eq!(calls(search(1), search(2)).verdict::<ToolCallF1>(json!({})), 1.0);
        let feedback = calls(search(1), search(2)).feedback::<ToolCallF1>(json!({"arguments": "exact"}));
        let rationale = "missing: `search {\"q\":1}`; not expected: `search {\"q\":2}`";
        assert_eq!(feedback, Feedback::from(0.0).because(rationale));
    }

    #[test]
    fn a_row_that_does_not_tell_is_abstained_from() {
        let reason = |row: karat_sdk::testing::TestRow| match row.score::<ToolCallF1>(json!({})) {
            Ok(Outcome::Abstained(reason)) => reason,
            other => panic!("{other:?}"),
        };
        let expected = json!({"expected_tool_calls": []});
        assert_eq!(
            reason(row().outputs("hi").expectations(expected)),
            "neither the row's trace nor `outputs.tool_calls` tells which tools were called"
        );
        let tool = span("search", json!({"mlflow.spanType": "TOOL"}));
        assert_eq!(reason(row().trace([tool])), "the row has no `expectations.expected_tool_calls`");
    }
}
