//! What a dataset knows of the fields of its records.

use std::collections::BTreeMap;

use model::dataset::{FieldType, Fields, OutputFields, RecordGiven};
use model::json::Json;
use serde_json::Value;

/// Takes note of fields that no record had before.
pub(crate) fn learn(fields: &mut Fields, given: &RecordGiven) {
    let note = |known: &mut BTreeMap<String, FieldType>, name: &str, value: &Value| {
        if !known.contains_key(name) {
            known.insert(name.to_owned(), type_of(value));
        }
    };
    if let Value::Object(inputs) = given.inputs.to_value() {
        inputs.iter().for_each(|(name, value)| note(&mut fields.inputs, name, value));
    }
    let outputs = given.outputs.as_ref().and_then(Option::as_ref).map(Json::to_value);
    match (outputs, &mut fields.outputs) {
        (Some(Value::Object(outputs)), OutputFields::Object(known)) => {
            outputs.iter().for_each(|(name, value)| note(known, name, value));
        }
        (Some(other), OutputFields::Object(known)) if known.is_empty() && !other.is_object() => {
            fields.outputs = OutputFields::Other(type_of(&other));
        }
        _ => {}
    }
    for (name, value) in given.expectations.iter().flatten() {
        note(&mut fields.expectations, name, &value.to_value());
    }
}

fn type_of(value: &Value) -> FieldType {
    match value {
        Value::Null => FieldType::Null,
        Value::Bool(_) => FieldType::Boolean,
        Value::Number(number) if number.is_f64() => FieldType::Float,
        Value::Number(_) => FieldType::Integer,
        Value::String(_) => FieldType::String,
        Value::Array(_) => FieldType::Array,
        Value::Object(_) => FieldType::Object,
    }
}
