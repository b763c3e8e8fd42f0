//! Whether a regular expression matches.

use karat_sdk::prelude::*;

use crate::pattern::Pattern;

/// Looks for a match of a regular expression in the outputs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegexMatch {
    /// In the syntax of Rust's `regex` crate: Perl's without look-around and back-references, Unicode throughout.
    /// `(?s)` lets a dot match line ends, `(?m)` lets `^` and `$` match at lines.
    pattern: String,
    /// Whether `A` and `a` differ.
    #[serde(default = "yes")]
    case_sensitive: bool,
    /// Whether the pattern has to match the outputs from the first character to the last, and not just a part of them.
    #[serde(default)]
    full_match: bool,
}

fn yes() -> bool {
    true
}

impl Scorer for RegexMatch {
    const NAME: &str = "regex_match";
    const SUMMARY: &str = "whether a regular expression matches the outputs";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let outputs = row.outputs()?.text()?;
        let pattern = Pattern { text: &self.pattern, case_sensitive: self.case_sensitive };
        let regex = if self.full_match { pattern.compile_full(&[&outputs])? } else { pattern.compile(&[&outputs])? };
        Ok(regex.is_match(outputs.as_ref()).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(parameters: serde_json::Value, verdict: bool) {
        assert_eq!(row().outputs("Order 66\nexecuted").verdict::<RegexMatch>(parameters), verdict);
    }

    #[test]
    fn a_part_of_the_outputs_is_enough() {
        check(json!({"pattern": r"\d+"}), true);
        check(json!({"pattern": r"\d{3}"}), false);
    }

    #[test]
    fn a_full_match_leaves_nothing_over() {
        check(json!({"pattern": r"Order \d+", "full_match": true}), false);
        check(json!({"pattern": r"(?s)Order|Order.*", "full_match": true}), true);
    }

    #[test]
    fn case_counts_unless_told_otherwise() {
        check(json!({"pattern": "order"}), false);
        check(json!({"pattern": "order", "case_sensitive": false}), true);
    }

    #[test]
    fn a_pattern_that_is_none_is_a_bad_parameter() {
        let failure = row().outputs("x").score::<RegexMatch>(json!({"pattern": "(", "full_match": true}));
        let failure = failure.expect_err("an open group");
        assert_eq!(failure.code, ErrorCode::BadParameter);
        assert!(failure.message.contains("unclosed group"), "{}", failure.message);
    }
}
