//! What is known by its looks.

use std::borrow::Cow;

use model::endpoint::Redaction;
use model::redaction::{Action, PatternRule};
use model::sensitive::{Look, without};
use regex::{Captures, Regex};

/// A pattern of one's own that can't be used.
#[derive(Debug, thiserror::Error)]
#[error("`{pattern}` is no regular expression")]
pub struct BadPattern {
    pub pattern: String,
    pub source: regex::Error,
}

/// Something with a look of its own, and what becomes of it.
#[derive(Clone)]
pub(super) struct Pattern {
    looks: Regex,
    is_it: fn(&str) -> bool,
    name: String,
    action: Action,
    pseudonyms: [u8; 32],
}

impl Pattern {
    pub(super) fn new(rule: &PatternRule, pseudonyms: [u8; 32]) -> Result<Self, BadPattern> {
        let (pattern, is_it, name): (Cow<'_, str>, fn(&str) -> bool, &str) = match &rule.looks {
            Redaction::Known(sensitive) => {
                let Look { pattern, is_it, name } = sensitive.look();
                (pattern, is_it, name)
            }
            Redaction::Pattern { pattern, name } => (pattern.into(), |_| true, name.as_deref().unwrap_or("REDACTED")),
        };
        let bad = |source| BadPattern { pattern: pattern.clone().into_owned(), source };
        let looks = Regex::new(&pattern).map_err(bad)?;
        Ok(Self { looks, is_it, name: name.to_owned(), action: rule.action, pseudonyms })
    }

    /// A text without it, and whether it was there.
    fn text<'a>(&self, text: &'a str) -> (Cow<'a, str>, bool) {
        let instead = |found: &str| match self.action {
            Action::Hash => pseudonym(&self.pseudonyms, &self.name, found),
            Action::Mask | Action::Drop => mask(&self.name),
        };
        let mut found_it = false;
        let clean = self.looks.replace_all(text, |found: &Captures<'_>| {
            let clean = without(&found[0], self.is_it, &instead);
            found_it |= matches!(clean, Cow::Owned(_));
            clean.into_owned()
        });
        match found_it {
            true => (clean, true),
            false => (Cow::Borrowed(text), false),
        }
    }
}

/// A text without all that is looked for. None where nothing of it may be kept.
pub(super) fn text<'a>(patterns: &[Pattern], text: &'a str) -> Option<Cow<'a, str>> {
    let mut clean = Cow::Borrowed(text);
    for pattern in patterns {
        let (left, found_it) = pattern.text(&clean);
        match (found_it, pattern.action) {
            (false, _) => {}
            (true, Action::Drop) => return None,
            (true, Action::Mask | Action::Hash) => clean = Cow::Owned(left.into_owned()),
        }
    }
    Some(clean)
}

pub(super) fn mask(name: &str) -> String {
    format!("[{name}]")
}

/// The same for the same text, and nothing that it can be told from without the key.
pub(super) fn pseudonym(key: &[u8; 32], name: &str, text: &str) -> String {
    let digest = blake3::keyed_hash(key, text.as_bytes()).to_hex();
    format!("[{name}:{}]", &digest[..16])
}
