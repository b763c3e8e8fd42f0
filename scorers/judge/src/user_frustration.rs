//! Whether somebody loses patience with an assistant.

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::label;

/// Asks a judge whether the user was frustrated, and still is in the end; `user_frustration/content` is whether there is none
/// left. A conversation is `inputs.messages`, with the outputs as the last thing said.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UserFrustration {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("user_frustration");

/// One of the labels of this judge.
#[derive(Debug)]
pub struct Frustration(String);

impl Verdict for Frustration {
    const KIND: ValueKind = ValueKind::Label;
    const LABELS: &[&str] = &["none", "resolved", "unresolved"];

    fn into_value(self) -> Value {
        Value::Text(self.0)
    }
}

impl Scorer for UserFrustration {
    const NAME: &str = "user_frustration";
    const SUMMARY: &str = "what a judge finds of the frustration of an assistant's user";
    const BETTER: Direction = Direction::Neutral;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Frustration;

    fn score(&self, row: &Row) -> Result<Outcome<Frustration>, Failure> {
        let shown = found!(material::all(row, &[Material::Conversation])?);
        let decided = label(PROMPT.about(&self.role, &shown), Frustration::LABELS)?;
        let is_content = decided.verdict != "unresolved";
        Ok(Feedback::from(Frustration(decided.verdict)).because(decided.rationale).with("content", is_content).into())
    }
}
