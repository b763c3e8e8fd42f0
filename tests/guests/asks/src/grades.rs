//! A judge in small: one question about each row.

use karat_sdk::judge;
use karat_sdk::prelude::*;

/// Whether a judge finds the outputs good.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub(crate) struct Grades {
    /// How often it is asked; the majority decides.
    #[serde(default = "once")]
    times: u32,
    /// Said in front of the outputs.
    #[serde(default)]
    about: String,
}

fn once() -> u32 {
    1
}

impl Scorer for Grades {
    const NAME: &str = "grades";
    const SUMMARY: &str = "whether a judge finds the outputs good";
    const BETTER: Direction = Direction::Maximize;
    const DETERMINISM: Determinism = Determinism::Judge;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let outputs = row.outputs()?.text()?.into_owned();
        let question = |sample| {
            let text = format!("{}Is this good? {outputs}", self.about);
            judge::ask(text).choices(&["yes", "no"]).temperature(0.0).max_output_tokens(100).sample(sample)
        };
        let replies: Vec<_> = judge::ask_many((0..self.times).map(question).collect());
        let replies = replies.into_iter().collect::<Result<Vec<_>, _>>()?;
        let good = replies.iter().filter(|reply| reply.text == "yes").count();
        let tokens: u64 = replies.iter().map(|reply| reply.usage.output_tokens).sum();
        let verdict = 2 * good > replies.len();
        let because = format!("{good} of {} say yes, in {tokens} tokens", replies.len());
        Ok(Feedback::from(verdict).because(because).into())
    }
}
