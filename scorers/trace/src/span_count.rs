//! How many steps of a kind there are.

use karat_sdk::prelude::*;

use crate::steps::{self, Which};

/// Counts the spans of the row's trace. With a maximum, the verdict `within` says whether the number keeps to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanCount {
    /// Only spans with this name.
    #[serde(default)]
    name: Option<String>,
    /// Only spans of this type, such as `LLM` or `TOOL`, in either case.
    #[serde(default)]
    span_type: Option<String>,
    /// The most that is within bounds.
    #[serde(default)]
    #[schemars(range(min = 0))]
    max: Option<f64>,
}

impl Scorer for SpanCount {
    const NAME: &str = "span_count";
    const SUMMARY: &str =
        "how many spans the trace has, all or those of a name or type, and whether that is within bounds";
    const BETTER: Direction = Direction::Neutral;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, _row: &Row) -> Result<Outcome<f64>, Failure> {
        let which = Which::new(&self.name, &self.span_type);
        Ok(which.of_trace(|spans| steps::measured(spans.len() as f64, self.max).into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{row, span};

    #[track_caller]
    fn check(parameters: serde_json::Value, count: f64) {
        let typed = |name, span_type| span(name, json!({ "mlflow.spanType": span_type }));
        let row = row().trace([typed("a", "TOOL"), typed("b", "TOOL"), typed("a", "LLM"), span("c", json!({}))]);
        assert_eq!(row.verdict::<SpanCount>(parameters), count);
    }

    #[test]
    fn spans_count_of_which_all_holds_that_is_said() {
        check(json!({}), 4.0);
        check(json!({"name": "a"}), 2.0);
        check(json!({"span_type": "tool"}), 2.0);
        check(json!({"name": "a", "span_type": "TOOL"}), 1.0);
        check(json!({"name": "x"}), 0.0);
    }

    #[test]
    fn a_bound_adds_a_verdict_and_no_trace_is_not_zero() {
        let within = Feedback::from(1.0).with("within", Feedback::from(true));
        assert_eq!(row().trace([span("a", json!({}))]).feedback::<SpanCount>(json!({"max": 1})), within);
        assert_eq!(row().score::<SpanCount>(json!({})), Ok(Outcome::abstain("the row has no trace")));
    }
}
