//! One JSON array of objects, read element by element.

use std::cell::Cell;
use std::fmt;
use std::io::{self, Read};

use model::json::Json;
use model::ports::{BrokenRecord, Record};
use serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::bound::Bound;
use crate::{Each, kind_of};

const BUFFER: usize = 256 << 10;

pub(crate) fn read(source: impl Read, longest: u64, each: &mut Each<'_>) -> io::Result<()> {
    let place = Place::default();
    let bound = Bound::new(longest);
    let mut json = serde_json::Deserializer::from_reader(Counted::new(source, &place, &bound));
    let mut elements = Elements { place: &place, bound: &bound, each, stopped: false };
    let result = json.deserialize_any(&mut elements).and_then(|()| json.end());
    if elements.stopped {
        return Ok(());
    }
    match result {
        Err(error) if bound.is_exceeded() => {
            let hint = (place.line.get() == 1 && error.line() <= 1).then(|| JSONL_HINT.to_owned());
            let _ = each(Err(BrokenRecord { line: place.line.get(), message: bound.message(), hint }));
            Ok(())
        }
        Err(error) if error.is_io() => Err(error.into()),
        // A file of white space alone has no records; that is the reader's to judge.
        Err(error) if error.is_eof() && place.is_blank.get() => Ok(()),
        Err(error) => {
            let _ = each(Err(broken(&error)));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

const JSONL_HINT: &str = "a file with one object a line is `format: jsonl`";

fn broken(error: &serde_json::Error) -> BrokenRecord {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = match text.strip_suffix(&place) {
        Some(_) if error.is_data() => "expected one list of objects".to_owned(),
        Some(what) => format!("{what} at column {}", error.column()),
        None => text,
    };
    let hint = error.is_data().then(|| JSONL_HINT.to_owned());
    BrokenRecord { line: error.line() as u64, message, hint }
}

/// How far the parser has come.
struct Place {
    line: Cell<u64>,
    is_blank: Cell<bool>,
}

impl Place {
    fn pass(&self, byte: u8) {
        if byte == b'\n' {
            self.line.set(self.line.get() + 1);
        } else if !byte.is_ascii_whitespace() {
            self.is_blank.set(false);
        }
    }
}

impl Default for Place {
    fn default() -> Self {
        Self { line: Cell::new(1), is_blank: Cell::new(true) }
    }
}

/// Gives one byte at a time, as serde_json asks for them, so that the line is exact and a record can't outgrow its
/// bound.
struct Counted<'p, R> {
    source: R,
    place: &'p Place,
    bound: &'p Bound,
    buffer: Box<[u8]>,
    /// The part of `buffer` that is still to be given.
    next: usize,
    end: usize,
}

impl<'p, R: Read> Counted<'p, R> {
    fn new(source: R, place: &'p Place, bound: &'p Bound) -> Self {
        Self { source, place, bound, buffer: vec![0; BUFFER].into(), next: 0, end: 0 }
    }
}

impl<R: Read> Read for Counted<'_, R> {
    #[inline]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Some(first) = buffer.first_mut() else { return Ok(0) };
        if self.next == self.end {
            (self.next, self.end) = (0, self.source.read(&mut self.buffer)?);
            if self.end == 0 {
                return Ok(0);
            }
        }
        self.bound.spend_one()?;
        *first = self.buffer[self.next];
        self.next += 1;
        self.place.pass(*first);
        Ok(1)
    }
}

/// The elements of the array on their way to `each`.
struct Elements<'a, 'e> {
    place: &'a Place,
    bound: &'a Bound,
    each: &'a mut Each<'e>,
    stopped: bool,
}

impl<'de> Visitor<'de> for &mut Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        self.bound.renew();
        while elements.next_element_seed(&mut *self)?.is_some() {
            self.bound.renew();
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for &mut Elements<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, element: D) -> Result<(), D::Error> {
        // The parser has looked at the first byte of the element and no further.
        let line = self.place.line.get();
        let raw: Box<RawValue> = serde::Deserialize::deserialize(element)?;
        let record = match raw.get().as_bytes() {
            [b'{', ..] => Ok(Record { line, fields: Json::from_raw(&raw) }),
            [first, ..] => Err(not_an_object(line, *first)),
            [] => Err(not_an_object(line, b'n')),
        };
        if (self.each)(record).is_break() {
            self.stopped = true;
            return Err(D::Error::custom("stopped"));
        }
        Ok(())
    }
}

fn not_an_object(line: u64, first: u8) -> BrokenRecord {
    BrokenRecord { line, message: format!("expected an object, found {}", kind_of(first)), hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::lines;

    fn check(text: &str, expected: &[&str]) {
        assert_eq!(lines(|each| read(text.as_bytes(), 64, each)), expected);
    }

    #[test]
    fn every_element_has_the_line_it_starts_on() {
        check("[{\"a\":1}, {\"b\":\n2}\n,\n\n{\"c\":3}]\n", &[r#"1 {"a":1}"#, r#"1 {"b":2}"#, r#"5 {"c":3}"#]);
        check("[]", &[]);
        check(" \n ", &[]);
    }

    #[test]
    fn an_element_that_is_no_object_is_broken_and_reading_goes_on() {
        check(
            "[1,\n[2],\n{\"a\":3}]",
            &["1! expected an object, found a number", "2! expected an object, found a list", r#"3 {"a":3}"#],
        );
    }

    #[test]
    fn a_syntax_error_is_reported_where_it_is() {
        check("[{\"a\":1},\n{\"b\" 2}]", &[r#"1 {"a":1}"#, "2! expected `:` at column 6"]);
        check("[{\"a\":1}", &[r#"1 {"a":1}"#, "1! EOF while parsing a list at column 8"]);
        check("[{\"a\":1}]\n[", &[r#"1 {"a":1}"#, "2! trailing characters at column 1"]);
    }

    #[test]
    fn a_file_that_is_no_list_says_what_it_should_be() {
        check("{\"a\":1}", &["1! expected one list of objects"]);
    }

    #[test]
    fn an_element_without_end_is_refused() {
        let text = format!("[\n{{\"a\":1}},\n{{\"a\":\"{}", "x".repeat(100));
        check(&text, &[r#"2 {"a":1}"#, "3! a record is longer than 64 bytes"]);
        let many = format!("[{}]", vec!["{\"a\":1}"; 100].join(","));
        assert_eq!(lines(|each| read(many.as_bytes(), 64, each)).len(), 100);
    }
}
