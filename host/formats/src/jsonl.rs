//! One JSON object a line. Blank lines are skipped.

use std::io::{self, BufRead, BufReader, Read};

use model::json::Json;
use model::ports::{BrokenRecord, Record};
use serde_json::value::RawValue;

use crate::bound::too_long;
use crate::{Each, kind_of};

const BUFFER: usize = 256 << 10;

pub(crate) fn read(source: impl Read, longest: u64, each: &mut Each<'_>) -> io::Result<()> {
    let mut source = BufReader::with_capacity(BUFFER, source);
    let mut text = Vec::new();
    for line in 1.. {
        text.clear();
        let count = (&mut source).take(longest + 1).read_until(b'\n', &mut text)?;
        if count == 0 {
            break;
        }
        let record = if text.last() != Some(&b'\n') && count as u64 > longest {
            source.skip_until(b'\n')?;
            Err(BrokenRecord {
                line,
                message: too_long(longest),
                hint: Some("JSONL has one object a line; a file with one list of objects is `format: json`".to_owned()),
            })
        } else if text.trim_ascii().is_empty() {
            continue;
        } else {
            record(line, &text)
        };
        if each(record).is_break() {
            break;
        }
    }
    Ok(())
}

fn record(line: u64, text: &[u8]) -> Result<Record, BrokenRecord> {
    let broken = |message| BrokenRecord { line, message, hint: None };
    let text = std::str::from_utf8(text)
        .map_err(|error| broken(format!("invalid UTF-8 at byte {} of the line", error.valid_up_to() + 1)))?;
    let raw: &RawValue = serde_json::from_str(text).map_err(|error| broken(message(&error)))?;
    match raw.get().as_bytes() {
        [b'{', ..] => Ok(Record { line, fields: Json::from_raw(raw) }),
        [first, ..] => Err(broken(format!("expected an object, found {}", kind_of(*first)))),
        [] => Err(broken("expected an object".to_owned())),
    }
}

/// What serde_json says, without its line: that counts within the text it was given, which is one line of the file.
fn message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match text.strip_suffix(&place) {
        // The line end belongs to the line: what is missing behind it is missing at the end of the line.
        Some(what) if error.is_eof() => format!("{what}, the line ends too early"),
        Some(what) => format!("{what} at column {}", error.column()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::lines;

    fn check(text: impl AsRef<[u8]>, expected: &[&str]) {
        assert_eq!(lines(|each| read(text.as_ref(), 64, each)), expected);
    }

    #[test]
    fn blank_lines_count_but_are_no_records() {
        check("\n{\"a\": 1}\r\n  \n{ \"b\": [1.0, 2] }", &[r#"2 {"a":1}"#, r#"4 {"b":[1.0,2]}"#]);
        check("", &[]);
    }

    #[test]
    fn every_broken_line_is_reported_and_the_others_are_read() {
        check(
            "{\"a\": }\n{\"a\":1}\n[1]\n\"text\"\n{\"a\":1} x\n{\"a\":1",
            &[
                "1! expected value at column 7",
                r#"2 {"a":1}"#,
                "3! expected an object, found a list",
                "4! expected an object, found a text",
                "5! trailing characters at column 9",
                "6! EOF while parsing an object, the line ends too early",
            ],
        );
    }

    #[test]
    fn invalid_utf8_breaks_its_line_alone() {
        check(
            b"{\"a\":\"\xff\"}\n{\"a\":\"\xc3\xa9\"}\n",
            &["1! invalid UTF-8 at byte 7 of the line", "2 {\"a\":\"é\"}"],
        );
    }

    #[test]
    fn a_line_without_end_is_refused_and_skipped() {
        let text = format!("{{\"a\":\"{}\"}}\n{{\"b\":1}}\n", "x".repeat(100_000));
        check(text, &["1! a record is longer than 64 bytes", r#"2 {"b":1}"#]);
        check("x".repeat(65), &["1! a record is longer than 64 bytes"]);
        let longest = format!("{{\"a\":\"{}\"}}", "x".repeat(64 - 8));
        check(format!("{longest}\n"), &[&format!("1 {longest}")]);
    }
}
