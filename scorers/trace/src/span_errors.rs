//! How many steps went wrong.

use karat_sdk::excerpt;
use karat_sdk::prelude::*;
use karat_sdk::trace::{Span, Status};

use crate::steps::{self, Which};

/// Counts the spans whose status is an error; one that an error went through on its way out counts as well, if it says so.
/// With a maximum, the verdict `within` says whether the number keeps to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanErrors {
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

impl Scorer for SpanErrors {
    const NAME: &str = "span_errors";
    const SUMMARY: &str = "how many spans of the trace ended in an error, and whether that is within bounds";
    const BETTER: Direction = Direction::Minimize;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, _row: &Row) -> Result<Outcome<f64>, Failure> {
        let which = Which { errors_only: true, ..Which::new(&self.name, &self.span_type) };
        Ok(which.of_trace(|spans| {
            let feedback = steps::measured(spans.len() as f64, self.max);
            match spans.first() {
                Some(first) => feedback.because(told(first)).into(),
                None => feedback.into(),
            }
        }))
    }
}

fn told(first: &Span) -> String {
    match &first.status {
        Status::Error(message) if !message.is_empty() => format!("first `{}`: {}", first.name, excerpt(message)),
        _ => format!("first `{}`", first.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{row, span};

    #[test]
    fn errors_count_and_the_first_is_told() {
        let step = |name, status| Span { status, ..span(name, json!({"traceloop.span.kind": "tool"})) };
        let error = |message: &str| Status::Error(message.to_owned());
        let row = row().trace([step("a", Status::Ok), step("b", error("no such city")), step("c", error(""))]);
        let feedback = Feedback::from(2.0).because("first `b`: no such city");
        assert_eq!(row.clone().feedback::<SpanErrors>(json!({})), feedback);
        let feedback = Feedback::from(1.0).with("within", Feedback::from(true)).because("first `c`");
        assert_eq!(row.clone().feedback::<SpanErrors>(json!({"name": "c", "max": 1})), feedback);
        assert_eq!(row.feedback::<SpanErrors>(json!({"span_type": "LLM"})), Feedback::from(0.0));
    }
}
