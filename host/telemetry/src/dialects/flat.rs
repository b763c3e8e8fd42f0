//! Lists that are spread over attributes: `llm.input_messages.0.message.content`.

use std::collections::BTreeMap;

use model::trace::Span;
use serde_json::{Map, Value};

use crate::facts::parsed;

/// The items of the list `prefix` by their number: what stands behind it as nested objects, without the levels that are
/// called one of `skipped`. `parse` says whether a text of this name is read as JSON.
pub(super) fn list(span: &Span, prefix: &str, skipped: &[&str], parse: impl Fn(&str) -> bool) -> Vec<Value> {
    let mut items: BTreeMap<u32, Value> = BTreeMap::new();
    for (key, value) in &span.attributes {
        let Some(rest) = key.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('.')) else { continue };
        let mut names = rest.split('.').filter(|name| !skipped.contains(name));
        let Some(number) = names.next().and_then(|name| name.parse().ok()) else { continue };
        let path: Vec<_> = names.collect();
        let Some(name) = path.last() else { continue };
        // Nobody nests deeper, and a tree that deep could not be walked.
        if path.len() > 16 {
            continue;
        }
        let value = if parse(name) { parsed(value) } else { value.to_value() };
        put(items.entry(number).or_insert_with(|| Value::Object(Map::new())), &path, value);
    }
    items.into_values().map(listed).collect()
}

fn put(into: &mut Value, path: &[&str], value: Value) {
    let Value::Object(fields) = into else { return };
    match path {
        [] => {}
        [name] => drop(fields.insert((*name).to_owned(), value)),
        [name, rest @ ..] => {
            let inner = fields.entry((*name).to_owned()).or_insert_with(|| Value::Object(Map::new()));
            put(inner, rest, value);
        }
    }
}

/// Objects whose names are all numbers are lists.
fn listed(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    let numbered: Option<BTreeMap<u32, Value>> =
        fields.iter().map(|(name, value)| Some((name.parse().ok()?, value.clone()))).collect();
    match numbered.filter(|items| !items.is_empty()) {
        Some(items) => items.into_values().map(listed).collect(),
        None => fields.into_iter().map(|(name, value)| (name, listed(value))).collect(),
    }
}
