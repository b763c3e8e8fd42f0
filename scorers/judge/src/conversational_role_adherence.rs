//! Whether an assistant stays who it should be, throughout a conversation.

use karat_sdk::prelude::*;

use crate::material::{self, Material};
use crate::prompt::{Prompt, prompt};
use crate::verdict::holds;

/// Asks a judge whether the assistant stayed in the role that it was given: here, or by the first message of the system.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConversationalRoleAdherence {
    /// What it should be, in words.
    persona: Option<String>,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

/// Where the suite doesn't say it.
const GIVEN: &str = "what the system's message in the conversation says; without one, a helpful assistant";

const PROMPT: Prompt = prompt!("conversational_role_adherence");

impl Scorer for ConversationalRoleAdherence {
    const NAME: &str = "conversational_role_adherence";
    const SUMMARY: &str = "whether a judge finds that an assistant stayed in its role throughout";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let mut shown = match material::all(row, &[Material::Conversation])? {
            Ok(shown) => shown,
            Err(reason) => return Ok(Outcome::abstain(reason)),
        };
        shown.insert(0, ("role", self.persona.clone().unwrap_or_else(|| GIVEN.to_owned())));
        Ok(holds(PROMPT.about(&self.role, &shown))?.into())
    }
}
