//! A result with its row as one line of JSON.

use model::json::Json;
use model::outcome::Verdict;
use model::row::RowRecord;
use model::run::{RowResult, RunPlan};
use serde::Serialize;

/// Writes one line, without its end. The same run gives the same bytes. Scorers that were not called because there was
/// nothing to score are left out.
///
/// # Errors
///
/// None in practice: everything in a result has a JSON form.
pub fn line(plan: &RunPlan, row: &RowRecord, result: &RowResult) -> Result<String, serde_json::Error> {
    let feedback = plan.scorers.iter().zip(&result.outcomes);
    serde_json::to_string(&Line {
        id: &result.id,
        trial: result.trial,
        inputs: &row.inputs,
        outputs: outputs(row, result),
        expectations: row.expectations.as_ref(),
        error: result.error.as_ref().map(|error| error.message.as_str()),
        feedback: feedback.flat_map(|(scorer, outcome)| outcome.verdicts(&scorer.key)).collect(),
    })
}

/// The predictor's answer, or what the row came with where none was asked.
pub fn outputs<'a>(row: &'a RowRecord, result: &'a RowResult) -> Option<&'a Json> {
    match &result.predicted {
        Some(predicted) => predicted.outputs.as_ref(),
        None => row.outputs.as_ref(),
    }
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    trial: u32,
    inputs: &'a Json,
    outputs: Option<&'a Json>,
    expectations: Option<&'a Json>,
    error: Option<&'a str>,
    feedback: Vec<Verdict<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{feedback, plan, result, row_record, scorer};
    use model::feedback::{Feedback, Value};
    use model::outcome::{Failure, FailureKind, Outcome};

    #[test]
    fn a_line_says_what_came_of_every_scorer_that_was_called() {
        let plan = plan(vec![scorer("a"), scorer("b"), scorer("c"), scorer("d")]);
        let mut verdict = feedback(Value::Number(1.0));
        verdict.rationale = Some("why \"so\"".to_owned());
        let sub = Feedback { name: Some("part".to_owned()), ..feedback(Value::Boolean(false)) };
        let result = RowResult {
            error: Some(Failure::new(FailureKind::BadInput, "the row has no `outputs`")),
            ..result(
                3,
                vec![
                    Outcome::Scored(vec![verdict, sub]),
                    Outcome::Abstained { reason: "unclear".to_owned() },
                    Outcome::Failed(Failure::new(FailureKind::OutOfFuel, "ran out of fuel")),
                    Outcome::Unpredicted,
                ],
            )
        };
        let row = row_record(r#"{"inputs":{"q":1.0}}"#);
        assert_eq!(
            line(&plan, &row, &result).expect("a line"),
            concat!(
                r#"{"id":"q3","trial":0,"inputs":{"q":1.0},"outputs":null,"expectations":null,"#,
                r#""error":"the row has no `outputs`","feedback":["#,
                r#"{"scorer":"a","outcome":"scored","value":1,"rationale":"why \"so\"","reason":null},"#,
                r#"{"scorer":"a/part","outcome":"scored","value":false,"rationale":null,"reason":null},"#,
                r#"{"scorer":"b","outcome":"abstained","value":null,"rationale":null,"reason":"unclear"},"#,
                r#"{"scorer":"c","outcome":"failed","value":null,"rationale":null,"reason":"ran out of fuel"}]}"#,
            )
        );
    }
}
