//! Whether two texts are the same.

use karat_sdk::prelude::*;

/// Compares the outputs with `expectations.expected_response`, character by character.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExactMatch {}

impl Scorer for ExactMatch {
    const NAME: &str = "exact_match";
    const SUMMARY: &str = "whether the outputs equal the expected response";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        Ok((row.outputs()?.text()? == row.expected_response()?.text()?).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: serde_json::Value, expected: serde_json::Value, equal: bool) {
        assert_eq!(row().outputs(outputs).expected_response(expected).verdict::<ExactMatch>(json!({})), equal);
    }

    #[test]
    fn every_character_counts() {
        check(json!("Paris"), json!("Paris"), true);
        check(json!("Paris"), json!("paris"), false);
        check(json!("Paris"), json!("Paris "), false);
        check(json!("Zürich"), json!("Zu\u{308}rich"), false);
    }

    #[test]
    fn other_json_is_compared_as_its_text() {
        check(json!({"a": [1, 2]}), json!({"a": [1, 2]}), true);
        check(json!(42), json!("42"), true);
        check(json!({"a": 1}), json!({"a": 2}), false);
    }

    #[test]
    fn without_an_expected_response_the_row_fails_by_the_fields_name() {
        let failure = row().outputs("x").score::<ExactMatch>(json!({})).expect_err("nothing to compare with");
        assert_eq!(failure, Failure::bad_input("the row has no `expectations.expected_response`"));
    }
}
