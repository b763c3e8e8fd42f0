//! The parameters of a scorer as its JSON Schema tells of them, for people.

use model::json::Json;
use serde_json::Value;

/// One parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    pub name: String,
    /// What it takes, in words: `text`, `list of number`, `` `chars` or `words` ``.
    pub takes: String,
    /// Whether `takes` lists all there is.
    pub is_choice: bool,
    pub is_required: bool,
    /// What holds where it is left out, if the schema says so.
    pub default: Option<Value>,
    /// As its author put it; may be empty.
    pub description: String,
}

/// How far references and lists are followed.
const DEEPEST: usize = 6;

/// The parameters of a schema: those that have to be there, then the others, each by name.
pub fn parameters(schema: &Json) -> Vec<Parameter> {
    let schema = schema.to_value();
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = schema["properties"].as_object().into_iter().flatten();
    let mut parameters: Vec<_> = properties
        .map(|(name, property)| {
            let kinds = kinds(&schema, property, DEEPEST);
            Parameter {
                name: name.clone(),
                is_choice: !kinds.is_empty() && kinds.iter().all(|kind| kind.starts_with('`')),
                takes: if kinds.is_empty() { "anything".to_owned() } else { either(&kinds) },
                is_required: required.contains(&name.as_str()),
                default: property.get("default").filter(|default| !default.is_null()).cloned(),
                description: described(&schema, property),
            }
        })
        .collect();
    parameters.sort_by_key(|parameter| !parameter.is_required);
    parameters
}

/// Its own description, else that of what it refers to.
fn described(schema: &Value, property: &Value) -> String {
    let of = |node: &Value| node["description"].as_str().map(str::to_owned);
    of(property).or_else(|| of(referred(schema, property)?)).unwrap_or_default()
}

fn referred<'a>(schema: &'a Value, node: &Value) -> Option<&'a Value> {
    schema.pointer(node["$ref"].as_str()?.strip_prefix('#')?)
}

/// Each thing that may stand there, in words; `null` is no more than leaving it out.
fn kinds(schema: &Value, node: &Value, deepest: usize) -> Vec<String> {
    let Some(deeper) = deepest.checked_sub(1) else { return Vec::new() };
    if let Some(referred) = referred(schema, node) {
        return kinds(schema, referred, deeper);
    }
    let literals = node.get("const").into_iter().chain(node["enum"].as_array().into_iter().flatten());
    let mut all: Vec<_> = literals.filter(|value| !value.is_null()).map(literal).collect();
    for key in ["oneOf", "anyOf", "allOf"] {
        let branches = node[key].as_array().into_iter().flatten();
        all.extend(branches.flat_map(|branch| kinds(schema, branch, deeper)));
    }
    if all.is_empty() {
        let types = match &node["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        all.extend(types.into_iter().filter_map(|kind| {
            Some(match kind {
                "null" => return None,
                "string" => "text".to_owned(),
                "array" => match kinds(schema, &node["items"], deeper) {
                    items if items.is_empty() => "list".to_owned(),
                    items => format!("list of {}", either(&items)),
                },
                other => other.to_owned(),
            })
        }));
    }
    let mut seen = std::collections::HashSet::new();
    all.retain(|kind| seen.insert(kind.clone()));
    all
}

/// A value as one would write it.
pub fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{text}`"),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        other => format!("`{other}`"),
    }
}

fn either(kinds: &[String]) -> String {
    match kinds {
        [all @ .., last] if !all.is_empty() => format!("{} or {last}", all.join(", ")),
        kinds => kinds.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn one(property: Value) -> Parameter {
        let unit = json!({ "description": "What is counted.", "oneOf": [{ "const": "chars" }, { "const": "words" }] });
        let schema = json!({ "properties": { "p": property }, "$defs": { "Unit": unit } });
        parameters(&Json::from_serialize(&schema).expect("JSON")).remove(0)
    }

    #[test]
    fn what_a_parameter_takes_is_told_in_words() {
        let check = |property: Value, expected: &str| assert_eq!(one(property).takes, expected);
        check(json!({ "type": ["string", "null"] }), "text");
        check(json!({ "type": "array", "items": { "type": "number" } }), "list of number");
        check(json!({ "type": ["integer", "array"] }), "integer or list");
        check(json!({ "$ref": "#/$defs/Unit" }), "`chars` or `words`");
        check(json!({ "anyOf": [{ "$ref": "#/$defs/Unit" }, { "type": "null" }] }), "`chars` or `words`");
        check(json!({ "enum": ["a", "b", "c"] }), "`a`, `b` or `c`");
        check(json!(true), "anything");
        check(json!({ "$ref": "#/properties/p" }), "anything");
    }

    #[test]
    fn a_default_and_a_description_are_found_and_null_is_no_default() {
        let unit = one(json!({ "$ref": "#/$defs/Unit", "default": "chars" }));
        assert_eq!(
            (unit.default, &*unit.description, unit.is_choice),
            (Some(json!("chars")), "What is counted.", true)
        );
        assert_eq!(one(json!({ "default": null })).default, None);
    }

    #[test]
    fn those_that_have_to_be_there_come_first() {
        let schema = r#"{ "properties": { "a": {}, "b": {}, "c": {} }, "required": ["c"] }"#;
        let all = parameters(&Json::parse(schema).expect("JSON"));
        let names: Vec<_> = all.iter().map(|parameter| (parameter.name.as_str(), parameter.is_required)).collect();
        assert_eq!(names, [("c", true), ("a", false), ("b", false)]);
    }
}
