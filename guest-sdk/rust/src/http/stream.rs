//! Answers that arrive over time, such as the words of a model.
//!
//! ```no_run
//! # use karat_sdk::prelude::*;
//! # fn ask(url: &str) -> Result<String, Failure> {
//! let mut text = String::new();
//! for event in karat_sdk::http::post(url).json(&json!({ "stream": true })).open()?.events() {
//!     text.push_str(&event?.data);
//! }
//! # Ok(text) }
//! ```
//!
//! In unit tests the answers of [`testing::http`](crate::testing::http) come in small pieces.

use std::collections::VecDeque;

use super::Header;
use crate::failure::Failure;

#[cfg(target_family = "wasm")]
use crate::bindings::karat::eval::http_stream::Incoming as Linked;
#[cfg(not(target_family = "wasm"))]
use pieces::Pieces as Linked;

/// Bytes that are asked for at once: what comes is given on as it comes, up to that.
const PIECE: u32 = 16 << 10;

/// An answer whose body is on its way. Dropping it closes the connection.
pub struct Incoming(Linked);

impl Incoming {
    pub(super) fn new(linked: impl Into<Linked>) -> Self {
        Self(linked.into())
    }

    pub fn status(&self) -> u16 {
        self.0.status()
    }

    pub fn headers(&self) -> Vec<Header> {
        self.0.headers()
    }

    /// The first header of this name, as text.
    pub fn header(&self, name: &str) -> Option<String> {
        let found = self.headers().into_iter().find(|header| header.name.eq_ignore_ascii_case(name));
        found.map(|header| String::from_utf8_lossy(&header.value).into_owned())
    }

    /// Waits for what comes next of the body, up to `most` bytes; none at its end.
    ///
    /// # Errors
    ///
    /// Fails as timed out where nothing comes, as too large beyond the host's limit, as unavailable where it breaks off.
    pub fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>, Failure> {
        self.0.read(most)
    }

    /// Waits for all that is left of the body; what is no UTF-8 in it is replaced.
    ///
    /// # Errors
    ///
    /// As [`Incoming::read`].
    pub fn text(mut self) -> Result<String, Failure> {
        let mut body = Vec::new();
        while let Some(piece) = self.read(PIECE)? {
            body.extend(piece);
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    /// The body as server-sent events (`text/event-stream`), each as soon as it is there. One that is not complete when
    /// the body ends is left out, as the standard has it.
    pub fn events(self) -> Events {
        Events { incoming: Some(self), reader: Reader::default() }
    }
}

/// One server-sent event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// Its kind: `message` where the server names none.
    pub name: String,
    /// Its lines, joined by line breaks.
    pub data: String,
    /// The last identifier that the server told.
    pub id: String,
}

/// The events of a body. After a failure there are no more.
pub struct Events {
    /// None at the end of the body.
    incoming: Option<Incoming>,
    reader: Reader,
}

impl Iterator for Events {
    type Item = Result<Event, Failure>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.reader.ready.pop_front() {
                return Some(Ok(event));
            }
            match self.incoming.as_mut()?.read(PIECE) {
                Ok(Some(piece)) => self.reader.take(&piece),
                Ok(None) => self.incoming = None,
                Err(failure) => {
                    self.incoming = None;
                    return Some(Err(failure));
                }
            }
        }
    }
}

/// Makes events of bytes that come in pieces.
///
/// Source: HTML Living Standard, section 9.2 (server-sent events).
#[derive(Default)]
struct Reader {
    line: Vec<u8>,
    lines: usize,
    /// The byte before was a carriage return: a line feed belongs to it.
    is_after_return: bool,
    name: String,
    data: Option<String>,
    id: String,
    ready: VecDeque<Event>,
}

impl Reader {
    fn take(&mut self, piece: &[u8]) {
        for &byte in piece {
            match byte {
                b'\n' if self.is_after_return => {}
                b'\n' | b'\r' => self.end_line(),
                _ => self.line.push(byte),
            }
            self.is_after_return = byte == b'\r';
        }
    }

    fn end_line(&mut self) {
        let bytes = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&bytes);
        let is_first = self.lines == 0;
        self.lines += 1;
        let line = if is_first { line.trim_start_matches('\u{feff}') } else { &line };
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => data.extend(["\n", value]),
                None => self.data = Some(value.to_owned()),
            },
            "id" if !value.contains('\0') => value.clone_into(&mut self.id),
            // A comment, the time to wait before coming back, or what nobody knows.
            _ => {}
        }
    }

    fn end_event(&mut self) {
        let name = std::mem::take(&mut self.name);
        if let Some(data) = self.data.take() {
            let name = if name.is_empty() { "message".to_owned() } else { name };
            self.ready.push_back(Event { name, data, id: self.id.clone() });
        }
    }
}

/// The answers of unit tests.
#[cfg(not(target_family = "wasm"))]
mod pieces {
    use super::Header;
    use crate::failure::Failure;
    use crate::http::Response;

    /// Whoever puts pieces together wrongly shows it.
    const SMALL: usize = 7;

    pub(crate) struct Pieces {
        response: Response,
        read: usize,
    }

    impl From<Response> for Pieces {
        fn from(response: Response) -> Self {
            Self { response, read: 0 }
        }
    }

    impl Pieces {
        pub(super) fn status(&self) -> u16 {
            self.response.status
        }

        pub(super) fn headers(&self) -> Vec<Header> {
            self.response.headers.clone()
        }

        #[expect(clippy::unnecessary_wraps, reason = "as the host's")]
        pub(super) fn read(&mut self, most: u32) -> Result<Option<Vec<u8>>, Failure> {
            let rest = &self.response.body[self.read..];
            let piece = &rest[..rest.len().min(SMALL).min(most.max(1) as usize)];
            self.read += piece.len();
            Ok((!piece.is_empty()).then(|| piece.to_vec()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Response, get};

    fn events(body: &str) -> Vec<(String, String, String)> {
        let body = body.to_owned();
        crate::testing::http(move |_| Some(Response::new(200, body.clone())));
        let events = get("https://a.test").open().expect("an answer").events();
        let parts = |event: Result<Event, Failure>| event.map(|event| (event.name, event.data, event.id));
        events.map(parts).collect::<Result<_, _>>().expect("it does not break off")
    }

    fn check(body: &str, expected: &[(&str, &str, &str)]) {
        let owned = |&(name, data, id): &(&str, &str, &str)| (name.to_owned(), data.to_owned(), id.to_owned());
        assert_eq!(events(body), expected.iter().map(owned).collect::<Vec<_>>(), "{body:?}");
    }

    #[test]
    fn events_are_read_as_the_standard_has_it() {
        check("data: one\n\ndata: two\n\n", &[("message", "one", ""), ("message", "two", "")]);
        check("\u{feff}data: a\r\ndata: b\r\n\r\n", &[("message", "a\nb", "")]);
        check("data:a\rdata:  b\r\r", &[("message", "a\n b", "")]);
        check(
            ": a comment\nevent: add\nid: 7\nretry: 10\nunknown: x\ndata\n\nevent: none\n\ndata: {}\n\n",
            &[("add", "", "7"), ("message", "{}", "7")],
        );
        check("data: grüße 😀\n\n", &[("message", "grüße 😀", "")]);
        check("data: whole\n\ndata: cut off\n", &[("message", "whole", "")]);
        check("\n\n", &[]);
    }

    #[test]
    fn a_body_can_be_taken_whole() {
        crate::testing::http(|_| Some(Response::new(500, "it is broken, sorry")));
        let incoming = get("https://a.test").open().expect("an answer");
        assert_eq!((incoming.status(), incoming.header("x")), (500, None));
        assert_eq!(incoming.text().expect("it does not break off"), "it is broken, sorry");
    }
}
