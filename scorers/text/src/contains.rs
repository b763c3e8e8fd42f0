//! Whether a text holds other texts.

use karat_sdk::prelude::*;

/// Looks for texts within the outputs: those that are given, else `expectations.expected_response`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Contains {
    /// At least one of these has to be there.
    #[serde(default)]
    #[schemars(length(min = 1))]
    any: Option<Vec<String>>,
    /// Every one of these has to be there.
    #[serde(default)]
    #[schemars(length(min = 1))]
    all: Option<Vec<String>>,
    /// Whether `A` and `a` differ.
    #[serde(default = "yes")]
    case_sensitive: bool,
}

fn yes() -> bool {
    true
}

impl Scorer for Contains {
    const NAME: &str = "contains";
    const SUMMARY: &str = "whether the outputs contain the given texts, or the expected response";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let outputs = row.outputs()?.text()?;
        let outputs = if self.case_sensitive { outputs } else { outputs.to_lowercase().into() };
        let holds = |text: &str| match self.case_sensitive {
            true => outputs.contains(text),
            false => outputs.contains(&text.to_lowercase()),
        };
        if self.any.is_none() && self.all.is_none() {
            return Ok(holds(&row.expected_response()?.text()?).into());
        }
        if let Some(any) = self.any.as_deref().filter(|any| !any.iter().any(|text| holds(text))) {
            return Ok(Feedback::from(false).because(format!("none of {} is there", quoted(any))).into());
        }
        let missing: Vec<_> = self.all.iter().flatten().filter(|text| !holds(text)).collect();
        if !missing.is_empty() {
            return Ok(Feedback::from(false).because(format!("missing: {}", quoted(&missing))).into());
        }
        Ok(true.into())
    }
}

fn quoted(texts: &[impl AsRef<str>]) -> String {
    texts.iter().map(|text| format!("`{}`", text.as_ref())).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    #[track_caller]
    fn check(parameters: serde_json::Value, verdict: bool, rationale: Option<&str>) {
        let feedback = row().outputs("Paris is the capital of France").feedback::<Contains>(parameters);
        assert_eq!((*feedback.value(), feedback.rationale()), (verdict, rationale));
    }

    #[test]
    fn one_of_any_is_enough() {
        check(json!({"any": ["London", "Paris"]}), true, None);
        check(json!({"any": ["London", "Rome"]}), false, Some("none of `London`, `Rome` is there"));
    }

    #[test]
    fn all_means_every_one() {
        check(json!({"all": ["Paris", "France"]}), true, None);
        check(json!({"all": ["Paris", "Spain", "Rome"]}), false, Some("missing: `Spain`, `Rome`"));
        check(json!({"any": ["Paris"], "all": ["Spain"]}), false, Some("missing: `Spain`"));
    }

    #[test]
    fn case_counts_unless_told_otherwise() {
        check(json!({"all": ["paris"]}), false, Some("missing: `paris`"));
        check(json!({"all": ["PARIS"], "case_sensitive": false}), true, None);
        let row = row().outputs("ÜBER").expected_response("über");
        assert!(row.verdict::<Contains>(json!({"case_sensitive": false})));
    }

    #[test]
    fn without_texts_it_looks_for_the_expected_response() {
        assert!(row().outputs("It is Paris.").expected_response("Paris").verdict::<Contains>(json!({})));
        let failure = row().outputs("It is Paris.").score::<Contains>(json!({})).expect_err("nothing to look for");
        assert_eq!(failure, Failure::bad_input("the row has no `expectations.expected_response`"));
    }
}
