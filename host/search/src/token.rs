//! Words, signs and quoted texts.

/// A piece of the text, and the bytes that it takes there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: Kind<'t>,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind<'t> {
    Name(Name<'t>),
    /// Within `'` or `"`.
    Quoted(String),
    /// Digits, with what stands before and behind them: `-1`, `$0.02`, `150ms`.
    Number(&'t str),
    /// A comparison, a bracket, a comma; or what is none, for the parser to refuse.
    Sign(&'t str),
    End,
    /// A quote that nothing closes.
    Open,
}

/// A name and what stands behind its first dot.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Name<'t> {
    pub(crate) first: String,
    pub(crate) rest: Option<String>,
    /// As it was written, where that is one word without quotes, which may be a keyword.
    pub(crate) word: Option<&'t str>,
}

/// The tokens of `text`, the last of which is an end or a quote that nothing closes.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut reader = Reader { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        reader.skip(char::is_whitespace);
        let start = reader.at;
        let kind = reader.kind();
        let is_last = matches!(kind, Kind::End | Kind::Open);
        tokens.push(Token { kind, start, end: reader.at });
        if is_last {
            return tokens;
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn kind(&mut self) -> Kind<'t> {
        let start = self.at;
        let mut ahead = self.text[start..].chars();
        let Some(first) = ahead.next() else { return Kind::End };
        let second = ahead.next();
        let is_digit = |character: Option<char>| character.is_some_and(|it| it.is_ascii_digit() || it == '.');
        match first {
            '\'' | '"' => self.quoted(first).map_or(Kind::Open, Kind::Quoted),
            '`' | '_' => self.name(),
            _ if first.is_alphabetic() => self.name(),
            '0'..='9' | '$' => self.number(),
            '.' | '-' | '+' if is_digit(second) => self.number(),
            '<' | '>' | '=' | '!' => self.sign(|character| matches!(character, '<' | '>' | '=' | '!')),
            '&' | '|' => self.sign(|character| character == first),
            _ => {
                self.at += first.len_utf8();
                Kind::Sign(&self.text[start..self.at])
            }
        }
    }

    fn sign(&mut self, is_part: impl Fn(char) -> bool) -> Kind<'t> {
        Kind::Sign(self.skip(is_part))
    }

    fn number(&mut self) -> Kind<'t> {
        let start = self.at;
        self.at += 1;
        loop {
            self.skip(|character| is_word(character) || matches!(character, '.' | '$'));
            let number = &self.text[start..self.at];
            if !(ends_in_exponent(number) && self.text[self.at..].starts_with(['-', '+'])) {
                return Kind::Number(number);
            }
            self.at += 1;
        }
    }

    fn name(&mut self) -> Kind<'t> {
        let start = self.at;
        let Some(first) = self.part(is_word) else { return Kind::Open };
        let word = (!self.text[start..].starts_with('`')).then(|| &self.text[start..self.at]);
        if !self.text[self.at..].starts_with('.') {
            return Kind::Name(Name { first, rest: None, word });
        }
        let mut rest = Vec::new();
        while self.text[self.at..].starts_with('.') {
            self.at += 1;
            match self.part(|character| is_word(character) || matches!(character, '-' | '/')) {
                Some(part) => rest.push(part),
                None => return Kind::Open,
            }
        }
        Kind::Name(Name { first, rest: Some(rest.join(".")), word: None })
    }

    /// A part of a name; none where nothing closes its quotes.
    fn part(&mut self, is_bare: impl Fn(char) -> bool) -> Option<String> {
        match self.text[self.at..].chars().next() {
            Some(quote @ ('`' | '"')) => self.quoted(quote),
            _ => Some(self.skip(is_bare).to_owned()),
        }
    }

    /// What stands within quotes, where two of them stand for one. Where nothing closes them, it stays before them.
    fn quoted(&mut self, quote: char) -> Option<String> {
        let rest = &self.text[self.at + 1..];
        let mut content = String::new();
        let mut characters = rest.char_indices().peekable();
        while let Some((at, character)) = characters.next() {
            if character != quote {
                content.push(character);
            } else if characters.next_if(|(_, next)| *next == quote).is_some() {
                content.push(quote);
            } else {
                self.at += 1 + at + 1;
                return Some(content);
            }
        }
        None
    }

    fn skip(&mut self, is_part: impl Fn(char) -> bool) -> &'t str {
        let rest = &self.text[self.at..];
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// Whether a sign that comes now belongs to it.
fn ends_in_exponent(number: &str) -> bool {
    number.len() > 1 && number.ends_with(['e', 'E']) && number.as_bytes()[number.len() - 2].is_ascii_digit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[Kind<'_>]) {
        let kinds: Vec<_> = tokens(text).into_iter().map(|token| token.kind).collect();
        assert_eq!(kinds, expected, "{text}");
    }

    fn word(word: &str) -> Kind<'_> {
        Kind::Name(Name { first: word.to_owned(), rest: None, word: Some(word) })
    }

    fn path<'t>(first: &str, rest: &str) -> Kind<'t> {
        Kind::Name(Name { first: first.to_owned(), rest: Some(rest.to_owned()), word: None })
    }

    #[test]
    fn a_name_goes_to_the_end_of_its_last_part() {
        use Kind::{End, Number, Sign};
        check("name", &[word("name"), End]);
        check("tag.a.b", &[path("tag", "a.b"), End]);
        check("tag.`a b`.c", &[path("tag", "a b.c"), End]);
        check("tag.\"a \"\"b\"", &[path("tag", "a \"b"), End]);
        check("tag.``", &[path("tag", ""), End]);
        check("tag. x", &[path("tag", ""), word("x"), End]);
        check("tag.user-agent", &[path("tag", "user-agent"), End]);
        check("now-1h", &[word("now"), Number("-1h"), End]);
        check("`name`", &[Kind::Name(Name { first: "name".to_owned(), rest: None, word: None }), End]);
        check("tag.x=5", &[path("tag", "x"), Sign("="), Number("5"), End]);
    }

    #[test]
    fn a_quote_within_quotes_is_written_twice() {
        check("'it''s'", &[Kind::Quoted("it's".to_owned()), Kind::End]);
        check("''", &[Kind::Quoted(String::new()), Kind::End]);
        check("''''", &[Kind::Quoted("'".to_owned()), Kind::End]);
        check("\"a'b\"", &[Kind::Quoted("a'b".to_owned()), Kind::End]);
        check("x 'ab''", &[word("x"), Kind::Open]);
        check("tag.`a", &[Kind::Open]);
    }

    #[test]
    fn a_number_goes_with_its_sign_and_unit() {
        use Kind::{End, Number, Sign};
        check(
            "1 -2.5ms $0.02 1e-3 .5",
            &[Number("1"), Number("-2.5ms"), Number("$0.02"), Number("1e-3"), Number(".5"), End],
        );
        check("- 1", &[Sign("-"), Number("1"), End]);
        check(">=1,<>;==", &[Sign(">="), Number("1"), Sign(","), Sign("<>"), Sign(";"), Sign("=="), End]);
        check("a&&b", &[word("a"), Sign("&&"), word("b"), End]);
    }
}
