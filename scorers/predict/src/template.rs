//! JSON with parts of the row in it: `{{ inputs.question }}`.
//!
//! A text that is one placeholder and nothing else becomes the value it stands for, of whatever kind; within a longer text
//! a value stands as its characters, or as JSON where it is no text. What a row lacks is an error that names it.

use karat_sdk::{Failure, Row};
use serde_json::{Map, Value};

/// The parts of a row that can be named.
pub(crate) struct Parts(Map<String, Value>);

impl Parts {
    pub(crate) fn of(row: &Row) -> Result<Self, Failure> {
        let inputs: Value = match row.inputs().as_str() {
            Some(text) => {
                serde_json::from_str(text).map_err(|error| Failure::bad_input(format!("`inputs`: {error}")))?
            }
            None => Value::Null,
        };
        let tags: Map<String, Value> =
            row.tags().iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        let mut parts = Map::new();
        parts.insert("id".to_owned(), row.id().into());
        parts.insert("inputs".to_owned(), inputs);
        parts.insert("tags".to_owned(), tags.into());
        parts.insert("session".to_owned(), row.session().into());
        parts.insert("trial".to_owned(), row.trial().into());
        parts.insert("seed".to_owned(), row.seed().into());
        Ok(Self(parts))
    }

    /// What the application is asked.
    pub(crate) fn inputs(&self) -> &Value {
        &self.0["inputs"]
    }

    /// All of it, as an object.
    pub(crate) fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// A template with everything filled in.
    pub(crate) fn fill(&self, template: &Value) -> Result<Value, Failure> {
        Ok(match template {
            Value::String(text) => self.fill_text(text)?,
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect::<Result<Vec<_>, _>>()?.into(),
            Value::Object(fields) => {
                let filled = fields.iter().map(|(name, value)| Ok((name.clone(), self.fill(value)?)));
                Value::Object(filled.collect::<Result<_, Failure>>()?)
            }
            other => other.clone(),
        })
    }

    /// A text with everything filled in; a value that is no text stands as JSON.
    pub(crate) fn text(&self, template: &str) -> Result<String, Failure> {
        Ok(shown(&self.fill_text(template)?))
    }

    fn fill_text(&self, template: &str) -> Result<Value, Failure> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, name, behind)) = placeholder(rest) {
            // Secrets are filled in by the host, which is the only one to have them.
            if name.starts_with("secret:") {
                let end = rest.len() - behind.len();
                filled.push_str(&rest[..end]);
                rest = behind;
                continue;
            }
            let value = self.find(name)?;
            if before.is_empty() && behind.is_empty() && filled.is_empty() {
                return Ok(value.clone());
            }
            filled.push_str(before);
            filled.push_str(&shown(value));
            rest = behind;
        }
        filled.push_str(rest);
        Ok(filled.into())
    }

    /// What a name with dots stands for; a whole number is a place in a list.
    fn find(&self, name: &str) -> Result<&Value, Failure> {
        let mut steps = name.split('.');
        let first = steps.next().unwrap_or_default();
        let root = self.0.get(first).ok_or_else(|| {
            let known = self.0.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            Failure::bad_parameter(format!("`{{{{ {name} }}}}` names no part of a row: use one of {known}"))
        })?;
        let found = steps.try_fold(root, |value, step| match value {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            other => other.get(step),
        });
        found.filter(|value| !value.is_null()).ok_or_else(|| Failure::bad_input(format!("the row has no `{name}`")))
    }
}

/// The text before the first placeholder, its name, and what is behind it.
fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{")?;
    let (name, behind) = rest.split_once("}}")?;
    Some((before, name.trim(), behind))
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use karat_sdk::serde_json::json;

    use super::*;

    fn parts() -> Parts {
        let row = karat_sdk::testing::row().inputs(json!({ "q": "why?", "n": [1, { "x": true }], "none": null }));
        Parts::of(&row.build()).expect("a row")
    }

    #[test]
    fn a_value_stands_for_itself_or_within_a_text() {
        let check = |template: Value, expected: Value| assert_eq!(parts().fill(&template), Ok(expected));
        check(json!("{{ inputs.q }}"), json!("why?"));
        check(json!("{{inputs.n}}"), json!([1, { "x": true }]));
        check(json!("{{inputs.n.1.x}}"), json!(true));
        check(json!("<{{inputs.q}}|{{ inputs.n }}>"), json!("<why?|[1,{\"x\":true}]>"));
        check(json!({ "a": ["{{inputs.q}}", 1, null] }), json!({ "a": ["why?", 1, null] }));
        check(json!("Bearer {{secret:KEY}} {{trial}}"), json!("Bearer {{secret:KEY}} 0"));
        check(json!("{{ not closed"), json!("{{ not closed"));
    }

    #[test]
    fn what_is_not_there_is_named() {
        let message = |template: &str| parts().text(template).expect_err("missing").message;
        assert_eq!(message("{{inputs.a}}"), "the row has no `inputs.a`");
        assert_eq!(message("{{inputs.none}}"), "the row has no `inputs.none`");
        assert!(message("{{input.q}}").contains("names no part of a row: use one of id, inputs,"));
    }
}
