//! Whether a response meets a criterion of one's own.

use karat_sdk::prelude::*;

use crate::material::{self, Material};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// Asks a judge whether the outputs meet a criterion, as the `model-graded-closedqa` of OpenAI's evals does.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ClosedQa {
    /// What has to hold, such as `It names a price.`
    #[schemars(length(min = 1))]
    criterion: String,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("closed_qa");

impl Scorer for ClosedQa {
    const NAME: &str = "closed_qa";
    const SUMMARY: &str = "whether a judge finds that the outputs meet a criterion";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let mut shown = match material::all(row, &[Material::Request, Material::Response])? {
            Ok(shown) => shown,
            Err(reason) => return Ok(Outcome::abstain(reason)),
        };
        shown.insert(0, ("criterion", self.criterion.clone()));
        Ok(holds(PROMPT.about(&self.role, &shown))?.into())
    }
}
