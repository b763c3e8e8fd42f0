//! The tokens of a text, one after the other, and what is said of one that is not right.

use crate::problem::Problem;
use crate::token::{Kind, Name, Token, tokens};

pub(crate) struct Words<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
}

impl<'t> Words<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, tokens: tokens(text), at: 0 }
    }

    pub(crate) fn peek(&self) -> &Token<'t> {
        // The last one is the end, or as good as that.
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    /// The one after the next.
    fn second(&self) -> &Token<'t> {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)]
    }

    pub(crate) fn next(&mut self) -> Token<'t> {
        let token = self.peek().clone();
        self.at += 1;
        token
    }

    /// Whether `word` comes next, in either case.
    pub(crate) fn is_word(&self, word: &str) -> bool {
        is_word(self.peek(), word)
    }

    /// Whether `word` comes next, and after it `sign`.
    pub(crate) fn is_call(&self, word: &str, sign: &str) -> bool {
        self.is_word(word) && self.second().kind == Kind::Sign(sign)
    }

    /// Takes `word` if it comes next, in either case.
    pub(crate) fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(word);
        self.at += usize::from(is_next);
        is_next
    }

    pub(crate) fn take_sign(&mut self, sign: &str) -> bool {
        let is_next = self.peek().kind == Kind::Sign(sign);
        self.at += usize::from(is_next);
        is_next
    }

    /// As it was written, cut where it is long.
    pub(crate) fn written(&self, token: &Token<'_>) -> String {
        crate::shown(&self.text[token.start..token.end])
    }

    /// What comes next should have been something else.
    pub(crate) fn expected(&self, what: &str, hint: impl Into<String>) -> Problem {
        self.not(self.peek(), what, hint)
    }

    /// What came should have been something else.
    pub(crate) fn not(&self, token: &Token<'_>, what: &str, hint: impl Into<String>) -> Problem {
        match token.kind {
            Kind::Open => self.problem(
                token,
                "nothing closes this quote",
                "end it with the same quote; one within is written twice",
            ),
            Kind::End => self.problem(token, format!("expected {what}, found the end"), hint),
            _ => self.problem(token, format!("expected {what}, found `{}`", self.written(token)), hint),
        }
    }

    pub(crate) fn problem(&self, at: &Token<'_>, message: impl Into<String>, hint: impl Into<String>) -> Problem {
        Problem::new(self.text, at.start, message, hint)
    }
}

pub(crate) fn is_word(token: &Token<'_>, expected: &str) -> bool {
    matches!(&token.kind, Kind::Name(Name { word: Some(word), .. }) if word.eq_ignore_ascii_case(expected))
}
