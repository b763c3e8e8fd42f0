//! A verdict with its reason, and what came of looking at a row.

use crate::bindings::karat::eval::types;
use crate::verdict::Verdict;

/// A scorer's main verdict on a row, why, and the smaller verdicts it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Feedback<V> {
    value: V,
    rationale: Option<String>,
    parts: Vec<types::Feedback>,
}

impl<V: Verdict> From<V> for Feedback<V> {
    fn from(value: V) -> Self {
        Self { value, rationale: None, parts: Vec::new() }
    }
}

impl<V: Verdict> Feedback<V> {
    /// Gives the reason, as plain text for a person.
    #[must_use]
    pub fn because(mut self, rationale: impl Into<String>) -> Self {
        self.rationale = Some(rationale.into());
        self
    }

    /// Adds a verdict of its own name, `[a-z][a-z0-9_]*`: results have it as `SCORER/NAME`. It may be of any kind;
    /// its own parts are not taken over.
    #[must_use]
    pub fn with<P: Verdict>(mut self, name: &str, part: impl Into<Feedback<P>>) -> Self {
        let Feedback { value, rationale, .. } = part.into();
        self.parts.push(types::Feedback { name: Some(name.to_owned()), value: value.into_value(), rationale });
        self
    }

    /// The main verdict.
    pub fn value(&self) -> &V {
        &self.value
    }

    /// The reason, if one was given.
    pub fn rationale(&self) -> Option<&str> {
        self.rationale.as_deref()
    }

    /// The verdict that was added under `name`.
    pub fn part(&self, name: &str) -> Option<&types::Value> {
        self.parts.iter().find(|part| part.name.as_deref() == Some(name)).map(|part| &part.value)
    }

    /// The main verdict, without the rest.
    pub fn into_value(self) -> V {
        self.value
    }

    pub(crate) fn into_list(self) -> Vec<types::Feedback> {
        let main = types::Feedback { name: None, value: self.value.into_value(), rationale: self.rationale };
        std::iter::once(main).chain(self.parts).collect()
    }
}

/// What came of looking at a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<V> {
    /// There is a verdict.
    Scored(Feedback<V>),
    /// The scorer could not decide, for this reason. It counts neither for nor against the application.
    Abstained(String),
}

impl<V> Outcome<V> {
    /// The scorer looked and could not decide.
    pub fn abstain(reason: impl Into<String>) -> Self {
        Self::Abstained(reason.into())
    }
}

impl<V: Verdict> From<V> for Outcome<V> {
    fn from(value: V) -> Self {
        Self::Scored(value.into())
    }
}

impl<V: Verdict> From<Feedback<V>> for Outcome<V> {
    fn from(feedback: Feedback<V>) -> Self {
        Self::Scored(feedback)
    }
}

impl<V: Verdict> From<Outcome<V>> for types::Outcome {
    fn from(outcome: Outcome<V>) -> Self {
        match outcome {
            Outcome::Scored(feedback) => Self::Scored(feedback.into_list()),
            Outcome::Abstained(reason) => Self::Abstained(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Value;

    #[test]
    fn a_part_is_found_by_its_name() {
        let feedback = Feedback::from(0.5).with("within", true);
        assert_eq!(feedback.part("within"), Some(&Value::Boolean(true)));
        assert_eq!(feedback.part("without"), None);
    }

    #[test]
    fn the_main_verdict_comes_first_and_without_a_name() {
        let list =
            Feedback::from(0.5).because("half").with("within", Feedback::from(true).because("below 3")).into_list();
        let part = |name: Option<&str>, value, rationale: &str| types::Feedback {
            name: name.map(str::to_owned),
            value,
            rationale: Some(rationale.to_owned()),
        };
        let expected = [part(None, Value::Number(0.5), "half"), part(Some("within"), Value::Boolean(true), "below 3")];
        assert_eq!(list, expected);
    }
}
