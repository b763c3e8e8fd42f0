//! A cheap judge first, a strong one where it is unsure.

use karat_sdk::prelude::*;

use crate::instructed::{Answer, Kind, PROMPT, instructed};
use crate::material::found;
use crate::verdict::{Decided, brief, object, schema};

/// Asks a judge, which says how sure it is, and another one where that is not sure enough. `cascade/escalated` is whether it
/// was: its mean is the share of rows that the strong judge was asked about.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cascade {
    /// What both judge; see `judge`.
    #[schemars(length(min = 1))]
    instructions: String,
    /// What a verdict is; see `judge`.
    value: Kind,
    /// Who is asked first.
    first: Role,
    /// Who is asked where the first is unsure.
    then: Role,
    /// How sure, from 0 to 1, the first has to be.
    #[serde(default = "sure")]
    #[schemars(range(min = 0, max = 1))]
    sure: f64,
}

/// Somebody who is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Role {
    role: String,
}

fn sure() -> f64 {
    0.8
}

#[derive(Deserialize)]
struct Unsure {
    rationale: String,
    verdict: serde_json::Value,
    #[serde(rename = "verdict_confidence")]
    confidence: f64,
}

impl Scorer for Cascade {
    const NAME: &str = "cascade";
    const SUMMARY: &str = "what a judge finds, or a stronger one where it is unsure";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Answer;

    fn score(&self, row: &Row) -> Result<Outcome<Answer>, Failure> {
        let asking = found!(instructed(&self.instructions, row)?);
        // What writes JSON by a grammar knows no bounds of numbers.
        let confidence = json!({ "enum": [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0] });
        // Fields are sent in the order of their names: this one is the last.
        let fields = [("rationale", brief()), ("verdict", self.value.schema()), ("verdict_confidence", confidence)];
        let question = asking.asked(&PROMPT, &self.first.role, &[]).schema(&object(&fields));
        let Unsure { rationale, verdict, confidence } = question.send()?.json()?;
        let is_escalated = confidence < self.sure;
        let (rationale, verdict) = match is_escalated {
            false => (rationale, verdict),
            true => {
                let question = asking.asked(&PROMPT, &self.then.role, &[]).schema(&schema(self.value.schema()));
                let Decided { rationale, verdict } = question.send()?.json()?;
                (rationale, verdict)
            }
        };
        let feedback = Feedback::from(self.value.read(&verdict)?).because(rationale);
        Ok(feedback.with("escalated", is_escalated).into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::Value::Boolean;
    use karat_sdk::testing::{self, row};

    #[test]
    fn the_strong_judge_is_asked_where_the_first_is_unsure() {
        testing::judge(|question| {
            let confidence = if question.prompt().contains("hard") { 0.5 } else { 0.9 };
            // The strong one is not asked how sure it is.
            json!({ "rationale": "so", "verdict": question.prompt().len() < 400, "verdict_confidence": confidence })
                .to_string()
        });
        let (first, then) = (json!({ "role": "default" }), json!({ "role": "strong" }));
        let with = json!({ "instructions": "Is {{ outputs }} right?", "value": "bool", "first": first, "then": then });
        for (outputs, escalated) in [("hard", true), ("easy", false)] {
            let outcome = row().outputs(outputs).score::<Cascade>(with.clone()).expect("a verdict");
            let Outcome::Scored(feedback) = outcome else { panic!("no verdict") };
            assert_eq!(feedback, Feedback::from(Answer(Boolean(true))).because("so").with("escalated", escalated));
        }
    }
}
