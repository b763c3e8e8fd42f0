//! What a dataset knows of its records without reading them.

use std::collections::BTreeMap;

use model::dataset::{FieldType, Fields, OutputFields, RecordGiven};
use model::json::Json;
use model::object;
use model::row::RowRecord;

/// What a version says of its rows, gathered as they go by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    pub rows: u64,
    /// How many rows each split has.
    pub splits: BTreeMap<String, u64>,
    pub(crate) fields: Fields,
}

impl Facts {
    pub fn add(&mut self, row: &RowRecord) {
        self.rows += 1;
        if let Some(split) = &row.split {
            match self.splits.get_mut(split) {
                Some(count) => *count += 1,
                None => drop(self.splits.insert(split.clone(), 1)),
            }
        }
        learn_fields(&mut self.fields, &row.inputs, row.outputs.as_ref());
        note_entries(&mut self.fields.expectations, row.expectations.as_ref());
    }
}

/// Takes note of fields that no record had before.
pub(crate) fn learn(fields: &mut Fields, given: &RecordGiven) {
    learn_fields(fields, &given.inputs, given.outputs.as_ref().and_then(Option::as_ref));
    for (name, value) in given.expectations.iter().flatten() {
        note(&mut fields.expectations, name, value.as_str());
    }
}

fn learn_fields(fields: &mut Fields, inputs: &Json, outputs: Option<&Json>) {
    note_entries(&mut fields.inputs, Some(inputs));
    match (outputs, &mut fields.outputs) {
        (Some(outputs), OutputFields::Object(known)) if outputs.is_object() => note_entries(known, Some(outputs)),
        (Some(other), OutputFields::Object(known)) if known.is_empty() => {
            fields.outputs = OutputFields::Other(type_of(other.as_str()));
        }
        _ => {}
    }
}

fn note_entries(known: &mut BTreeMap<String, FieldType>, json: Option<&Json>) {
    for (name, value) in json.and_then(|json| object::entries(json.as_str())).into_iter().flatten() {
        note(known, &name, value.get());
    }
}

fn note(known: &mut BTreeMap<String, FieldType>, name: &str, value: &str) {
    if !known.contains_key(name) {
        known.insert(name.to_owned(), type_of(value));
    }
}

fn type_of(value: &str) -> FieldType {
    match value.as_bytes().first() {
        Some(b'n') | None => FieldType::Null,
        Some(b't' | b'f') => FieldType::Boolean,
        Some(b'"') => FieldType::String,
        Some(b'[') => FieldType::Array,
        Some(b'{') => FieldType::Object,
        Some(_) if value.contains(['.', 'e', 'E']) => FieldType::Float,
        Some(_) => FieldType::Integer,
    }
}
