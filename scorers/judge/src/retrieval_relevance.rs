//! Which of the documents that were found help.

use karat_sdk::judge::ask_many;
use karat_sdk::prelude::*;

use crate::material::{self, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::{pass_or_fail, passed};

/// Asks a judge of each document that was found whether it helps to answer the request: a verdict for each, in their order.
/// `retrieval_relevance/precision` is the share of those that do.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RetrievalRelevance {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("retrieval_relevance");

impl Scorer for RetrievalRelevance {
    const NAME: &str = "retrieval_relevance";
    const SUMMARY: &str = "for each retrieved document, whether a judge finds that it helps to answer";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Vec<bool>;

    fn score(&self, row: &Row) -> Result<Outcome<Vec<bool>>, Failure> {
        let request = material::request(row);
        let documents = found!(material::documents(row)?);
        let question =
            |document| pass_or_fail(PROMPT.about(&self.role, &[("request", request.clone()), ("document", document)]));
        let replies = ask_many(documents.into_iter().map(question).collect());
        let judged: Vec<_> = replies.into_iter().map(|reply| passed(&reply?)).collect::<Result<_, Failure>>()?;
        let rationales: Vec<_> = judged.iter().map(|one| one.rationale().unwrap_or_default().to_owned()).collect();
        let verdicts: Vec<_> = judged.into_iter().map(Feedback::into_value).collect();
        let helpful = verdicts.iter().filter(|helps| **helps).count();
        let precision = helpful as f64 / verdicts.len() as f64;
        let feedback = Feedback::from(verdicts).because(material::numbered(&rationales));
        Ok(feedback.with("precision", precision).into())
    }
}
