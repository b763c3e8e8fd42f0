//! Several judges who decide together.

use std::collections::BTreeMap;

use karat_sdk::Value as Said;
use karat_sdk::judge::ask_many;
use karat_sdk::prelude::*;

use crate::instructed::{Answer, Kind, PROMPT, instructed};
use crate::verdict::{Decided, schema};

/// Asks several judges the same, or each something of its own, and folds their verdicts into one. `jury/agreement` is the
/// share of them that said what came of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Jury {
    /// What those judge that have no instructions of their own; see `judge`.
    instructions: Option<String>,
    /// What a verdict is; see `judge`.
    value: Kind,
    /// Roles, or roles with instructions of their own.
    #[schemars(length(min = 2))]
    of: Vec<Juror>,
    fold: Fold,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Juror {
    Role(String),
    Own { role: String, instructions: String },
}

/// How verdicts become one.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Fold {
    /// What most say; where several are said as often, the jury abstains.
    Majority,
    Mean,
    Min,
    Max,
    /// Whether all say yes.
    All,
    /// Whether one says yes.
    Any,
}

impl Scorer for Jury {
    const NAME: &str = "jury";
    const SUMMARY: &str = "what several judges find together";
    const BETTER: Direction = Direction::Maximize;
    const NEEDS: Needs = Needs::empty();
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = Answer;

    fn score(&self, row: &Row) -> Result<Outcome<Answer>, Failure> {
        let mut questions = Vec::new();
        for (place, juror) in self.of.iter().enumerate() {
            let (role, own) = match juror {
                Juror::Role(role) => (role, None),
                Juror::Own { role, instructions } => (role, Some(instructions)),
            };
            let instructions = own.or(self.instructions.as_ref()).ok_or_else(|| {
                Failure::bad_parameter(format!("`of[{place}]` has no `instructions`, nor has the jury"))
            })?;
            match instructed(instructions, row)? {
                // The same role more than once is asked more than once.
                Ok(asking) => questions.push(asking.asked(&PROMPT, role, &[]).sample(self.before(place, role))),
                Err(reason) => return Ok(Outcome::abstain(reason)),
            }
        }
        let schema = schema(self.value.schema());
        let (mut answers, mut rationales) = (Vec::new(), Vec::new());
        for reply in ask_many(questions.into_iter().map(|question| question.schema(&schema)).collect()) {
            let Decided { rationale, verdict } = reply?.json()?;
            answers.push(self.value.read(&verdict)?.0);
            rationales.push(format!("{verdict}: {rationale}"));
        }
        let folded = match fold(self.fold, &answers)? {
            Some(folded) => folded,
            None => return Ok(Outcome::abstain(format!("no verdict has most votes: {}", rationales.join("; ")))),
        };
        let agreeing = answers.iter().filter(|answer| **answer == folded).count();
        let agreement = agreeing as f64 / answers.len() as f64;
        Ok(Feedback::from(Answer(folded)).because(rationales.join("\n")).with("agreement", agreement).into())
    }
}

impl Jury {
    /// Jurors of this role before a place.
    fn before(&self, place: usize, role: &str) -> u32 {
        let is_same = |juror: &&Juror| match juror {
            Juror::Role(other) | Juror::Own { role: other, .. } => other == role,
        };
        self.of[..place].iter().filter(is_same).count() as u32
    }
}

/// None where none has most votes.
fn fold(fold: Fold, answers: &[Said]) -> Result<Option<Said>, Failure> {
    use Said::{Boolean, Number};
    let unfit = |what| Failure::bad_parameter(format!("`fold: {fold:?}` is for {what}").to_lowercase());
    let numbers = || {
        let number = |answer: &Said| match answer {
            Number(number) => Ok(*number),
            _ => Err(unfit("numbers")),
        };
        answers.iter().map(number).collect::<Result<Vec<_>, _>>()
    };
    let booleans = || {
        let boolean = |answer: &Said| match answer {
            Boolean(boolean) => Ok(*boolean),
            _ => Err(unfit("true and false")),
        };
        answers.iter().map(boolean).collect::<Result<Vec<_>, _>>()
    };
    Ok(match fold {
        Fold::Majority => majority(answers),
        Fold::Mean => Some(Number(numbers()?.iter().sum::<f64>() / answers.len() as f64)),
        Fold::Min => Some(Number(numbers()?.into_iter().fold(f64::INFINITY, f64::min))),
        Fold::Max => Some(Number(numbers()?.into_iter().fold(f64::NEG_INFINITY, f64::max))),
        Fold::All => Some(Boolean(booleans()?.into_iter().all(|yes| yes))),
        Fold::Any => Some(Boolean(booleans()?.into_iter().any(|yes| yes))),
    })
}

fn majority(answers: &[Said]) -> Option<Said> {
    let mut votes = BTreeMap::<String, (usize, &Said)>::new();
    for answer in answers {
        votes.entry(format!("{answer:?}")).or_insert((0, answer)).0 += 1;
    }
    let most = votes.values().map(|(votes, _)| *votes).max()?;
    let mut first = votes.values().filter(|(votes, _)| *votes == most);
    match (first.next(), first.next()) {
        (Some((_, answer)), None) => Some((*answer).clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Said::{Boolean, Number, Text};
    use karat_sdk::testing::{self, row};

    #[test]
    fn verdicts_become_one() {
        let [yes, no] = [true, false].map(Boolean);
        let booleans = [yes.clone(), no.clone(), yes.clone()];
        assert_eq!(fold(Fold::Majority, &booleans), Ok(Some(yes.clone())));
        assert_eq!(fold(Fold::All, &booleans), Ok(Some(no.clone())));
        assert_eq!(fold(Fold::Any, &booleans), Ok(Some(yes.clone())));
        assert_eq!(fold(Fold::Majority, &[yes, no]), Ok(None));
        let numbers = [1.0, 2.0, 6.0].map(Number);
        for (how, expected) in [(Fold::Mean, 3.0), (Fold::Min, 1.0), (Fold::Max, 6.0)] {
            assert_eq!(fold(how, &numbers), Ok(Some(Number(expected))));
        }
        assert_eq!(fold(Fold::Mean, &booleans).expect_err("no numbers").message, "`fold: mean` is for numbers");
        assert!(fold(Fold::All, &[Text("a".to_owned())]).is_err());
    }

    #[test]
    fn each_juror_is_asked() {
        testing::judge(|question| {
            let verdict = question.prompt().contains("kind");
            json!({ "rationale": "so", "verdict": verdict }).to_string()
        });
        let of = json!(["default", { "role": "strong", "instructions": "Is {{ outputs }} kind?" }, "default"]);
        let with = json!({ "instructions": "Is {{ outputs }} short?", "value": "bool", "of": of, "fold": "majority" });
        let outcome = row().outputs("yes").score::<Jury>(with).expect("a verdict");
        let Outcome::Scored(feedback) = outcome else { panic!("no verdict") };
        assert_eq!(feedback.value(), &Answer(Boolean(false)));
        assert_eq!(feedback.rationale(), Some("false: so\ntrue: so\nfalse: so"));
    }
}
