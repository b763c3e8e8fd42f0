//! MLflow's filters of everything but traces: conditions of which all must hold.
//!
//! ```text
//! filter    := condition (AND condition)*
//! condition := [entity .] key (= | != | > | >= | < | <= | LIKE | ILIKE | RLIKE) value
//!            | [entity .] key [NOT] IN (value, …) | [entity .] key IS [NOT] NULL
//! ```
//!
//! A key with special characters stands in backticks or double quotes. Which entities and keys there are, and what may be asked
//! of them, is up to who is asked; here is what the text says and what that means (`mlflow/utils/search_utils.py`).

use std::cmp::Ordering;

use model::search::{Comparison, CompiledTest, Found, Test, Value};

use super::Wrong;

/// One condition.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    /// As it is written; none where there is a key alone.
    pub(super) entity: Option<String>,
    pub(super) key: String,
    pub(super) operator: Operator,
    /// The operator as it is written, but in capitals.
    comparator: String,
    /// What it is compared with; more than one of `IN` alone, and none of `IS NULL`.
    pub(super) values: Vec<Value>,
    test: CompiledTest,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    /// `<`, `<=`, `>`, `>=`.
    Ordered,
    Like,
    Ilike,
    Rlike,
    In,
    NotIn,
    Null,
    NotNull,
}

impl Operator {
    fn signs(self) -> &'static [&'static str] {
        match self {
            Self::Equal => &["="],
            Self::NotEqual => &["!="],
            Self::Ordered => &["<", "<=", ">", ">="],
            Self::Like => &["LIKE"],
            Self::Ilike => &["ILIKE"],
            Self::Rlike => &["RLIKE"],
            Self::In => &["IN"],
            Self::NotIn => &["NOT IN"],
            Self::Null => &["IS NULL"],
            Self::NotNull => &["IS NOT NULL"],
        }
    }
}

/// A key that a list is ordered by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OrderBy {
    pub(super) entity: Option<String>,
    pub(super) key: String,
    pub(super) is_descending: bool,
}

impl Condition {
    /// Whether it holds of a value; of one that is not there, only that it is missing.
    pub(super) fn holds(&self, found: Option<Found<'_>>) -> bool {
        self.test.holds(&found)
    }

    /// # Errors
    ///
    /// Says so where its operator is none of these.
    pub(super) fn must_be(&self, operators: &[Operator]) -> Result<(), Wrong> {
        if operators.contains(&self.operator) {
            return Ok(());
        }
        let known = operators.iter().flat_map(|operator| operator.signs());
        let known: Vec<_> = known.map(|sign| format!("'{sign}'")).collect();
        Err(Wrong::invalid(format!("Invalid comparator '{}' not one of {{{}}}", self.comparator, known.join(", "))))
    }

    /// The first of what it is compared with, as it is written.
    fn written(&self) -> String {
        match self.values.first() {
            Some(Value::Text(text)) => format!("'{text}'"),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Boolean(_)) | None => String::new(),
        }
    }

    /// Whether everything that it is compared with stands in quotes.
    pub(super) fn is_of_texts(&self) -> bool {
        self.values.iter().all(|value| matches!(value, Value::Text(_)))
    }

    /// Whether nothing that it is compared with stands in quotes.
    pub(super) fn is_of_numbers(&self) -> bool {
        self.values.iter().all(|value| matches!(value, Value::Number(_)))
    }

    /// The texts that it is compared with.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.values.iter().filter_map(|value| match value {
            Value::Text(text) => Some(text.as_str()),
            Value::Number(_) | Value::Boolean(_) => None,
        })
    }

    /// # Errors
    ///
    /// Says so where something that it is compared with stands in no quotes; `what` says what it is put to.
    pub(super) fn must_be_of_texts(&self, what: &str) -> Result<(), Wrong> {
        let wrong =
            || format!("Expected a quoted string value for {what} (e.g. 'my-value'). Got value {}", self.written());
        if self.is_of_texts() { Ok(()) } else { Err(Wrong::invalid(wrong())) }
    }

    /// Likewise of quotes where a number is meant.
    pub(super) fn must_be_of_numbers(&self, what: &str) -> Result<(), Wrong> {
        let wrong = || format!("Expected numeric value type for {what}. Found {}", self.written());
        if self.is_of_numbers() { Ok(()) } else { Err(Wrong::invalid(wrong())) }
    }

    /// `entity.key`, as a message has it.
    pub(super) fn name(&self) -> String {
        name(self.entity.as_deref(), &self.key)
    }
}

impl OrderBy {
    /// Which of two values comes first. What is no number comes behind those that are, and what is missing behind everything,
    /// whichever way it goes.
    pub(super) fn compare(&self, a: Option<Found<'_>>, b: Option<Found<'_>>) -> Ordering {
        let rank = |found: &Option<Found<'_>>| match found {
            None => 2,
            Some(Found::Number(number)) if number.is_nan() => 1,
            Some(_) => 0,
        };
        let by_value = match (&a, &b) {
            (Some(Found::Text(a)), Some(Found::Text(b))) => a.cmp(b),
            (Some(Found::Number(a)), Some(Found::Number(b))) => a.total_cmp(b),
            (Some(Found::Boolean(a)), Some(Found::Boolean(b))) => a.cmp(b),
            _ => Ordering::Equal,
        };
        rank(&a).cmp(&rank(&b)).then(if self.is_descending { by_value.reverse() } else { by_value })
    }

    pub(super) fn name(&self) -> String {
        name(self.entity.as_deref(), &self.key)
    }
}

fn name(entity: Option<&str>, key: &str) -> String {
    entity.map_or_else(|| key.to_owned(), |entity| format!("{entity}.{key}"))
}

/// Reads a filter; an empty one has no conditions.
pub(super) fn parse(text: &str) -> Result<Vec<Condition>, Wrong> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let mut words = Words::of(text)?;
    let mut conditions = vec![condition(&mut words)?];
    while words.take_keyword("AND") {
        conditions.push(condition(&mut words)?);
    }
    match words.next() {
        None => Ok(conditions),
        Some(word) => Err(words.wrong(&format!("'{}' is not expected", word.text))),
    }
}

/// Reads what a list is ordered by: `[entity .] key [ASC | DESC]`.
pub(super) fn parse_order(text: &str) -> Result<OrderBy, Wrong> {
    let wrong = |_| Wrong::invalid(format!("Invalid order_by clause '{text}'"));
    let mut words = Words::of(text).map_err(wrong)?;
    let (entity, key) = identifier(&mut words).map_err(wrong)?;
    let is_descending = words.take_keyword("DESC");
    if !is_descending {
        words.take_keyword("ASC");
    }
    match words.next() {
        None => Ok(OrderBy { entity, key, is_descending }),
        Some(_) => Err(Wrong::invalid(format!("Invalid order_by clause '{text}'"))),
    }
}

fn condition(words: &mut Words<'_>) -> Result<Condition, Wrong> {
    let (entity, key) = identifier(words)?;
    let is_negated = words.take_keyword("NOT");
    let Some(word) = words.next() else {
        return Err(words.wrong("a comparison is missing"));
    };
    let compared = |comparison, value: Value| (Test::Is(comparison, value.clone()), vec![value]);
    let keyword = word.text.to_ascii_uppercase();
    let (operator, (test, values)) = match (keyword.as_str(), is_negated) {
        ("=", false) => (Operator::Equal, compared(Comparison::Equal, value(words)?)),
        ("!=", false) => (Operator::NotEqual, compared(Comparison::NotEqual, value(words)?)),
        ("<", false) => (Operator::Ordered, compared(Comparison::Less, value(words)?)),
        ("<=", false) => (Operator::Ordered, compared(Comparison::AtMost, value(words)?)),
        (">", false) => (Operator::Ordered, compared(Comparison::Greater, value(words)?)),
        (">=", false) => (Operator::Ordered, compared(Comparison::AtLeast, value(words)?)),
        ("LIKE", false) => (Operator::Like, pattern(words, |pattern| Test::Like { pattern, ignores_case: false })?),
        ("ILIKE", false) => (Operator::Ilike, pattern(words, |pattern| Test::Like { pattern, ignores_case: true })?),
        ("RLIKE", false) => (Operator::Rlike, pattern(words, Test::Matches)?),
        ("IN", false) => (Operator::In, list(words, Test::AnyOf)?),
        ("IN", true) => (Operator::NotIn, list(words, Test::NoneOf)?),
        ("IS", false) => {
            let is_present = words.take_keyword("NOT");
            if !words.take_keyword("NULL") {
                return Err(words.wrong("'IS' is followed by NULL or NOT NULL"));
            }
            match is_present {
                true => (Operator::NotNull, (Test::Present, Vec::new())),
                false => (Operator::Null, (Test::Missing, Vec::new())),
            }
        }
        _ => return Err(words.wrong(&format!("'{}' is no comparison", word.text))),
    };
    let test = CompiledTest::new(&test).map_err(|what| words.wrong(&what))?;
    let comparator = match operator {
        Operator::Ordered => keyword,
        operator => operator.signs().concat(),
    };
    Ok(Condition { entity, key, operator, comparator, values, test })
}

/// Entity and key: what stands before the first dot, and what behind it.
fn identifier(words: &mut Words<'_>) -> Result<(Option<String>, String), Wrong> {
    match words.next() {
        Some(Word { kind: Kind::Identifier { entity, key }, .. }) => Ok((entity, key)),
        // A key alone in double quotes.
        Some(Word { kind: Kind::Quoted { text, is_double: true }, .. }) => Ok((None, text)),
        Some(word) => Err(words.wrong(&format!("'{}' is no key", word.text))),
        None => Err(words.wrong("a key is missing")),
    }
}

fn value(words: &mut Words<'_>) -> Result<Value, Wrong> {
    match words.next() {
        Some(Word { kind: Kind::Quoted { text, .. }, .. }) => Ok(Value::Text(text)),
        Some(Word { kind: Kind::Number(number), .. }) => Ok(Value::Number(number)),
        Some(word) => Err(words.wrong(&format!("'{}' is no value: a text stands in quotes", word.text))),
        None => Err(words.wrong("a value is missing")),
    }
}

fn pattern(words: &mut Words<'_>, test: impl FnOnce(String) -> Test) -> Result<(Test, Vec<Value>), Wrong> {
    match value(words)? {
        Value::Text(text) => Ok((test(text.clone()), vec![Value::Text(text)])),
        _ => Err(words.wrong("a pattern stands in quotes")),
    }
}

fn list(words: &mut Words<'_>, test: impl FnOnce(Vec<Value>) -> Test) -> Result<(Test, Vec<Value>), Wrong> {
    let mut values = Vec::new();
    if !words.take_sign("(") {
        return Err(words.wrong("'IN' is followed by a list in brackets"));
    }
    loop {
        values.push(value(words)?);
        if words.take_sign(")") {
            return Ok((test(values.clone()), values));
        }
        if !words.take_sign(",") {
            return Err(words.wrong("the list is not closed"));
        }
    }
}

/// The words of a text, from the next one on.
struct Words<'t> {
    text: &'t str,
    words: std::iter::Peekable<std::vec::IntoIter<Word<'t>>>,
}

#[derive(Clone, Debug)]
struct Word<'t> {
    kind: Kind,
    text: &'t str,
}

#[derive(Clone, Debug)]
enum Kind {
    Identifier { entity: Option<String>, key: String },
    Quoted { text: String, is_double: bool },
    Number(f64),
    Sign,
}

impl<'t> Words<'t> {
    fn of(text: &'t str) -> Result<Self, Wrong> {
        let mut words = Vec::new();
        let mut rest = text.trim_start();
        while let Some(first) = rest.chars().next() {
            let (kind, length) = word(rest, first).ok_or_else(|| invalid(text, "a quote is not closed"))?;
            words.push(Word { kind, text: &rest[..length] });
            rest = rest[length..].trim_start();
        }
        Ok(Self { text, words: words.into_iter().peekable() })
    }

    fn next(&mut self) -> Option<Word<'t>> {
        self.words.next()
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        let is_it = |word: &Word<'_>| {
            matches!(word.kind, Kind::Identifier { entity: None, .. }) && word.text.eq_ignore_ascii_case(keyword)
        };
        self.words.next_if(is_it).is_some()
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        self.words.next_if(|word| matches!(word.kind, Kind::Sign) && word.text == sign).is_some()
    }

    fn wrong(&self, what: &str) -> Wrong {
        invalid(self.text, what)
    }
}

fn invalid(text: &str, what: &str) -> Wrong {
    Wrong::invalid(format!("Invalid filter '{text}': {what}"))
}

/// The word that a text begins with, and its length in bytes; none where it has no end.
fn word(text: &str, first: char) -> Option<(Kind, usize)> {
    match first {
        '\'' | '"' => {
            let (quoted, length) = quoted(text, first)?;
            Some((Kind::Quoted { text: quoted, is_double: first == '"' }, length))
        }
        '<' | '>' | '!' | '=' => Some((Kind::Sign, if text[1..].starts_with('=') { 2 } else { 1 })),
        _ if first == '`' || first == '_' || first.is_alphabetic() => name_of(text),
        _ => {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
            let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
            match text[..length].parse::<f64>() {
                Ok(number) if number.is_finite() => Some((Kind::Number(number), length)),
                _ => Some((Kind::Sign, first.len_utf8())),
            }
        }
    }
}

/// What stands between quotes, and its length with them. Nothing is escaped.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let inner = &text[1..];
    let end = inner.find(quote)?;
    Some((inner[..end].to_owned(), end + 2))
}

fn name_of(text: &str) -> Option<(Kind, usize)> {
    let (first, length) = part(text)?;
    let Some(behind) = text[length..].strip_prefix('.') else {
        return Some((Kind::Identifier { entity: None, key: first }, length));
    };
    let (rest, more) = match behind.starts_with(['`', '"']) {
        true => part(behind)?,
        // Further dots are the key's.
        false => bare(behind, |c| c == '.'),
    };
    Some((Kind::Identifier { entity: Some(first), key: rest }, length + 1 + more))
}

/// A name between quotes, or up to what can't be part of one.
fn part(text: &str) -> Option<(String, usize)> {
    match text.chars().next() {
        Some(quote @ ('`' | '"')) => quoted(text, quote),
        _ => Some(bare(text, |_| false)),
    }
}

fn bare(text: &str, is_part_too: impl Fn(char) -> bool) -> (String, usize) {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | ':' | '@') || is_part_too(c);
    let length = text.find(|c| !is_part(c)).unwrap_or(text.len());
    (text[..length].to_owned(), length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(filter: &str, value: Option<&str>, expected: bool) {
        let conditions = parse(filter).unwrap_or_else(|wrong| panic!("{filter}: {}", wrong.message));
        let holds = conditions.iter().all(|one| one.holds(value.map(|value| Found::Text(value.into()))));
        assert_eq!(holds, expected, "{filter} of {value:?}");
    }

    #[test]
    fn conditions_mean_what_they_say() {
        check("", None, true);
        check("name = 'x'", Some("x"), true);
        check("name != \"x\"", Some("x"), false);
        check("name like 'a%' and name LIKE '%c'", Some("abc"), true);
        check("tags.`a.b c` ilike 'A%'", Some("abc"), true);
        check("tags.\"a b\" RLIKE '^a+$'", Some("aaa"), true);
        check("metrics.acc >= 0.5", Some("0.75"), true);
        check("metrics.acc < -1e3", Some("0.75"), false);
        check("run_id IN ('a', 'b')", Some("b"), true);
        check("run_id NOT IN ('a', 'b')", Some("b"), false);
        check("tags.x IS NULL", None, true);
        check("tags.x is not null", None, false);
        check("tags.x != 'a'", None, false);
    }

    #[test]
    fn names_are_taken_apart_at_their_first_dot() {
        for (filter, entity, key) in [
            ("a = 'x'", None, "a"),
            ("a.b.c = 'x'", Some("a"), "b.c"),
            ("params.`a = 'b'` = 'x'", Some("params"), "a = 'b'"),
            ("`run name` = 'x'", None, "run name"),
            ("\"run name\" = 'x'", None, "run name"),
            ("metrics.size/p90 = 1", Some("metrics"), "size/p90"),
        ] {
            let [condition] = &parse(filter).expect("a filter")[..] else { panic!("{filter}") };
            assert_eq!((condition.entity.as_deref(), condition.key.as_str()), (entity, key), "{filter}");
        }
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for filter in [
            " ",
            "a",
            "a =",
            "a = b",
            "a = 'b",
            "a = 'b' OR c = 'd'",
            "(a = 'b')",
            "a = 'b';",
            "a IN 'b'",
            "a IN ('b'",
            "a IS 'b'",
            "a RLIKE '('",
            "a ~ 'b'",
        ] {
            assert!(parse(filter).is_err_and(|wrong| wrong.message.contains(filter)), "{filter}");
        }
        for order in ["", "a b", "a DESC b", "a DESC ASC"] {
            assert!(parse_order(order).is_err(), "{order}");
        }
    }

    #[test]
    fn an_order_goes_up_where_nothing_is_said() {
        for (text, entity, key, is_descending) in [
            ("start_time", None, "start_time", false),
            ("metrics.acc DESC", Some("metrics"), "acc", true),
            ("params.`a b` asc", Some("params"), "a b", false),
        ] {
            let expected = OrderBy { entity: entity.map(str::to_owned), key: key.to_owned(), is_descending };
            assert_eq!(parse_order(text), Ok(expected), "{text}");
        }
    }
}
