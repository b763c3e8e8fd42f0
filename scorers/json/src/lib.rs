//! The built-in plugin `karat/json`: what can be said of structured answers without asking anybody.
//!
//! Outputs and expectations that are JSON strings are read as JSON texts, since that is how a language model writes
//! JSON; anything else is taken as it is.

mod difference;
mod json_equals;
mod json_schema;
mod path;
mod read;
mod valid_json;

pub use json_equals::JsonEquals;
pub use json_schema::JsonSchemaMatch;
pub use valid_json::ValidJson;

karat_sdk::plugin! {
    name: "karat/json",
    scorers: [ValidJson, JsonSchemaMatch, JsonEquals],
}
