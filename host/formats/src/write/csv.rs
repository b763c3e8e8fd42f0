//! Comma-separated values. All cells are texts, and an empty one is nothing; so a value of another kind has a place only where
//! the reader knows what it is: in the objects of a row, and in its numbers.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::Write;

use model::json::Json;
use model::object::{self, kind_of};
use serde_json::value::RawValue;

use super::{Records, WriteError};
use crate::csv::{JSON_CELLS, NUMBERS, OBJECTS};

pub(super) fn write<E: From<WriteError>>(records: &mut Records<'_, E>, out: &mut (dyn Write + Send)) -> Result<(), E> {
    let mut columns = Columns::default();
    let mut number = 0;
    records(&mut |record| {
        number += 1;
        columns.add(record, number).map_err(E::from)
    })?;
    columns.finish();
    let mut csv = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| E::from(WriteError::Io(error.into()));
    csv.write_record(columns.all.iter().map(Column::name)).map_err(failed)?;
    records(&mut |record| {
        let entries = object::entries(record.as_str()).unwrap_or_default();
        csv.write_record(columns.all.iter().map(|column| column.cell(&entries))).map_err(failed)
    })?;
    csv.flush().map_err(|error| E::from(error.into()))
}

type Entries<'a> = [(Cow<'a, str>, &'a RawValue)];

/// A field, or one of the fields of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Column {
    field: String,
    inner: Option<String>,
}

impl Column {
    fn name(&self) -> String {
        match &self.inner {
            Some(inner) => format!("{}.{inner}", self.field),
            None => self.field.clone(),
        }
    }

    /// A text as it is, anything else as JSON.
    fn cell(&self, entries: &Entries<'_>) -> String {
        let Some((_, value)) = entries.iter().find(|(key, _)| *key == self.field) else { return String::new() };
        let raw = value.get();
        let Some(inner) = &self.inner else { return text(raw) };
        let entries = object::entries(raw).unwrap_or_default();
        entries.iter().find(|(key, _)| key == inner).map_or_else(String::new, |(_, value)| text(value.get()))
    }
}

fn text(raw: &str) -> String {
    match raw {
        "null" => String::new(),
        _ => serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()),
    }
}

/// Columns as they come up.
#[derive(Default)]
struct Columns {
    all: Vec<Column>,
    /// Fields with an object that no columns can hold.
    whole: BTreeSet<String>,
}

impl Columns {
    fn add(&mut self, record: &Json, number: u64) -> Result<(), WriteError> {
        for (field, value) in object::entries(record.as_str()).unwrap_or_default() {
            let unheld = |message: String| WriteError::Unheld { record: number, field: field.to_string(), message };
            let raw = value.get();
            let is_object = raw.starts_with('{');
            let kind = kind_of(raw);
            match raw.as_bytes().first() {
                Some(b'n') | None => continue,
                Some(b'{') if OBJECTS.contains(&field.as_ref()) && is_flat(raw) => {
                    for (inner, _) in object::entries(raw).unwrap_or_default() {
                        self.put(&field, Some(inner.into_owned()));
                    }
                    continue;
                }
                // As JSON in one cell, which is an object again where it is read.
                Some(b'{') if JSON_CELLS.contains(&field.as_ref()) => drop(self.whole.insert(field.to_string())),
                Some(b'"') if raw == "\"\"" => {
                    return Err(unheld("is an empty text, which CSV takes for nothing".to_owned()));
                }
                Some(b'"') if !is_name(&field) => return Err(unheld("can't name a column of CSV".to_owned())),
                Some(b'"') if is_object_in_text(&field, raw) => {
                    return Err(unheld("is a text that would be read as an object".to_owned()));
                }
                Some(b'"') => {}
                Some(b'0'..=b'9' | b'-') if NUMBERS.contains(&field.as_ref()) => {}
                _ => {
                    let hint = if is_object { " whose values are not all texts" } else { "" };
                    return Err(unheld(format!("is {kind}{hint}, and CSV holds texts; JSONL and Parquet hold it")));
                }
            }
            self.put(&field, None);
        }
        // One field has one way of being written, in all records.
        if let Some(field) = OBJECTS.iter().find(|field| !JSON_CELLS.contains(field) && self.is_both(field)) {
            let message = "is a text here and an object there; JSONL and Parquet hold both".to_owned();
            return Err(WriteError::Unheld { record: number, field: (*field).to_owned(), message });
        }
        Ok(())
    }

    fn put(&mut self, field: &str, inner: Option<String>) {
        let column = Column { field: field.to_owned(), inner };
        if !self.all.contains(&column) {
            self.all.push(column);
        }
    }

    fn is_both(&self, field: &str) -> bool {
        let mut of = self.all.iter().filter(|column| column.field == field).map(|column| column.inner.is_some());
        of.next().is_some_and(|first| of.any(|next| next != first))
    }

    /// An object that no columns hold in one record is in one cell in all.
    fn finish(&mut self) {
        let Self { all, whole } = self;
        all.retain(|column| column.inner.is_none() || !whole.contains(&column.field));
    }
}

/// Whether each of an object's values is a text for a column of its own.
fn is_flat(raw: &str) -> bool {
    let entries = object::entries(raw).unwrap_or_default();
    !entries.is_empty()
        && entries.iter().all(|(key, value)| {
            let is_plain = !key.is_empty() && key.trim() == key && !key.contains('.');
            is_plain && value.get().starts_with('"') && value.get() != "\"\""
        })
}

/// Whether a header of this name is read as this field.
fn is_name(field: &str) -> bool {
    let is_path = field.split_once('.').is_some_and(|(object, _)| OBJECTS.contains(&object));
    !field.is_empty() && field.trim() == field && !is_path
}

fn is_object_in_text(field: &str, raw: &str) -> bool {
    JSON_CELLS.contains(&field) && text(raw).starts_with('{')
}
