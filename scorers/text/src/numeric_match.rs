//! Whether two texts end in the same number.

use karat_sdk::prelude::*;
use regex_automata::meta::Regex;

use crate::number;
use crate::pattern::Pattern;

/// Compares the last number in the outputs with the last one in `expectations.expected_response`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NumericMatch {
    /// Where to look for the number, in the outputs and the expected response alike: group 1 of the pattern's last
    /// match, or the whole match if it has no group. By default, the whole text.
    #[serde(default)]
    pattern: Option<String>,
    /// How far the numbers may lie apart.
    #[serde(default)]
    #[schemars(range(min = 0))]
    tolerance: f64,
}

impl Scorer for NumericMatch {
    const NAME: &str = "numeric_match";
    const SUMMARY: &str = "whether the last number in the outputs equals the last one in the expected response";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let (outputs, expected) = (row.outputs()?.text()?, row.expected_response()?.text()?);
        let regex = match &self.pattern {
            Some(text) => Some(Pattern { text, case_sensitive: true }.compile(&[&outputs, &expected])?),
            None => None,
        };
        let Some(expected) = excerpt(&expected, regex.as_ref()).and_then(number::last) else {
            return Err(Failure::bad_input(format!("`expectations.expected_response` has no number{}", self.place())));
        };
        let Some(found) = excerpt(&outputs, regex.as_ref()).and_then(number::last) else {
            let rationale = format!("no number in the outputs{}", self.place());
            return Ok(Feedback::from(false).because(rationale).into());
        };
        if self.accepts(found, expected) {
            return Ok(true.into());
        }
        Ok(Feedback::from(false).because(format!("{found} is not {expected}")).into())
    }
}

impl NumericMatch {
    /// Decimal fractions are not exact in binary: what lies on the border by its digits, as 1.1 and 1.0 with a
    /// tolerance of 0.1, is let in.
    fn accepts(&self, found: f64, expected: f64) -> bool {
        let rounding = if self.tolerance > 0.0 { 4.0 * f64::EPSILON * found.abs().max(expected.abs()) } else { 0.0 };
        (found - expected).abs() <= self.tolerance + rounding
    }

    fn place(&self) -> &'static str {
        if self.pattern.is_some() { " where `pattern` matches" } else { "" }
    }
}

/// The part of `text` to look into.
fn excerpt<'t>(text: &'t str, regex: Option<&Regex>) -> Option<&'t str> {
    let Some(regex) = regex else { return Some(text) };
    let last = regex.captures_iter(text).last()?;
    let part = last.get_group(1).or_else(|| last.get_group(0))?;
    Some(&text[part.range()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(outputs: &str, expected: &str, parameters: serde_json::Value, equal: bool) {
        assert_eq!(row().outputs(outputs).expected_response(expected).verdict::<NumericMatch>(parameters), equal);
    }

    #[test]
    fn numbers_are_compared_and_not_their_spelling() {
        check("That makes 1,000 in all.", "1000.0", json!({}), true);
        check("18", "-18", json!({}), false);
    }

    #[test]
    fn the_last_match_of_the_pattern_counts() {
        let parameters = json!({"pattern": r"A:\s*(-?[\d.,]+)"});
        check("A: 3\nA: 70,000.\nand 5 more", "so\nA: 70000", parameters.clone(), true);
        check("A: 3", "A: 4", parameters, false);
        check("total = 5 (of 9)", "total = 5", json!({"pattern": r"total = \d+"}), true);
    }

    #[test]
    fn a_difference_within_the_tolerance_is_none() {
        check("1.1", "1", json!({"tolerance": 0.1}), true);
        check("1.11", "1", json!({"tolerance": 0.1}), false);
        check("1.0000000001", "1", json!({}), false);
    }

    #[test]
    fn outputs_without_a_number_are_wrong_and_say_so() {
        let feedback = row().outputs("I don't know").expected_response(7).feedback::<NumericMatch>(json!({}));
        assert_eq!(feedback, Feedback::from(false).because("no number in the outputs"));
    }

    #[test]
    fn an_expectation_without_a_number_is_a_failure() {
        let failure = row().outputs("7").expected_response("seven").score::<NumericMatch>(json!({}));
        assert_eq!(failure, Err(Failure::bad_input("`expectations.expected_response` has no number")));
    }
}
