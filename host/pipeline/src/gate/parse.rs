//! The grammar of gates.
//!
//! ```text
//! any        = all { "or" all }
//! all        = one { "and" one }
//! one        = "not" one | "(" any ")" | regressed | non_inferior | number
//! regressed  = "regressed" "(" KEY [ "," "baseline" "=" RUN ] ")"
//! non_inferior = "non_inferior" "(" KEY "," "margin" "=" NUMBER [ "," "baseline" "=" RUN ] ")"
//! number     = [ "slice" "(" TAG "=" VALUE ")" "." ] KEY [ "." STATISTIC ] COMPARISON NUMBER
//! ```

use std::convert::Infallible;

use model::gate::{Comparison, Condition, Gate, Number, Statistic};
use model::slice::{Slice, SliceKey};

use super::STATISTICS;
use super::words::Words;
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

const SIGNS: &str = "one of `>=`, `<=`, `>`, `<`, `==`";
const EXAMPLE: &str = "a gate reads like `exact_match >= 0.9` or `exact_match.lower >= 85%`; `and` joins several";
const REGRESSED: &str = "such as `regressed(exact_match)` or `regressed(exact_match, baseline=main)`";
const NON_INFERIOR: &str =
    "such as `non_inferior(fluency, margin=0.02)` or `non_inferior(fluency, margin=0.02, baseline=main)`";
const SLICE: &str = "such as `slice(lang=de).exact_match >= 0.9`";

/// How deep gates may nest.
const DEEPEST: usize = 64;

/// Reads the gates that `and` joins; there is at least one.
///
/// # Errors
///
/// Fails at the first place that is no gate.
pub fn parse(text: &str) -> Result<Vec<Gate>, GateError> {
    let mut words = Words { text, at: 0 };
    let gate = any(&mut words, DEEPEST)?;
    if let Some((word, at)) = words.next() {
        return Err(words.error(at, format!("expected `and`, `or` or the end, found `{word}`"), EXAMPLE));
    }
    Ok(match gate.condition {
        Condition::All { all } => all,
        condition => vec![Gate { condition, ..gate }],
    })
}

fn any(words: &mut Words<'_>, levels: usize) -> Result<Gate, GateError> {
    let (text, of) = joined(words, "or", |words| all(words, levels))?;
    Ok(one_of(text, of, |any| Condition::Any { any }))
}

fn all(words: &mut Words<'_>, levels: usize) -> Result<Gate, GateError> {
    let (text, of) = joined(words, "and", |words| one(words, levels))?;
    Ok(one_of(text, of, |all| Condition::All { all }))
}

/// Gates with a word between them, and the text of all.
fn joined(
    words: &mut Words<'_>,
    by: &str,
    mut next: impl FnMut(&mut Words<'_>) -> Result<Gate, GateError>,
) -> Result<(String, Vec<Gate>), GateError> {
    let start = words.skip_space();
    let mut of = vec![next(words)?];
    while words.take(by) {
        of.push(next(words)?);
    }
    Ok((words.text[start..words.at].to_owned(), of))
}

/// The only one as it is.
fn one_of(text: String, mut of: Vec<Gate>, join: impl FnOnce(Vec<Gate>) -> Condition) -> Gate {
    match of.pop() {
        Some(only) if of.is_empty() => only,
        last => Gate { text, condition: join(of.into_iter().chain(last).collect()) },
    }
}

fn one(words: &mut Words<'_>, levels: usize) -> Result<Gate, GateError> {
    let start = words.skip_space();
    let Some(levels) = levels.checked_sub(1) else {
        return Err(words.error(start, "brackets nest too deep", "take some of them away"));
    };
    let is_call = words.peek_second() == Some("(");
    let condition = match words.peek().unwrap_or_default() {
        "(" => {
            words.next();
            let within = any(words, levels)?;
            closing(words, "expected `and`, `or` or `)`", "a bracket is open")?;
            // Brackets say how to read it, and nothing else.
            return Ok(within);
        }
        word if word.eq_ignore_ascii_case("not") && !words.peek_second().is_some_and(is_comparison) => {
            words.next();
            Condition::Not { not: Box::new(one(words, levels)?) }
        }
        "regressed" if is_call => regressed(words)?,
        "non_inferior" if is_call => non_inferior(words)?,
        _ => Condition::Number(number_of(words)?),
    };
    Ok(Gate { text: words.text[start..words.at].to_owned(), condition })
}

fn is_comparison(word: &str) -> bool {
    COMPARISONS.iter().any(|(sign, _)| *sign == word)
}

fn regressed(words: &mut Words<'_>) -> Result<Condition, GateError> {
    let Arguments { scorer, baseline, .. } = Arguments::read(words, &["baseline"], REGRESSED)?;
    Ok(Condition::Regressed { regressed: scorer, baseline })
}

fn non_inferior(words: &mut Words<'_>) -> Result<Condition, GateError> {
    let Arguments { scorer, baseline, margin, end } = Arguments::read(words, &["margin", "baseline"], NON_INFERIOR)?;
    let margin = margin.ok_or_else(|| words.error(end, "the margin is missing", NON_INFERIOR))?;
    Ok(Condition::NonInferior { non_inferior: scorer, margin, baseline })
}

/// What stands between the brackets behind a name.
struct Arguments {
    scorer: String,
    baseline: Option<String>,
    margin: Option<f64>,
    /// Where they end.
    end: usize,
}

impl Arguments {
    fn read(words: &mut Words<'_>, names: &[&str], example: &str) -> Result<Self, GateError> {
        words.next();
        words.next();
        let (scorer, at) = word(words, "the name of a scorer", example)?;
        if !is_key(scorer) {
            return Err(words.error(at, format!("`{scorer}` is not the name of a scorer"), example));
        }
        let mut read = Self { scorer: scorer.to_owned(), baseline: None, margin: None, end: words.at };
        while words.take(",") {
            let (name, at) = word(words, &format!("`{}`", names.join("` or `")), example)?;
            if !names.contains(&name) {
                let hint = nearest::hint(name, "allowed names", names.iter().copied());
                return Err(words.error(at, format!("unknown name `{name}`"), hint));
            }
            let is_repeated = if name == "margin" { read.margin.is_some() } else { read.baseline.is_some() };
            if is_repeated {
                return Err(words.error(at, format!("`{name}` is there twice"), example));
            }
            equals(words, name, example)?;
            let (value, at) = word(words, "a value", example)?;
            if name == "margin" {
                let margin = number(value).filter(|margin| *margin >= 0.0);
                let wrong =
                    || words.error(at, format!("`{value}` is no margin"), "a number from 0, such as `0.02` or `2%`");
                read.margin = Some(margin.ok_or_else(wrong)?);
            } else {
                read.baseline = Some(unquoted(words, value, at)?);
            }
        }
        read.end = closing(words, "expected `,` or `)`", example)?;
        Ok(read)
    }
}

/// A word that has to be there, and is no sign.
fn word<'t>(words: &mut Words<'t>, expected: &str, hint: &str) -> Result<(&'t str, usize), GateError> {
    match words.next() {
        Some((word, at)) if !matches!(word, "(" | ")" | "," | "=") => Ok((word, at)),
        Some((word, at)) => Err(words.error(at, format!("expected {expected}, found `{word}`"), hint)),
        None => Err(words.error(words.text.len(), format!("expected {expected}"), hint)),
    }
}

fn equals(words: &mut Words<'_>, behind: &str, hint: &str) -> Result<(), GateError> {
    match words.next() {
        Some(("=", _)) => Ok(()),
        Some((word, at)) => Err(words.error(at, format!("expected `=` behind `{behind}`, found `{word}`"), hint)),
        None => Err(words.error(words.text.len(), format!("expected `=` behind `{behind}`"), hint)),
    }
}

/// Takes the bracket that closes, and says where it stands.
fn closing(words: &mut Words<'_>, expected: &str, hint: &str) -> Result<usize, GateError> {
    match words.next() {
        Some((")", at)) => Ok(at),
        Some((word, at)) => Err(words.error(at, format!("{expected}, found `{word}`"), hint)),
        None => Err(words.error(words.text.len(), expected, hint)),
    }
}

fn unquoted(words: &Words<'_>, word: &str, at: usize) -> Result<String, GateError> {
    let Some(quote) = word.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
        return Ok(word.to_owned());
    };
    let inner = word[1..].strip_suffix(quote).filter(|inner| !inner.is_empty());
    let wrong = if word[1..].ends_with(quote) { "the text is empty" } else { "the quote is not closed" };
    inner.map(str::to_owned).ok_or_else(|| words.error(at, wrong, EXAMPLE))
}

fn number_of(words: &mut Words<'_>) -> Result<Number, GateError> {
    let slice = match (words.peek(), words.peek_second()) {
        (Some("slice"), Some("(")) => Some(slice(words)?),
        _ => None,
    };
    let (scorer, statistic) = operand(words, slice.is_some())?;
    let comparison = comparison(words)?;
    let threshold = threshold(words, statistic.is_of_latency())?;
    Ok(Number { scorer, slice, statistic, comparison, threshold })
}

fn slice(words: &mut Words<'_>) -> Result<Slice, GateError> {
    words.next();
    words.next();
    let (key, at) = word(words, "`split` or a tag", SLICE)?;
    let by = unquoted(words, key, at)?.parse::<SliceKey>().unwrap_or_else(|never: Infallible| match never {});
    equals(words, key, SLICE)?;
    let (value, at) = word(words, "a value", SLICE)?;
    let value = unquoted(words, value, at)?;
    closing(words, "expected `)`", SLICE)?;
    Ok(Slice { by, value })
}

fn operand(words: &mut Words<'_>, is_in_slice: bool) -> Result<(String, Statistic), GateError> {
    let Some((word, at)) = words.next() else {
        return Err(words.error(words.text.len(), "expected the name of a scorer", EXAMPLE));
    };
    let (word, at) = match (is_in_slice, word.strip_prefix('.')) {
        (false, _) => (word, at),
        (true, Some(word)) => (word, at + 1),
        (true, None) => return Err(words.error(at, format!("expected `.` and a scorer, found `{word}`"), SLICE)),
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
        return Err(words.error(words.text.len(), "expected a comparison", SIGNS));
    };
    let found = COMPARISONS.iter().find(|(sign, _)| *sign == word);
    found.map(|(_, comparison)| *comparison).ok_or_else(|| words.error(at, format!("`{word}` is no comparison"), SIGNS))
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

#[cfg(test)]
mod tests;
