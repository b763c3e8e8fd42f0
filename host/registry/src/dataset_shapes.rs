//! Which records may be together in a dataset: those of conversations that are to be played, or others.

use model::dataset::{Dataset, RecordGiven};
use serde_json::Value;

use crate::Error;

/// How records of conversations to be played are told from others: by `goal`, and by having nothing but these.
const GOAL: &str = "goal";
const OF_SESSIONS: [&str; 4] = ["persona", GOAL, "context", "simulation_guidelines"];

/// What kinds of records there may be in one dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Trace,
    Session,
}

impl Shape {
    fn name(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Session => "session",
        }
    }

    /// None where there are no inputs to tell by.
    ///
    /// # Errors
    ///
    /// `Invalid` where there is a goal beside what no session has.
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Result<Option<Self>, Error> {
        let names: Vec<_> = names.collect();
        let (has_goal, mut others) = (names.contains(&GOAL), names.iter().filter(|name| !OF_SESSIONS.contains(name)));
        match (names.is_empty(), has_goal, others.next()) {
            (true, ..) => Ok(None),
            (_, false, _) => Ok(Some(Self::Trace)),
            (_, true, None) => Ok(Some(Self::Session)),
            (_, true, Some(other)) => Err(Error::invalid(format!(
                "Invalid input schema: cannot mix session fields ['{GOAL}'] with other fields ['{other}']. \
                 Consider placing ['{other}'] fields inside 'context'."
            ))),
        }
    }
}

/// # Errors
///
/// `Invalid` where records of one kind meet those of the other.
pub(crate) fn check_shapes(dataset: &Dataset, given: &[RecordGiven]) -> Result<(), Error> {
    let known = dataset.records.fields.iter().flat_map(|fields| fields.inputs.keys()).map(String::as_str);
    let mut shape = Shape::of(known)?;
    let (mut is_new, mut has_empty) = (false, false);
    for given in given {
        let Value::Object(inputs) = given.inputs.to_value() else {
            return Err(Error::invalid("Each record must have an 'inputs' field that is an object"));
        };
        let Some(own) = Shape::of(inputs.keys().map(String::as_str))? else {
            has_empty = true;
            continue;
        };
        match shape {
            Some(other) if other != own && is_new => {
                return Err(Error::invalid(format!(
                    "All records must use the same granularity. Found records with {} granularity and records with {} \
                     granularity.",
                    other.name(),
                    own.name()
                )));
            }
            Some(other) if other != own => {
                return Err(Error::invalid(format!(
                    "New records use {} granularity, but existing dataset uses {} granularity. Cannot mix granularities.",
                    own.name(),
                    other.name()
                )));
            }
            _ => (shape, is_new) = (Some(own), is_new || shape.is_none()),
        }
    }
    match has_empty && shape == Some(Shape::Session) {
        true => Err(Error::invalid("Empty inputs are not allowed for session records. The 'goal' field is required.")),
        false => Ok(()),
    }
}
