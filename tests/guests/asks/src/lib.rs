//! The plugin `test/asks`: scorers that ask a judge.

mod grades;
mod sees;

use karat_sdk::judge;
use karat_sdk::prelude::*;

/// What a judge says to several questions at once.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
struct Asks {
    role: String,
    questions: u32,
}

impl Scorer for Asks {
    const NAME: &str = "asks";
    const SUMMARY: &str = "what a judge says to several questions at once";
    const BETTER: Direction = Direction::Neutral;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = String;

    fn score(&self, _: &Row) -> Result<Outcome<String>, Failure> {
        let question = |number: u32| judge::ask(number.to_string()).role(&self.role);
        let replies = judge::ask_many((0..self.questions).map(question).collect());
        let said =
            |reply: Result<judge::Reply, Failure>| reply.map_or_else(|failure| failure.message, |reply| reply.text);
        Ok(replies.into_iter().map(said).collect::<Vec<_>>().join("|").into())
    }
}

karat_sdk::plugin! { name: "test/asks", scorers: [Asks, grades::Grades, sees::Sees] }
