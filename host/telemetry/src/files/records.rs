//! A file as its records, one after the other.

use std::io::{self, BufRead, Read};
use std::ops::ControlFlow;

use model::ports::BrokenTrace;
use serde::de::IgnoredAny;

use super::Place;
use super::packed::Packing;
use crate::fields::wrong;

/// What a file is, by how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing but white space.
    Nothing,
    Json,
    /// One binary message.
    Message,
    /// Binary messages behind their lengths.
    Messages,
    Packed(Packing),
    /// Rows in columns: Apache Parquet.
    Table,
    /// Something that is not read here.
    Foreign(&'static str),
}

const HEAD: u64 = 512;
const MARK: &[u8] = b"\xEF\xBB\xBF";

impl Kind {
    /// Takes the beginning from the source, without the mark that some editors put in front of UTF-8.
    pub(super) fn of(source: &mut dyn BufRead) -> io::Result<(Self, Vec<u8>)> {
        let mut head = Vec::new();
        (&mut *source).take(HEAD).read_to_end(&mut head)?;
        if head.starts_with(MARK) {
            head.drain(..MARK.len());
            return Ok((Self::Json, head));
        }
        let is_binary = head.iter().any(|byte| *byte < b' ' && !byte.is_ascii_whitespace());
        if let Some(packing) = Packing::of(&head) {
            return Ok((Self::Packed(packing), head));
        }
        let kind = match head[..] {
            [] => Self::Nothing,
            [b'P', b'A', b'R', b'1', ..] => Self::Table,
            // The length of the first, which is no longer than it may be.
            [0..=4, ..] => Self::Messages,
            // A request has nothing but `resource_spans`, each in a field of this tag.
            [0x0a, ..] if is_binary => Self::Message,
            _ if is_binary => Self::Foreign("no file of traces"),
            _ => Self::Json,
        };
        Ok((kind, head))
    }
}

type EachText<'a> = dyn FnMut(Place, Result<&str, BrokenTrace>) -> ControlFlow<()> + 'a;
type EachMessage<'a> = dyn FnMut(Place, Result<&[u8], BrokenTrace>) -> ControlFlow<()> + 'a;

pub(super) fn too_long(longest: usize) -> BrokenTrace {
    match longest >> 20 {
        0 => wrong(format!("is longer than {longest} bytes")),
        mebibytes => wrong(format!("is longer than {mebibytes} MiB")),
    }
}

pub(super) fn message(
    source: &mut dyn BufRead,
    longest: usize,
    each: &mut EachMessage<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut message = Vec::new();
    source.take(longest as u64 + 1).read_to_end(&mut message)?;
    let read = if message.len() > longest { Err(too_long(longest)) } else { Ok(&message[..]) };
    Ok(each(Place::Message(1), read))
}

pub(super) fn messages(
    source: &mut dyn BufRead,
    longest: usize,
    each: &mut EachMessage<'_>,
) -> io::Result<ControlFlow<()>> {
    let mut message = Vec::new();
    for number in 1.. {
        let place = Place::Message(number);
        message.clear();
        (&mut *source).take(4).read_to_end(&mut message)?;
        let length = match message[..] {
            [] => break,
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]) as usize,
            _ => return Ok(each(place, Err(wrong("is cut off")))),
        };
        // Behind it could be anything.
        if length > longest {
            return Ok(each(place, Err(too_long(longest))));
        }
        message.clear();
        (&mut *source).take(length as u64).read_to_end(&mut message)?;
        let is_whole = message.len() == length;
        if each(place, if is_whole { Ok(&message) } else { Err(wrong("is cut off")) }).is_break() {
            return Ok(ControlFlow::Break(()));
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// A list of values, or values one after the other. A value ends with its line where it is whole, else with the line before
/// one that begins another.
pub(super) fn json(source: &mut dyn BufRead, longest: usize, each: &mut EachText<'_>) -> io::Result<ControlFlow<()>> {
    let mut line = 1;
    loop {
        let next = source.fill_buf()?;
        match next.first() {
            None => return Ok(ControlFlow::Continue(())),
            Some(b'[') => {
                source.consume(1);
                return Elements::new(line, longest, each).read(source);
            }
            Some(byte) if byte.is_ascii_whitespace() => {
                line += u64::from(*byte == b'\n');
                source.consume(1);
            }
            Some(_) => return lines(source, line, longest, each),
        }
    }
}

fn lines(
    source: &mut dyn BufRead,
    mut line: u64,
    longest: usize,
    each: &mut EachText<'_>,
) -> io::Result<ControlFlow<()>> {
    let (mut value, mut next) = (Value::new(line, longest), Vec::new());
    loop {
        next.clear();
        let count = (&mut *source).take(longest as u64 + 1).read_until(b'\n', &mut next)?;
        let is_cut = count > longest && next.last() != Some(&b'\n');
        if is_cut {
            source.skip_until(b'\n')?;
        }
        let is_next = next.first() == Some(&b'{') && !value.goes_on();
        if (count == 0 || is_next || value.text.len() + count > longest) && value.pass(each).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if count == 0 {
            return Ok(ControlFlow::Continue(()));
        }
        if value.is_blank() {
            value.line = line;
        }
        value.too_long |= is_cut;
        next.iter().for_each(|byte| value.add(*byte));
        if (value.depth <= 0 || is_cut) && value.pass(each).is_break() {
            return Ok(ControlFlow::Break(()));
        }
        line += 1;
    }
}

/// A value as far as it has come.
struct Value {
    line: u64,
    longest: usize,
    text: Vec<u8>,
    too_long: bool,
    in_string: bool,
    escaped: bool,
    depth: i64,
}

impl Value {
    fn new(line: u64, longest: usize) -> Self {
        Self { line, longest, text: Vec::new(), too_long: false, in_string: false, escaped: false, depth: 0 }
    }

    fn is_blank(&self) -> bool {
        !self.too_long && self.text.trim_ascii().is_empty()
    }

    /// Whether it can't have ended.
    fn goes_on(&self) -> bool {
        self.text.trim_ascii_end().last().is_some_and(|last| b",:[{".contains(last))
    }

    fn add(&mut self, byte: u8) {
        match byte {
            // No string goes on there, whatever was meant.
            b'\n' => (self.in_string, self.escaped) = (false, false),
            _ if self.escaped => self.escaped = false,
            b'\\' if self.in_string => self.escaped = true,
            b'"' => self.in_string = !self.in_string,
            b'{' | b'[' if !self.in_string => self.depth += 1,
            b'}' | b']' if !self.in_string => self.depth -= 1,
            _ => {}
        }
        if self.text.len() >= self.longest {
            self.too_long = true;
            self.text = Vec::new();
        }
        let is_before = self.text.is_empty() && byte.is_ascii_whitespace();
        if !self.too_long && !is_before {
            self.text.push(byte);
        }
    }

    /// Passes it on, where there is something, and begins anew.
    fn pass(&mut self, each: &mut EachText<'_>) -> ControlFlow<()> {
        let whole = std::mem::replace(self, Self::new(self.line, self.longest));
        if whole.is_blank() {
            return ControlFlow::Continue(());
        }
        if whole.too_long {
            return each(Place::Line(whole.line), Err(too_long(self.longest)));
        }
        let goes_on = match whole.is_broken() {
            true => whole.pass_lines(each),
            false => pass(whole.line, &whole.text, each),
        };
        // The room is used again.
        self.text = whole.text;
        self.text.clear();
        goes_on
    }

    /// Whether it is several lines and no value. Then one of them was cut off, and others have been taken with it.
    fn is_broken(&self) -> bool {
        let text = self.text.trim_ascii();
        text.contains(&b'\n') && serde_json::from_slice::<IgnoredAny>(text).is_err()
    }

    /// Passes on its lines as if none of them went on in one that could begin a value.
    fn pass_lines(&self, each: &mut EachText<'_>) -> ControlFlow<()> {
        let mut one = Self::new(self.line, self.longest);
        for (line, next) in (self.line..).zip(self.text.split_inclusive(|byte| *byte == b'\n')) {
            if (next.first() == Some(&b'{') || one.depth <= 0) && !one.is_blank() {
                pass(one.line, &one.text, each)?;
                one = Self::new(line, self.longest);
            }
            if one.is_blank() {
                one.line = line;
            }
            next.iter().for_each(|byte| one.add(*byte));
        }
        if one.is_blank() { ControlFlow::Continue(()) } else { pass(one.line, &one.text, each) }
    }
}

fn pass(line: u64, text: &[u8], each: &mut EachText<'_>) -> ControlFlow<()> {
    let text = str::from_utf8(text.trim_ascii());
    let text = text.map_err(|error| wrong(format!("is not UTF-8 at byte {}", error.valid_up_to() + 1)));
    each(Place::Line(line), text)
}

/// The values of a list.
struct Elements<'a, 'e> {
    value: Value,
    line: u64,
    each: &'a mut EachText<'e>,
}

impl<'a, 'e> Elements<'a, 'e> {
    fn new(line: u64, longest: usize, each: &'a mut EachText<'e>) -> Self {
        Self { value: Value::new(line, longest), line, each }
    }

    fn read(mut self, source: &mut dyn BufRead) -> io::Result<ControlFlow<()>> {
        loop {
            let bytes = source.fill_buf()?;
            if bytes.is_empty() {
                let _ = self.value.pass(self.each);
                return Ok((self.each)(Place::Line(self.line), Err(wrong("the list ends too early"))));
            }
            let mut taken = 0;
            let mut done = None;
            for byte in bytes {
                taken += 1;
                done = self.take(*byte);
                if done.is_some() {
                    break;
                }
            }
            source.consume(taken);
            match done {
                Some(ControlFlow::Continue(())) => return self.behind(source),
                Some(stopped) => return Ok(stopped),
                None => {}
            }
        }
    }

    /// Says where the list ends, or reading does.
    fn take(&mut self, byte: u8) -> Option<ControlFlow<()>> {
        let is_out = !self.value.in_string && self.value.depth <= 0;
        match byte {
            b',' | b']' if is_out => {
                let goes_on = self.value.pass(self.each);
                return (byte == b']' || goes_on.is_break()).then_some(goes_on);
            }
            b'\n' => self.line += 1,
            _ if self.value.is_blank() => self.value.line = self.line,
            _ => {}
        }
        self.value.add(byte);
        None
    }

    /// Nothing may be behind the list.
    fn behind(mut self, source: &mut dyn BufRead) -> io::Result<ControlFlow<()>> {
        loop {
            let bytes = source.fill_buf()?;
            let Some(byte) = bytes.first() else { return Ok(ControlFlow::Continue(())) };
            if !byte.is_ascii_whitespace() {
                return Ok((self.each)(Place::Line(self.line), Err(wrong("something comes behind the list"))));
            }
            self.line += u64::from(*byte == b'\n');
            source.consume(1);
        }
    }
}
