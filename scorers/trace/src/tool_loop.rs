//! Whether an agent went round in circles.

use std::fmt::Write;

use karat_sdk::ToolCall;
use karat_sdk::prelude::*;

use crate::arguments::is_same_call;
use crate::calls::{self, shown};

/// Calls of a cycle that are told in a rationale.
const TOLD: usize = 5;

/// Looks for a loop: one call, or a cycle of several, that is made a number of times in a row with nothing between,
/// each time with the same tools and the same arguments.
///
/// The definition is our own: for some p ≥ 1 and some place, the p calls there stand `repeats` times one after the other.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolLoop {
    /// How often in a row makes a loop.
    #[serde(default = "three")]
    #[schemars(range(min = 2))]
    repeats: usize,
}

fn three() -> usize {
    3
}

impl Scorer for ToolLoop {
    const NAME: &str = "tool_loop";
    const SUMMARY: &str = "whether the same call of a tool, or the same cycle of calls, was made again and again";
    const BETTER: Direction = Direction::Minimize;
    const NEEDS: Needs = Needs::empty();
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        calls::of(row, |called| match self.cycle(called) {
            Some(cycle) => Feedback::from(true).because(self.told(cycle)).into(),
            None => false.into(),
        })
    }
}

impl ToolLoop {
    /// The first of the shortest cycles that are repeated.
    fn cycle<'c>(&self, calls: &'c [ToolCall]) -> Option<&'c [ToolCall]> {
        let numbers = numbered(calls);
        // As long as a call is the one that stands `length` before it, what is there repeats.
        (1..=calls.len() / self.repeats).find_map(|length| {
            let mut run = 0;
            let repeats = |place: &usize| {
                run = if numbers[*place] == numbers[place - length] { run + 1 } else { 0 };
                run == length * (self.repeats - 1)
            };
            let last = (length..calls.len()).find(repeats)?;
            let first = last + 1 - length * self.repeats;
            Some(&calls[first..first + length])
        })
    }

    fn told(&self, cycle: &[ToolCall]) -> String {
        let shown: Vec<_> = cycle.iter().take(TOLD).map(shown).collect();
        let mut told = shown.join(", ");
        if cycle.len() > TOLD {
            let _ = write!(told, ", and {} more", cycle.len() - TOLD);
        }
        format!("{} times in a row: {told}", self.repeats)
    }
}

/// A number for each call, the same for calls that are the same.
fn numbered(calls: &[ToolCall]) -> Vec<usize> {
    let mut distinct: Vec<&ToolCall> = Vec::new();
    let number = |call| {
        let known = distinct.iter().position(|other| is_same_call(other, call));
        known.unwrap_or_else(|| {
            distinct.push(call);
            distinct.len() - 1
        })
    };
    calls.iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::testing::named;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(calls: &str, repeats: usize, rationale: Option<&str>) {
        let row = row().outputs(json!({ "tool_calls": named(calls) }));
        let feedback = row.feedback::<ToolLoop>(json!({ "repeats": repeats }));
        assert_eq!((*feedback.value(), feedback.rationale()), (rationale.is_some(), rationale));
    }

    #[test]
    fn the_same_call_in_a_row_is_a_loop() {
        check("baaac", 3, Some("3 times in a row: `a`"));
        check("baac", 3, None);
        check("baac", 2, Some("2 times in a row: `a`"));
        check("abaca", 3, None);
        check("", 2, None);
    }

    #[test]
    fn a_cycle_of_calls_is_a_loop_once_it_is_complete() {
        check("xababab", 3, Some("3 times in a row: `a`, `b`"));
        check("ababa", 3, None);
        check("abcabcabc", 3, Some("3 times in a row: `a`, `b`, `c`"));
        check("abcdefabcdef", 2, Some("2 times in a row: `a`, `b`, `c`, `d`, `e`, and 1 more"));
        check("abcabdabc", 3, None);
    }

    #[test]
    fn other_arguments_are_another_call() {
        let page = |number: u64| json!({"name": "next", "arguments": {"page": number}});
        let row = |calls: [u64; 3]| row().outputs(json!({ "tool_calls": calls.map(page) }));
        assert!(!row([1, 2, 3]).verdict::<ToolLoop>(json!({})));
        assert!(row([2, 2, 2]).verdict::<ToolLoop>(json!({})));
    }

    #[test]
    fn twice_is_the_least_that_repeats() {
        let minimum = &karat_sdk::testing::schema::<ToolLoop>()["properties"]["repeats"]["minimum"];
        assert_eq!(minimum, &json!(2));
    }
}
