//! What a text stands for.

use model::search::{
    APP_VERSION, CLIENT_REQUEST_ID, Comparison, Field, Filter, Order, RUN, SpanField, SpanFilter, Test, TokenKind,
    Value,
};

use crate::{parse, parse_order, write};

/// 2026-11-25T10:00:00Z.
const NOW: u64 = 1_795_600_800_000_000_000;

#[track_caller]
fn check(text: &str, expected: Filter) {
    assert_eq!(parse(text, NOW), Ok(Some(expected)), "{text}");
}

/// That a text is read as one condition of the trace.
#[track_caller]
fn check_trace(text: &str, field: Field, test: Test) {
    check(text, Filter::Trace(field, test));
}

/// That a text is read as the other is written.
#[track_caller]
fn check_same(text: &str, expected: &str) {
    let filter = parse(text, NOW).expect(text).expect(text);
    assert_eq!(write(&filter), expected, "{text}");
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn is(value: Value) -> Test {
    Test::Is(Comparison::Equal, value)
}

fn like(pattern: &str) -> Test {
    Test::Like { pattern: pattern.to_owned(), ignores_case: false }
}

#[test]
fn nothing_asks_for_nothing() {
    assert_eq!(parse("", NOW), Ok(None));
    assert_eq!(parse_order(""), Ok(Vec::new()));
}

#[test]
fn mlflows_filters_are_read() {
    let number = |comparison, number| Test::Is(comparison, Value::Number(number));
    let tag = |key: &str| Field::Tag(key.to_owned());
    let metadata = |key: &str| Field::Metadata(key.to_owned());
    for (text_, field, test) in [
        ("attributes.name = 'x'", Field::Name, is(text("x"))),
        ("attribute.status IN ('OK', 'ERROR')", Field::Status, Test::AnyOf(vec![text("OK"), text("ERROR")])),
        ("trace.status NOT IN ('OK')", Field::Status, Test::NoneOf(vec![text("OK")])),
        ("`name` != \"x\"", Field::Name, Test::Is(Comparison::NotEqual, text("x"))),
        ("\"name\" = \"x\"", Field::Name, is(text("x"))),
        ("request_id = 'tr-AB01'", Field::Id, is(text("ab01"))),
        ("request_id LIKE 'tr-ab%'", Field::Id, like("ab%")),
        ("client_request_id = 'r'", metadata(CLIENT_REQUEST_ID), is(text("r"))),
        ("attribute.run_id = 'r'", metadata(RUN), is(text("r"))),
        ("request_metadata.`mlflow.modelId` = 'm'", metadata(APP_VERSION), is(text("m"))),
        ("prompt = 'name/2'", Field::Prompt, is(text("name/2"))),
        ("timestamp_ms < 5", Field::Start, number(Comparison::Less, 5.0)),
        ("timestamp >= 5", Field::Start, number(Comparison::AtLeast, 5.0)),
        ("end_time_ms > 5", Field::End, number(Comparison::AtLeast, 6.0)),
        ("execution_time <= 5", Field::Duration, number(Comparison::Less, 6.0)),
        ("execution_time_ms <= 5.5", Field::Duration, number(Comparison::AtMost, 5.5)),
        ("trace.text LIKE '%x%'", Field::Text, like("%x%")),
        ("attributes.text ILIKE 'x'", Field::Text, Test::Like { pattern: "x".to_owned(), ignores_case: true }),
        ("tag.a = 'x'", tag("a"), is(text("x"))),
        ("tags.a.b RLIKE '^x'", tag("a.b"), Test::Matches("^x".to_owned())),
        ("tags.`a b` IS NULL", tag("a b"), Test::Missing),
        ("tags.\"a b\" is not null", tag("a b"), Test::Present),
        ("metadata.user-id = 'x'", metadata("user-id"), is(text("x"))),
        ("feedback.tone = '0.9'", Field::Feedback("tone".to_owned()), is(text("0.9"))),
        ("feedback.tone > 0.9", Field::Feedback("tone".to_owned()), number(Comparison::Greater, 0.9)),
        ("expectation.a.b LIKE 'x%'", Field::Expectation("a.b".to_owned()), like("x%")),
    ] {
        check_trace(text_, field, test);
    }
    for (text_, field, test) in [
        ("span.name = 'x'", SpanField::Name, is(text("x"))),
        ("span.type IN ('LLM')", SpanField::Type, Test::AnyOf(vec![text("LLM")])),
        ("span.status = 'UNSET'", SpanField::Status, is(text("UNSET"))),
        ("span.content LIKE '%x%'", SpanField::Content, like("%x%")),
        ("span.attributes.a.b RLIKE 'x'", SpanField::Attribute("a.b".to_owned()), Test::Matches("x".to_owned())),
        ("span.attributes.`a b` = 'x'", SpanField::Attribute("a b".to_owned()), is(text("x"))),
    ] {
        check(text_, Filter::Span(SpanFilter::Span(field, test)));
    }
}

#[test]
fn mlflows_whole_milliseconds_are_all_of_one() {
    check_same("timestamp_ms = 5", "start >= '1970-01-01T00:00:00.005Z' and start < '1970-01-01T00:00:00.006Z'");
    check_same("execution_time != 5", "duration < 5ms or duration >= 6ms");
    check_same("execution_time = 5 and name = 'x'", "(duration >= 5ms and duration < 6ms) and name = 'x'");
    check_same("duration = 5", "duration = 5ms");
}

#[test]
fn fields_of_our_own_have_units() {
    let over = |number| Test::Is(Comparison::Greater, Value::Number(number));
    for (text_, field, number) in [
        ("duration > 2s", Field::Duration, 2000.0),
        ("latency > 1.5m", Field::Duration, 90_000.0),
        ("duration > 150", Field::Duration, 150.0),
        ("cost > $0.02", Field::Cost, 0.02),
        ("tokens > 10k", Field::Tokens(TokenKind::Total), 10_000.0),
        ("tokens.total > 1", Field::Tokens(TokenKind::Total), 1.0),
        ("input_tokens > 1", Field::Tokens(TokenKind::Input), 1.0),
        ("tokens.cache_read > 1", Field::Tokens(TokenKind::CacheRead), 1.0),
        ("spans > 1", Field::Spans, 1.0),
        ("errors > 0", Field::Errors, 0.0),
        ("start > '2026-11-25T10:00:00Z'", Field::Start, 1_795_600_800_000.0),
        ("start > now", Field::Start, 1_795_600_800_000.0),
        ("start > now - 1h", Field::Start, 1_795_597_200_000.0),
        ("start > now-1h", Field::Start, 1_795_597_200_000.0),
        ("start > NOW + 500", Field::Start, 1_795_600_800_500.0),
        ("end > 5", Field::End, 5.0),
    ] {
        check_trace(text_, field, over(number));
    }
    check_trace("app_version = 'v'", Field::Metadata(APP_VERSION.to_owned()), is(text("v")));
    check_trace("request contains 'x'", Field::Inputs, Test::Contains("x".to_owned()));
    check_trace("status = 'error'", Field::Status, is(text("ERROR")));
    check_trace("tag.a = TRUE", Field::Tag("a".to_owned()), is(Value::Boolean(true)));
    let (low, high) = (Value::Number(0.01), Value::Number(0.02));
    check_trace("cost BETWEEN 0.01 AND $0.02", Field::Cost, Test::Between(low, high));
    check_trace("user = 'O''Neil'", Field::User, is(text("O'Neil")));
}

#[test]
fn and_binds_closer_than_or_and_not_closer_than_both() {
    for (text, expected) in [
        ("name='a' or name='b' and name='c'", "name = 'a' or name = 'b' and name = 'c'"),
        ("(name='a' or name='b') and name='c'", "(name = 'a' or name = 'b') and name = 'c'"),
        ("not name='a' and name='b'", "not name = 'a' and name = 'b'"),
        ("not (name='a' and name='b')", "not (name = 'a' and name = 'b')"),
        ("NOT not name='a'", "not not name = 'a'"),
        ("((name='a'))", "name = 'a'"),
        ("duration between 1 and 2 and name='a'", "duration between 1ms and 2ms and name = 'a'"),
    ] {
        check_same(text, expected);
    }
}

#[test]
fn conditions_of_spans_side_by_side_speak_of_one_span() {
    for (text, expected) in [
        ("span.type = 'TOOL'", "span.type = 'TOOL'"),
        ("span.type = 'TOOL' and span.name like 's%'", "span(type = 'TOOL' and name like 's%')"),
        ("span.type = 'A' and name = 'x' and span.name = 'B'", "span(type = 'A' and name = 'B') and name = 'x'"),
        ("name = 'x' and span.type = 'A'", "name = 'x' and span(type = 'A')"),
        ("span.type = 'A' or span.type = 'B'", "span(type = 'A') or span(type = 'B')"),
        (
            "(span.type = 'A' or span.name = 'B') and span.status = 'ERROR'",
            "span((type = 'A' or name = 'B') and status = 'ERROR')",
        ),
        (
            "(span.type = 'A' and span.name = 'B') and span.status = 'ERROR'",
            "span((type = 'A' and name = 'B') and status = 'ERROR')",
        ),
        (
            "(span.type = 'A' or name = 'B') and span.status = 'ERROR'",
            "(span(type = 'A') or name = 'B') and span(status = 'ERROR')",
        ),
        ("not span.type = 'A' and span.name = 'B'", "not span.type = 'A' and span(name = 'B')"),
        ("not (span.type = 'A' and span.name = 'B')", "not span(type = 'A' and name = 'B')"),
        ("(span.type = 'A' and not span.name = 'B')", "span(type = 'A') and not span.name = 'B'"),
        ("span(type = 'A' and not span.name = 'B')", "span(type = 'A' and not name = 'B')"),
        ("span(type = 'A') and span(type = 'B')", "span(type = 'A') and span(type = 'B')"),
        ("SPAN(type = 'A' or name = 'B') and span.model = 'm'", "span(type = 'A' or name = 'B') and span(model = 'm')"),
    ] {
        check_same(text, expected);
    }
}

#[test]
fn all_of_nothing_is_written_as_what_always_holds() {
    assert_eq!(write(&Filter::All(Vec::new())), "id is not null");
    assert_eq!(write(&Filter::Any(Vec::new())), "id is null");
    assert_eq!(write(&Filter::Span(SpanFilter::All(Vec::new()))), "span(name is not null)");
}

#[test]
fn an_order_has_directions() {
    let order = |field, descending| Order { field, descending };
    for (text, expected) in [
        ("timestamp_ms ASC", vec![order(Field::Start, false)]),
        ("cost desc", vec![order(Field::Cost, true)]),
        ("status, tags.`a b` DESC", vec![order(Field::Status, false), order(Field::Tag("a b".to_owned()), true)]),
        ("trace.name", vec![order(Field::Name, false)]),
    ] {
        assert_eq!(parse_order(text), Ok(expected));
    }
}
