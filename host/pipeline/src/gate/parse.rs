//! `NAME[/sub][.statistic] OP NUMBER[%]`, several of them joined by `and`.

use model::gate::{Comparison, Gate, Statistic};

use super::STATISTICS;
use crate::nearest;

/// A text that is no gate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at column {column}")]
pub struct GateError {
    /// What is wrong.
    pub message: String,
    /// Where in the text, in characters from 1.
    pub column: usize,
    pub hint: Option<String>,
}

/// Two characters first: `>=` begins with `>`.
const COMPARISONS: [(&str, Comparison); 5] = [
    (">=", Comparison::AtLeast),
    ("<=", Comparison::AtMost),
    ("==", Comparison::Equal),
    (">", Comparison::Above),
    ("<", Comparison::Below),
];

const EXAMPLE: &str = "a gate reads like `exact_match >= 0.9` or `exact_match.lower >= 85%`; `and` joins several";

/// Reads the gates that `and` joins; there is at least one.
///
/// # Errors
///
/// Fails at the first place that is no gate.
pub fn parse(text: &str) -> Result<Vec<Gate>, GateError> {
    let mut words = Words { text, at: 0 };
    let mut gates = Vec::new();
    loop {
        gates.push(gate(&mut words)?);
        let Some((word, at)) = words.next() else { return Ok(gates) };
        if word.eq_ignore_ascii_case("or") {
            return Err(words.error(at, "gates can't be joined by `or`", "every gate has to hold; `and` joins them"));
        }
        if !word.eq_ignore_ascii_case("and") {
            return Err(words.error(at, format!("expected `and` or the end, found `{word}`"), EXAMPLE));
        }
    }
}

fn gate(words: &mut Words<'_>) -> Result<Gate, GateError> {
    let start = words.skip_space();
    let (scorer, statistic) = operand(words)?;
    let comparison = comparison(words)?;
    let threshold = threshold(words, statistic.is_of_latency())?;
    Ok(Gate { text: words.text[start..words.at].to_owned(), scorer, statistic, comparison, threshold })
}

fn operand(words: &mut Words<'_>) -> Result<(String, Statistic), GateError> {
    let Some((word, at)) = words.next() else {
        return Err(words.error(words.text.len(), "expected the name of a scorer", EXAMPLE));
    };
    let (key, statistic) = word.rsplit_once('.').unwrap_or((word, "value"));
    if !is_key(key) {
        return Err(words.error(at, format!("`{word}` is not the name of a scorer"), EXAMPLE));
    }
    match STATISTICS.iter().find(|(name, _)| *name == statistic) {
        Some((_, statistic)) => Ok((key.to_owned(), *statistic)),
        None => {
            let hint = nearest::hint(statistic, "statistics", STATISTICS.map(|(name, _)| name));
            Err(words.error(at + key.len() + 1, format!("unknown statistic `{statistic}`"), hint))
        }
    }
}

/// A scorer's key, perhaps with the name of a sub-feedback behind a slash.
fn is_key(text: &str) -> bool {
    let (scorer, sub) = text.split_once('/').unwrap_or((text, "sub"));
    scorer.starts_with(|first: char| first.is_ascii_lowercase())
        && scorer.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !sub.is_empty()
}

fn comparison(words: &mut Words<'_>) -> Result<Comparison, GateError> {
    let Some((word, at)) = words.next() else {
        return Err(words.error(words.text.len(), "expected a comparison", "one of `>=`, `<=`, `>`, `<`, `==`"));
    };
    let found = COMPARISONS.iter().find(|(sign, _)| *sign == word);
    found
        .map(|(_, comparison)| *comparison)
        .ok_or_else(|| words.error(at, format!("`{word}` is no comparison"), "one of `>=`, `<=`, `>`, `<`, `==`"))
}

fn threshold(words: &mut Words<'_>, is_time: bool) -> Result<f64, GateError> {
    let Some((word, at)) = words.next() else {
        return Err(words.error(words.text.len(), "expected a number", EXAMPLE));
    };
    match is_time {
        true => time(word).ok_or_else(|| words.error(at, format!("`{word}` is no time"), "such as `2s` or `300ms`")),
        false => {
            number(word).ok_or_else(|| words.error(at, format!("`{word}` is no number"), "such as `0.9` or `90%`"))
        }
    }
}

/// Seconds, with a unit or without.
fn time(word: &str) -> Option<f64> {
    match word.strip_suffix("ms") {
        Some(millis) => number(millis).map(|millis| millis / 1e3),
        None => number(word.strip_suffix('s').unwrap_or(word)),
    }
    .filter(|_| !word.ends_with('%'))
}

fn number(word: &str) -> Option<f64> {
    let digits = word.strip_suffix('%').unwrap_or(word);
    if !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+' | b'e' | b'E')) {
        return None;
    }
    let value: f64 = digits.parse().ok()?;
    let value = match word.ends_with('%') {
        // Moving the point keeps `21.68%` equal to `0.2168`; a division can miss by the last bit.
        true => format!("{digits}e-2").parse().unwrap_or(value / 100.0),
        false => value,
    };
    value.is_finite().then_some(value)
}

/// Splits at white space and around comparison signs.
struct Words<'t> {
    text: &'t str,
    /// Byte offset behind the last word.
    at: usize,
}

impl<'t> Words<'t> {
    fn skip_space(&mut self) -> usize {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.at
    }

    fn next(&mut self) -> Option<(&'t str, usize)> {
        let start = self.skip_space();
        let rest = &self.text[start..];
        let is_sign = |character: char| matches!(character, '<' | '>' | '=' | '!');
        let first = rest.chars().next()?;
        let length = rest
            .find(|character: char| character.is_whitespace() || is_sign(character) != is_sign(first))
            .unwrap_or(rest.len());
        self.at += length;
        Some((&rest[..length], start))
    }

    fn error(&self, at: usize, message: impl Into<String>, hint: impl Into<String>) -> GateError {
        let column = self.text[..at].chars().count() + 1;
        GateError { message: message.into(), column, hint: Some(hint.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, Statistic, Comparison, f64)]) {
        let gates = parse(text).expect("a gate");
        let seen: Vec<_> = gates
            .iter()
            .map(|gate| (gate.text.as_str(), gate.scorer.as_str(), gate.statistic, gate.comparison, gate.threshold))
            .collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_gate_compares_a_number_of_a_scorer() {
        use Comparison::{Above, AtLeast, AtMost, Below, Equal};
        use Statistic::{Failed, Lower, Value};
        check("tone >= 0.90", &[("tone >= 0.90", "tone", Value, AtLeast, 0.9)]);
        check("latency.p90 <= 2s", &[("latency.p90 <= 2s", "latency", Statistic::P90, AtMost, 2.0)]);
        check("latency.max < 300ms", &[("latency.max < 300ms", "latency", Statistic::Max, Below, 0.3)]);
        check("tone>=21.68%", &[("tone>=21.68%", "tone", Value, AtLeast, 0.2168)]);
        check(
            "a < -1e-3 AND b/c.lower > 5",
            &[("a < -1e-3", "a", Value, Below, -0.001), ("b/c.lower > 5", "b/c", Lower, Above, 5.0)],
        );
        check(
            "and <= 1 and a.failed == 0",
            &[("and <= 1", "and", Value, AtMost, 1.0), ("a.failed == 0", "a", Failed, Equal, 0.0)],
        );
    }

    #[test]
    fn what_is_no_gate_says_where_and_why() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).expect_err("no gate");
            assert_eq!(format!("{error}; {}", error.hint.clone().unwrap_or_default()), expected);
        };
        let example = EXAMPLE;
        let signs = "one of `>=`, `<=`, `>`, `<`, `==`";
        check("", &format!("expected the name of a scorer at column 1; {example}"));
        check("tone", &format!("expected a comparison at column 5; {signs}"));
        check("tone => 1", &format!("`=>` is no comparison at column 6; {signs}"));
        check("tone >=", &format!("expected a number at column 8; {example}"));
        check("tone >= high", "`high` is no number at column 9; such as `0.9` or `90%`");
        check("tone >= inf", "`inf` is no number at column 9; such as `0.9` or `90%`");
        check("tone >= 2s", "`2s` is no number at column 9; such as `0.9` or `90%`");
        check("Tone >= 1", &format!("`Tone` is not the name of a scorer at column 1; {example}"));
        check("tone.lowr >= 1", "unknown statistic `lowr` at column 6; did you mean `lower`?");
        check(
            "tone >= 1 or b >= 2",
            "gates can't be joined by `or` at column 11; every gate has to hold; `and` joins them",
        );
        check("latency.p90 <= 2m", "`2m` is no time at column 16; such as `2s` or `300ms`");
        check("tone >= 1 b", &format!("expected `and` or the end, found `b` at column 11; {example}"));
        check("tone >= 1 and", &format!("expected the name of a scorer at column 14; {example}"));
    }
}
