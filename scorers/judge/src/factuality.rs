//! How the facts of a response relate to those of an expert.

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::label;

/// Asks a judge how the facts of the outputs relate to those of `expectations.expected_response`, as the `fact` of OpenAI's evals and
/// Braintrust's autoevals do; `factuality/score` is what autoevals make of it: 1 for the same and for what does not matter, 0.6 for a
/// superset, 0.4 for a subset, 0 where they contradict each other.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Factuality {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("factuality");

/// One of the labels of this judge.
#[derive(Debug)]
pub struct Relation(String);

impl Verdict for Relation {
    const KIND: ValueKind = ValueKind::Label;
    const LABELS: &[&str] = &["subset", "superset", "same", "different", "immaterial"];

    fn into_value(self) -> Value {
        Value::Text(self.0)
    }
}

impl Scorer for Factuality {
    const NAME: &str = "factuality";
    const SUMMARY: &str = "how a judge finds the facts of the outputs related to the expected ones";
    const BETTER: Direction = Direction::Neutral;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Relation;

    fn score(&self, row: &Row) -> Result<Outcome<Relation>, Failure> {
        let shown = found!(material::all(row, &[Material::Request, Material::ExpectedResponse, Material::Response])?);
        let decided = label(PROMPT.about(&self.role, &shown), Relation::LABELS)?;
        let score = match &*decided.verdict {
            "subset" => 0.4,
            "superset" => 0.6,
            "different" => 0.0,
            _ => 1.0,
        };
        Ok(Feedback::from(Relation(decided.verdict)).because(decided.rationale).with("score", score).into())
    }
}
