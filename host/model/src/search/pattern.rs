//! Patterns as regular expressions.

use regex::{Regex, RegexBuilder};

/// Bytes of a pattern when it is compiled, and of what it keeps while it looks. Whoever searches may write dozens of them, and `\w{1000}` is ten characters.
const LARGEST: usize = 1 << 20;

/// SQL's `LIKE`. Nothing escapes `%` and `_`, as in MLflow: for such a text itself there is [`contains`].
pub(super) fn like(pattern: &str, ignores_case: bool) -> Result<Regex, String> {
    let mut expression = r"(?s)\A".to_owned();
    for character in pattern.chars() {
        match character {
            '%' => expression.push_str(".*"),
            '_' => expression.push('.'),
            other => expression.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push_str(r"\z");
    compile(&expression, ignores_case)
}

/// The text anywhere, in either case.
pub(super) fn contains(text: &str) -> Result<Regex, String> {
    compile(&regex::escape(text), true)
}

/// A regular expression as it was written.
pub(super) fn expression(text: &str) -> Result<Regex, String> {
    compile(text, false)
}

fn compile(expression: &str, ignores_case: bool) -> Result<Regex, String> {
    let mut builder = RegexBuilder::new(expression);
    builder.case_insensitive(ignores_case).size_limit(LARGEST).dfa_size_limit(LARGEST);
    builder.build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "it takes more than 1 MiB when it is compiled".to_owned(),
        // Lines with the expression and a mark under it come before what is wrong.
        other => {
            let text = other.to_string();
            let last = text.lines().next_back().unwrap_or_default();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    })
}
