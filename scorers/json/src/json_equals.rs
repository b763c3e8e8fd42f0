//! Whether two JSON values are equal.

use karat_sdk::prelude::*;

use crate::difference::{Arrays, first_difference};
use crate::path::Path;
use crate::read::read;

/// Compares the outputs with `expectations.expected_response`, both as JSON. Neither the order of an object's keys nor
/// the spelling of a number counts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonEquals {
    /// Parts that may differ, such as `meta.time`, `items[0]` or `items[*].id`; `\.` is a dot in a name.
    #[serde(default)]
    ignore: Vec<String>,
    /// Whether the order of an array's elements may differ, at any depth; each has to be there as often.
    #[serde(default)]
    unordered: bool,
}

impl Scorer for JsonEquals {
    const NAME: &str = "json_equals";
    const SUMMARY: &str = "whether the outputs equal the expected response, both read as JSON";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let ignored = self.ignore.iter().map(|path| path.parse()).collect::<Result<Vec<Path>, _>>();
        let ignored = ignored.map_err(|error| Failure::bad_parameter(format!("`ignore`: {error}")))?;
        let mut expected = read(row.expected_response()?)?
            .map_err(|error| Failure::bad_input(format!("`expectations.expected_response` is not JSON: {error}")))?;
        let mut outputs = match read(row.outputs()?)? {
            Ok(outputs) => outputs,
            Err(error) => return Ok(Feedback::from(false).because(format!("not JSON: {error}")).into()),
        };
        for path in &ignored {
            path.remove_from(&mut expected);
            path.remove_from(&mut outputs);
        }
        let arrays = if self.unordered { Arrays::InAnyOrder } else { Arrays::InOrder };
        match first_difference(&expected, &outputs, arrays) {
            None => Ok(true.into()),
            Some(difference) => Ok(Feedback::from(false).because(difference).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: serde_json::Value, expected: serde_json::Value, parameters: serde_json::Value, equal: bool) {
        assert_eq!(row().outputs(outputs).expected_response(expected).verdict::<JsonEquals>(parameters), equal);
    }

    #[test]
    fn values_count_and_not_their_spelling() {
        check(json!("{\"b\": 1.0, \"a\": [1e2]}"), json!({"a": [100], "b": 1}), json!({}), true);
        check(json!({"a": 1}), json!("{\"a\": 1}"), json!({}), true);
        check(json!({"a": "1"}), json!({"a": 1}), json!({}), false);
    }

    #[test]
    fn ignored_parts_may_differ_or_be_absent() {
        let outputs = json!({"id": 7, "items": [{"id": 1, "n": "x"}, {"id": 2, "n": "y"}]});
        let expected = json!({"items": [{"id": 8, "n": "x"}, {"n": "y"}]});
        check(outputs.clone(), expected.clone(), json!({"ignore": ["id", "items[*].id"]}), true);
        check(outputs, expected, json!({"ignore": ["id", "items[0].id"]}), false);
    }

    #[test]
    fn an_unordered_array_has_each_element_as_often() {
        check(json!([{"t": [1, 2]}, 3]), json!([3, {"t": [2, 1.0]}]), json!({"unordered": true}), true);
        check(json!([1, 1, 2]), json!([1, 2, 2]), json!({"unordered": true}), false);
        check(json!([1, 2]), json!([2, 1]), json!({}), false);
    }

    #[test]
    fn outputs_that_are_not_json_are_wrong_and_an_expectation_that_is_not_is_a_failure() {
        let feedback = row().outputs("yes").expected_response("{}").feedback::<JsonEquals>(json!({}));
        assert_eq!(feedback, Feedback::from(false).because("not JSON: expected value at line 1 column 1"));
        let failure = row().outputs("{}").expected_response("yes").score::<JsonEquals>(json!({})).expect_err("no JSON");
        assert_eq!(failure.code, ErrorCode::BadInput);
    }

    #[test]
    fn a_path_that_is_none_is_a_bad_parameter() {
        let row = row().outputs("{}").expected_response("{}");
        let failure = row.score::<JsonEquals>(json!({"ignore": ["a[x]"]})).expect_err("no path");
        assert_eq!(failure, Failure::bad_parameter("`ignore`: `a[x]` has `[x]`, not `[0]` or `[*]`"));
    }
}
