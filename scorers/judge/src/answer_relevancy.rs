//! Whether an answer answers the question that was asked.

use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::{brief, object};

/// Has a judge write three questions that the outputs answer, and say of each whether the request asks the same: the share of
/// those. Ragas' `AnswerRelevancy` compares the questions by their embeddings; a judge here does both.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AnswerRelevancy {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("answer_relevancy");
const QUESTIONS: usize = 3;

#[derive(Deserialize)]
struct Written {
    questions: Vec<Question>,
}

#[derive(Deserialize)]
struct Question {
    question: String,
    same: bool,
}

impl Scorer for AnswerRelevancy {
    const NAME: &str = "answer_relevancy";
    const SUMMARY: &str = "how far a judge finds that the outputs answer what was asked, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::OUTPUTS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let shown = found!(material::all(row, &[Material::Request, Material::Response])?);
        let question = object(&[("question", brief()), ("same", json!({ "type": "boolean" }))]);
        let all = json!({ "type": "array", "items": question, "minItems": QUESTIONS, "maxItems": QUESTIONS });
        let question = PROMPT.about(&self.role, &shown).schema(&object(&[("questions", all)]));
        let Written { questions } = question.send()?.json()?;
        let same = questions.iter().filter(|question| question.same).count();
        let told = |question: &Question| format!("{} {}", if question.same { "+" } else { "-" }, question.question);
        let rationale: Vec<_> = questions.iter().map(told).collect();
        Ok(Feedback::from(same as f64 / QUESTIONS as f64).because(rationale.join("\n")).into())
    }
}
