//! A JSON value against a JSON Schema (draft 2020-12), with messages for people.

use std::fmt::Write;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{JsonType, ValidationError, Validator};
use model::quantity::{Allowance, ByteSize, Count, TimeSpan};
use model::reducer::Reducer;
use serde_json::Value;

use crate::{nearest, pointer};

/// Something in a value that its schema does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Where to look, as a JSON pointer: for a key that should not be there, the key.
    pub place: String,
    /// What the message is about, as a JSON pointer: for a key that should not be there, the object around it.
    pub subject: String,
    pub message: String,
    pub hint: Option<String>,
}

/// A schema, ready to check values.
pub(crate) struct Checker<'s> {
    schema: &'s Value,
    validator: Validator,
}

impl<'s> Checker<'s> {
    /// # Errors
    ///
    /// Fails with a reason when `schema` is none, or refers to something outside of itself.
    pub(crate) fn new(schema: &'s Value) -> Result<Self, String> {
        let validator = jsonschema::options()
            .offline()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .with_format("byte-size", |text: &str| text.parse::<ByteSize>().is_ok())
            .with_format("time-span", |text: &str| text.parse::<TimeSpan>().is_ok())
            .with_format("allowance", |text: &str| text.parse::<Allowance>().is_ok())
            .with_format("reducer", |text: &str| text.parse::<Reducer>().is_ok())
            .with_format("count", |text: &str| serde_json::from_value::<Count>(text.into()).is_ok())
            .build(schema)
            .map_err(|error| error.to_string())?;
        Ok(Self { schema, validator })
    }

    /// Everything in `value` that the schema does not allow.
    pub(crate) fn check(&self, value: &Value) -> Vec<Violation> {
        let mut violations = Vec::new();
        for error in self.validator.iter_errors(value) {
            self.explain(&error, &mut violations);
        }
        violations
    }

    fn explain(&self, error: &ValidationError<'_>, violations: &mut Vec<Violation>) {
        let place = error.instance_path().as_str();
        match error.kind() {
            ValidationErrorKind::AdditionalProperties { unexpected }
            | ValidationErrorKind::UnevaluatedProperties { unexpected } => {
                let allowed = self.allowed_keys(error);
                violations.extend(unexpected.iter().map(|key| unknown_key(place, key, &allowed)));
            }
            ValidationErrorKind::AnyOf { context } | ValidationErrorKind::OneOfNotValid { context } => {
                match branch_of_type(place, context) {
                    Some(branch) => branch.iter().for_each(|error| self.explain(error, violations)),
                    None => violations.push(self.none_of(error, context)),
                }
            }
            _ => violations.push(self.violation(place, self.message(error))),
        }
    }

    fn violation(&self, place: &str, message: String) -> Violation {
        Violation { place: place.to_owned(), subject: place.to_owned(), message, hint: None }
    }

    /// Branches that all want another type, or that the value's type does not tell apart.
    fn none_of(&self, error: &ValidationError<'_>, branches: &[Vec<ValidationError<'static>>]) -> Violation {
        let place = error.instance_path().as_str();
        let mut types = Vec::new();
        let mut choices = Vec::new();
        for error in branches.iter().flatten().filter(|error| error.instance_path().as_str() == place) {
            match error.kind() {
                ValidationErrorKind::Type { kind } => types.extend(type_names(kind)),
                ValidationErrorKind::Constant { expected_value } => choices.push(expected_value.to_string()),
                ValidationErrorKind::Enum { options } => choices.extend(texts(options)),
                _ => {}
            }
        }
        types.dedup();
        let value = error.instance();
        let message = match (choices.is_empty(), types.is_empty()) {
            (false, _) if value.is_string() => format!("expected {}, found {}", one_of(&choices), shown(value)),
            (_, false) => format!("expected {}, found {}", types.join(" or "), found(value)),
            (false, true) => format!("expected {}, found {}", one_of(&choices), found(value)),
            (true, true) => "fits none of the shapes it may have".to_owned(),
        };
        self.violation(place, message)
    }

    fn message(&self, error: &ValidationError<'_>) -> String {
        let value = error.instance().as_ref();
        match error.kind() {
            ValidationErrorKind::Type { kind } => {
                let expected = type_names(kind).join(" or ");
                format!("expected {expected}{}, found {}", self.example(error), found(value))
            }
            ValidationErrorKind::Required { property } => {
                format!("missing key `{}`", property.as_str().unwrap_or_default())
            }
            ValidationErrorKind::Enum { options } => {
                format!("expected {}, found {}", one_of(&texts(options)), shown(value))
            }
            ValidationErrorKind::Constant { expected_value } => {
                format!("expected {expected_value}, found {}", shown(value))
            }
            ValidationErrorKind::Format { format } => wrong_format(format, value),
            ValidationErrorKind::Pattern { pattern } => format!("{} does not match `{pattern}`", shown(value)),
            ValidationErrorKind::Minimum { limit } => format!("must be at least {limit}, found {value}"),
            ValidationErrorKind::ExclusiveMinimum { limit } => format!("must be above {limit}, found {value}"),
            ValidationErrorKind::Maximum { limit } => format!("must be at most {limit}, found {value}"),
            ValidationErrorKind::ExclusiveMaximum { limit } => format!("must be below {limit}, found {value}"),
            ValidationErrorKind::MultipleOf { multiple_of } if *multiple_of == 1.0 => {
                format!("expected a whole number, found {value}")
            }
            ValidationErrorKind::MinLength { limit: 1 } => "must not be empty".to_owned(),
            ValidationErrorKind::MinItems { limit } => format!("needs at least {limit} items"),
            ValidationErrorKind::FalseSchema => "must not be there".to_owned(),
            _ => error.to_string(),
        }
    }

    /// The schema around the keyword that found the error.
    fn around(&self, error: &ValidationError<'_>) -> Option<&'s Value> {
        self.schema.pointer(pointer::parent(error.schema_path().as_str())?)
    }

    fn allowed_keys(&self, error: &ValidationError<'_>) -> Vec<&'s str> {
        let properties = self.around(error).and_then(|schema| schema.get("properties")).and_then(Value::as_object);
        properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect()
    }

    fn example(&self, error: &ValidationError<'_>) -> String {
        let examples = self.around(error).and_then(|schema| schema.get("examples"));
        match examples.and_then(|examples| examples.get(0)) {
            Some(Value::String(example)) => format!(" such as `{example}`"),
            Some(example) => format!(" such as `{example}`"),
            None => String::new(),
        }
    }
}

fn unknown_key(place: &str, key: &str, allowed: &[&str]) -> Violation {
    let hint = match allowed {
        [] => None,
        allowed => Some(nearest::hint(key, "allowed keys", allowed.iter().copied())),
    };
    Violation {
        place: pointer::join(place, key),
        subject: place.to_owned(),
        message: format!("unknown key `{key}`"),
        hint,
    }
}

/// The one branch that does not complain about the type of the value itself: the one that was meant.
fn branch_of_type<'e>(
    place: &str,
    branches: &'e [Vec<ValidationError<'static>>],
) -> Option<&'e [ValidationError<'static>]> {
    let is_of_type = |branch: &&Vec<ValidationError<'static>>| {
        !branch.iter().any(|error| {
            error.instance_path().as_str() == place
                && matches!(
                    error.kind(),
                    ValidationErrorKind::Type { .. }
                        | ValidationErrorKind::Constant { .. }
                        | ValidationErrorKind::Enum { .. }
                )
        })
    };
    let mut fitting = branches.iter().filter(is_of_type);
    match (fitting.next(), fitting.next()) {
        (Some(branch), None) => Some(branch),
        _ => None,
    }
}

/// The types by the names people use; `null` only where nothing else is allowed.
fn type_names(kind: &TypeKind) -> Vec<&'static str> {
    let types: Vec<JsonType> = match kind {
        TypeKind::Single(one) => vec![*one],
        TypeKind::Multiple(many) => many.iter().collect(),
    };
    let mut names: Vec<_> = types.iter().filter(|kind| **kind != JsonType::Null).map(|kind| type_name(*kind)).collect();
    names.dedup();
    if names.is_empty() { vec!["nothing"] } else { names }
}

fn type_name(kind: JsonType) -> &'static str {
    match kind {
        JsonType::Null => "nothing",
        JsonType::Boolean => "`true` or `false`",
        JsonType::Integer => "a whole number",
        JsonType::Number => "a number",
        JsonType::String => "a text",
        JsonType::Array => "a list",
        JsonType::Object => "an object",
    }
}

/// Names the kind of a value, for messages.
pub(crate) fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(true) => "`true`",
        Value::Bool(false) => "`false`",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Number(number) => number.to_string(),
        other => found(other).to_owned(),
    }
}

fn texts(options: &Value) -> Vec<String> {
    let options = options.as_array().into_iter().flatten();
    options
        .filter(|option| !option.is_null())
        .map(|option| option.as_str().map_or(option.to_string(), str::to_owned))
        .collect()
}

fn one_of(choices: &[String]) -> String {
    let mut text = String::new();
    for (number, choice) in choices.iter().enumerate() {
        let separator = if number == 0 {
            ""
        } else if number + 1 == choices.len() {
            " or "
        } else {
            ", "
        };
        let _ = write!(text, "{separator}`{}`", choice.trim_matches('"'));
    }
    text
}

/// The formats of quantities say themselves what they are.
fn wrong_format(format: &str, value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let reason = match format {
        "byte-size" => text.parse::<ByteSize>().map_err(|error| error.to_string()).err(),
        "time-span" => text.parse::<TimeSpan>().map_err(|error| error.to_string()).err(),
        "allowance" => text.parse::<Allowance>().map_err(|error| error.to_string()).err(),
        "reducer" => text.parse::<Reducer>().map_err(|error| error.to_string()).err(),
        _ => None,
    };
    reason.unwrap_or_else(|| format!("{} is not a valid {format}", shown(value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(schema: Value, value: Value, expected: &[&str]) {
        let checker = Checker::new(&schema).expect("a schema");
        let seen: Vec<_> = checker
            .check(&value)
            .into_iter()
            .map(|violation| format!("{} {}", violation.place, violation.message).trim().to_owned())
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn types_have_the_names_people_use() {
        check(json!({"type": "array"}), json!("x"), &["expected a list, found a text"]);
        check(json!({"type": ["integer", "null"]}), json!([]), &["expected a whole number, found a list"]);
        check(json!({"type": "boolean"}), json!(null), &["expected `true` or `false`, found nothing"]);
        check(json!({"enum": ["a", "b", "c"]}), json!("d"), &["expected `a`, `b` or `c`, found `d`"]);
    }

    #[test]
    fn a_union_complains_about_the_branch_that_was_meant() {
        let entry = json!({"anyOf": [
            {"type": "string"},
            {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": false},
        ]});
        check(entry.clone(), json!({"n": "x"}), &["/n expected a whole number, found a text"]);
        check(entry.clone(), json!({"m": 1}), &["/m unknown key `m`"]);
        check(entry, json!(3), &["expected a text or an object, found a number"]);
        let auto = json!({"anyOf": [{"type": "string", "enum": ["auto"]}, {"type": "integer", "minimum": 1}]});
        check(auto.clone(), json!("fast"), &["expected `auto`, found `fast`"]);
        check(auto, json!(0), &["must be at least 1, found 0"]);
    }

    #[test]
    fn a_schema_that_is_none_is_refused() {
        assert!(Checker::new(&json!({"type": "texts"})).is_err());
        assert!(Checker::new(&json!({"$ref": "https://example.com/schema.json"})).is_err());
    }

    #[test]
    fn a_schema_that_refers_to_itself_does_no_harm() {
        let schema = json!({"$ref": "#"});
        if let Ok(checker) = Checker::new(&schema) {
            checker.check(&json!({}));
        }
    }
}
