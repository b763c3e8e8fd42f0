//! A test, ready to be put to many values.

use std::borrow::Cow;

use regex::Regex;

use super::{Comparison, Found, Test, Value, pattern};

/// A [`Test`] whose patterns are compiled.
#[derive(Clone, Debug)]
pub struct CompiledTest(Compiled);

#[derive(Clone, Debug)]
enum Compiled {
    Is(Comparison, Value),
    Pattern(Regex),
    AnyOf(Vec<Value>),
    NoneOf(Vec<Value>),
    Between(Value, Value),
    Present,
    Missing,
}

impl CompiledTest {
    /// # Errors
    ///
    /// Says what is wrong with its pattern.
    pub fn new(test: &Test) -> Result<Self, String> {
        Ok(Self(match test {
            Test::Is(comparison, value) => Compiled::Is(*comparison, value.clone()),
            Test::Like { pattern, ignores_case } => Compiled::Pattern(pattern::like(pattern, *ignores_case)?),
            Test::Matches(expression) => Compiled::Pattern(pattern::expression(expression)?),
            Test::Contains(text) => Compiled::Pattern(pattern::contains(text)?),
            Test::AnyOf(values) => Compiled::AnyOf(values.clone()),
            Test::NoneOf(values) => Compiled::NoneOf(values.clone()),
            Test::Between(low, high) => Compiled::Between(low.clone(), high.clone()),
            Test::Present => Compiled::Present,
            Test::Missing => Compiled::Missing,
        }))
    }

    /// Whether it holds of a field with these values: of any of them. Of a field without a value nothing holds but that it is
    /// missing.
    pub fn holds<'f, 'a: 'f>(&self, values: impl IntoIterator<Item = &'f Found<'a>>) -> bool {
        let mut values = values.into_iter();
        match self.0 {
            Compiled::Missing => values.next().is_none(),
            _ => values.any(|value| self.matches(value)),
        }
    }

    /// Whether it holds of a value.
    pub fn matches(&self, found: &Found<'_>) -> bool {
        let equals = |value| equal(found, value);
        match &self.0 {
            Compiled::Is(Comparison::Equal, value) => equals(value),
            Compiled::Is(Comparison::NotEqual, value) => !equals(value),
            Compiled::Is(comparison, value) => ordered(found, *comparison, value),
            Compiled::Pattern(pattern) => pattern.is_match(&spelled(found)),
            Compiled::AnyOf(values) => values.iter().any(equals),
            Compiled::NoneOf(values) => !values.iter().any(equals),
            Compiled::Between(low, high) => {
                ordered(found, Comparison::AtLeast, low) && ordered(found, Comparison::AtMost, high)
            }
            Compiled::Present => true,
            Compiled::Missing => false,
        }
    }
}

/// A number is equal to a text that spells it, whichever side is which, and so are `true` and `false`.
fn equal(found: &Found<'_>, value: &Value) -> bool {
    match (found, value) {
        (Found::Text(found), Value::Text(value)) => found == value,
        (Found::Number(found), Value::Number(value)) => found == value,
        (Found::Boolean(found), Value::Boolean(value)) => found == value,
        (Found::Number(number), Value::Text(text)) => number_of(text) == Some(*number),
        (Found::Text(text), Value::Number(number)) => number_of(text) == Some(*number),
        (Found::Boolean(boolean), Value::Text(text)) => text == word(*boolean),
        (Found::Text(text), Value::Boolean(boolean)) => text == word(*boolean),
        (Found::Number(_), Value::Boolean(_)) | (Found::Boolean(_), Value::Number(_)) => false,
    }
}

/// Only numbers are less or greater, and texts that spell one.
fn ordered(found: &Found<'_>, comparison: Comparison, value: &Value) -> bool {
    let found = match found {
        Found::Number(number) => Some(*number),
        Found::Text(text) => number_of(text),
        Found::Boolean(_) => None,
    };
    let value = match value {
        Value::Number(number) => Some(*number),
        Value::Text(text) => number_of(text),
        Value::Boolean(_) => None,
    };
    let (Some(found), Some(value)) = (found, value) else { return false };
    match comparison {
        Comparison::Equal => found == value,
        Comparison::NotEqual => found != value,
        Comparison::Less => found < value,
        Comparison::AtMost => found <= value,
        Comparison::Greater => found > value,
        Comparison::AtLeast => found >= value,
    }
}

/// The number that a text spells, as JSON or with more digits than that needs. Not `inf` or `nan`, which are words.
fn number_of(text: &str) -> Option<f64> {
    let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E');
    text.bytes().all(is_part).then(|| text.parse().ok()).flatten().filter(|number: &f64| number.is_finite())
}

/// What patterns look at.
fn spelled<'f>(found: &'f Found<'_>) -> Cow<'f, str> {
    match found {
        Found::Text(text) => Cow::Borrowed(text),
        Found::Number(number) => Cow::Owned(number.to_string()),
        Found::Boolean(boolean) => Cow::Borrowed(word(*boolean)),
    }
}

fn word(boolean: bool) -> &'static str {
    if boolean { "true" } else { "false" }
}
