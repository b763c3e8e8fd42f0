//! How many steps an application took.

use karat_sdk::prelude::*;

use crate::calls;
use crate::steps::{self, Which};

/// Counts the calls of tools, or the steps of another type. With a maximum, the verdict `within` says whether the number
/// keeps to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepCount {
    /// The type of the steps that count, such as `LLM` or `AGENT`, in either case. By default, calls of tools do, wherever
    /// the row tells of them.
    #[serde(default)]
    span_type: Option<String>,
    /// The most that is within bounds.
    #[serde(default)]
    #[schemars(range(min = 0))]
    max: Option<f64>,
}

impl Scorer for StepCount {
    const NAME: &str = "step_count";
    const SUMMARY: &str = "how many tools were called, or steps of a type taken, and whether that is within bounds";
    const BETTER: Direction = Direction::Neutral;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let Some(span_type) = &self.span_type else {
            return calls::of(row, |called| steps::measured(called.len() as f64, self.max).into());
        };
        let which = Which { span_type: Some(span_type), ..Which::default() };
        Ok(which.of_trace(|spans| steps::measured(spans.len() as f64, self.max).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{row, span};

    #[test]
    fn calls_of_tools_count_unless_another_type_is_asked_for() {
        let typed = |name, span_type| span(name, json!({ "openinference.span.kind": span_type }));
        let row = row().trace([typed("a", "AGENT"), typed("b", "LLM"), typed("c", "TOOL"), typed("d", "LLM")]);
        assert_eq!(row.clone().verdict::<StepCount>(json!({})), 1.0);
        assert_eq!(row.clone().verdict::<StepCount>(json!({"span_type": "llm"})), 2.0);
        let over = Feedback::from(false).because("2 is more than 1");
        let feedback = row.feedback::<StepCount>(json!({"span_type": "LLM", "max": 1}));
        assert_eq!(feedback, Feedback::from(2.0).with("within", over));
    }

    #[test]
    fn calls_without_a_trace_count_and_other_steps_do_not() {
        let row = row().outputs(json!({"tool_calls": [{"name": "a"}]}));
        let within = Feedback::from(1.0).with("within", Feedback::from(true));
        assert_eq!(row.clone().feedback::<StepCount>(json!({"max": 1})), within);
        let outcome = row.score::<StepCount>(json!({"span_type": "LLM"}));
        assert_eq!(outcome, Ok(Outcome::abstain("the row has no trace")));
    }
}
