//! Values of attributes: JSON texts, which stay as they were written but for what is taken out.
//!
//! A tree would lose the order of keys and how numbers are spelled, and a text as a whole can't be searched: `@` can be
//! written `\u0040`. So a text is gone through token by token. A text within it that is JSON itself, as dialects write what
//! came in and went out, is gone through likewise.

use model::json::Json;
use model::redaction::Action;

use super::{Sought, pattern};

/// What is left of a value.
pub(super) enum Left {
    Same,
    Other(Json),
    Nothing,
}

/// JSON within a text within JSON: deeper, a text is looked through as it stands.
const DEEPEST: usize = 4;

/// What stands for a value that has a name that is looked for.
const REDACTED: &str = "REDACTED";

/// Something was found of which nothing may be left, not even what it stood in.
struct Dropped;

pub(super) fn attribute(sought: &Sought, name: &str, value: &Json) -> Left {
    let text = value.as_str();
    let path = name.to_owned();
    let left = match sought.action(name, name) {
        Some(Action::Drop) => return Left::Nothing,
        Some(action) => Ok(instead(sought, action, text)),
        None => Walk { sought, rest: text, path, depth: 0 }.value(),
    };
    match left {
        Err(Dropped) => Left::Nothing,
        Ok(left) if left == text => Left::Same,
        Ok(left) => match Json::parse(&left) {
            Ok(other) => Left::Other(other),
            // Rather nothing than something that was not looked through.
            Err(_) => Left::Nothing,
        },
    }
}

/// A string that stands for a value.
fn instead(sought: &Sought, action: Action, value: &str) -> String {
    // A text is the same text however it is escaped.
    let plain = serde_json::from_str::<String>(value);
    let plain = plain.as_deref().unwrap_or(value);
    quoted(&match action {
        Action::Hash => pattern::pseudonym(&sought.pseudonyms, REDACTED, plain),
        Action::Mask | Action::Drop => pattern::mask(REDACTED),
    })
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Goes through a valid, compact JSON text.
struct Walk<'a> {
    sought: &'a Sought,
    /// What has not been read.
    rest: &'a str,
    /// The names from the attribute down, with dots between them.
    path: String,
    /// How many texts this is within.
    depth: usize,
}

impl<'a> Walk<'a> {
    /// What is left of the next value.
    fn value(&mut self) -> Result<String, Dropped> {
        match self.rest.as_bytes().first() {
            Some(b'{') => self.object(),
            Some(b'[') => self.array(),
            Some(b'"') => {
                let token = self.string();
                self.text(token)
            }
            _ => {
                let token = self.scalar();
                self.number(token)
            }
        }
    }

    fn object(&mut self) -> Result<String, Dropped> {
        let mut entries = Vec::new();
        self.skip(1);
        while !self.at_end(b'}') {
            let token = self.string();
            self.skip(1);
            let name = serde_json::from_str::<String>(token).unwrap_or_else(|_| token.to_owned());
            let length = self.path.len();
            self.path.push('.');
            self.path.push_str(&name);
            let left = match self.sought.action(&name, &self.path) {
                None => Some(self.value()?),
                Some(action) => {
                    let value = self.skipped();
                    (action != Action::Drop).then(|| instead(self.sought, action, value))
                }
            };
            self.path.truncate(length);
            if let Some(left) = left {
                // A name may be what is looked for: of a map by address, for one.
                let clean = pattern::text(&self.sought.patterns, &name).ok_or(Dropped)?;
                let token = if clean == name { token.to_owned() } else { quoted(&clean) };
                entries.push(format!("{token}:{left}"));
            }
        }
        Ok(format!("{{{}}}", entries.join(",")))
    }

    fn array(&mut self) -> Result<String, Dropped> {
        let mut items = Vec::new();
        self.skip(1);
        while !self.at_end(b']') {
            items.push(self.value()?);
        }
        Ok(format!("[{}]", items.join(",")))
    }

    fn text(&self, token: &str) -> Result<String, Dropped> {
        let Ok(text) = serde_json::from_str::<String>(token) else { return Err(Dropped) };
        if self.depth < DEEPEST
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(json) = Json::parse(&text)
        {
            let within =
                Walk { sought: self.sought, rest: json.as_str(), path: self.path.clone(), depth: self.depth + 1 };
            let left = { within }.value()?;
            return Ok(if left == json.as_str() { token.to_owned() } else { quoted(&left) });
        }
        let clean = pattern::text(&self.sought.patterns, &text).ok_or(Dropped)?;
        Ok(if clean == text { token.to_owned() } else { quoted(&clean) })
    }

    /// A number may be a card's or a telephone's. One that begins with 1 is a moment, in whatever part of a second: no card
    /// in use begins so, and one in ten has the right check digit.
    fn number(&self, token: &str) -> Result<String, Dropped> {
        let is_moment = token.starts_with('1') && (10..=19).contains(&token.len());
        if is_moment || !token.starts_with(|first: char| first.is_ascii_digit()) {
            return Ok(token.to_owned());
        }
        let clean = pattern::text(&self.sought.patterns, token).ok_or(Dropped)?;
        Ok(if clean == token { token.to_owned() } else { quoted(&clean) })
    }

    /// Passes the end of an object or array, or what stands between its entries.
    fn at_end(&mut self, end: u8) -> bool {
        let next = self.rest.as_bytes().first().copied();
        if next == Some(b',') || next == Some(end) {
            self.skip(1);
        }
        // A valid text does not break off; one that did would end here.
        next.is_none_or(|next| next == end)
    }

    /// A string as it is written, with its quotes.
    fn string(&mut self) -> &'a str {
        let mut escaped = false;
        let is_end = |byte: u8| {
            let ends = byte == b'"' && !escaped;
            escaped = byte == b'\\' && !escaped;
            ends
        };
        let end = self.rest.bytes().skip(1).position(is_end).map_or(self.rest.len(), |at| at + 2);
        self.skip(end)
    }

    fn scalar(&mut self) -> &'a str {
        let end = self.rest.find([',', '}', ']']).unwrap_or(self.rest.len());
        self.skip(end)
    }

    /// A value that is not looked into, as it is written.
    fn skipped(&mut self) -> &'a str {
        let all = self.rest;
        let mut depth = 0;
        loop {
            match self.rest.as_bytes().first() {
                None => break,
                Some(b'"') => drop(self.string()),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.skip(1);
                }
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.skip(1);
                }
                Some(b',' | b':') => drop(self.skip(1)),
                Some(_) => drop(self.scalar()),
            }
            if depth == 0 {
                break;
            }
        }
        &all[..all.len() - self.rest.len()]
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let (read, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.rest = rest;
        read
    }
}
