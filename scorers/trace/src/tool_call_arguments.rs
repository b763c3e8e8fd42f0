//! How well the arguments of calls are those that were expected.

use std::collections::BTreeMap;

use karat_sdk::ToolCall;
use karat_sdk::prelude::*;
use serde_json::{Map, Value};

use crate::arguments::is_same;
use crate::calls::{self, shown};

/// The mean, over the expected calls, of the share of their arguments that were given as expected. The first expected
/// call of a tool is held against the first one that was made, and so on; one that was not made counts 0, and calls
/// beyond these don't count.
///
/// Where the tools were called in the expected order, this is ragas' `ToolCallAccuracy`
/// (<https://docs.ragas.io/en/stable/concepts/metrics/available_metrics/agents/#tool-call-accuracy>); it gives 0 to any other
/// order, which is for `tool_calls_match` to say here. A call of which nothing else is expected than its name counts 1;
/// one that is expected to have no argument counts 1 if it has none, as there.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCallArguments {}

impl Scorer for ToolCallArguments {
    const NAME: &str = "tool_call_arguments";
    const SUMMARY: &str = "share of the expected arguments that tools were called with, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        calls::compare(row, |expected, called| {
            if expected.is_empty() {
                return Outcome::abstain("no call is expected");
            }
            let pairs = pairs(expected, called);
            let shares: Vec<f64> =
                pairs.iter().map(|(wanted, given)| given.map_or(0.0, |given| share(wanted, given))).collect();
            let feedback = Feedback::from(shares.iter().sum::<f64>() / shares.len() as f64);
            let first = pairs.iter().zip(&shares).find(|(_, share)| **share < 1.0);
            match first {
                Some(((wanted, Some(given)), _)) => {
                    feedback.because(format!("{} is not {}", shown(given), shown(wanted))).into()
                }
                Some(((wanted, None), _)) => feedback.because(format!("missing: {}", shown(wanted))).into(),
                None => feedback.into(),
            }
        })
    }
}

/// The n-th expected call of a tool with the n-th one that was made.
fn pairs<'c>(expected: &'c [ToolCall], called: &'c [ToolCall]) -> Vec<(&'c ToolCall, Option<&'c ToolCall>)> {
    let mut made: BTreeMap<&str, Vec<&ToolCall>> = BTreeMap::new();
    for call in called.iter().rev() {
        made.entry(&call.name).or_default().push(call);
    }
    expected.iter().map(|call| (call, made.get_mut(call.name.as_str()).and_then(Vec::pop))).collect()
}

fn share(expected: &ToolCall, called: &ToolCall) -> f64 {
    let Some(wanted) = &expected.arguments else { return 1.0 };
    let none = Value::Object(Map::new());
    match (wanted, called.arguments.as_ref().unwrap_or(&none)) {
        (Value::Object(wanted), Value::Object(given)) if !wanted.is_empty() => {
            let is_right =
                |(name, value): &(&String, &Value)| given.get(*name).is_some_and(|given| is_same(value, given));
            wanted.iter().filter(is_right).count() as f64 / wanted.len() as f64
        }
        (wanted, given) => f64::from(is_same(wanted, given)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::testing::{calls, named};

    #[track_caller]
    fn check(expected: Value, called: Value, share: f64, rationale: Option<&str>) {
        let feedback = calls(expected, called).feedback::<ToolCallArguments>(json!({}));
        assert_eq!((*feedback.value(), feedback.rationale()), (share, rationale));
    }

    fn search(q: u64, page: u64) -> Value {
        json!({"name": "search", "arguments": {"q": q, "page": page}})
    }

    #[test]
    fn each_expected_argument_counts_within_its_call() {
        check(json!([search(1, 1)]), json!([search(1, 1)]), 1.0, None);
        let rationale = "`search {\"page\":2,\"q\":1}` is not `search {\"page\":1,\"q\":1}`";
        check(json!([search(1, 1), search(2, 1)]), json!([search(1, 2), search(2, 1)]), 0.75, Some(rationale));
    }

    #[test]
    fn calls_of_other_tools_and_further_ones_do_not_count() {
        check(json!([search(1, 1)]), json!([{"name": "book"}, search(1, 1), search(9, 9)]), 1.0, None);
        check(json!([search(1, 1), {"name": "book"}]), json!([search(1, 1)]), 0.5, Some("missing: `book`"));
    }

    #[test]
    fn arguments_of_which_nothing_is_said_may_be_any_and_those_that_are_none_have_to_be_none() {
        check(json!([{"name": "search"}]), json!([search(1, 1)]), 1.0, None);
        let none = json!([{"name": "search", "arguments": {}}]);
        check(none.clone(), named("s"), 0.0, Some("missing: `search {}`"));
        check(none.clone(), json!([{"name": "search"}]), 1.0, None);
        check(none, json!([search(1, 1)]), 0.0, Some("`search {\"page\":1,\"q\":1}` is not `search {}`"));
    }

    #[test]
    fn where_no_call_is_expected_there_is_nothing_to_say() {
        let outcome = calls(json!([]), json!([])).score::<ToolCallArguments>(json!({}));
        assert_eq!(outcome, Ok(Outcome::abstain("no call is expected")));
    }
}
