//! Whether a text is JSON.

use karat_sdk::prelude::*;
use serde::de::IgnoredAny;

/// Reads the outputs as one JSON text (RFC 8259). Outputs that are no string are JSON already.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidJson {}

impl Scorer for ValidJson {
    const NAME: &str = "valid_json";
    const SUMMARY: &str = "whether the outputs are one JSON text";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let outputs = row.outputs()?;
        if !outputs.is_string() {
            return Ok(true.into());
        }
        match serde_json::from_str::<IgnoredAny>(&outputs.text()?) {
            Ok(_) => Ok(true.into()),
            Err(error) => Ok(Feedback::from(false).because(error.to_string()).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: serde_json::Value, valid: bool) {
        assert_eq!(row().outputs(outputs).verdict::<ValidJson>(json!({})), valid);
    }

    #[test]
    fn a_string_is_read_as_the_text_it_holds() {
        check(json!(r#" {"a": [1, 2.5e3, null]} "#), true);
        check(json!("\"text\""), true);
        check(json!("{'a': 1}"), false);
        check(json!("{\"a\": 1} and more"), false);
        check(json!(""), false);
    }

    #[test]
    fn other_outputs_are_json_already() {
        check(json!({"a": 1}), true);
        check(json!([]), true);
        check(json!(3), true);
    }

    #[test]
    fn the_reason_says_where_reading_stopped() {
        let feedback = row().outputs("{\"a\": }").feedback::<ValidJson>(json!({}));
        assert_eq!(feedback.rationale(), Some("expected value at line 1 column 7"));
    }

    #[test]
    fn nesting_is_not_limited() {
        check(json!("[".repeat(100_000) + &"]".repeat(100_000)), true);
    }
}
