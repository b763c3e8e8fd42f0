//! Whether a JSON value has the right shape.

use karat_sdk::prelude::*;

use crate::read::read;

/// Errors told in a rationale.
const TOLD: usize = 5;

/// Bytes of one error in a rationale: some quote the value.
const LONGEST: usize = 300;

/// Checks the outputs against a JSON Schema.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonSchemaMatch {
    /// The schema, by its `$schema` or of draft 2020-12. It may refer to nothing outside of itself; `format` is not
    /// checked, as the standard has it.
    #[schemars(extend("type" = ["object", "boolean"]))]
    schema: serde_json::Value,
}

impl Scorer for JsonSchemaMatch {
    const NAME: &str = "json_schema";
    const SUMMARY: &str = "whether the outputs are JSON that satisfies a schema";
    const BETTER: Direction = Direction::Maximize;
    type Verdict = bool;

    fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
        let validator = jsonschema::options()
            .offline()
            .build(&self.schema)
            .map_err(|error| Failure::bad_parameter(format!("`schema` is no JSON Schema: {error}")))?;
        let outputs = match read(row.outputs()?)? {
            Ok(outputs) => outputs,
            Err(error) => return Ok(Feedback::from(false).because(format!("not JSON: {error}")).into()),
        };
        let errors: Vec<_> = validator.iter_errors(&outputs).collect();
        if errors.is_empty() {
            return Ok(true.into());
        }
        Ok(Feedback::from(false).because(told(&errors)).into())
    }
}

fn told(errors: &[jsonschema::ValidationError<'_>]) -> String {
    let mut lines: Vec<_> = errors.iter().take(TOLD).map(line).collect();
    if errors.len() > TOLD {
        lines.push(format!("and {} more", errors.len() - TOLD));
    }
    lines.join("\n")
}

fn line(error: &jsonschema::ValidationError<'_>) -> String {
    let mut message = error.to_string();
    if message.len() > LONGEST {
        message.truncate(message.floor_char_boundary(LONGEST));
        message.push('…');
    }
    match error.instance_path().as_str() {
        "" => message,
        path => format!("`{path}`: {message}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use karat_sdk::testing::row;

    fn order() -> serde_json::Value {
        json!({
            "type": "object",
            "properties": {"id": {"type": "integer"}, "lines": {"type": "array", "items": {"type": "string"}}},
            "required": ["id"],
        })
    }

    #[track_caller]
    fn check(outputs: serde_json::Value, rationale: Option<&str>) {
        let feedback = row().outputs(outputs).feedback::<JsonSchemaMatch>(json!({"schema": order()}));
        assert_eq!((*feedback.value(), feedback.rationale()), (rationale.is_none(), rationale));
    }

    #[test]
    fn objects_and_texts_of_objects_are_checked_alike() {
        check(json!({"id": 1}), None);
        check(json!("{\"id\": 1, \"lines\": [\"a\"]}"), None);
        check(json!("{\"lines\": []}"), Some("\"id\" is a required property"));
    }

    #[test]
    fn an_error_is_told_with_its_place() {
        let outputs = json!({"id": 1, "lines": ["a", 2]});
        check(outputs, Some("`/lines/1`: 2 is not of type \"string\""));
    }

    #[test]
    fn the_first_errors_are_told_and_the_others_counted() {
        let outputs = json!({"id": 1, "lines": [1, 2, 3, 4, 5, 6, 7]});
        let feedback = row().outputs(outputs).feedback::<JsonSchemaMatch>(json!({"schema": order()}));
        let rationale = feedback.rationale().expect("a reason");
        assert_eq!((rationale.lines().count(), rationale.lines().last()), (6, Some("and 2 more")));
    }

    #[test]
    fn a_text_that_is_not_json_is_wrong_and_says_why() {
        check(json!("Here it is:"), Some("not JSON: expected value at line 1 column 1"));
    }

    #[test]
    fn a_schema_that_is_none_is_a_bad_parameter() {
        for schema in [json!({"type": "texts"}), json!({"$ref": "https://example.com/x.json"})] {
            let failure =
                row().outputs("{}").score::<JsonSchemaMatch>(json!({"schema": schema})).expect_err("no schema");
            assert_eq!(failure.code, ErrorCode::BadParameter);
        }
    }
}
