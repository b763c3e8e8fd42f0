//! How much of the expected answer was found.

use karat_sdk::prelude::*;

use crate::claims::supported;
use crate::material::{self, Material};

/// Has a judge take the expected response, or the expected facts, apart into claims, then say which of them the documents that
/// were found support, and gives the share of these (Ragas, `LLMContextRecall`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextRecall {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

impl Scorer for ContextRecall {
    const NAME: &str = "context_recall";
    const SUMMARY: &str = "the share of the expected answer's claims that a judge finds in retrieved documents";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (text, documents) = match (Material::Expected.of(row)?, material::documents(row)?) {
            (Ok(text), Ok(documents)) => (text, documents),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Outcome::abstain(reason)),
        };
        let share = supported(&self.role, &material::request(row), &text, &documents)?;
        Ok(share.map_or_else(|| Outcome::abstain("the expected response makes no claim"), Outcome::from))
    }
}
