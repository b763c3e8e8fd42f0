//! How many tokens an application used.

use karat_sdk::prelude::*;
use karat_sdk::trace;

use crate::steps;

/// The tokens of all steps, read and written; `tokens/input` and `tokens/output` have each. With a maximum, the verdict
/// `within` says whether the sum keeps to it.
///
/// Where a step says what it used, steps within it are passed over, since it has counted them: as MLflow sums up a trace
/// (`aggregate_usage_from_spans` in `mlflow/tracing/utils`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// The most tokens that are within bounds.
    #[serde(default)]
    #[schemars(range(min = 0))]
    max: Option<f64>,
}

impl Scorer for Tokens {
    const NAME: &str = "tokens";
    const SUMMARY: &str = "how many tokens the application used, and whether that is within bounds";
    const BETTER: Direction = Direction::Minimize;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, _row: &Row) -> Result<Outcome<f64>, Failure> {
        Ok(steps::of_trace(|spans| {
            let counted = trace::outermost(spans, |span| span.tokens().is_some());
            let used: Vec<_> = counted.into_iter().filter_map(trace::Span::tokens).collect();
            if used.is_empty() {
                return Outcome::abstain("no step of the row's trace says how many tokens it used");
            }
            let input = used.iter().map(|tokens| tokens.input as f64).sum::<f64>();
            let output = used.iter().map(|tokens| tokens.output as f64).sum::<f64>();
            let feedback = steps::measured(input + output, self.max);
            feedback.with("input", Feedback::from(input)).with("output", Feedback::from(output)).into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{row, span};
    use karat_sdk::trace::Span;

    fn step(name: &str, parent: &str, input: u64, output: u64) -> Span {
        let tokens = json!({"gen_ai.usage.input_tokens": input, "gen_ai.usage.output_tokens": output});
        Span { parent: Some(parent.to_owned()), ..span(name, tokens) }
    }

    fn expected(input: f64, output: f64) -> Feedback<f64> {
        Feedback::from(input + output).with("input", Feedback::from(input)).with("output", Feedback::from(output))
    }

    #[test]
    fn all_steps_that_say_what_they_used_add_up() {
        let row = row().trace([span("agent", json!({})), step("a", "agent", 10, 2), step("b", "agent", 20, 3)]);
        assert_eq!(row.clone().feedback::<Tokens>(json!({})), expected(30.0, 5.0));
        let over = Feedback::from(false).because("35 is more than 30");
        let bounded = Feedback::from(35.0).with("within", over);
        let bounded = bounded.with("input", Feedback::from(30.0)).with("output", Feedback::from(5.0));
        assert_eq!(row.feedback::<Tokens>(json!({"max": 30})), bounded);
    }

    #[test]
    fn a_step_that_sums_up_what_is_in_it_counts_alone() {
        let steps = [step("agent", "root", 30, 5), step("a", "agent", 10, 2), step("b", "agent", 20, 3)];
        assert_eq!(row().trace(steps).feedback::<Tokens>(json!({})), expected(30.0, 5.0));
    }

    #[test]
    fn unknown_is_not_zero() {
        let outcome = row().trace([span("a", json!({}))]).score::<Tokens>(json!({}));
        assert_eq!(outcome, Ok(Outcome::abstain("no step of the row's trace says how many tokens it used")));
    }
}
