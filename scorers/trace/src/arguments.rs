//! When the arguments of a call are those that were expected.

use karat_sdk::ToolCall;
use karat_sdk::prelude::*;
use serde_json::{Map, Value};

/// What is asked of the arguments of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Arguments {
    /// Nothing: tools are compared by their names.
    Ignore,
    /// That they equal the expected ones.
    Exact,
    /// That each of them is an expected one; others may be left out.
    Subset,
    /// That each expected one is among them; there may be others.
    Superset,
}

impl Arguments {
    /// Whether `called` is what `expected` asks for. An expected call that says nothing of arguments takes any.
    pub(crate) fn fit(self, expected: &ToolCall, called: &ToolCall) -> bool {
        if expected.name != called.name {
            return false;
        }
        let Some(wanted) = &expected.arguments else { return true };
        let none = Value::Object(Map::new());
        let given = called.arguments.as_ref().unwrap_or(&none);
        match (self, wanted, given) {
            (Self::Ignore, ..) => true,
            (Self::Subset, Value::Object(wanted), Value::Object(given)) => is_within(given, wanted),
            (Self::Superset, Value::Object(wanted), Value::Object(given)) => is_within(wanted, given),
            _ => is_same(wanted, given),
        }
    }

    /// Calls without those that are there already.
    pub(crate) fn distinct(self, calls: &[ToolCall]) -> Vec<&ToolCall> {
        let mut distinct: Vec<&ToolCall> = Vec::new();
        for call in calls {
            let is_again = |other: &&ToolCall| match self {
                Self::Ignore => other.name == call.name,
                _ => is_same_call(other, call),
            };
            if !distinct.iter().any(is_again) {
                distinct.push(call);
            }
        }
        distinct
    }
}

/// Whether two calls are the same; one without arguments is like one with none.
pub(crate) fn is_same_call(one: &ToolCall, other: &ToolCall) -> bool {
    let none = Value::Object(Map::new());
    let [first, second] = [one, other].map(|call| call.arguments.as_ref().unwrap_or(&none));
    one.name == other.name && is_same(first, second)
}

/// Whether two values are the same; `1` and `1.0` are.
pub(crate) fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one == other || (one.is_f64() != other.is_f64() && one.as_f64() == other.as_f64())
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => one.len() == other.len() && is_within(one, other),
        _ => one == other,
    }
}

fn is_within(part: &Map<String, Value>, whole: &Map<String, Value>) -> bool {
    part.iter().all(|(name, value)| whole.get(name).is_some_and(|other| is_same(value, other)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(arguments: Arguments, expected: Value, called: Value, fits: bool) {
        let [expected, called] =
            [expected, called].map(|arguments| ToolCall { name: "f".to_owned(), arguments: Some(arguments) });
        assert_eq!(arguments.fit(&expected, &called), fits);
    }

    #[test]
    fn a_subset_leaves_out_and_a_superset_adds() {
        check(Arguments::Subset, json!({"a": 1, "b": 2}), json!({"a": 1}), true);
        check(Arguments::Subset, json!({"a": 1}), json!({"a": 1, "b": 2}), false);
        check(Arguments::Superset, json!({"a": 1}), json!({"a": 1, "b": 2}), true);
        check(Arguments::Superset, json!({"a": 1, "b": 2}), json!({"a": 1}), false);
        check(Arguments::Exact, json!({"a": 1}), json!({"a": 1, "b": 2}), false);
        check(Arguments::Ignore, json!({"a": 1}), json!({"b": 2}), true);
        // Only the outermost arguments may be fewer.
        check(Arguments::Superset, json!({"a": {"x": 1}}), json!({"a": {"x": 1, "y": 2}}), false);
        check(Arguments::Superset, json!("x"), json!("x"), true);
        check(Arguments::Superset, json!({}), json!("x"), false);
    }

    #[test]
    fn numbers_count_and_not_their_spelling() {
        check(Arguments::Exact, json!({"a": [1.0]}), json!({"a": [1]}), true);
        check(Arguments::Exact, json!({"a": 1}), json!({"a": true}), false);
        let [large, larger] = [json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64)];
        check(Arguments::Exact, large, larger, false);
    }

    #[test]
    fn a_call_without_a_word_of_arguments_fits_any_if_it_is_expected_and_has_none_if_it_was_made() {
        let silent = ToolCall { name: "f".to_owned(), arguments: None };
        let with = |arguments| ToolCall { arguments: Some(arguments), ..silent.clone() };
        assert!(Arguments::Exact.fit(&silent, &with(json!({"a": 1}))));
        assert!(Arguments::Exact.fit(&with(json!({})), &silent));
        assert!(!Arguments::Exact.fit(&with(json!({"a": 1})), &silent));
        assert!(!Arguments::Ignore.fit(&silent, &ToolCall { name: "g".to_owned(), arguments: None }));
    }

    #[test]
    fn calls_are_distinct_by_what_is_asked_of_them() {
        let call = |arguments| ToolCall { name: "f".to_owned(), arguments: Some(arguments) };
        let calls = [call(json!({"a": 1})), call(json!({"a": 2})), call(json!({"a": 1.0}))];
        assert_eq!(Arguments::Exact.distinct(&calls), [&calls[0], &calls[1]]);
        assert_eq!(Arguments::Ignore.distinct(&calls), [&calls[0]]);
    }
}
