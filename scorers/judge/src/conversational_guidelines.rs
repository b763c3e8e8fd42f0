//! Whether an assistant keeps to rules in plain words, throughout a conversation.

use karat_sdk::prelude::*;

use crate::material::{self, Material};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// Asks a judge whether all that the assistant said keeps to every guideline. A conversation is `inputs.messages`, with the
/// outputs as the last thing said.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationalGuidelines {
    /// Each a sentence that holds or does not.
    #[schemars(length(min = 1))]
    guidelines: Vec<String>,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("conversational_guidelines");

impl Scorer for ConversationalGuidelines {
    const NAME: &str = "conversational_guidelines";
    const SUMMARY: &str = "whether a judge finds that an assistant kept to guidelines throughout";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let mut shown = match material::all(row, &[Material::Conversation])? {
            Ok(shown) => shown,
            Err(reason) => return Ok(Outcome::abstain(reason)),
        };
        shown.insert(0, ("guidelines", material::list(&self.guidelines)));
        Ok(holds(PROMPT.about(&self.role, &shown))?.into())
    }
}
