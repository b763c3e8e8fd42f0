use model::trace::{Span, SpanKind, Status};

use super::*;

fn read(text: &str) -> Trace {
    Reader.read(&Json::parse(text).expect("JSON")).unwrap_or_else(|broken| panic!("{broken:?}"))
}

#[track_caller]
fn check_broken(text: &str, expected: &str) {
    let broken = Reader.read(&Json::parse(text).expect("JSON")).expect_err("a broken trace");
    assert_eq!(format!("{}: {}", broken.field, broken.message), expected);
}

/// Names, in order.
fn names(trace: &Trace) -> Vec<&str> {
    trace.spans.iter().map(|span| span.name.as_str()).collect()
}

fn attributes(span: &Span) -> Vec<(&str, &str)> {
    span.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[test]
fn a_trace_of_our_own_shape_is_read() {
    let trace = read(
        r#"{"trace_id": "0AF7651916CD43DD8448EB211C80319C", "spans": [
            {"span_id": "00f067aa0ba902b7", "name": "answer", "start_time_unix_nano": 1700000000000000001,
             "end_time_unix_nano": 1700000000000000009, "status": "OK", "kind": "server"},
            {"span_id": "00f067aa0ba902b8", "parent_span_id": "00f067aa0ba902b7", "name": "tool",
             "start_time_unix_nano": 1700000000000000003, "status": {"code": "ERROR", "message": "no such city"},
             "attributes": {"n": 1.50, "list": [1, {"a": null}], "text": "\"x\""}}]}"#,
    );
    assert_eq!(trace.id, "0af7651916cd43dd8448eb211c80319c");
    let [answer, tool] = &trace.spans[..] else { panic!("{trace:?}") };
    assert_eq!((answer.kind, &answer.status, answer.parent.as_deref()), (SpanKind::Server, &Status::Ok, None));
    assert_eq!((answer.start, answer.end), (1_700_000_000_000_000_001, Some(1_700_000_000_000_000_009)));
    assert_eq!((tool.parent.as_deref(), tool.end), (Some("00f067aa0ba902b7"), None));
    assert_eq!(tool.status, Status::Error("no such city".to_owned()));
    assert_eq!(attributes(tool), [("n", "1.50"), ("list", r#"[1,{"a":null}]"#), ("text", r#""\"x\"""#)]);
}

#[test]
fn an_otlp_export_is_read() {
    let trace = read(
        r#"{"resourceSpans": [{"resource": {"attributes": []}, "scopeSpans": [{"scope": {"name": "x"}, "spans": [
            {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "parentSpanId": "",
             "name": "chat", "startTimeUnixNano": "1544712660000000000", "endTimeUnixNano": "1544712661000000000",
             "kind": 3, "status": {"code": 2, "message": "boom"}, "events": [], "flags": 257, "attributes": [
               {"key": "s", "value": {"stringValue": "a\"b"}}, {"key": "i", "value": {"intValue": "9223372036854775807"}},
               {"key": "d", "value": {"doubleValue": 0.10}}, {"key": "b", "value": {"boolValue": true}},
               {"key": "a", "value": {"arrayValue": {"values": [{"intValue": 1}, {}, {"stringValue": "x"}]}}},
               {"key": "k", "value": {"kvlistValue": {"values": [{"key": "q\"", "value": {"arrayValue": {}}}]}}},
               {"key": "n", "value": {"doubleValue": "NaN"}}, {"key": "e"}]}]}]}]}"#,
    );
    assert_eq!(trace.id, "5b8efff798038103d269b633813fc60c");
    let [span] = &trace.spans[..] else { panic!("{trace:?}") };
    assert_eq!((span.id.as_str(), span.parent.as_deref(), span.kind), ("eee19b7ec3c1b174", None, SpanKind::Client));
    assert_eq!(span.start, 1_544_712_660_000_000_000);
    assert_eq!(span.status, Status::Error("boom".to_owned()));
    let expected = [
        ("s", r#""a\"b""#),
        ("i", "9223372036854775807"),
        ("d", "0.10"),
        ("b", "true"),
        ("a", r#"[1,null,"x"]"#),
        ("k", r#"{"q\"":[]}"#),
        ("n", "\"NaN\""),
        ("e", "null"),
    ];
    assert_eq!(attributes(span), expected);
}

#[test]
fn a_trace_that_mlflow_wrote_is_read() {
    let trace = read(
        r#"{"info": {"trace_id": "tr-7fdfed4daa78111fb3f20312eb46cca7", "state": "OK"}, "data": {"spans": [
            {"trace_id": "f9/tTap4ER+z8gMS60bMpw==", "span_id": "9YU0SlWCSo4=", "parent_span_id": null, "name": "answer",
             "start_time_unix_nano": 1795451185580550912, "end_time_unix_nano": 1795451185590550912, "events": [],
             "status": {"code": "STATUS_CODE_OK", "message": ""},
             "attributes": {"mlflow.spanInputs": "{\"q\": 1}", "mlflow.spanType": "\"LLM\"", "plain": "not JSON"}}]}}"#,
    );
    assert_eq!(
        (trace.id.as_str(), trace.spans[0].id.as_str()),
        ("7fdfed4daa78111fb3f20312eb46cca7", "f585344a55824a8e")
    );
    let expected = [("mlflow.spanInputs", r#"{"q":1}"#), ("mlflow.spanType", "\"LLM\""), ("plain", "\"not JSON\"")];
    assert_eq!(attributes(&trace.spans[0]), expected);
    assert_eq!(trace.spans[0].status, Status::Ok);
}

#[test]
fn spans_are_in_order_of_their_start_and_parents_before_children() {
    let span = |id: &str, parent: &str, start: u64| {
        format!(
            r#"{{"span_id":"000000000000000{id}","parent_id":"000000000000000{parent}","name":"{id}","start_time_unix_nano":{start}}}"#
        )
    };
    let trace =
        [span("3", "2", 5), span("2", "1", 5), span("4", "f", 1), span("1", "0", 5), span("5", "3", 9)].join(",");
    assert_eq!(names(&read(&format!(r#"{{"spans":[{trace}]}}"#))), ["4", "1", "2", "3", "5"]);
    assert_eq!(names(&read(r#"{"spans":[]}"#)), Vec::<&str>::new());
}

#[test]
fn what_has_no_id_gets_one_that_stays() {
    let text = r#"{"spans":[{"name":"a","start_time_unix_nano":1},{"name":"b","start_time_unix_nano":2}]}"#;
    let trace = read(text);
    assert_eq!(trace, read(text));
    assert_eq!((trace.id.len(), trace.spans[0].id.len()), (32, 16));
    assert_ne!(trace.spans[0].id, trace.spans[1].id);
}

#[test]
fn what_is_wrong_is_told_with_its_field() {
    let span = |fields: &str| format!(r#"{{"spans":[{{"name":"a","start_time_unix_nano":1{fields}}}]}}"#);
    check_broken("7", ": expected an object, found a number");
    check_broken("{}", ": is no trace that is known here");
    check_broken(r#"{"spans":{}}"#, "spans: expected a list, found an object");
    check_broken(r#"{"spans":[7]}"#, "spans[0]: expected an object, found a number");
    check_broken(r#"{"spans":[{"start_time_unix_nano":1}]}"#, "spans[0]: missing key `name`");
    check_broken(r#"{"spans":[{"name":"a"}]}"#, "spans[0]: missing key `start_time_unix_nano`");
    check_broken(
        r#"{"spans":[{"name":"a","start_time_unix_nano":1.5}]}"#,
        "spans[0].start_time_unix_nano: expected a whole number, found `1.5`",
    );
    check_broken(
        &span(r#","end_time_unix_nano":0.1"#),
        "spans[0].end_time_unix_nano: expected a whole number, found `0.1`",
    );
    check_broken(
        &span(r#","span_id":"xyz""#),
        "spans[0].span_id: expected an id of 16 hexadecimal digits, found `\"xyz\"`",
    );
    check_broken(&span(r#","status":"FINE""#), "spans[0].status: `\"FINE\"` is no status: use `OK` or `ERROR`");
    check_broken(&span(r#","status":{"code":9}"#), "spans[0].status.code: `9` is no status: use `OK` or `ERROR`");
    check_broken(&span(r#","kind":"x""#), "spans[0].kind: `\"x\"` is no kind of span");
    check_broken(&span(r#","attributes":7"#), "spans[0].attributes: expected an object, found a number");
    check_broken(&span(r#","attributes":[{"value":{}}]"#), "spans[0].attributes[0]: missing key `key`");
    check_broken(
        &span(r#","attributes":[{"key":"a","value":{"arrayValue":{"values":[{"intValue":"x"}]}}}]"#),
        "spans[0].attributes[0].value.arrayValue.values[0].intValue: expected a whole number, found `\"x\"`",
    );
    check_broken(&span(r#","attributes":[{"key":"a"},{"key":"a"}]"#), "spans[0].attributes.a: is there twice");
    check_broken(
        r#"{"resourceSpans":[{"scopeSpans":[{},{"spans":[{}]}]}]}"#,
        "resourceSpans[0].scopeSpans[1].spans[0]: missing key `start_time_unix_nano`",
    );
    check_broken(r#"{"info":{},"data":{"spans":[7]}}"#, "data.spans[0]: expected an object, found a number");
}

#[test]
fn what_is_beside_the_spans_is_kept_and_may_be_broken() {
    let span = |more: &str| {
        let text = format!(r#"{{"spans":[{{"name":"a","start_time_unix_nano":1{more}}}]}}"#);
        read(&text).spans.remove(0)
    };
    let kept = span(r#","events":[{"name":"e","time_unix_nano":3,"attributes":{"k":1}}]"#);
    assert_eq!((kept.events[0].name.as_str(), kept.events[0].time), ("e", 3));
    assert_eq!(span(r#","events":7,"links":[{"trace_id":"elsewhere"}]"#).links, []);
}

#[test]
fn spans_that_do_not_fit_together_are_refused() {
    let span = |id: &str, more: &str| {
        format!(r#"{{"span_id":"000000000000000{id}","name":"{id}","start_time_unix_nano":5{more}}}"#)
    };
    let trace = |spans: &[String]| format!(r#"{{"spans":[{}]}}"#, spans.join(","));
    check_broken(&trace(&[span("1", ""), span("2", ""), span("1", "")]), "spans[2]: has the id of another span");
    let below = |parent: &str| format!(r#","parent_id":"000000000000000{parent}""#);
    check_broken(&trace(&[span("1", &below("1"))]), "spans[0]: has parents that lead in a circle");
    check_broken(
        &trace(&[span("1", &below("3")), span("2", &below("1")), span("3", &below("2"))]),
        "spans[0]: has parents that lead in a circle",
    );
    check_broken(&trace(&[span("1", r#","end_time_unix_nano":4"#)]), "spans[0]: ends before it starts");
    let of = |trace: &str| format!(r#","trace_id":"{trace}""#);
    let (one, other) = ("1".repeat(32), "2".repeat(32));
    check_broken(
        &trace(&[span("1", ""), span("2", &of(&one)), span("3", &of(&other))]),
        &format!("spans[2]: is of another trace than `{one}`"),
    );
}

#[test]
fn a_long_trace_is_read_and_a_longer_one_is_not() {
    let trace = |count: usize| {
        let spans: Vec<_> = (0..count)
            .map(|number| {
                let parent = number.saturating_sub(1);
                format!(
                    r#"{{"span_id":"{:016x}","parent_id":"{parent:016x}","name":"s","start_time_unix_nano":{}}}"#,
                    number + 1,
                    count - number
                )
            })
            .collect();
        format!(r#"{{"spans":[{}]}}"#, spans.join(","))
    };
    let read = read(&trace(100_000));
    assert_eq!((read.spans.len(), read.spans[0].start), (100_000, 1));
    check_broken(&trace(100_001), ": has 100001 spans, more than 100000");
}
