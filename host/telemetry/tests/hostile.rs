//! Requests that are small on the wire and large in memory, in a process of their own: what it has held at the most is known
//! for a whole process only.

#![cfg(target_os = "linux")]

use std::fs;
use std::time::{Duration, Instant};

use model::telemetry::Encoding;
use telemetry::otlp::{Limits, receive};

/// The largest request that a server takes.
const SIZE: usize = 20 << 20;

/// A message in a field of this number.
fn around(number: u8, inner: &[u8]) -> Vec<u8> {
    let mut outer = vec![number << 3 | 2];
    let mut length = inner.len();
    while length > 127 {
        outer.push(length as u8 | 128);
        length >>= 7;
    }
    outer.push(length as u8);
    outer.extend(inner);
    outer
}

/// The most memory that this process has had, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim_end_matches("kB").trim().parse::<usize>().expect("a number") << 10
}

#[test]
fn twenty_megabytes_of_empty_things_take_little_time_and_memory() {
    let ids = [around(1, &[1; 16]), around(2, &[1; 8]), vec![7 << 3 | 1, 5, 0, 0, 0, 0, 0, 0, 0]].concat();
    let in_span = |what: Vec<u8>| around(1, &around(2, &around(2, &[ids.clone(), what].concat())));
    let many = |empty: &str| format!("{empty},").repeat(SIZE / (empty.len() + 1) - 1) + empty;
    let in_json =
        |span: String| format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{span}]}}]}}]}}"#).into_bytes();
    let in_json_span = |field: &str, what: String| {
        let ids = r#""traceId":"01010101010101010101010101010101","spanId":"0101010101010101","startTimeUnixNano":"5""#;
        in_json(format!(r#"{{{ids},"{field}":[{what}]}}"#))
    };
    let requests = [
        ("attributes", Encoding::OtlpProtobuf, in_span([9 << 3 | 2, 0].repeat(SIZE / 2))),
        ("events", Encoding::OtlpProtobuf, in_span([11 << 3 | 2, 0].repeat(SIZE / 2))),
        ("links", Encoding::OtlpProtobuf, in_span([13 << 3 | 2, 0].repeat(SIZE / 2))),
        ("spans", Encoding::OtlpProtobuf, around(1, &around(2, &[0x12, 0].repeat(SIZE / 2)))),
        ("resources", Encoding::OtlpProtobuf, [0x0a, 0].repeat(SIZE / 2)),
        ("attributes", Encoding::OtlpJson, in_json_span("attributes", many(r#"{"key":""}"#))),
        ("broken attributes", Encoding::OtlpJson, in_json_span("attributes", many("{}"))),
        ("events", Encoding::OtlpJson, in_json_span("events", many("{}"))),
        ("spans", Encoding::OtlpJson, in_json(many("{}"))),
        ("resources", Encoding::OtlpJson, format!(r#"{{"resourceSpans":[{}]}}"#, many("{}")).into_bytes()),
    ];
    for (what, encoding, request) in requests {
        // The peak is what there is now.
        fs::write("/proc/self/clear_refs", "5").expect("cleared");
        let (before, begun) = (peak(), Instant::now());
        let accepted = receive(&request, encoding, &Limits::default()).map(|received| received.accepted);
        assert_eq!(accepted.unwrap_or_default(), 0, "{what}");
        // A second, unoptimised.
        assert!(begun.elapsed() < Duration::from_secs(30), "{what} take {:?}", begun.elapsed());
        let more = peak() - before;
        assert!(more < 2 * SIZE, "{what} take {} MiB", more >> 20);
    }
}
