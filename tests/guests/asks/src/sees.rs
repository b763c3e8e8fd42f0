//! What a plugin sees of a row.

use karat_sdk::prelude::*;

/// Tells the row.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub(crate) struct Sees {}

impl Scorer for Sees {
    const NAME: &str = "sees";
    const SUMMARY: &str = "what is there of the row";
    const BETTER: Direction = Direction::Neutral;
    const NEEDS: Needs = Needs::empty();
    type Verdict = String;

    fn score(&self, row: &Row) -> Result<Outcome<String>, Failure> {
        let none = || "none".to_owned();
        let outputs = row.outputs().ok().and_then(|outputs| Some(outputs.text().ok()?.into_owned()));
        let expectations = row.expectations().as_str().map(str::to_owned);
        let inputs = row.inputs().as_str().unwrap_or_default().to_owned();
        let parts = [row.id().to_owned(), inputs, outputs.unwrap_or_else(none), expectations.unwrap_or_else(none)];
        Ok(parts.join(" ").into())
    }
}
