//! The words of a gate, with where they stand.

use super::GateError;

/// Splits at white space, around comparison signs, and at brackets and commas.
pub(super) struct Words<'t> {
    pub(super) text: &'t str,
    /// Byte offset behind the last word.
    pub(super) at: usize,
}

impl<'t> Words<'t> {
    pub(super) fn skip_space(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    /// The next word and where it begins. A text in quotes is one word, quotes and all.
    pub(super) fn next(&mut self) -> Option<(&'t str, usize)> {
        let start = self.skip_space();
        let rest = &self.text[start..];
        let length = length(rest)?;
        self.at += length;
        Some((&rest[..length], start))
    }

    pub(super) fn peek(&self) -> Option<&'t str> {
        Self { text: self.text, at: self.at }.next().map(|(word, _)| word)
    }

    /// The next word but one.
    pub(super) fn peek_second(&self) -> Option<&'t str> {
        let mut ahead = Self { text: self.text, at: self.at };
        ahead.next()?;
        ahead.next().map(|(word, _)| word)
    }

    /// Whether the next word was this one, in whatever case; it is taken then.
    pub(super) fn take(&mut self, word: &str) -> bool {
        let is_next = self.peek().is_some_and(|next| next.eq_ignore_ascii_case(word));
        if is_next {
            self.next();
        }
        is_next
    }

    pub(super) fn error(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> GateError {
        let column = self.text[..at].chars().count() + 1;
        GateError { message: message.into(), column, hint: Some(hint.into()) }
    }
}

fn is_sign(character: char) -> bool {
    matches!(character, '<' | '>' | '=' | '!')
}

/// Of the first word; none at the end.
fn length(rest: &str) -> Option<usize> {
    let first = rest.chars().next()?;
    if matches!(first, '(' | ')' | ',') {
        return Some(1);
    }
    if matches!(first, '"' | '\'') {
        return Some(rest[1..].find(first).map_or(rest.len(), |end| end + 2));
    }
    // A sub-feedback has the name that a guest gave it: brackets that are closed within are part of it.
    let (mut is_sub, mut open) = (false, 0);
    let ends = |character: char| {
        is_sub |= character == '/';
        let is_bracket = match character {
            '(' | ')' | ',' if !is_sub => true,
            '(' => {
                open += 1;
                false
            }
            ')' | ',' if open == 0 => true,
            ')' => {
                open -= 1;
                false
            }
            _ => false,
        };
        is_bracket || character.is_whitespace() || is_sign(character) != is_sign(first)
    };
    Some(rest.find(ends).unwrap_or(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut words = Words { text, at: 0 };
        let seen: Vec<_> = std::iter::from_fn(|| words.next()).map(|(word, _)| word).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_gate_is_split_where_a_reader_would() {
        check("a>=1 and not(b<2)", &["a", ">=", "1", "and", "not", "(", "b", "<", "2", ")"]);
        check("slice(lang=de).x", &["slice", "(", "lang", "=", "de", ")", ".x"]);
        check("slice(lang=\"pt (br), x\")", &["slice", "(", "lang", "=", "\"pt (br), x\"", ")"]);
        check("f(a/b(c), x=y/z)", &["f", "(", "a/b(c)", ",", "x", "=", "y/z", ")"]);
        check("'open", &["'open"]);
        check("", &[]);
    }
}
