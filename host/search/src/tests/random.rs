//! Filters that nobody thought of.

use fastrand::Rng;
use model::search::{Comparison, Field, Filter, Matcher, Order, SpanField, SpanFilter, Test, TokenKind, Value};

use crate::{Problem, parse, parse_order, write, write_order};

#[test]
fn what_is_written_is_read_as_the_same() {
    let mut random = Rng::with_seed(5);
    for _ in 0..1_000 {
        let filter = filter(&mut random, 4);
        let text = write(&filter);
        assert_eq!(parse(&text, 0), Ok(Some(filter)), "{text}");
        let orders: Vec<_> = (0..random.usize(0..4)).map(|_| order(&mut random)).collect();
        assert_eq!(parse_order(&write_order(&orders)), Ok(orders));
    }
}

#[test]
fn what_was_read_stays_the_same_when_it_is_written_and_read_again() {
    let words = [
        "and",
        "or",
        "not",
        "(",
        ")",
        "span(",
        "name = 'x'",
        "span.type = 'LLM'",
        "span.name like 'a%'",
        "timestamp_ms = 5",
        "cost > $0.1",
        "duration between 1s and 2s",
        "type = 'TOOL'",
        "tag.a is null",
        "start > now - 1h",
    ];
    let mut random = Rng::with_seed(6);
    let mut taken = 0;
    for _ in 0..40_000 {
        let text: Vec<_> = (0..random.usize(1..9)).map(|_| words[random.usize(0..words.len())]).collect();
        let text = text.join(" ");
        if let Ok(Some(filter)) = parse(&text, 1 << 60) {
            taken += 1;
            let written = write(&filter);
            assert_eq!(parse(&written, 0), Ok(Some(filter)), "{text}: {written}");
        }
    }
    assert!(taken > 1_000, "{taken} of them are filters");
}

#[test]
fn any_bytes_are_a_filter_or_a_problem_within_them() {
    let pieces =
        ["'", "\"", "`", ".", "tag.", "span(", "(", "not ", "=", "1e", "-", "$", "ä", "\u{0}", "in", "now", "like '%'"];
    let mut random = Rng::with_seed(7);
    for _ in 0..30_000 {
        let mut text = String::new();
        for _ in 0..random.usize(0..12) {
            match random.bool() {
                true => text.push_str(pieces[random.usize(0..pieces.len())]),
                false => text.push(random.char(..)),
            }
        }
        for result in [parse(&text, 0).map(drop), parse_order(&text).map(drop)] {
            if let Err(problem) = result {
                check_problem(&text, &problem);
            }
        }
    }
}

#[track_caller]
fn check_problem(text: &str, problem: &Problem) {
    assert!((1..=text.chars().count() + 1).contains(&problem.column), "{text:?}: {problem}");
    assert!(problem.hint.as_ref().is_some_and(|hint| !hint.is_empty()), "{text:?}: {problem}");
    assert!(problem.under(text).contains(&problem.message), "{text:?}: {problem}");
}

#[test]
fn brackets_without_end_are_refused_and_not_gone_into() {
    for text in ["(", "not ", "span(", "not (", "a = (", "((name = 'x') and "] {
        let problem = parse(&text.repeat(60_000 / text.len()), 0).expect_err(text);
        assert!(problem.column <= 65 * text.len(), "{problem}");
    }
}

#[test]
fn what_nests_as_deep_as_it_may_can_be_used() {
    let text = format!("{}name = 'x'{}", "not (not (".repeat(16), "))".repeat(16));
    let filter = parse(&text, 0).expect("a filter").expect("a filter");
    assert!(Matcher::new(&filter).is_ok());
    assert_eq!(parse(&write(&filter), 0), Ok(Some(filter)));
}

/// As the parser makes them: nothing is joined that is less than two, and no status is unknown.
fn filter(random: &mut Rng, depth: usize) -> Filter {
    let two = |random: &mut Rng| (0..random.usize(2..4)).map(|_| filter(random, depth - 1)).collect();
    match random.u32(0..if depth == 0 { 2 } else { 5 }) {
        0 => {
            let field = field(random);
            let test = match &field {
                Field::Id => equality(random, |random| Value::Text(format!("{:032x}", random.u128(..)))),
                Field::Status => of_status(random, &["IN_PROGRESS", "OK", "ERROR"]),
                Field::Text => pattern(random),
                Field::Tag(_) | Field::Metadata(_) | Field::Feedback(_) | Field::Expectation(_) => of_open(random),
                Field::Start | Field::End | Field::Duration | Field::Cost => of_number(random),
                Field::Tokens(_) | Field::Spans | Field::Errors => of_number(random),
                _ => of_text(random),
            };
            Filter::Trace(field, test)
        }
        1 => Filter::Span(span(random, depth)),
        2 => Filter::All(two(random)),
        3 => Filter::Any(two(random)),
        _ => Filter::Not(Box::new(filter(random, depth - 1))),
    }
}

fn span(random: &mut Rng, depth: usize) -> SpanFilter {
    let two = |random: &mut Rng| (0..random.usize(2..4)).map(|_| span(random, depth - 1)).collect();
    match random.u32(0..if depth == 0 { 1 } else { 4 }) {
        0 => {
            let fields = [
                SpanField::Name,
                SpanField::Type,
                SpanField::Status,
                SpanField::Model,
                SpanField::Duration,
                SpanField::Attribute(key(random)),
                SpanField::Content,
            ];
            let field = random.choice(fields).expect("one");
            let test = match field {
                SpanField::Status => of_status(random, &["UNSET", "OK", "ERROR"]),
                SpanField::Duration => of_number(random),
                SpanField::Attribute(_) => of_open(random),
                SpanField::Content => pattern(random),
                _ => of_text(random),
            };
            SpanFilter::Span(field, test)
        }
        1 => SpanFilter::All(two(random)),
        2 => SpanFilter::Any(two(random)),
        _ => SpanFilter::Not(Box::new(span(random, depth - 1))),
    }
}

fn field(random: &mut Rng) -> Field {
    use TokenKind::{CacheRead, CacheWrite, Input, Output, Reasoning, Total};
    let tokens = random.choice([Input, Output, Total, CacheRead, CacheWrite, Reasoning]).expect("one");
    let fields = [
        Field::Id,
        Field::Name,
        Field::Status,
        Field::Service,
        Field::Session,
        Field::User,
        Field::Model,
        Field::Prompt,
        Field::Start,
        Field::End,
        Field::Duration,
        Field::Cost,
        Field::Tokens(tokens),
        Field::Spans,
        Field::Errors,
        Field::Tag(key(random)),
        Field::Metadata(key(random)),
        Field::Metadata(model::search::RUN.to_owned()),
        Field::Feedback(key(random)),
        Field::Expectation(key(random)),
        Field::Inputs,
        Field::Outputs,
        Field::Text,
    ];
    random.choice(fields).expect("one")
}

fn order(random: &mut Rng) -> Order {
    loop {
        let field = field(random);
        if field != Field::Text {
            return Order { field, descending: random.bool() };
        }
    }
}

fn of_text(random: &mut Rng) -> Test {
    match random.u32(0..4) {
        0 => equality(random, |random| Value::Text(text(random))),
        1 => presence(random),
        _ => pattern(random),
    }
}

fn of_status(random: &mut Rng, names: &[&str]) -> Test {
    match random.u32(0..4) {
        0 => presence(random),
        1 => pattern(random),
        _ => equality(random, |random| Value::Text(names[random.usize(0..names.len())].to_owned())),
    }
}

fn of_number(random: &mut Rng) -> Test {
    match random.u32(0..3) {
        0 => equality(random, |random| Value::Number(number(random))),
        1 => presence(random),
        _ => ordered(random),
    }
}

fn of_open(random: &mut Rng) -> Test {
    let value = |random: &mut Rng| match random.u32(0..3) {
        0 => Value::Boolean(random.bool()),
        1 => Value::Number(number(random)),
        _ => Value::Text(text(random)),
    };
    match random.u32(0..4) {
        0 => equality(random, value),
        1 => presence(random),
        2 => ordered(random),
        _ => pattern(random),
    }
}

fn equality(random: &mut Rng, value: impl Fn(&mut Rng) -> Value) -> Test {
    let values = |random: &mut Rng| (0..random.usize(1..4)).map(|_| value(random)).collect();
    match random.u32(0..4) {
        0 => Test::Is(Comparison::Equal, value(random)),
        1 => Test::Is(Comparison::NotEqual, value(random)),
        2 => Test::AnyOf(values(random)),
        _ => Test::NoneOf(values(random)),
    }
}

fn ordered(random: &mut Rng) -> Test {
    let number = |random: &mut Rng| Value::Number(number(random));
    let comparisons = [Comparison::Less, Comparison::AtMost, Comparison::Greater, Comparison::AtLeast];
    match random.bool() {
        true => Test::Is(random.choice(comparisons).expect("one"), number(random)),
        false => Test::Between(number(random), number(random)),
    }
}

fn pattern(random: &mut Rng) -> Test {
    match random.u32(0..4) {
        0 => Test::Like { pattern: text(random), ignores_case: false },
        1 => Test::Like { pattern: text(random), ignores_case: true },
        2 => Test::Matches("^[a-z']+$".to_owned()),
        _ => Test::Contains(text(random)),
    }
}

fn presence(random: &mut Rng) -> Test {
    if random.bool() { Test::Present } else { Test::Missing }
}

fn number(random: &mut Rng) -> f64 {
    match random.u32(0..6) {
        5 => -0.0,
        0 => random.i32(-1_000..100_000).into(),
        1 => f64::from(random.i32(..)) * 1e3,
        2 => random.i64(0..2_000_000_000_000) as f64,
        3 => random.f64(),
        _ => Some(f64::from_bits(random.u64(..))).filter(|number| number.is_finite()).unwrap_or_default(),
    }
}

fn text(random: &mut Rng) -> String {
    let pieces = ["a", "'", "\"", "`", "%", "_", "ä", " ", "\n", "\\", "and", ")"];
    (0..random.usize(0..6)).map(|_| pieces[random.usize(0..pieces.len())]).collect()
}

fn key(random: &mut Rng) -> String {
    let pieces = ["a", "B", "1", "_", ".", "-", "/", "`", "\"", " ", "ä", "not"];
    (0..random.usize(1..6)).map(|_| pieces[random.usize(0..pieces.len())]).collect()
}
