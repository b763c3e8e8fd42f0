//! Verdicts that the contract forbids, or that are too much of one.

use karat_sdk::prelude::*;
use karat_sdk::raw;

use crate::scorer;

scorer!("nan", Nan {}, f64, |_, _| Ok(f64::NAN.into()));

scorer!("infinite", Infinite {}, f64, |_, _| Ok(f64::INFINITY.into()));

scorer!("wrong_kind", WrongKind {}, Lie, |_, _| Ok(Lie.into()));

/// Says it is a boolean, and is a text.
pub(crate) struct Lie;

impl Verdict for Lie {
    const KIND: ValueKind = ValueKind::Boolean;

    fn into_value(self) -> Value {
        Value::Text("true".to_owned())
    }
}

scorer!("long_output", LongOutput { bytes: usize }, String, |scorer, _| Ok("x".repeat(scorer.bytes).into()));

/// Scores without any feedback, which the SDK's types rule out.
pub(crate) struct Empty;

impl raw::Entry for Empty {
    const NAME: &'static str = "empty";

    fn describe() -> raw::ScorerDescription {
        raw::ScorerDescription { name: Self::NAME.to_owned(), ..<Nan as raw::Entry>::describe() }
    }

    fn score(_: &str, _: raw::Row) -> Result<raw::Outcome, Failure> {
        Ok(raw::Outcome::Scored(Vec::new()))
    }
}
