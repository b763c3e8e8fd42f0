//! Whether two answers say the same.

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// Asks a judge whether the outputs and `expectations.expected_response` say the same. Where both are numbers, or true
/// or false, or the same to the letter, nobody is asked.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Equivalence {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("equivalence");

impl Scorer for Equivalence {
    const NAME: &str = "equivalence";
    const SUMMARY: &str = "whether a judge finds that the outputs say the same as the expected response";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let shown = found!(material::all(row, &[Material::Request, Material::ExpectedResponse, Material::Response])?);
        match at_once(&shown[1].1, &shown[2].1) {
            Some(same) => Ok(same.into()),
            None => Ok(holds(PROMPT.about(&self.role, &shown))?.into()),
        }
    }
}

/// What needs no judge.
fn at_once(expected: &str, response: &str) -> Option<Feedback<bool>> {
    let (expected, response) = (expected.trim(), response.trim());
    if expected == response {
        return Some(Feedback::from(true).because("both are the same to the letter"));
    }
    if let (Ok(expected), Ok(response)) = (expected.parse::<f64>(), response.parse::<f64>()) {
        return Some(Feedback::from(expected == response).because("both are numbers"));
    }
    let is_boolean = |text: &str| ["true", "false"].contains(&text);
    (is_boolean(expected) && is_boolean(response)).then(|| Feedback::from(false).because("both are true or false"))
}
