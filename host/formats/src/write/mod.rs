//! Records as files of the formats that are read, so that the same records are read again.

mod csv;
mod parquet;

use std::io::{self, Write};

use model::json::Json;
use model::suite::DataFormat;

/// Calls its argument with every record in order; each time with the same.
pub type Records<'r, E> = dyn FnMut(&mut dyn FnMut(&Json) -> Result<(), E>) -> Result<(), E> + 'r;

/// Why records can't be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    #[error("it can't be written")]
    Io(#[from] io::Error),
    /// What a format can't hold.
    #[error("record {record}: `{field}` {message}")]
    Unheld { record: u64, field: String, message: String },
}

/// Writes all records, which are objects. Those of CSV and Parquet are gone through twice, to find the columns first.
///
/// # Errors
///
/// Fails as `records` does, when `out` does, and with the first value that the format can't hold.
pub fn write<E: From<WriteError>>(
    format: DataFormat,
    records: &mut Records<'_, E>,
    out: &mut (dyn Write + Send),
) -> Result<(), E> {
    match format {
        DataFormat::Jsonl => records(&mut |record| line(out, format_args!("{record}\n"))),
        DataFormat::Json => {
            let mut is_first = true;
            line(out, format_args!("["))?;
            records(&mut |record| {
                let before = if std::mem::take(&mut is_first) { "\n" } else { ",\n" };
                line(out, format_args!("{before}{record}"))
            })?;
            line(out, format_args!("\n]\n"))
        }
        DataFormat::Csv => csv::write(records, out),
        DataFormat::Parquet => parquet::write(records, out),
    }
}

fn line<E: From<WriteError>>(out: &mut (dyn Write + Send), text: std::fmt::Arguments<'_>) -> Result<(), E> {
    out.write_fmt(text).map_err(|error| E::from(error.into()))
}

#[cfg(test)]
mod tests;
