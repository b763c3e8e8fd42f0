//! Texts of anyone as parts of a Markdown document.

use std::fmt::Write as _;

use crate::text;

/// How many characters of a text are told.
pub(super) const NAME: usize = 120;
pub(super) const REASON: usize = 300;
pub(super) const SENTENCE: usize = 1000;

/// A text in one line in which nothing is Markdown, HTML or the end of a cell: a character reference is never any of
/// these (CommonMark 0.31, section 2.5).
pub(super) fn words(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // What mentions somebody or something is found after references are resolved: a joiner, which is not seen, is between.
            '@' | '#' | '!' | '~' | '$' | '%' | '&' => {
                let _ = write!(escaped, "&#{};\u{2060}", u32::from(c));
            }
            // The extension that finds links looks for `www.` before references are resolved.
            '.' if !escaped.ends_with(['w', 'W']) => escaped.push(c),
            ',' => escaped.push(c),
            c if c.is_ascii_punctuation() => {
                let _ = write!(escaped, "&#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same of what a dataset, an application or a plugin says, as code: nobody is mentioned in it, and nothing linked.
pub(super) fn code(text: &str, longest: usize) -> String {
    let line = text::line(text, longest);
    if line.trim().is_empty() { String::new() } else { format!("<code>{}</code>", words(&line)) }
}

/// What the comment of a suite is found by. Nothing in it ends it.
pub(super) fn marker(suite: &str) -> String {
    let mut marker = String::new();
    for c in suite.chars().take(NAME) {
        if c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ') {
            marker.push(c);
        } else {
            let _ = write!(marker, "%{:02X}", u32::from(c));
        }
    }
    marker
}
