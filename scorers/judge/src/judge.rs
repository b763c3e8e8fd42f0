//! A judge that a suite writes itself.

use karat_sdk::prelude::*;

use crate::instructed::{Answer, Kind, PROMPT, instructed};
use crate::material::found;
use crate::verdict::{Decided, schema};

/// Asks a judge by instructions of one's own. Places such as `{{ inputs }}`, `{{ outputs }}`, `{{ expectations.tone }}`,
/// `{{ documents }}`, `{{ calls }}` and `{{ conversation }}` are what it is shown; a row that lacks one of them is left out.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Judge {
    /// What it has to judge, and by what.
    #[schemars(length(min = 1))]
    instructions: String,
    /// What the verdict is: `bool`, `number`, `text`, `{ enum: [...] }`, or a list of one of these, `[number]`.
    value: Kind,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

impl Scorer for Judge {
    const NAME: &str = "judge";
    const SUMMARY: &str = "what a judge finds by instructions of one's own";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Answer;

    fn score(&self, row: &Row) -> Result<Outcome<Answer>, Failure> {
        let asking = found!(instructed(&self.instructions, row)?);
        let question = asking.asked(&PROMPT, &self.role, &[]).schema(&schema(self.value.schema()));
        let Decided { rationale, verdict } = question.send()?.json()?;
        Ok(Feedback::from(self.value.read(&verdict)?).because(rationale).into())
    }
}
