//! Regular expressions, compiled for a single use.
//!
//! Every call has an instance of its own, so a pattern is compiled for every row, and that is what a row costs: for a
//! pattern such as `\d+` over the whole of Unicode a hundred times what it takes to search a page of text. Where pattern
//! and texts are ASCII, as most are, the compiler is told to leave Unicode out, which can't change what matches.

use karat_sdk::prelude::*;
use regex_automata::meta::{BuildError, Config, Regex};
use regex_automata::util::syntax;

/// Bytes that a compiled pattern may take.
const LARGEST: usize = 10 << 20;

/// Escapes that name a character of Unicode within an ASCII pattern.
const NAMED: [&str; 3] = [r"\x", r"\u", r"\U"];

/// A pattern as a suite has it.
#[derive(Clone, Copy)]
pub(crate) struct Pattern<'p> {
    pub(crate) text: &'p str,
    pub(crate) case_sensitive: bool,
}

impl Pattern<'_> {
    /// Compiles the pattern for a search in `texts` and nothing else.
    ///
    /// # Errors
    ///
    /// Fails as a bad parameter, with the place in the pattern, when it is no regular expression.
    pub(crate) fn compile(self, texts: &[&str]) -> Result<Regex, Failure> {
        let is_ascii = self.text.is_ascii() && texts.iter().all(|text| text.is_ascii());
        if is_ascii && !NAMED.iter().any(|escape| self.text.contains(escape)) {
            // What can't be said without Unicode, such as `\p{Greek}`, is no error yet.
            if let Ok(regex) = self.build(false) {
                return Ok(regex);
            }
        }
        self.build(true)
    }

    /// The same for matches from the first character to the last.
    pub(crate) fn compile_full(self, texts: &[&str]) -> Result<Regex, Failure> {
        let full = format!(r"\A(?:{})\z", self.text);
        let compiled = Pattern { text: &full, ..self }.compile(texts);
        // An error is told of the pattern as it was written, with nothing around it.
        compiled.map_err(|of_full| self.compile(texts).err().unwrap_or(of_full))
    }

    fn build(self, unicode: bool) -> Result<Regex, Failure> {
        let syntax = syntax::Config::new().case_insensitive(!self.case_sensitive).unicode(unicode).utf8(unicode);
        // Literals to look for first are worth finding only for a pattern that is used more than once.
        let config = Config::new().auto_prefilter(false).nfa_size_limit(Some(LARGEST));
        Regex::builder().syntax(syntax).configure(config).build(self.text).map_err(|error| bad_pattern(&error))
    }
}

fn bad_pattern(error: &BuildError) -> Failure {
    let reason = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
    Failure::bad_parameter(format!("`pattern` is no regular expression: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, text: &str, matches: bool) {
        let regex = Pattern { text: pattern, case_sensitive: false }.compile(&[text]).expect("a pattern");
        assert_eq!(regex.is_match(text), matches, "{pattern} in {text}");
    }

    #[test]
    fn texts_beyond_ascii_are_matched_by_the_rules_of_unicode() {
        check(r"^\w+$", "Übergröße", true);
        check("ÜBER", "über", true);
        check(r"^\d+$", "٣", true);
        check("^.$", "ü", true);
    }

    #[test]
    fn what_is_said_in_unicode_holds_for_ascii_texts_too() {
        check(r"^\p{L}+$", "abc", true);
        check(r"^\p{L}+$", "ab1", false);
        check("[äöü]", "abc", false);
        // The long s is a case of s.
        check("ſ", "s", true);
        check(r"\u{17F}", "S", true);
    }
}
