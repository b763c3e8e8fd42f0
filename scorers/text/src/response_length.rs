//! How long an answer is.

use karat_sdk::prelude::*;

/// Counts the characters or words of the outputs. With a minimum or a maximum, the verdict `within` says whether the
/// length keeps to them.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseLength {
    /// What is counted.
    #[serde(default)]
    unit: Unit,
    /// The least that is within bounds.
    #[serde(default)]
    min: Option<u64>,
    /// The most that is within bounds.
    #[serde(default)]
    max: Option<u64>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Unit {
    /// Unicode scalar values.
    #[default]
    Chars,
    /// Stretches without white space.
    Words,
}

impl Scorer for ResponseLength {
    const NAME: &str = "response_length";
    const SUMMARY: &str = "how many characters or words the outputs have, and whether that is within bounds";
    const BETTER: Direction = Direction::Neutral;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let outputs = row.outputs()?.text()?;
        let length = match self.unit {
            Unit::Chars => outputs.chars().count(),
            Unit::Words => outputs.split_whitespace().count(),
        };
        let feedback = Feedback::from(length as f64);
        if self.min.is_none() && self.max.is_none() {
            return Ok(feedback.into());
        }
        Ok(feedback.with("within", self.within(length as u64)).into())
    }
}

impl ResponseLength {
    fn within(&self, length: u64) -> Feedback<bool> {
        match (self.min, self.max) {
            (Some(min), _) if length < min => Feedback::from(false).because(format!("{length} is less than {min}")),
            (_, Some(max)) if length > max => Feedback::from(false).because(format!("{length} is more than {max}")),
            _ => true.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(parameters: serde_json::Value, expected: Feedback<f64>) {
        assert_eq!(row().outputs("zwölf große Äpfel").feedback::<ResponseLength>(parameters), expected);
    }

    #[test]
    fn characters_are_counted_unless_words_are_asked_for() {
        check(json!({}), 17.0.into());
        check(json!({"unit": "words"}), 3.0.into());
    }

    #[test]
    fn bounds_add_a_verdict_of_their_own() {
        let within = |feedback: Feedback<bool>| Feedback::from(3.0).with("within", feedback);
        check(json!({"unit": "words", "min": 3, "max": 3}), within(true.into()));
        check(json!({"unit": "words", "min": 4}), within(Feedback::from(false).because("3 is less than 4")));
        check(json!({"unit": "words", "max": 2}), within(Feedback::from(false).because("3 is more than 2")));
    }

    #[test]
    fn a_unit_that_is_none_is_a_bad_parameter() {
        let failure = row().outputs("x").score::<ResponseLength>(json!({"unit": "bytes"})).expect_err("no unit");
        assert_eq!(failure.code, ErrorCode::BadParameter);
    }
}
