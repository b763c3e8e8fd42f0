//! Parts of an answer, named by JSONPath (RFC 9535).

use karat_sdk::{Failure, excerpt};
use serde_json::Value;
use serde_json_path::JsonPath;

/// What the path names: a value where it is one, a list where there are several.
pub(crate) fn select(answer: &Value, path: &str) -> Result<Value, Failure> {
    let parsed = JsonPath::parse(path)
        .map_err(|error| Failure::bad_parameter(format!("`{path}` is no JSONPath (such as `$.answer`): {error}")))?;
    match parsed.query(answer).all()[..] {
        [] => {
            let has = match answer {
                Value::Object(fields) => {
                    format!("its keys are {}", fields.keys().cloned().collect::<Vec<_>>().join(", "))
                }
                other => format!("it is {}", excerpt(&other.to_string())),
            };
            Err(Failure::other(format!("the answer has nothing at `{path}`: {has}")))
        }
        [only] => Ok(only.clone()),
        ref several => Ok(several.iter().map(|value| (*value).clone()).collect()),
    }
}

/// A whole number in the answer, where there is one.
pub(crate) fn number(answer: &Value, path: &str) -> Result<Option<u64>, Failure> {
    Ok(select(answer, path).ok().and_then(|value| value.as_u64()))
}

#[cfg(test)]
mod tests {
    use karat_sdk::serde_json::json;

    use super::*;

    #[test]
    fn a_path_names_one_value_or_several() {
        let answer = json!({ "a": { "b": [1, 2] }, "c": null });
        assert_eq!(select(&answer, "$"), Ok(answer.clone()));
        assert_eq!(select(&answer, "$.a.b[-1]"), Ok(json!(2)));
        assert_eq!(select(&answer, "$.a.b[*]"), Ok(json!([1, 2])));
        assert_eq!(select(&answer, "$.c"), Ok(Value::Null));
        let message = |path| select(&answer, path).expect_err("nothing").message;
        assert_eq!(message("$.x"), "the answer has nothing at `$.x`: its keys are a, c");
        assert!(message("a.b").starts_with("`a.b` is no JSONPath"), "{}", message("a.b"));
    }
}
