//! Secrets: filled in on the way out, taken out on the way in.

use std::fmt;

use bytes::Bytes;
use model::grant::HttpRule;
use model::outcome::Failure;

use super::denied;
use super::target::Target;

/// A value that plugins may use and never see.
#[derive(Clone)]
pub struct Secret {
    pub name: String,
    pub value: String,
    /// The only origin it goes to.
    pub origin: String,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).field("origin", &self.origin).finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Secrets(pub(super) Vec<Secret>);

const OPEN: &[u8] = b"{{";
const SECRET: &[u8] = b"{{secret:";
const CLOSE: &[u8] = b"}}";

impl Secrets {
    /// Fills secrets into the value of a header. Says whether there was one.
    pub(super) fn fill(&self, value: &[u8], target: &Target, rule: &HttpRule) -> Result<(Vec<u8>, bool), Failure> {
        let Some(start) = find(value, OPEN) else {
            return Ok((value.to_vec(), false));
        };
        let unfilled = || denied("a placeholder for a secret is `{{secret:NAME}}`");
        let rest = value[start..].strip_prefix(SECRET).ok_or_else(unfilled)?;
        let end = find(rest, CLOSE).ok_or_else(unfilled)?;
        let name = str::from_utf8(&rest[..end]).map_err(|_| unfilled())?;
        let secret = self.bound(name, target, rule)?;
        let behind = &rest[end + CLOSE.len()..];
        if find(behind, OPEN).is_some() {
            return Err(denied("one header takes one secret"));
        }
        Ok(([&value[..start], secret.value.as_bytes(), behind].concat(), true))
    }

    fn bound(&self, name: &str, target: &Target, rule: &HttpRule) -> Result<&Secret, Failure> {
        let is_granted = rule.secrets.iter().any(|granted| granted == name);
        let mut of_name = self.0.iter().filter(|secret| secret.name == name && is_granted);
        of_name.find(|secret| target.is_of(&secret.origin)).ok_or_else(|| {
            denied(format!("the secret `{}` was not granted for `{}`", name.escape_debug(), target.origin))
        })
    }

    /// What takes the values of secrets that may have been sent out of the answer.
    pub(super) fn scrub(&self, target: &Target, rule: &HttpRule) -> Scrub {
        let bound = rule.secrets.iter().filter_map(|name| Some((name, self.bound(name, target, rule).ok()?)));
        let sent = bound.filter(|(_, secret)| !secret.value.is_empty());
        let mut values: Vec<_> =
            sent.map(|(name, secret)| (secret.value.clone().into_bytes(), format!("[secret {name}]"))).collect();
        // Of two that begin in one place, the longer one is meant.
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        Scrub { values, held: Vec::new() }
    }
}

/// Takes secrets out of bytes that come piece by piece.
#[derive(Debug)]
pub(super) struct Scrub {
    /// Each with what is written instead, the longest first.
    values: Vec<(Vec<u8>, String)>,
    /// What a secret may have begun with, as long as it can't be told.
    held: Vec<u8>,
}

impl Scrub {
    /// What can be given on of these bytes and of those held back before.
    pub(super) fn pass(&mut self, piece: Bytes) -> Bytes {
        if self.values.is_empty() {
            return piece;
        }
        self.held.extend_from_slice(&piece);
        let (clean, taken) = self.clean(false);
        self.held.drain(..taken);
        clean.into()
    }

    /// What was held back, where nothing comes behind it.
    pub(super) fn end(&mut self) -> Bytes {
        let (clean, _) = self.clean(true);
        self.held.clear();
        clean.into()
    }

    /// A text that is there as a whole.
    pub(super) fn whole(&self, text: &[u8]) -> Vec<u8> {
        let mut scrub = Self { values: self.values.clone(), held: Vec::new() };
        [scrub.pass(Bytes::copy_from_slice(text)), scrub.end()].concat()
    }

    /// What is held with secrets replaced, up to where one may begin if more comes, and how many bytes that was.
    fn clean(&self, is_all: bool) -> (Vec<u8>, usize) {
        let mut clean = Vec::with_capacity(self.held.len());
        let mut rest = &self.held[..];
        loop {
            let may_begin = |byte: &u8| self.values.iter().any(|(value, _)| value[0] == *byte);
            let plain = rest.iter().position(may_begin).unwrap_or(rest.len());
            clean.extend_from_slice(&rest[..plain]);
            rest = &rest[plain..];
            let Some(&first) = rest.first() else { break };
            // A longer one that is not there yet goes before a shorter one that is.
            let begins = |value: &[u8]| rest.starts_with(value) || (!is_all && value.starts_with(rest));
            let found = self.values.iter().find(|(value, _)| begins(value));
            match found {
                Some((value, instead)) if rest.starts_with(value) => {
                    clean.extend_from_slice(instead.as_bytes());
                    rest = &rest[value.len()..];
                }
                Some(_) => break,
                None => {
                    clean.push(first);
                    rest = &rest[1..];
                }
            }
        }
        (clean, self.held.len() - rest.len())
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of a text in pieces of each length.
    fn check(secrets: &[(&str, &str)], text: &str, expected: &str) {
        let mut values: Vec<_> =
            secrets.iter().map(|(name, value)| (value.as_bytes().to_vec(), format!("[{name}]"))).collect();
        values.sort_by_key(|(value, _)| std::cmp::Reverse(value.len()));
        for length in 1..=text.len() {
            let mut scrub = Scrub { values: values.clone(), held: Vec::new() };
            let pieces = text.as_bytes().chunks(length).map(|piece| scrub.pass(Bytes::copy_from_slice(piece)));
            let mut came = pieces.collect::<Vec<_>>().concat();
            came.extend(scrub.end());
            assert_eq!(String::from_utf8_lossy(&came), expected, "{text:?} in pieces of {length}");
        }
    }

    #[test]
    fn a_secret_is_found_wherever_it_is_cut() {
        check(&[("A", "abcab")], "xabcabcabx", "x[A]cabx");
        check(&[("A", "abcd"), ("B", "bc")], "abc", "a[B]");
        check(&[("A", "aab")], "aaab aaa", "a[A] aaa");
        check(&[("A", "abcd"), ("B", "bc")], "abcd abc abx bc", "[A] a[B] abx [B]");
        check(&[("A", "ab"), ("B", "abcd")], "abcd abce ab", "[B] [A]ce [A]");
        check(&[], "as it is", "as it is");
    }
}
