//! Paths into a JSON value, as suites write them: `meta.time`, `items[0]`, `items[*].id`; `\.` is a dot in a name.

use std::str::FromStr;

use serde_json::Value;

/// Names a part of a value, or several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
    EveryElement,
}

impl Path {
    /// Takes what the path names out of `value`. An element of an array leaves `null` behind, so that the others keep
    /// their places; all elements leave an empty array.
    pub(crate) fn remove_from(&self, value: &mut Value) {
        remove(&self.0, value);
    }
}

fn remove(steps: &[Step], value: &mut Value) {
    let Some((step, rest)) = steps.split_first() else { return };
    match (step, value) {
        (Step::Key(key), Value::Object(fields)) if rest.is_empty() => {
            fields.remove(key);
        }
        (Step::Key(key), Value::Object(fields)) => {
            fields.get_mut(key).into_iter().for_each(|field| remove(rest, field))
        }
        (Step::Index(index), Value::Array(elements)) if rest.is_empty() => {
            elements.get_mut(*index).into_iter().for_each(|element| *element = Value::Null);
        }
        (Step::Index(index), Value::Array(elements)) => {
            elements.get_mut(*index).into_iter().for_each(|element| remove(rest, element));
        }
        (Step::EveryElement, Value::Array(elements)) if rest.is_empty() => elements.clear(),
        (Step::EveryElement, Value::Array(elements)) => elements.iter_mut().for_each(|element| remove(rest, element)),
        _ => {}
    }
}

impl FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut steps = Vec::new();
        for part in parts(text) {
            let (key, brackets) = part.split_once('[').map_or((part.as_str(), None), |(key, rest)| (key, Some(rest)));
            if !key.is_empty() {
                steps.push(Step::Key(key.replace('\0', ".")));
            } else if brackets.is_none() || !steps.is_empty() {
                return Err(format!("`{text}` has an empty name"));
            }
            for bracket in brackets.into_iter().flat_map(|rest| rest.split('[')) {
                steps.push(element(bracket).ok_or_else(|| format!("`{text}` has `[{bracket}`, not `[0]` or `[*]`"))?);
            }
        }
        Ok(Self(steps))
    }
}

/// Splits at dots; those that stand for themselves are `\0` in the parts.
fn parts(text: &str) -> Vec<String> {
    text.replace("\\.", "\0").split('.').map(str::to_owned).collect()
}

fn element(bracket: &str) -> Option<Step> {
    match bracket.strip_suffix(']')? {
        "*" => Some(Step::EveryElement),
        index => index.parse().ok().map(Step::Index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(path: &str, left: Value) {
        let mut value = json!({"a": {"b": 1, "c.d": 2}, "items": [{"id": 1, "n": "x"}, {"id": 2}]});
        path.parse::<Path>().expect("a path").remove_from(&mut value);
        assert_eq!(value, left, "{path}");
    }

    #[test]
    fn what_a_path_names_is_taken_out_and_nothing_else() {
        check("a", json!({"items": [{"id": 1, "n": "x"}, {"id": 2}]}));
        check("a.b", json!({"a": {"c.d": 2}, "items": [{"id": 1, "n": "x"}, {"id": 2}]}));
        check("a.c\\.d", json!({"a": {"b": 1}, "items": [{"id": 1, "n": "x"}, {"id": 2}]}));
        check("items[*].id", json!({"a": {"b": 1, "c.d": 2}, "items": [{"n": "x"}, {}]}));
        check("items[0]", json!({"a": {"b": 1, "c.d": 2}, "items": [null, {"id": 2}]}));
        check("items[1].id", json!({"a": {"b": 1, "c.d": 2}, "items": [{"id": 1, "n": "x"}, {}]}));
        check("items[*]", json!({"a": {"b": 1, "c.d": 2}, "items": []}));
        check("no.such[3].thing", json!({"a": {"b": 1, "c.d": 2}, "items": [{"id": 1, "n": "x"}, {"id": 2}]}));
    }

    #[test]
    fn a_value_that_is_an_array_has_paths_too() {
        let mut value = json!([[1, 2], [3]]);
        "[0][1]".parse::<Path>().expect("a path").remove_from(&mut value);
        assert_eq!(value, json!([[1, null], [3]]));
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        for text in ["", "a..b", ".a", "a[", "a[x]", "a[0", "a[0]b", "a.[0]"] {
            assert!(text.parse::<Path>().is_err(), "{text}");
        }
    }
}
