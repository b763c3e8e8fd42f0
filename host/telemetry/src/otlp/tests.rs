use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

use super::*;
use crate::recorded;

fn json(request: &str) -> Received {
    receive(request.as_bytes(), Encoding::OtlpJson, &Limits::default()).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn protobuf(request: &str) -> Vec<u8> {
    serde_json::from_str::<ExportTraceServiceRequest>(request).expect("OTLP").encode_to_vec()
}

/// One request with these spans.
fn request(spans: &[&str]) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{}]}}]}}]}}"#, spans.join(","))
}

/// A span with these fields changed or added.
fn span(fields: &str) -> String {
    let mut span = serde_json::json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "a",
        "startTimeUnixNano": "5", "endTimeUnixNano": "6", "kind": 1,
    });
    let fields: serde_json::Map<_, _> = serde_json::from_str(&format!("{{{fields}}}")).expect("fields");
    span.as_object_mut().expect("an object").extend(fields);
    span.to_string()
}

/// A message in a field of this number.
fn around(number: u8, inner: Vec<u8>) -> Vec<u8> {
    let mut outer = vec![number << 3 | 2];
    prost::encoding::encode_varint(inner.len() as u64, &mut outer);
    outer.extend(inner);
    outer
}

#[track_caller]
fn check_rejected(fields: &str, expected: &str) {
    let received = json(&request(&[&span(fields), &span("")]));
    assert_eq!(received.accepted, 1);
    let [rejected] = &received.reasons[..] else { panic!("{received:?}") };
    assert_eq!(
        (rejected.path.as_str(), rejected.reason.as_str()),
        ("resourceSpans[0].scopeSpans[0].spans[0]", expected)
    );
}

#[test]
fn both_encodings_bring_the_same() {
    for (name, request) in recorded::ALL {
        let binary = receive(&protobuf(request), Encoding::OtlpProtobuf, &Limits::default()).expect("read");
        assert_eq!(json(request), binary, "{name}");
        assert_eq!(binary.rejected, 0, "{name}");
    }
}

#[test]
fn spans_keep_who_made_them_and_what_happened_in_them() {
    let spans = span(
        r#""events":[{"name":"e","timeUnixNano":"7","attributes":[{"key":"k","value":{"intValue":"1"}}]}],
           "links":[{"traceId":"5b8efff798038103d269b633813fc60d","spanId":"eee19b7ec3c1b175"}]"#,
    );
    let request = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":[{{"key":"service.name","value":{{"stringValue":"shop"}}}}]}},
            "scopeSpans":[{{"scope":{{"name":"lib","version":"2"}},"spans":[{spans}]}}]}}]}}"#
    );
    let received = json(&request);
    let [span] = &received.traces["5b8efff798038103d269b633813fc60c"][..] else { panic!("{received:?}") };
    let source = span.source.as_ref().expect("a source");
    assert_eq!((source.scope.as_str(), source.scope_version.as_str()), ("lib", "2"));
    assert_eq!((source.resource[0].0.as_str(), source.resource[0].1.as_str()), ("service.name", "\"shop\""));
    assert_eq!((span.events[0].name.as_str(), span.events[0].time), ("e", 7));
    assert_eq!(span.events[0].attribute("k").map(model::json::Json::as_str), Some("1"));
    assert_eq!(span.links[0].span, "eee19b7ec3c1b175");
}

#[test]
fn a_broken_span_is_rejected_and_the_others_are_taken() {
    check_rejected(
        r#""traceId":"00000000000000000000000000000000""#,
        "`traceId` expected an id of 32 hexadecimal digits, found `\"00000000000000000000000000000000\"`",
    );
    check_rejected(r#""spanId":"eee1""#, "`spanId` expected an id of 16 hexadecimal digits, found `\"eee1\"`");
    check_rejected(r#""spanId":null"#, "has no id");
    check_rejected(r#""traceId":null"#, "has no id of a trace");
    check_rejected(r#""endTimeUnixNano":"4""#, "ends before it starts");
    check_rejected(r#""startTimeUnixNano":"0","endTimeUnixNano":"0""#, "has no start");
    check_rejected(r#""parentSpanId":"eee19b7ec3c1b174""#, "is its own parent");
    check_rejected(
        r#""attributes":[{"key":"a"},{"key":"b","value":7}]"#,
        "`attributes[1].value` expected an object, found a number",
    );
    check_rejected(
        r#""attributes":[{"key":"a","value":{"boolValue":"yes"}}]"#,
        "`attributes[0].value.boolValue` expected a boolean, found a text",
    );
    let many: Vec<_> = (0..257).map(|number| format!(r#"{{"key":"{number}"}}"#)).collect();
    check_rejected(&format!(r#""attributes":[{}]"#, many.join(",")), "`attributes` has 257 items, more than 256");
    check_rejected(
        &format!(r#""name":"{}""#, "x".repeat((64 << 10) + 1)),
        "has 65537 bytes in a name, more than 65536",
    );
}

#[test]
fn protocol_buffers_are_looked_at_as_closely() {
    let mut sent: ExportTraceServiceRequest =
        serde_json::from_str(&request(&[&span(""), &span(""), &span("")])).expect("OTLP");
    let spans = &mut sent.resource_spans[0].scope_spans[0].spans;
    spans[0].trace_id = vec![0; 16];
    spans[1].span_id = vec![1; 7];
    let received = receive(&sent.encode_to_vec(), Encoding::OtlpProtobuf, &Limits::default()).expect("read");
    assert_eq!(received.accepted, 1);
    let message = "resourceSpans[0].scopeSpans[0].spans[0]: `traceId` is all zeroes; \
                   resourceSpans[0].scopeSpans[0].spans[1]: `spanId` has 7 bytes, not 8";
    assert_eq!(received.message().as_deref(), Some(message));
}

#[test]
fn a_request_has_no_more_spans_than_it_may() {
    let limits = Limits { spans: 1, ..Limits::default() };
    let received = receive(request(&[&span(""), &span("")]).as_bytes(), Encoding::OtlpJson, &limits).expect("read");
    assert_eq!(
        received.message().as_deref(),
        Some("resourceSpans[0].scopeSpans[0].spans[1]: is more than the 1 spans that a request may have")
    );
}

#[test]
fn a_request_of_countless_spans_is_not_even_decoded() {
    let refused = |request: &[u8], encoding| receive(request, encoding, &Limits::default()).expect_err("refused").0;
    let spans = vec!["{}"; 100_001];
    assert_eq!(
        refused(request(&spans).as_bytes(), Encoding::OtlpJson),
        "the request is not OTLP: has more than 100000 spans"
    );
    let binary = around(1, around(2, [0x12, 0].repeat(100_001)));
    assert_eq!(refused(&binary, Encoding::OtlpProtobuf), "the request is not OTLP: has more than 100000 spans");
}

#[test]
fn of_a_key_that_is_there_twice_the_last_one_counts() {
    let twice = r#""attributes":[{"key":"a","value":{"intValue":1}},{"key":"b"},{"key":"a","value":{"intValue":2}}]"#;
    let received = json(&request(&[&span(twice)]));
    let span = &received.traces.values().next().expect("a trace")[0];
    let keys: Vec<_> = span.attributes.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(keys, [("b", "null"), ("a", "2")]);
}

#[test]
fn a_request_of_countless_empty_things_is_refused_or_its_spans_are() {
    const SIZE: usize = 1 << 20;
    let ids = [around(1, vec![1; 16]), around(2, vec![1; 8]), vec![7 << 3 | 1, 5, 0, 0, 0, 0, 0, 0, 0]].concat();
    let of_span =
        |field: u8| around(1, around(2, around(2, [ids.clone(), [field << 3 | 2, 0].repeat(SIZE / 2)].concat())));
    let one = around(2, around(2, ids.clone()));
    let of_resource = around(1, [around(1, [0x0a, 0].repeat(SIZE / 2)), one.clone()].concat());
    let scope = around(1, [0x1a, 0].repeat(SIZE / 2));
    let of_scope = around(1, around(2, [scope, around(2, ids.clone())].concat()));
    let told = |request: &[u8], encoding| match receive(request, encoding, &Limits::default()) {
        Ok(received) => format!("{} {}", received.accepted, received.message().unwrap_or_default()),
        Err(refused) => refused.0,
    };
    let binary = |request: &[u8]| told(request, Encoding::OtlpProtobuf);
    let at = "resourceSpans[0].scopeSpans[0].spans[0]";
    assert_eq!(binary(&of_span(9)), format!("0 {at}: `attributes` has 524288 items, more than 256"));
    assert_eq!(binary(&of_span(11)), format!("0 {at}: `events` has 524288 items, more than 128"));
    assert_eq!(binary(&of_resource), "the request is not OTLP: `resource.attributes` has 524288 items, more than 256");
    assert_eq!(binary(&of_scope), "the request is not OTLP: `scope.attributes` has 524288 items, more than 256");
    assert_eq!(binary(&[0x0a, 0].repeat(SIZE / 2)), "0 ");
    assert_eq!(binary(&around(1, [0x12, 0].repeat(SIZE / 2))), "0 ");
    assert_eq!(
        binary(&around(1, around(2, [0x12, 0].repeat(SIZE / 2)))),
        "the request is not OTLP: has more than 100000 spans"
    );

    let json = |request: String| told(request.as_bytes(), Encoding::OtlpJson);
    let empty = |one: &str| format!("[{}]", vec![one; SIZE / (one.len() + 1)].join(","));
    let pairs = empty(r#"{"key":""}"#);
    let in_span = |field: &str| json(request(&[&span(field)]));
    let items = |one: &str| SIZE / (one.len() + 1);
    assert_eq!(
        in_span(&format!(r#""attributes":{pairs}"#)),
        format!("0 {at}: `attributes` has {} items, more than 256", items(r#"{"key":""}"#))
    );
    assert_eq!(
        in_span(&format!(r#""events":{}"#, empty("{}"))),
        format!("0 {at}: `events` has {} items, more than 128", items("{}"))
    );
    for field in ["resourceSpans\":[{\"scopeSpans\":[{\"spans", "resourceSpans\":[{\"scopeSpans", "resourceSpans"] {
        let open = field.matches('{').count();
        let request = format!("{{\"{field}\":{}{}}}", empty("{}"), "}]".repeat(open));
        assert!(json(request).starts_with("the request is not OTLP: has more than 100000"), "{field}");
    }
    let resource = format!(
        r#"{{"resourceSpans":[{{"resource":{{"attributes":{pairs}}},"scopeSpans":[{{"spans":[{}]}}]}}]}}"#,
        span("")
    );
    assert_eq!(
        json(resource),
        format!("the request is not OTLP: `resource.attributes` has {} items, more than 256", items(r#"{"key":""}"#))
    );
}

/// Only what a span says is told apart, not how it was written.
#[test]
fn the_same_is_the_same_however_it_was_written() {
    let one = r#""kind":9,"unheardOf":[{}],"status":{"code":7},"attributes":[
        {"key":"u","value":{"unheardOf":1}},
        {"key":"d","value":{"doubleValue":3}},{"key":"e","value":{"doubleValue":1.50e1}},{"key":"i","value":{"intValue":"7"}},
        {"key":"t","value":{"stringValue":"\u00e9\/\n\\u\u0001"}},{"key":"n","value":{"doubleValue":"NaN"}},
        {"key":"l","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"a\"","value":{"intValue":-1}}]}}]}}}]"#;
    let other = r#""kind":1,"status":{},"attributes":[
        {"key":"u"},
        {"key":"d","value":{"doubleValue":3.0}},{"key":"e","value":{"doubleValue":"15"}},{"key":"i","value":{"intValue":7}},
        {"key":"t","value":{"stringValue":"é/\n\\u\u0001"}},{"key":"n","value":{"doubleValue":"NaN"}},
        {"key":"l","value":{"arrayValue":{"values":[{"kvlistValue":{"values":[{"key":"a\"","value":{"intValue":"-1"}}]}}]}}}]"#;
    let written = [one, other].map(|fields| json(&request(&[&span(fields)])));
    assert_eq!(written[0].rejected, 0, "{:?}", written[0].reasons);
    assert_eq!(written[0], written[1]);
    let value = |at: usize| written[0].traces.values().next().expect("a trace")[0].attributes[at].1.as_str();
    assert_eq!([value(1), value(2), value(3)], ["3.0", "15.0", "7"]);
    assert_eq!([value(4), value(5), value(6)], [r#""é/\n\\u\u0001""#, "\"NaN\"", r#"[{"a\"":-1}]"#]);
    let sent: ExportTraceServiceRequest = serde_json::from_str(&request(&[&span(
        &other.replace(r#""doubleValue":"15""#, r#""doubleValue":15"#).replace("\"NaN\"", "1"),
    )]))
    .expect("OTLP");
    let mut sent = sent;
    let number =
        &mut sent.resource_spans[0].scope_spans[0].spans[0].attributes[5].value.as_mut().expect("a value").value;
    *number = Some(opentelemetry_proto::tonic::common::v1::any_value::Value::DoubleValue(f64::NAN));
    let binary = receive(&sent.encode_to_vec(), Encoding::OtlpProtobuf, &Limits::default()).expect("read");
    assert_eq!(binary, written[0]);
}

#[test]
fn both_doors_turn_away_the_same() {
    let sent: ExportTraceServiceRequest = serde_json::from_str(&request(&[&span("")])).expect("OTLP");
    type Change = fn(&mut opentelemetry_proto::tonic::trace::v1::Span);
    let changes: [(&str, Change); 8] = [
        (r#""traceId":"00000000000000000000000000000000""#, |span| span.trace_id = vec![0; 16]),
        (r#""traceId":"5b8e""#, |span| span.trace_id = vec![1; 2]),
        (r#""traceId":"""#, |span| span.trace_id = vec![]),
        (r#""spanId":"0000000000000000""#, |span| span.span_id = vec![0; 8]),
        (r#""parentSpanId":"5b""#, |span| span.parent_span_id = vec![1]),
        (r#""startTimeUnixNano":0"#, |span| span.start_time_unix_nano = 0),
        (r#""endTimeUnixNano":4"#, |span| span.end_time_unix_nano = 4),
        (r#""links":[{"traceId":"00000000000000000000000000000000","spanId":"eee19b7ec3c1b175"}]"#, |span| {
            span.links = vec![opentelemetry_proto::tonic::trace::v1::span::Link {
                trace_id: vec![0; 16],
                span_id: vec![1; 8],
                ..Default::default()
            }];
        }),
    ];
    for (fields, change) in changes {
        let mut sent = sent.clone();
        change(&mut sent.resource_spans[0].scope_spans[0].spans[0]);
        let binary = receive(&sent.encode_to_vec(), Encoding::OtlpProtobuf, &Limits::default()).expect("read");
        for received in [binary, json(&request(&[&span(fields)]))] {
            assert_eq!((received.accepted, received.rejected), (0, 1), "{fields}");
            assert_eq!(received.reasons[0].path, "resourceSpans[0].scopeSpans[0].spans[0]");
        }
    }
    // What a span has no end of has not ended, and a parent of zeroes is none.
    let open = r#""endTimeUnixNano":"0","parentSpanId":"0000000000000000""#;
    let received = json(&request(&[&span(open)]));
    let span = &received.traces.values().next().expect("a trace")[0];
    assert_eq!((span.end, span.parent.as_deref()), (None, None));
}

#[test]
fn a_text_that_is_no_text_costs_its_span_and_no_other() {
    let sent: ExportTraceServiceRequest =
        serde_json::from_str(&request(&[&span(r#""name":"xyz""#), &span("")])).expect("OTLP");
    let mut binary = sent.encode_to_vec();
    let at = binary.windows(3).position(|three| three == b"xyz").expect("the name");
    binary[at] = 0xff;
    let received = receive(&binary, Encoding::OtlpProtobuf, &Limits::default()).expect("read");
    assert_eq!((received.accepted, received.reasons[0].reason.as_str()), (1, "a text is not UTF-8"));
}

#[test]
fn what_is_no_request_is_refused_and_an_empty_one_is_not() {
    for (encoding, empty) in [(Encoding::OtlpJson, &b"{}"[..]), (Encoding::OtlpProtobuf, b"")] {
        assert_eq!(receive(empty, encoding, &Limits::default()), Ok(Received::default()));
        assert!(receive(b"\xff", encoding, &Limits::default()).is_err());
    }
    assert!(receive(b"[]", Encoding::OtlpJson, &Limits::default()).is_err());
}

#[test]
fn a_request_that_nests_without_end_is_refused() {
    let value = |depth| format!("{}{}", r#"{"arrayValue":{"values":["#.repeat(depth), "]}}".repeat(depth));
    let nested = |depth| {
        request(&[&format!(r#"{{"startTimeUnixNano":1,"attributes":[{{"key":"a","value":{}}}]}}"#, value(depth))])
    };
    let reason = |depth| json(&nested(depth)).reasons.remove(0).reason;
    assert_eq!(reason(20), "has no id of a trace");
    let deep = reason(100_000);
    assert!(deep.ends_with("values[0].arrayValue` nests deeper than 40 levels"), "{deep}");
    let plain = format!(r#""attributes":{{"a":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    let reasons = json(&request(&[&format!(r#"{{"startTimeUnixNano":"1",{plain}}}"#)])).reasons;
    assert_eq!(reasons[0].reason, "`attributes.a` nests deeper than 127 levels");
    // Lengths go before what they are of, so this is made from the inside out: an array's values (1) within a value's
    // array (5), and around them the value (2) of an attribute (9) of a span (2) of a scope (2) of the first of all (1).
    let nested = |depth| {
        let value = (0..depth).fold(Vec::new(), |value, _| around(5, around(1, value)));
        [2, 9, 2, 2, 1].into_iter().fold(value, |inner, tag| around(tag, inner))
    };
    let reason = |depth| {
        let received = receive(&nested(depth), Encoding::OtlpProtobuf, &Limits::default()).expect("read");
        received.reasons[0].reason.clone()
    };
    assert_eq!(reason(20), "`spanId` has 0 bytes, not 8");
    assert_eq!(reason(100_000), "a value nests deeper than 40 levels");
}

#[test]
fn no_change_of_a_request_makes_it_panic() {
    let mut random = fastrand::Rng::with_seed(7);
    for (_, request) in recorded::ALL {
        for (encoding, good) in
            [(Encoding::OtlpJson, request.as_bytes().to_vec()), (Encoding::OtlpProtobuf, protobuf(request))]
        {
            for _ in 0..150 {
                let mut bad = good.clone();
                for _ in 0..random.usize(1..6) {
                    let at = random.usize(0..bad.len());
                    match random.u8(0..4) {
                        0 => bad[at] = random.u8(..),
                        1 => drop(bad.remove(at)),
                        2 => bad.insert(at, *random.choice(b"{}[]\",:0-9\\").expect("a byte")),
                        _ => bad.truncate(at.max(1)),
                    }
                }
                let Ok(received) = receive(&bad, encoding, &Limits::default()) else { continue };
                for spans in received.traces.values() {
                    let mut fold = model::digest::Fold::default();
                    for digest in crate::digest(spans, &crate::facts::NoPrices) {
                        fold.add(digest);
                    }
                    fold.header();
                }
            }
        }
    }
}
