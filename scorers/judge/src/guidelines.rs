//! Whether a response keeps to rules in plain words.

use karat_sdk::prelude::*;

use crate::material::{self, Material};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// Asks a judge whether the outputs keep to every guideline; the rationale is the judge's.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Guidelines {
    /// Each a sentence that holds or does not.
    #[schemars(length(min = 1))]
    guidelines: Vec<String>,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("guidelines");

impl Scorer for Guidelines {
    const NAME: &str = "guidelines";
    const SUMMARY: &str = "whether a judge finds that the outputs keep to guidelines";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let mut shown = match material::all(row, &[Material::Request, Material::Response])? {
            Ok(shown) => shown,
            Err(reason) => return Ok(Outcome::abstain(reason)),
        };
        shown.insert(0, ("guidelines", material::list(&self.guidelines)));
        Ok(holds(PROMPT.about(&self.role, &shown))?.into())
    }
}
