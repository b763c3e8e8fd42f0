//! Apache Parquet, a record for each row; what counts as its line is the number of the row.
//!
//! A file is read from its end, where it says what is in it, and in pieces; so what comes as a stream is put into a temporary
//! file first. Memory holds a page of each column.

use std::io::{self, Read};
use std::ops::ControlFlow;

use model::json::Json;
use model::ports::{BrokenRecord, Record};
use parquet::basic::ConvertedType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use parquet::schema::types::Type;

use crate::Each;

pub(crate) fn read(mut source: impl Read, each: &mut Each<'_>) -> io::Result<()> {
    let mut file = tempfile::tempfile()?;
    io::copy(&mut source, &mut file)?;
    let mut number = 0;
    if let Err(error) = SerializedFileReader::new(file).and_then(|reader| rows(&reader, &mut number, each)) {
        let message = match error {
            ParquetError::General(text) | ParquetError::EOF(text) | ParquetError::NYI(text) => text,
            other => other.to_string(),
        };
        let _ = each(Err(broken(number + 1, format!("it can't be read as Parquet: {message}"))));
    }
    Ok(())
}

/// `number` counts rows as they are read.
fn rows(reader: &dyn FileReader, number: &mut u64, each: &mut Each<'_>) -> Result<(), ParquetError> {
    let schema = reader.metadata().file_metadata().schema();
    let columns = reader.metadata().file_metadata().schema_descr();
    // The reader has no value for it, and does not say so.
    if let Some(column) = columns.columns().iter().find(|column| column.converted_type() == ConvertedType::INTERVAL) {
        return Err(ParquetError::NYI(format!("the column `{}` holds intervals, which JSON can't", column.path())));
    }
    for group in 0..reader.num_row_groups() {
        for row in reader.get_row_group(group)?.get_row_iter(None)? {
            let row = row?;
            *number += 1;
            if each(record(row, schema, *number)) == ControlFlow::Break(()) {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn record(row: Row, schema: &Type, number: u64) -> Result<Record, BrokenRecord> {
    let mut text = String::new();
    object(&row, schema.get_fields(), &mut text).map_err(|message| broken(number, message))?;
    let fields = Json::parse(&text).map_err(|error| broken(number, error.to_string()))?;
    Ok(Record { line: number, fields })
}

fn broken(line: u64, message: String) -> BrokenRecord {
    BrokenRecord { line, message, hint: None }
}

/// Writes what is there of a row or a group. The types say which texts are JSON.
fn object(row: &Row, types: &[std::sync::Arc<Type>], text: &mut String) -> Result<(), String> {
    text.push('{');
    for (name, field) in row.get_column_iter() {
        if matches!(field, Field::Null) {
            continue;
        }
        if !text.ends_with('{') {
            text.push(',');
        }
        string(name, text);
        text.push(':');
        let of = types.iter().find(|of| of.name() == name);
        value(field, of.map(AsRef::as_ref), text).map_err(|wrong| format!("`{name}`: {wrong}"))?;
    }
    text.push('}');
    Ok(())
}

fn value(field: &Field, of: Option<&Type>, text: &mut String) -> Result<(), String> {
    match field {
        Field::Null => text.push_str("null"),
        Field::Bool(_)
        | Field::Byte(_)
        | Field::Short(_)
        | Field::Int(_)
        | Field::Long(_)
        | Field::UByte(_)
        | Field::UShort(_)
        | Field::UInt(_)
        | Field::ULong(_) => text.push_str(&field.to_string()),
        Field::Float16(number) => float(f64::from(*number), text)?,
        // By its shortest digits, which are those of another number in 64 bits.
        Field::Float(number) if number.is_finite() => text.push_str(&serde_json::Value::from(*number).to_string()),
        Field::Float(number) => float(f64::from(*number), text)?,
        Field::Double(number) => float(*number, text)?,
        Field::Decimal(_) => text.push_str(&field.to_string()),
        Field::Date(_)
        | Field::TimeMillis(_)
        | Field::TimeMicros(_)
        | Field::TimestampMillis(_)
        | Field::TimestampMicros(_) => string(&field.to_string(), text),
        Field::Str(json) if of.is_some_and(is_json) => {
            let json = Json::parse(json).map_err(|error| format!("is no JSON: {error}"))?;
            text.push_str(json.as_str());
        }
        Field::Str(value) => string(value, text),
        Field::Bytes(bytes) => {
            let bytes = std::str::from_utf8(bytes.data()).map_err(|_| "holds bytes that are no text".to_owned())?;
            string(bytes, text);
        }
        Field::Group(row) => {
            let types = of.filter(|of| of.is_group()).map(Type::get_fields).unwrap_or_default();
            object(row, types, text)?;
        }
        Field::ListInternal(list) => {
            text.push('[');
            for (place, element) in list.elements().iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                value(element, None, text)?;
            }
            text.push(']');
        }
        Field::MapInternal(map) => {
            text.push('{');
            for (place, (key, element)) in map.entries().iter().enumerate() {
                if place > 0 {
                    text.push(',');
                }
                match key {
                    Field::Str(key) => string(key, text),
                    other => string(&other.to_string(), text),
                }
                text.push(':');
                value(element, None, text)?;
            }
            text.push('}');
        }
    }
    Ok(())
}

fn is_json(of: &Type) -> bool {
    of.is_primitive() && of.get_basic_info().converted_type() == ConvertedType::JSON
}

fn float(number: f64, text: &mut String) -> Result<(), String> {
    if !number.is_finite() {
        return Err(format!("holds {number}, which is no number in JSON"));
    }
    text.push_str(&serde_json::Value::from(number).to_string());
    Ok(())
}

fn string(value: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}
