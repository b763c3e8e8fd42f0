//! The JSON that a reply has to be, as it is put to a provider.

use model::judge::Format;
use serde_json::{Value, json};

/// Of the object that a reply lies in which is none itself: providers take schemas of objects only.
pub(super) const KEY: &str = "reply";

/// Of the tool whose arguments are the reply.
pub(super) const TOOL: &str = "give_reply";

/// A schema, or choices as one.
#[derive(Debug)]
pub(super) struct Shape {
    /// Of an object.
    pub(super) schema: Value,
    /// The reply is what that object has for [`KEY`].
    pub(super) is_wrapped: bool,
}

impl Shape {
    /// None where the reply is just text.
    pub(super) fn of(format: &Format) -> Option<Self> {
        let bare = match format {
            Format::Text => return None,
            Format::Schema(schema) => schema.to_value(),
            Format::Choice(choices) => json!({"type": "string", "enum": choices}),
        };
        if bare.get("type").is_some_and(|kind| kind == "object") {
            return Some(Self { schema: bare, is_wrapped: false });
        }
        Some(Self { schema: wrapped(bare), is_wrapped: true })
    }
}

/// What the schema refers to within its `$defs` stays where it says. What refers to other places finds nothing there: that
/// schema is told in words, as any other that a provider does not take.
fn wrapped(mut bare: Value) -> Value {
    let definitions = bare.as_object_mut().and_then(|schema| schema.remove("$defs"));
    let mut wrapped = json!({
        "type": "object",
        "properties": {KEY: bare},
        "required": [KEY],
        "additionalProperties": false,
    });
    if let Some(definitions) = definitions {
        wrapped["$defs"] = definitions;
    }
    wrapped
}

/// What is asked for, in words; nothing where the reply is just text.
pub(super) fn told(format: &Format) -> Option<String> {
    match format {
        Format::Text => None,
        Format::Schema(schema) => {
            Some(format!("Reply with one JSON value that satisfies this JSON Schema, and with nothing else:\n{schema}"))
        }
        Format::Choice(choices) => {
            Some(format!("Reply with exactly one of these, and with nothing else:\n{}", choices.join("\n")))
        }
    }
}
