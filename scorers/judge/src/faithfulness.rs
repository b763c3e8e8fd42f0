//! How much of a response rests on the documents.

use karat_sdk::prelude::*;

use crate::claims::supported;
use crate::material::{self, Material};

/// Has a judge take the outputs apart into claims, then say which of them the documents that were found support, and gives the
/// share of these (Ragas, `Faithfulness`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Faithfulness {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

impl Scorer for Faithfulness {
    const NAME: &str = "faithfulness";
    const SUMMARY: &str = "the share of the outputs' claims that a judge finds supported by retrieved documents";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let (text, documents) = match (Material::Response.of(row)?, material::documents(row)?) {
            (Ok(text), Ok(documents)) => (text, documents),
            (Err(reason), _) | (_, Err(reason)) => return Ok(Outcome::abstain(reason)),
        };
        let share = supported(&self.role, &material::request(row), &text, &documents)?;
        Ok(share.map_or_else(|| Outcome::abstain("the outputs make no claim"), Outcome::from))
    }
}
