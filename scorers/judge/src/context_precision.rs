//! Whether documents that were of use stand first.

use karat_sdk::judge::ask_many;
use karat_sdk::prelude::*;

use crate::material::{self, Material, found};
use crate::prompt::{Prompt, prompt};
use crate::verdict::{pass_or_fail, passed};

/// Asks a judge of each document that was found whether it was of use for the expected answer, and gives the average
/// precision of their order: Σₖ P(k)·v(k) / Σₖ v(k), where v(k) is 1 for a document of use and P(k) the share of those among
/// the first k; 0 where none was (Ragas, `ContextPrecision`).
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContextPrecision {
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

const PROMPT: Prompt = prompt!("context_precision");

impl Scorer for ContextPrecision {
    const NAME: &str = "context_precision";
    const SUMMARY: &str = "whether a judge finds retrieved documents of use, and those first, from 0 to 1";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::EXPECTATIONS;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = f64;

    fn score(&self, row: &Row) -> Result<Outcome<f64>, Failure> {
        let shown = found!(material::all(row, &[Material::Request, Material::Expected])?);
        let documents = found!(material::documents(row)?);
        let question =
            |document| pass_or_fail(PROMPT.about(&self.role, &[&shown[..], &[("document", document)]].concat()));
        let replies = ask_many(documents.into_iter().map(question).collect());
        let judged: Vec<_> = replies.into_iter().map(|reply| passed(&reply?)).collect::<Result<_, Failure>>()?;
        let rationales: Vec<_> = judged.iter().map(|one| one.rationale().unwrap_or_default().to_owned()).collect();
        let verdicts: Vec<bool> = judged.into_iter().map(Feedback::into_value).collect();
        Ok(Feedback::from(average_precision(&verdicts)).because(material::numbered(&rationales)).into())
    }
}

fn average_precision(of_use: &[bool]) -> f64 {
    let (mut seen, mut sum) = (0.0, 0.0);
    for (place, _) in of_use.iter().enumerate().filter(|(_, useful)| **useful) {
        seen += 1.0;
        sum += seen / (place + 1) as f64;
    }
    if seen > 0.0 { sum / seen } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_of_use_count_by_where_they_stand() {
        assert_eq!(average_precision(&[true, false, true]), (1.0 + 2.0 / 3.0) / 2.0);
        assert_eq!(average_precision(&[false, true]), 0.5);
        assert_eq!(average_precision(&[true, true]), 1.0);
        assert_eq!(average_precision(&[false]), 0.0);
    }
}
