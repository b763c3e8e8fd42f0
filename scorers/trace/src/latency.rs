//! How long an application took.

use karat_sdk::prelude::*;
use karat_sdk::trace;

use crate::steps;

/// The seconds that the first step took that is no part of another. With a maximum, the verdict `within` says whether
/// they keep to it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// The most seconds that are within bounds.
    #[serde(default)]
    #[schemars(range(min = 0))]
    max: Option<f64>,
}

impl Scorer for Latency {
    const NAME: &str = "latency";
    const SUMMARY: &str = "how many seconds the application took, and whether that is within bounds";
    const BETTER: Direction = Direction::Minimize;
    const NEEDS: Needs = Needs::empty();
    type Verdict = f64;

    fn score(&self, _row: &Row) -> Result<Outcome<f64>, Failure> {
        Ok(steps::of_trace(|spans| match trace::root(spans).map(steps::seconds) {
            None => Outcome::abstain("the row's trace has no steps"),
            Some(None) => Outcome::abstain("the first step of the row's trace never ended"),
            Some(Some(seconds)) => steps::measured(seconds, self.max).into(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::{row, span};
    use karat_sdk::trace::Span;

    const START: u64 = 1_700_000_000_000_000_000;

    fn step(name: &str, parent: Option<&str>, milliseconds: Option<u64>) -> Span {
        let end = milliseconds.map(|milliseconds| START + milliseconds * 1_000_000);
        Span { parent: parent.map(str::to_owned), start: START, end, ..span(name, json!({})) }
    }

    #[test]
    fn the_root_counts_and_not_its_parts() {
        let row = row().trace([step("root", Some("caller"), Some(1500)), step("part", Some("root"), Some(9000))]);
        assert_eq!(row.clone().feedback::<Latency>(json!({})), Feedback::from(1.5));
        let over = Feedback::from(false).because("1.5 is more than 1");
        assert_eq!(row.clone().feedback::<Latency>(json!({"max": 1})), Feedback::from(1.5).with("within", over));
        let within = Feedback::from(1.5).with("within", Feedback::from(true));
        assert_eq!(row.feedback::<Latency>(json!({"max": 1.5})), within);
    }

    #[test]
    fn what_took_no_time_that_is_known_is_abstained_from() {
        let reason = |row: karat_sdk::testing::TestRow| row.score::<Latency>(json!({}));
        assert_eq!(reason(row().outputs("x")), Ok(Outcome::abstain("the row has no trace")));
        assert_eq!(reason(row().trace([])), Ok(Outcome::abstain("the row's trace has no steps")));
        let open = row().trace([step("root", None, None)]);
        assert_eq!(reason(open), Ok(Outcome::abstain("the first step of the row's trace never ended")));
    }
}
