//! Which of two answers is better.

use karat_sdk::judge::ask_many;
use karat_sdk::prelude::*;

use crate::material::{self, Material};
use crate::prompt::{Prompt, prompt};
use crate::verdict::{Decided, one_of, schema};

/// Asks a judge whether the outputs or another answer is better, once in each order. Where the two disagree it is a tie, and
/// `pairwise/flipped` is true: its mean is how often the order decided. `pairwise/score` is 1 for a win, 0.5 for a tie, 0 for a
/// loss.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pairwise {
    /// The expectation that has the other answer.
    #[serde(default = "against")]
    against: String,
    /// By what they are compared.
    #[serde(default = "criterion")]
    criterion: String,
    /// The role that is asked.
    #[serde(default = "crate::default_role")]
    role: String,
}

fn against() -> String {
    "expected_response".to_owned()
}

fn criterion() -> String {
    "how much it helps the one who asked".to_owned()
}

const PROMPT: Prompt = prompt!("pairwise");

/// How the outputs came off.
#[derive(Debug)]
pub struct Comparison(&'static str);

impl Verdict for Comparison {
    const KIND: ValueKind = ValueKind::Label;
    const LABELS: &[&str] = &["win", "tie", "loss"];

    fn into_value(self) -> Value {
        Value::Text(self.0.to_owned())
    }
}

impl Scorer for Pairwise {
    const NAME: &str = "pairwise";
    const SUMMARY: &str = "whether a judge finds the outputs better than another answer, in both orders";
    const BETTER: Direction = Direction::Neutral;
    const NEEDS: Needs = Needs::OUTPUTS.union(Needs::EXPECTATIONS);
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Comparison;

    fn score(&self, row: &Row) -> Result<Outcome<Comparison>, Failure> {
        let (request, ours) = (material::request(row), Material::Response.of(row)?);
        let Some(theirs) = row.expectations().get(&self.against) else {
            return Ok(Outcome::abstain(format!("the row has no `expectations.{}`", self.against)));
        };
        let (Ok(ours), theirs) = (ours, theirs.text()?.into_owned()) else { unreachable!("outputs are needed") };
        let question = |first: &str, second: &str| {
            let shown = [
                ("criterion", self.criterion.clone()),
                ("request", request.clone()),
                ("first", first.to_owned()),
                ("second", second.to_owned()),
            ];
            PROMPT.about(&self.role, &shown).schema(&schema(one_of(&["first", "second", "neither"])))
        };
        let mut replies = ask_many(vec![question(&ours, &theirs), question(&theirs, &ours)]).into_iter();
        let mut decided = || replies.next().ok_or_else(|| Failure::other("a reply is missing"))??.json();
        let (one, other): (Decided<String>, Decided<String>) = (decided()?, decided()?);
        let value = |verdict: &str, ours: &str| match verdict {
            "neither" => 0,
            verdict if verdict == ours => 1,
            _ => -1,
        };
        let (one_way, other_way) = (value(&one.verdict, "first"), value(&other.verdict, "second"));
        let (result, score) = match one_way + other_way {
            2 => ("win", 1.0),
            -2 => ("loss", 0.0),
            _ => ("tie", 0.5),
        };
        let rationale = format!("{}\n\nThe other way round: {}", one.rationale, other.rationale);
        let feedback = Feedback::from(Comparison(result)).because(rationale);
        Ok(feedback.with("score", score).with("flipped", one_way != other_way).into())
    }
}
