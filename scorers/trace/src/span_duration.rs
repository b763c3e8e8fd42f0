//! How long steps of a kind took.

use karat_sdk::prelude::*;

use crate::steps::{self, Which};

/// The seconds that spans of the row's trace took: the longest of them, or all together. Spans that never ended are left
/// out. With a maximum, the verdict `within` says whether the seconds keep to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpanDuration {
    /// Only spans with this name.
    #[serde(default)]
    name: Option<String>,
    /// Only spans of this type, such as `LLM` or `TOOL`, in either case.
    #[serde(default)]
    span_type: Option<String>,
    /// What is told of several spans.
    #[serde(default)]
    of: Of,
    /// The most seconds that are within bounds.
    #[serde(default)]
    #[schemars(range(min = 0))]
    max: Option<f64>,
}

#[derive(Clone, Copy, Default, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Of {
    /// The seconds of the longest one.
    #[default]
    Longest,
    /// The seconds of all; time in which several ran counts for each.
    Sum,
}

impl Scorer for SpanDuration {
    const NAME: &str = "span_duration";
    const SUMMARY: &str = "how many seconds spans of a name or type took, and whether that is within bounds";
    const BETTER: Direction = Direction::Minimize;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, _row: &Row) -> Result<Outcome<f64>, Failure> {
        Ok(Which::new(&self.name, &self.span_type).of_trace(|spans| {
            let all: Vec<f64> = spans.iter().filter_map(steps::seconds).collect();
            if all.is_empty() {
                return Outcome::abstain("the row's trace has no such span that ended");
            }
            let seconds = match self.of {
                Of::Longest => all.into_iter().fold(0.0, f64::max),
                Of::Sum => all.into_iter().sum(),
            };
            steps::measured(seconds, self.max).into()
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{TestRow, row, span};
    use karat_sdk::trace::Span;

    fn searches() -> TestRow {
        let step = |name, end| Span { start: 1_000_000_000, end, ..span(name, json!({})) };
        row().trace([
            step("search", Some(1_500_000_000)),
            step("search", Some(3_000_000_000)),
            step("search", None),
            step("book", Some(9_000_000_000)),
        ])
    }

    #[test]
    fn the_longest_counts_unless_all_are_asked_for() {
        assert_eq!(searches().verdict::<SpanDuration>(json!({"name": "search"})), 2.0);
        assert_eq!(searches().verdict::<SpanDuration>(json!({"name": "search", "of": "sum"})), 2.5);
        assert_eq!(searches().verdict::<SpanDuration>(json!({})), 8.0);
        let over = Feedback::from(false).because("2 is more than 1");
        let feedback = searches().feedback::<SpanDuration>(json!({"name": "search", "max": 1}));
        assert_eq!(feedback, Feedback::from(2.0).with("within", over));
    }

    #[test]
    fn where_no_such_span_ended_there_is_nothing_to_say() {
        let outcome = searches().score::<SpanDuration>(json!({"name": "x"}));
        assert_eq!(outcome, Ok(Outcome::abstain("the row's trace has no such span that ended")));
    }
}
