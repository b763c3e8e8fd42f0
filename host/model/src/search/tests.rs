use std::cmp::Ordering;

use uuid::Uuid;

use super::*;
use crate::assessment::{AssessmentId, Said, Source, SourceKind};
use crate::digest::{SpanDigest, State, Tokens};
use crate::json::Json;
use crate::outcome::{Failure, FailureKind};
use crate::trace::{Event, Span, Status};

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn is(value: Value) -> Test {
    Test::Is(Comparison::Equal, value)
}

fn said(id: u128, name: &str, said: Said, overrides: Option<u128>) -> Assessment {
    Assessment {
        id: AssessmentId(Uuid::from_u128(id)),
        span: None,
        name: name.to_owned(),
        said,
        source: Source { kind: SourceKind::Human, id: None },
        rationale: None,
        created: 1,
        updated: 1,
        metadata: Default::default(),
        overrides: overrides.map(|id| AssessmentId(Uuid::from_u128(id))),
    }
}

fn feedback(id: u128, name: &str, value: &str, overrides: Option<u128>) -> Assessment {
    said(id, name, Said::Feedback(json(value)), overrides)
}

/// A trace of a failed tool in an agent, with two spans.
fn trace() -> (TraceInfo, Vec<(Span, SpanDigest)>) {
    let header = Header {
        name: "answer".to_owned(),
        service: Some("shop".to_owned()),
        start: 2_000_000,
        end: Some(1_502_000_000),
        state: State::Error,
        tokens: Some(Tokens { input: 100, output: 20, total: 120, ..Tokens::default() }),
        cost: Some(0.02),
        models: vec!["gpt-4o".to_owned(), "gpt-5".to_owned()],
        metadata: [(RUN.to_owned(), "r1".to_owned())].into(),
        spans: 2,
        errors: 1,
        inputs: Some("What does the blue one cost?".to_owned()),
        ..Header::default()
    };
    let info = TraceInfo {
        id: "ab01".to_owned(),
        experiment: "1".to_owned(),
        header,
        tags: [("env".to_owned(), "prod".to_owned()), ("build".to_owned(), "17".to_owned())].into(),
        assessments: vec![
            feedback(1, "tone", "0.9", None),
            feedback(2, "tone", "0.1", Some(1)),
            feedback(3, "kind", "true", None),
            feedback(4, "label", "\"good\"", None),
            feedback(5, "list", "[1,2]", None),
            feedback(6, "nothing", "null", None),
            feedback(7, "twice", "3", None),
            feedback(8, "twice", "4.0", None),
            said(9, "broken", Said::Failed(Failure::new(FailureKind::Other, "no answer")), None),
            said(10, "answer", Said::Expectation(json("\"12 euro\"")), None),
        ],
    };
    let agent = Span { id: "01".to_owned(), name: "answer".to_owned(), start: 2_000_000, ..Span::default() };
    let tool = Span {
        id: "02".to_owned(),
        name: "search".to_owned(),
        start: 3_000_000,
        end: Some(4_500_000),
        status: Status::Error("no such shelf".to_owned()),
        attributes: vec![("query".to_owned(), json("\"blue\\nlamp\"")), ("top".to_owned(), json("5"))],
        events: vec![Event {
            name: "retry".to_owned(),
            time: 1,
            attributes: vec![("after".to_owned(), json("{\"s\":1}"))],
        }],
        ..Span::default()
    };
    let digest = |kind: &str| SpanDigest { kind: Some(kind.to_owned()), ..SpanDigest::default() };
    (info, vec![(agent, digest("AGENT")), (tool, digest("TOOL"))])
}

#[track_caller]
fn check_filter(filter: &Filter, expected: bool) {
    let (info, spans) = trace();
    let matcher = Matcher::new(filter).expect("its patterns are right");
    assert_eq!(matcher.matches(Subject { info: &info, spans: &spans, session: &[] }), expected, "{filter:?}");
}

#[track_caller]
fn check(field: Field, test: Test, expected: bool) {
    check_filter(&Filter::Trace(field, test), expected);
}

#[track_caller]
fn check_value(found: Found<'_>, test: &Test, expected: bool) {
    assert_eq!(CompiledTest::new(test).expect("a test").matches(&found), expected, "{found:?} {test:?}");
}

#[test]
fn a_number_is_equal_to_the_text_that_spells_it() {
    let found = |text: &'static str| Found::Text(text.into());
    for (left, right, expected) in [
        (found("a"), text("a"), true),
        (found("a"), text("A"), false),
        (found("0.90"), text("0.9"), false),
        (found("0.90"), Value::Number(0.9), true),
        (Found::Number(0.9), text("0.9"), true),
        (Found::Number(3.0), text("3"), true),
        (Found::Number(3.0), text("three"), false),
        (Found::Number(f64::INFINITY), text("inf"), false),
        (Found::Number(3.0), text(""), false),
        (Found::Boolean(true), text("true"), true),
        (Found::Boolean(true), text("True"), false),
        (found("false"), Value::Boolean(false), true),
        (Found::Boolean(true), Value::Number(1.0), false),
        (Found::Number(1.0), Value::Boolean(true), false),
    ] {
        check_value(left.clone(), &is(right.clone()), expected);
        check_value(left.clone(), &Test::Is(Comparison::NotEqual, right.clone()), !expected);
        check_value(left.clone(), &Test::AnyOf(vec![text("other"), right.clone()]), expected);
        check_value(left, &Test::NoneOf(vec![text("other"), right]), !expected);
    }
}

#[test]
fn only_numbers_are_less_or_greater() {
    let less = |value| Test::Is(Comparison::Less, value);
    check_value(Found::Number(9.0), &less(Value::Number(10.0)), true);
    check_value(Found::Text("9".into()), &less(Value::Number(10.0)), true);
    check_value(Found::Text("9".into()), &less(text("10")), true);
    check_value(Found::Text("a".into()), &less(text("b")), false);
    check_value(Found::Boolean(false), &less(Value::Number(1.0)), false);
    let between = Test::Between(Value::Number(1.0), Value::Number(2.0));
    for (number, expected) in [(0.9, false), (1.0, true), (2.0, true), (2.1, false)] {
        check_value(Found::Number(number), &between, expected);
    }
}

#[test]
fn a_pattern_looks_at_the_text_of_anything() {
    let like = |pattern: &str| Test::Like { pattern: pattern.to_owned(), ignores_case: false };
    let ilike = |pattern: &str| Test::Like { pattern: pattern.to_owned(), ignores_case: true };
    let found = |text: &'static str| Found::Text(text.into());
    check_value(found("search\nagain"), &like("search%"), true);
    check_value(found("research"), &like("search%"), false);
    check_value(found("a.c"), &like("a_c"), true);
    check_value(found("abc"), &like("a.c"), false);
    check_value(found("A\nB"), &like("A_B"), true);
    check_value(found("Abc"), &like("a%"), false);
    check_value(found("ÄBC"), &ilike("ä%"), true);
    check_value(found("50% off"), &Test::Contains("% O".to_owned()), true);
    check_value(found("so 500"), &Test::Contains("% o".to_owned()), false);
    check_value(found("run-17"), &Test::Matches(r"\d+$".to_owned()), true);
    check_value(Found::Number(0.25), &like("0.2%"), true);
    check_value(Found::Boolean(true), &like("tr%"), true);
}

#[test]
fn a_pattern_that_is_wrong_or_too_large_says_so() {
    let refused = |text: &str| CompiledTest::new(&Test::Matches(text.to_owned())).expect_err("no pattern");
    assert_eq!(refused("a(b"), "unclosed group");
    assert_eq!(refused(r"\w{1000}"), "it takes more than 1 MiB when it is compiled");
}

#[test]
fn a_field_is_what_the_trace_says_as_a_whole() {
    for (field, value) in [
        (Field::Id, text("ab01")),
        (Field::Name, text("answer")),
        (Field::Status, text("ERROR")),
        (Field::Service, text("shop")),
        (Field::Model, text("gpt-4o")),
        (Field::Model, text("gpt-5")),
        (Field::Start, Value::Number(2.0)),
        (Field::End, Value::Number(1502.0)),
        (Field::Duration, Value::Number(1500.0)),
        (Field::Cost, Value::Number(0.02)),
        (Field::Tokens(TokenKind::Total), Value::Number(120.0)),
        (Field::Tokens(TokenKind::CacheRead), Value::Number(0.0)),
        (Field::Spans, Value::Number(2.0)),
        (Field::Errors, Value::Number(1.0)),
        (Field::Tag("build".to_owned()), Value::Number(17.0)),
        (Field::Metadata(RUN.to_owned()), text("r1")),
        (Field::Feedback("kind".to_owned()), Value::Boolean(true)),
        (Field::Feedback("label".to_owned()), text("good")),
        (Field::Feedback("list".to_owned()), text("[1,2]")),
        (Field::Expectation("answer".to_owned()), text("12 euro")),
    ] {
        check(field, is(value), true);
    }
}

#[test]
fn what_is_not_there_is_missing_and_nothing_else() {
    for field in [
        Field::Session,
        Field::Outputs,
        Field::Tag("other".to_owned()),
        Field::Feedback("answer".to_owned()),
        Field::Feedback("broken".to_owned()),
        Field::Feedback("nothing".to_owned()),
        Field::Expectation("tone".to_owned()),
    ] {
        check(field.clone(), Test::Missing, true);
        check(field.clone(), Test::Present, false);
        check(field.clone(), Test::Is(Comparison::NotEqual, text("x")), false);
        check(field, Test::NoneOf(vec![text("x")]), false);
    }
}

#[test]
fn an_assessment_that_is_overridden_does_not_count() {
    let tone = || Field::Feedback("tone".to_owned());
    check(tone(), is(Value::Number(0.1)), true);
    check(tone(), is(Value::Number(0.9)), false);
}

#[test]
fn any_of_several_values_is_enough() {
    let twice = || Field::Feedback("twice".to_owned());
    check(twice(), is(Value::Number(3.0)), true);
    check(twice(), is(Value::Number(4.0)), true);
    check(twice(), Test::Is(Comparison::NotEqual, Value::Number(3.0)), true);
    check(Field::Model, Test::Is(Comparison::NotEqual, text("gpt-5")), true);
}

#[test]
fn the_text_of_a_trace_is_all_that_its_spans_say() {
    let contains = |text: &str| Test::Contains(text.to_owned());
    for (word, expected) in [
        ("BLUE ONE", true),
        ("no such shelf", true),
        ("query: blue\nlamp", true),
        ("top: 5", true),
        ("retry", true),
        ("after: {\"s\":1}", true),
        ("shop", false),
    ] {
        check(Field::Text, contains(word), expected);
    }
}

#[test]
fn conditions_of_a_span_hold_of_one_and_the_same() {
    let span = |field, value: &str| SpanFilter::Span(field, is(text(value)));
    let all = |filters| Filter::Span(SpanFilter::All(filters));
    check_filter(&all(vec![span(SpanField::Type, "TOOL"), span(SpanField::Name, "search")]), true);
    check_filter(&all(vec![span(SpanField::Type, "AGENT"), span(SpanField::Name, "search")]), false);
    check_filter(&all(vec![span(SpanField::Status, "ERROR"), span(SpanField::Attribute("top".to_owned()), "5")]), true);
    check_filter(&Filter::Span(SpanFilter::Not(Box::new(span(SpanField::Type, "TOOL")))), true);
    check_filter(&Filter::Not(Box::new(Filter::Span(span(SpanField::Type, "TOOL")))), false);
    let lasting = |number| SpanFilter::Span(SpanField::Duration, is(Value::Number(number)));
    check_filter(&Filter::Span(lasting(1.5)), true);
    check_filter(
        &all(vec![span(SpanField::Name, "answer"), SpanFilter::Span(SpanField::Duration, Test::Missing)]),
        true,
    );
    let either = vec![span(SpanField::Name, "no"), span(SpanField::Status, "UNSET")];
    check_filter(&Filter::Span(SpanFilter::Any(either)), true);
}

#[test]
fn all_of_nothing_holds_and_any_of_nothing_does_not() {
    check_filter(&Filter::All(Vec::new()), true);
    check_filter(&Filter::Any(Vec::new()), false);
    check_filter(&Filter::Not(Box::new(Filter::Any(Vec::new()))), true);
}

#[test]
fn traces_without_the_field_come_last_either_way() {
    let with = |cost: Option<f64>, start| TraceInfo {
        header: Header { cost, start, ..Header::default() },
        ..TraceInfo::default()
    };
    let (cheap, dear, unknown) = (with(Some(0.1), 1), with(Some(0.2), 1), with(None, 1));
    let order = |descending| [Order { field: Field::Cost, descending }];
    for (descending, first) in [(false, Ordering::Less), (true, Ordering::Greater)] {
        assert_eq!(compare(&order(descending), &cheap, &dear), first);
        assert_eq!(compare(&order(descending), &dear, &unknown), Ordering::Less);
        assert_eq!(compare(&order(descending), &unknown, &cheap), Ordering::Greater);
        assert_eq!(compare(&order(descending), &with(None, 1), &with(None, 2)), Ordering::Greater);
    }
    assert_eq!(compare(&[], &with(None, 2), &with(None, 1)), Ordering::Less);
    assert_eq!(compare(&[], &with(None, 1), &with(None, 1)), Ordering::Equal);
}

#[test]
fn assessments_order_by_the_newest_and_kinds_of_values_keep_apart() {
    let with = |values: &[&str]| TraceInfo {
        assessments: values.iter().zip(1..).map(|(value, id)| feedback(id, "tone", value, None)).collect(),
        ..TraceInfo::default()
    };
    let orders = [Order { field: Field::Feedback("tone".to_owned()), descending: false }];
    let sorted = [with(&["9", "false"]), with(&["true"]), with(&["9", "1"]), with(&["10"]), with(&["\"1\""])];
    for pair in sorted.windows(2) {
        assert_eq!(compare(&orders, &pair[0], &pair[1]), Ordering::Less, "{pair:?}");
    }
}
