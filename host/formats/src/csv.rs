//! Comma-separated values (RFC 4180) with a header line.
//!
//! Every cell becomes a text, an empty one is absent. A header such as `inputs.question` puts its cell into the object
//! `inputs`; dots descend for the fields of a row that hold objects, in other names they are just dots.

use std::io::{self, Read};

use csv::{ByteRecord, ErrorKind, ReaderBuilder};
use model::json::Json;
use model::ports::{BrokenRecord, Record};

use crate::Each;
use crate::bound::{Bound, Bounded};
use crate::lines::Lines;

/// The fields of a row that a dotted header can reach into.
pub(crate) const OBJECTS: [&str; 4] = ["inputs", "outputs", "expectations", "tags"];

/// The fields of a row that are an object, so that a cell with one as JSON is that object.
pub(crate) const JSON_CELLS: [&str; 5] = ["inputs", "expectations", "tags", "trace", "source"];

/// The fields of a row that are a number.
pub(crate) const NUMBERS: [&str; 2] = ["trials", "weight"];

pub(crate) fn read(source: impl Read, longest: u64, each: &mut Each<'_>) -> io::Result<()> {
    let bound = Bound::new(longest);
    let mut rows = Rows {
        csv: ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(64 << 10)
            .from_reader(Lines::new(Bounded { source, bound: &bound })),
        bound: &bound,
        row: ByteRecord::new(),
    };
    let columns = match rows.next()? {
        Next::End => return Ok(()),
        Next::Row(line) => columns(&rows.row, line),
        Next::Broken(broken) => Err(broken),
    };
    match columns {
        Ok(columns) => read_rows(rows, &columns, each),
        Err(broken) => {
            let _ = each(Err(broken));
            Ok(())
        }
    }
}

fn read_rows<R: Read>(mut rows: Rows<'_, R>, columns: &[Column], each: &mut Each<'_>) -> io::Result<()> {
    let width = rows.row.len();
    loop {
        let (record, is_last) = match rows.next()? {
            Next::End => return Ok(()),
            Next::Row(line) => (record(&rows.row, line, width, columns), false),
            Next::Broken(broken) => (Err(broken), true),
        };
        if each(record).is_break() || is_last {
            return Ok(());
        }
    }
}

struct Rows<'b, R> {
    csv: csv::Reader<Lines<Bounded<'b, R>>>,
    bound: &'b Bound,
    /// The row that was read last.
    row: ByteRecord,
}

enum Next {
    /// Its line.
    Row(u64),
    End,
    /// Nothing can be read behind it.
    Broken(BrokenRecord),
}

impl<R: Read> Rows<'_, R> {
    fn next(&mut self) -> io::Result<Next> {
        self.bound.renew();
        let start = self.csv.position().byte();
        let result = self.csv.read_byte_record(&mut self.row);
        let line = self.csv.get_mut().at(start);
        match result {
            Ok(true) => Ok(Next::Row(line)),
            Ok(false) => Ok(Next::End),
            Err(_) if self.bound.is_exceeded() => Ok(Next::Broken(BrokenRecord {
                line,
                message: self.bound.message(),
                hint: Some("is there a quote that is never closed?".to_owned()),
            })),
            Err(error) => match error.into_kind() {
                ErrorKind::Io(error) => Err(error),
                other => Err(io::Error::other(format!("{other:?}"))),
            },
        }
    }
}

/// A key of the record and what it holds.
#[derive(Debug)]
struct Column {
    key: String,
    holds: Holds,
}

#[derive(Debug)]
enum Holds {
    Cell(usize),
    Object(Vec<Column>),
}

fn columns(header: &ByteRecord, line: u64) -> Result<Vec<Column>, BrokenRecord> {
    let broken = |message, hint: &str| BrokenRecord { line, message, hint: Some(hint.to_owned()) };
    let mut columns = Vec::new();
    for (cell, name) in header.iter().enumerate() {
        let number = cell + 1;
        let name = std::str::from_utf8(name)
            .map_err(|_| broken(format!("the name of column {number} is not UTF-8"), "save the file as UTF-8"))?
            .trim();
        if name.is_empty() {
            let hint = "the first line has to name every column";
            return Err(broken(format!("column {number} has no name"), hint));
        }
        if !add(&mut columns, &path(name), cell) {
            let message = format!("column {number}, `{name}`, is there already");
            return Err(broken(message, "give every column a name of its own"));
        }
    }
    Ok(columns)
}

fn path(name: &str) -> Vec<&str> {
    match name.split_once('.') {
        Some((object, _)) if OBJECTS.contains(&object) => name.split('.').collect(),
        _ => vec![name],
    }
}

/// Puts a cell at its path. Returns whether the place was free.
fn add(columns: &mut Vec<Column>, path: &[&str], cell: usize) -> bool {
    let [key, rest @ ..] = path else { return false };
    let found = columns.iter_mut().find(|column| column.key == *key);
    match (found, rest) {
        (None, []) => {
            columns.push(Column { key: (*key).to_owned(), holds: Holds::Cell(cell) });
            true
        }
        (None, _) => {
            let mut inner = Vec::new();
            let added = add(&mut inner, rest, cell);
            columns.push(Column { key: (*key).to_owned(), holds: Holds::Object(inner) });
            added
        }
        (Some(Column { holds: Holds::Object(inner), .. }), [_, ..]) => add(inner, rest, cell),
        (Some(_), _) => false,
    }
}

fn record(row: &ByteRecord, line: u64, width: usize, columns: &[Column]) -> Result<Record, BrokenRecord> {
    if row.len() != width {
        let message = format!("expected {width} values, found {}", row.len());
        let hint = "a value that holds a comma, a quote or a line end is written in quotes";
        return Err(BrokenRecord { line, message, hint: Some(hint.to_owned()) });
    }
    let mut text = String::with_capacity(row.as_slice().len() + 16 * width);
    write_object(row, columns, written, &mut text)
        .and_then(|_| Json::parse(&text).map_err(|error| error.to_string()))
        .map(|fields| Record { line, fields })
        .map_err(|message| BrokenRecord { line, message, hint: Some("save the file as UTF-8".to_owned()) })
}

/// Returns whether the object has any key. `may_have` says of each what a cell may have instead of a text.
fn write_object(
    row: &ByteRecord,
    columns: &[Column],
    may_have: fn(&str) -> Beginning,
    text: &mut String,
) -> Result<bool, String> {
    text.push('{');
    let mut has_keys = false;
    for column in columns {
        let start = text.len();
        if has_keys {
            text.push(',');
        }
        write_text(&column.key, text);
        text.push(':');
        let is_there = match &column.holds {
            Holds::Cell(cell) => write_cell(row, *cell, may_have(&column.key), text)?,
            Holds::Object(inner) => write_object(row, inner, |_| |_| false, text)?,
        };
        if !is_there {
            text.truncate(start);
        }
        has_keys |= is_there;
    }
    text.push('}');
    Ok(has_keys)
}

/// Whether JSON begins like this.
type Beginning = fn(char) -> bool;

/// What a cell of a row's field may have instead of a text.
fn written(key: &str) -> Beginning {
    match key {
        key if JSON_CELLS.contains(&key) => |first| first == '{',
        key if NUMBERS.contains(&key) => |first| first == '-' || first.is_ascii_digit(),
        _ => |_| false,
    }
}

fn write_cell(row: &ByteRecord, cell: usize, is_json: Beginning, text: &mut String) -> Result<bool, String> {
    let value = std::str::from_utf8(&row[cell]).map_err(|_| format!("invalid UTF-8 in column {}", cell + 1))?;
    match Some(value).filter(|value| value.starts_with(is_json)).map(Json::parse) {
        Some(Ok(json)) => text.push_str(json.as_str()),
        _ => write_text(value, text),
    }
    Ok(!value.is_empty())
}

fn write_text(value: &str, text: &mut String) {
    text.push_str(&serde_json::Value::from(value).to_string());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::lines;

    fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
        assert_eq!(lines(|each| read(text.as_ref(), 128, each)), expected);
    }

    #[test]
    fn cells_are_texts_under_their_headers_and_empty_ones_are_absent() {
        check(
            "id,n,note\nq1,1.0,\"a \"\"b\"\", c\"\n\nq2,,\n",
            &[r#"2 {"id":"q1","n":"1.0","note":"a \"b\", c"}"#, r#"4 {"id":"q2"}"#],
        );
    }

    #[test]
    fn lines_are_counted_whatever_ends_them() {
        check("\r\na\r\n\r\n\"1\r\n2\"\r\n3\r\n", &[r#"4 {"a":"1\r\n2"}"#, r#"6 {"a":"3"}"#]);
        let many = format!("a\r\n{}", "1\r\n".repeat(100_000));
        assert_eq!(
            lines(|each| read(many.as_bytes(), 128, each)).last().map(String::as_str),
            Some(r#"100001 {"a":"1"}"#)
        );
    }

    #[test]
    fn dotted_headers_build_the_objects_of_a_row() {
        check(
            "inputs.question,outputs,expectations.expected_response,inputs.user.name,a.b\nq,o,,u,x\n",
            &[r#"2 {"inputs":{"question":"q","user":{"name":"u"}},"outputs":"o","a.b":"x"}"#],
        );
    }

    #[test]
    fn a_ragged_row_is_broken_and_reading_goes_on() {
        check(
            "a,b\n1\n\"x\ny\",2\n1,2,3\n3,4\n",
            &[
                "2! expected 2 values, found 1",
                r#"3 {"a":"x\ny","b":"2"}"#,
                "5! expected 2 values, found 3",
                r#"6 {"a":"3","b":"4"}"#,
            ],
        );
    }

    #[test]
    fn a_header_names_every_column_once() {
        check("a,,c\n1,2,3\n", &["1! column 2 has no name"]);
        check("a,b,a\n1,2,3\n", &["1! column 3, `a`, is there already"]);
        check("inputs,inputs.question\n1,2\n", &["1! column 2, `inputs.question`, is there already"]);
        check("inputs.question,inputs\n1,2\n", &["1! column 2, `inputs`, is there already"]);
        check("", &[]);
        check("a,b\n", &[]);
    }

    #[test]
    fn invalid_utf8_breaks_its_row_alone() {
        check(b"a,b\n1,\xff\n2,x\n", &["2! invalid UTF-8 in column 2", r#"3 {"a":"2","b":"x"}"#]);
    }

    #[test]
    fn a_quote_that_is_never_closed_is_refused() {
        let text = format!("a\n1\n\"{}", "x\n".repeat(100_000));
        check(&text, &[r#"2 {"a":"1"}"#, "3! a record is longer than 128 bytes"]);
    }
}
