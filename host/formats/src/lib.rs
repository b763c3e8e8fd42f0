//! Reads other people's files as records, and writes records as files for others.
//!
//! One module for each format. A file is streamed: what is held in memory is one record, and a record that grows
//! without end is refused. A part that is no record is reported with its line, and reading goes on behind it where the
//! format allows.
//!
//! What a record means (which of its fields are inputs, what its identity is) is not known here, and files are opened
//! elsewhere.

mod bound;
mod csv;
mod json;
mod jsonl;
mod lines;
mod parquet;
mod write;

use std::io::{self, Read};
use std::ops::ControlFlow;

use model::ports::{BrokenRecord, DataReader, Record};
use model::suite::DataFormat;

pub use write::{Records, WriteError, write};

/// The longest record that is read, in bytes: a file that never ends a line or closes a quote can't fill the memory.
const LONGEST_RECORD: u64 = 64 << 20;

/// Where records go; it says when to stop.
type Each<'a> = dyn FnMut(Result<Record, BrokenRecord>) -> ControlFlow<()> + 'a;

/// Reads JSONL, JSON, CSV and Parquet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader;

impl DataReader for Reader {
    fn read(&self, format: DataFormat, source: &mut dyn Read, each: &mut Each<'_>) -> io::Result<()> {
        let source = without_byte_order_mark(source)?;
        match format {
            DataFormat::Jsonl => jsonl::read(source, LONGEST_RECORD, each),
            DataFormat::Json => json::read(source, LONGEST_RECORD, each),
            DataFormat::Csv => csv::read(source, LONGEST_RECORD, each),
            DataFormat::Parquet => parquet::read(source, each),
        }
    }
}

/// Drops the mark that some editors put in front of UTF-8.
fn without_byte_order_mark(source: &mut dyn Read) -> io::Result<impl Read> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let mut head = Vec::with_capacity(MARK.len());
    (&mut *source).take(MARK.len() as u64).read_to_end(&mut head)?;
    if head == MARK {
        head.clear();
    }
    Ok(io::Cursor::new(head).chain(source))
}

/// Names the JSON value that begins with `first`, for messages.
fn kind_of(first: u8) -> &'static str {
    match first {
        b'{' => "an object",
        b'[' => "a list",
        b'"' => "a text",
        b't' | b'f' => "a boolean",
        b'n' => "null",
        _ => "a number",
    }
}

#[cfg(test)]
mod testing {
    use super::*;

    /// What reading gave, one line each: `LINE FIELDS` or `LINE! MESSAGE`.
    pub(crate) fn lines(read: impl FnOnce(&mut Each<'_>) -> io::Result<()>) -> Vec<String> {
        let mut seen = Vec::new();
        read(&mut |record| {
            seen.push(match record {
                Ok(record) => format!("{} {}", record.line, record.fields),
                Err(broken) => format!("{}! {}", broken.line, broken.message),
            });
            ControlFlow::Continue(())
        })
        .expect("a source in memory");
        seen
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_any_format() {
        let read = |format, text: &str| lines(|each| Reader.read(format, &mut text.as_bytes(), each));
        assert_eq!(read(DataFormat::Jsonl, "\u{feff}{\"a\":1}\n"), [r#"1 {"a":1}"#]);
        assert_eq!(read(DataFormat::Json, "\u{feff}[{\"a\":1}]"), [r#"1 {"a":1}"#]);
        assert_eq!(read(DataFormat::Csv, "\u{feff}a\n1\n"), [r#"2 {"a":"1"}"#]);
    }

    #[test]
    fn nothing_is_read_behind_the_record_that_said_stop() {
        for (format, text) in [
            (DataFormat::Jsonl, "{\"a\":1}\n{\"a\":2}\n"),
            (DataFormat::Json, "[{\"a\":1},{\"a\":2}]"),
            (DataFormat::Csv, "a\n1\n2\n"),
        ] {
            let mut count = 0;
            let mut each = |_| {
                count += 1;
                ControlFlow::Break(())
            };
            Reader.read(format, &mut text.as_bytes(), &mut each).expect("a source in memory");
            assert_eq!(count, 1, "{format:?}");
        }
    }

    #[test]
    fn a_source_that_fails_is_an_error_and_not_the_end() {
        struct Failing;
        impl Read for Failing {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("unplugged"))
            }
        }
        for (format, head) in [
            (DataFormat::Jsonl, "{\"a\":1}\n"),
            (DataFormat::Json, "[{\"a\":1},"),
            (DataFormat::Csv, "a\n1\n"),
            (DataFormat::Csv, ""),
        ] {
            let mut source = head.as_bytes().chain(Failing);
            let result = Reader.read(format, &mut source, &mut |_| ControlFlow::Continue(()));
            assert_eq!(result.expect_err("the source failed").to_string(), "unplugged", "{format:?} {head:?}");
        }
    }
}
