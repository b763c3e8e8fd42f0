//! Apache Parquet: a column for each field, of texts, whole numbers, fractions or booleans where all of its values are, and
//! of JSON else. Memory holds a row group.

use std::io::Write;
use std::sync::Arc;

use model::json::Json;
use model::object;
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;

use super::{Records, WriteError};

/// Rows, and bytes of JSON, after which a row group is written.
const MOST_ROWS: usize = 50_000;
const MOST_BYTES: usize = 32 << 20;

pub(super) fn write<E: From<WriteError>>(records: &mut Records<'_, E>, out: &mut (dyn Write + Send)) -> Result<(), E> {
    let mut columns: Vec<Column> = Vec::new();
    records(&mut |record| {
        for (name, value) in object::entries(record.as_str()).unwrap_or_default() {
            let kind = Kind::of(value.get());
            match columns.iter_mut().find(|column| column.name == name) {
                Some(column) => column.kind = column.kind.with(kind),
                None => columns.push(Column { name: name.into_owned(), kind }),
            }
        }
        Ok(())
    })?;
    let failed = |error: ParquetError| E::from(WriteError::Io(error.into()));
    let fields = columns.iter().map(|column| column.kind.field(&column.name).map(Arc::new));
    let fields = fields.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let schema = Type::group_type_builder("row").with_fields(fields).build().map_err(failed)?;
    let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
    let mut file = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
    let (mut rows, mut bytes) = (Vec::new(), 0);
    records(&mut |record| {
        bytes += record.as_str().len();
        rows.push(record.clone());
        if rows.len() == MOST_ROWS || bytes >= MOST_BYTES {
            bytes = 0;
            group(&mut file, &columns, &std::mem::take(&mut rows)).map_err(failed)?;
        }
        Ok(())
    })?;
    if !rows.is_empty() {
        group(&mut file, &columns, &rows).map_err(failed)?;
    }
    file.close().map_err(failed)?;
    Ok(())
}

struct Column {
    name: String,
    kind: Kind,
}

/// What all values of a column are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Boolean,
    Whole,
    Fraction,
    Text,
    Json,
}

impl Kind {
    /// A number whose text is not that of the number in Parquet is JSON.
    fn of(raw: &str) -> Self {
        let is_written = |number: serde_json::Result<f64>| {
            let spelled = number.map(|number| serde_json::Value::from(number).to_string());
            spelled.is_ok_and(|spelled| spelled == raw)
        };
        match raw.as_bytes().first() {
            Some(b't' | b'f') => Self::Boolean,
            Some(b'"') => Self::Text,
            Some(b'0'..=b'9' | b'-') if raw.parse::<i64>().is_ok_and(|number| number.to_string() == raw) => Self::Whole,
            Some(b'0'..=b'9' | b'-') if is_written(serde_json::from_str(raw)) => Self::Fraction,
            _ => Self::Json,
        }
    }

    fn with(self, other: Self) -> Self {
        if self == other { self } else { Self::Json }
    }

    fn field(self, name: &str) -> Result<Type, ParquetError> {
        let (physical, logical) = match self {
            Self::Boolean => (Physical::BOOLEAN, None),
            Self::Whole => (Physical::INT64, None),
            Self::Fraction => (Physical::DOUBLE, None),
            Self::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Self::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
        };
        let field = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        field.with_logical_type(logical).build()
    }
}

fn group<W: Write + Send>(
    file: &mut SerializedFileWriter<W>,
    columns: &[Column],
    rows: &[Json],
) -> Result<(), ParquetError> {
    let rows: Vec<_> = rows.iter().map(|row| object::entries(row.as_str()).unwrap_or_default()).collect();
    let mut group = file.next_row_group()?;
    for Column { name, .. } in columns {
        let Some(mut column) = group.next_column()? else { break };
        let values = rows.iter().map(|row| row.iter().find(|(key, _)| key == name).map(|(_, value)| value.get()));
        let levels: Vec<i16> = values.clone().map(|value| i16::from(value.is_some())).collect();
        let there = values.flatten();
        match column.untyped() {
            ColumnWriter::BoolColumnWriter(to) => {
                let values: Vec<_> = there.map(|raw| raw == "true").collect();
                to.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::Int64ColumnWriter(to) => {
                let values: Vec<_> = there.map(|raw| raw.parse().unwrap_or_default()).collect();
                to.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::DoubleColumnWriter(to) => {
                let values: Vec<f64> = there.map(|raw| serde_json::from_str(raw).unwrap_or_default()).collect();
                to.write_batch(&values, Some(&levels), None)?;
            }
            ColumnWriter::ByteArrayColumnWriter(to) => {
                let is_text = columns.iter().any(|column| column.name == *name && column.kind == Kind::Text);
                let value = |raw: &str| match is_text {
                    true => ByteArray::from(serde_json::from_str::<String>(raw).unwrap_or_default().into_bytes()),
                    false => ByteArray::from(raw.as_bytes().to_vec()),
                };
                let values: Vec<_> = there.map(value).collect();
                to.write_batch(&values, Some(&levels), None)?;
            }
            _ => return Err(ParquetError::General(format!("the column `{name}` has a type of nobody's"))),
        }
        column.close()?;
    }
    group.close()?;
    Ok(())
}
