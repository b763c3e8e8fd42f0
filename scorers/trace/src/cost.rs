//! What an application cost.

use karat_sdk::prelude::*;
use karat_sdk::trace;

use crate::steps;

/// The US dollars of all steps that say what they cost (`mlflow.llm.cost`, `llm.cost.total`, `gen_ai.usage.cost`); no price
/// list is used. Steps within such a step are passed over, as for `tokens`. With a maximum, the verdict `within` says
/// whether the sum keeps to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cost {
    /// The most US dollars that are within bounds.
    #[serde(default)]
    #[schemars(range(min = 0))]
    max: Option<f64>,
}

impl Scorer for Cost {
    const NAME: &str = "cost";
    const SUMMARY: &str =
        "how many US dollars the application cost by its own account, and whether that is within bounds";
    const BETTER: Direction = Direction::Minimize;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, _row: &Row) -> Result<Outcome<f64>, Failure> {
        Ok(steps::of_trace(|spans| {
            let priced = trace::outermost(spans, |span| span.cost().is_some());
            if priced.is_empty() {
                return Outcome::abstain("no step of the row's trace says what it cost");
            }
            steps::measured(priced.into_iter().filter_map(trace::Span::cost).sum(), self.max).into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{row, span};
    use karat_sdk::trace::Span;

    #[test]
    fn what_steps_say_they_cost_adds_up_but_for_what_is_in_them() {
        let priced = |name, cost: f64| span(name, json!({ "llm.cost.total": cost }));
        let part = Span { parent: Some("a".to_owned()), ..priced("part", 0.25) };
        let row = row().trace([priced("a", 0.25), priced("b", 0.5), part, span("c", json!({}))]);
        let over = Feedback::from(false).because("0.75 is more than 0.5");
        assert_eq!(row.feedback::<Cost>(json!({"max": 0.5})), Feedback::from(0.75).with("within", over));
    }

    #[test]
    fn unknown_is_not_for_free() {
        let outcome = row().trace([span("a", json!({}))]).score::<Cost>(json!({}));
        assert_eq!(outcome, Ok(Outcome::abstain("no step of the row's trace says what it cost")));
    }
}
