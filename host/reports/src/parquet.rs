//! Parquet: the table of verdicts in columns, with every text as it is.

use std::io::{self, Write};
use std::sync::Arc;

use model::row::RowRecord;
use model::run::{RowResult, RunPlan};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;

use crate::Report;
use crate::verdicts::{Line, lines, written};

const SCHEMA: &str = "message results {
    REQUIRED BYTE_ARRAY id (STRING);
    REQUIRED INT32 trial;
    REQUIRED BYTE_ARRAY scorer (STRING);
    REQUIRED BYTE_ARRAY outcome (STRING);
    OPTIONAL BYTE_ARRAY value (STRING);
    OPTIONAL DOUBLE number;
    OPTIONAL BYTE_ARRAY rationale (STRING);
    OPTIONAL BYTE_ARRAY reason (STRING);
}";

/// A group of rows is written when it has as many lines, or as many bytes of text.
const GROUP_LINES: usize = 1 << 16;
const GROUP_BYTES: usize = 16 << 20;

pub(crate) struct Parquet<'a, W: Write + Send> {
    plan: &'a RunPlan,
    out: SerializedFileWriter<W>,
    group: Group,
}

/// The columns of the lines that wait.
#[derive(Default)]
struct Group {
    bytes: usize,
    id: Texts,
    trial: Vec<i32>,
    scorer: Texts,
    outcome: Texts,
    value: Optional<ByteArray>,
    number: Optional<f64>,
    rationale: Optional<ByteArray>,
    reason: Optional<ByteArray>,
}

type Texts = Vec<ByteArray>;

/// The values that are there, and for each line whether it has one.
struct Optional<T> {
    values: Vec<T>,
    levels: Vec<i16>,
}

impl<'a, W: Write + Send> Parquet<'a, W> {
    pub(crate) fn new(plan: &'a RunPlan, out: W) -> io::Result<Self> {
        let schema = parse_message_type(SCHEMA).map_err(failed)?;
        let properties = WriterProperties::builder().set_compression(Compression::SNAPPY).build();
        let out = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties)).map_err(failed)?;
        Ok(Self { plan, out, group: Group::default() })
    }

    fn flush(&mut self) -> Result<(), ParquetError> {
        let group = std::mem::take(&mut self.group);
        if group.trial.is_empty() {
            return Ok(());
        }
        let mut out = self.out.next_row_group()?;
        group.write(&mut out)?;
        out.close()?;
        Ok(())
    }
}

impl<W: Write + Send> Report for Parquet<'_, W> {
    fn add(&mut self, _: &RowRecord, result: &RowResult) -> io::Result<()> {
        lines(self.plan, result).for_each(|line| self.group.add(&line));
        if self.group.trial.len() >= GROUP_LINES || self.group.bytes >= GROUP_BYTES {
            self.flush().map_err(failed)?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        self.flush().map_err(failed)?;
        self.out.close().map_err(failed)?;
        Ok(())
    }
}

impl Group {
    fn add(&mut self, line: &Line<'_>) {
        let value = line.value.map(written);
        let texts = [Some(line.id), value.as_deref(), line.rationale, line.reason];
        self.bytes += texts.into_iter().flatten().map(str::len).sum::<usize>();
        self.id.push(ByteArray::from(line.id));
        self.trial.push(line.trial.cast_signed());
        self.scorer.push(ByteArray::from(line.scorer.as_str()));
        self.outcome.push(ByteArray::from(line.outcome));
        self.value.push(value.as_deref().map(ByteArray::from));
        self.number.push(line.number());
        self.rationale.push(line.rationale.map(ByteArray::from));
        self.reason.push(line.reason.map(ByteArray::from));
    }

    /// Writes the columns in the order of the schema.
    fn write<W: Write + Send>(self, out: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        column::<ByteArrayType, W>(out, &self.id, None)?;
        column::<Int32Type, W>(out, &self.trial, None)?;
        column::<ByteArrayType, W>(out, &self.scorer, None)?;
        column::<ByteArrayType, W>(out, &self.outcome, None)?;
        column::<ByteArrayType, W>(out, &self.value.values, Some(&self.value.levels))?;
        column::<DoubleType, W>(out, &self.number.values, Some(&self.number.levels))?;
        column::<ByteArrayType, W>(out, &self.rationale.values, Some(&self.rationale.levels))?;
        column::<ByteArrayType, W>(out, &self.reason.values, Some(&self.reason.levels))
    }
}

fn column<T: DataType, W: Write + Send>(
    out: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = out.next_column()?.ok_or_else(|| ParquetError::General("the schema has fewer columns".into()))?;
    column.typed::<T>().write_batch(values, levels, None)?;
    column.close()
}

impl<T> Optional<T> {
    fn push(&mut self, value: Option<T>) {
        self.levels.push(i16::from(value.is_some()));
        self.values.extend(value);
    }
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self { values: Vec::new(), levels: Vec::new() }
    }
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(source) => io::Error::other(source),
        other => io::Error::other(other),
    }
}
