//! Files that are large, or that are small and large in memory, in a process of their own: what it has held at the most is
//! known for a whole process only.

#![cfg(target_os = "linux")]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::ops::ControlFlow;

use telemetry::files::read;

const MIB: usize = 1 << 20;

/// The most memory that this process has had, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim_end_matches("kB").trim().parse::<usize>().expect("a number") << 10
}

/// How many traces there are and how much is wrong, in no more memory than this.
#[track_caller]
fn check(what: &str, most: usize, source: &mut dyn BufRead) -> (usize, usize) {
    // The peak is what there is now.
    fs::write("/proc/self/clear_refs", "5").expect("cleared");
    let (before, mut told) = (peak(), (0, 0));
    let mut each = |one: Result<_, _>| {
        match one {
            Ok(_) => told.0 += 1,
            Err(_) => told.1 += 1,
        }
        ControlFlow::Continue(())
    };
    read(source, &mut each).expect("a source that does not fail");
    let more = (peak() - before) / MIB;
    assert!(more <= most, "{what} takes {more} MiB");
    told
}

/// The same over and over, up to so many bytes.
fn many(one: &str, bytes: usize) -> impl Read + use<> {
    Cycle { one: one.as_bytes().to_vec(), at: 0 }.take((bytes / one.len() * one.len()) as u64)
}

struct Cycle {
    one: Vec<u8>,
    at: usize,
}

impl Read for Cycle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        for byte in &mut *buffer {
            *byte = self.one[self.at];
            self.at = (self.at + 1) % self.one.len();
        }
        Ok(buffer.len())
    }
}

fn around<'a>(before: &'a str, inner: impl Read + 'a, after: &'a str) -> impl BufRead + 'a {
    BufReader::new(before.as_bytes().chain(inner).chain(after.as_bytes()))
}

#[test]
fn a_file_takes_the_memory_of_a_record_whatever_is_in_it() {
    let id = "1".repeat(32);
    let line = format!("{{\"karat\":1,\"trace_id\":\"{id}\",\"spans\":[]}}\n");
    let span = r#"{"context":{"trace_id":"11111111111111111111111111111111","span_id":"1111111111111111"},"name":"a","start_time":5},"#;
    assert_eq!(check("many lines", 8, &mut around("", many(&line, 16 * MIB), "")).1, 0);
    assert_eq!(check("many parts", 8, &mut around("[", many(span, 16 * MIB), "5]")).1, 1);
    assert_eq!(check("many numbers", 8, &mut around("[", many("5,", MIB), "5]")).1, MIB / 2 + 1);

    // What never ends, in text and binary.
    const LONG: usize = 66 * MIB;
    for (what, before, one) in [("a text without end", "{\"a\":\"", "x"), ("a text in a list", "[{\"a\":\"", "x")] {
        let (traces, broken) = check(what, 3 * 64 + 32, &mut around(before, many(one, LONG), ""));
        assert!(traces == 0 && broken > 0, "{what}: {broken}");
    }
    check("a request without end", 2 * 64 + 32, &mut around("\n\u{1}", many("x", LONG), ""));
    check("a length that is not there", 8, &mut &b"\x03\xff\xff\xffx"[..]);
    check("lengths of nothing", 8, &mut around("", many("\0", 4 * MIB), ""));

    // What is next to nothing, compressed.
    let mut packed = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
    std::io::copy(&mut around("{\"a\":\"", many("x", LONG), ""), &mut packed).expect("in memory");
    let packed = packed.finish().expect("in memory");
    assert!(packed.len() < MIB);
    let (traces, broken) = check("a compressed text without end", 3 * 64 + 48, &mut &packed[..]);
    assert!(traces == 0 && broken > 0);
    let message = [&u32::try_from(packed.len()).expect("short").to_be_bytes()[..], &packed].concat();
    assert_eq!(check("a compressed message without end", 2 * 64 + 48, &mut &message[..]), (0, 1));

    // What is small there and large here.
    const SIZE: usize = 4 * MIB;
    let name = "n".repeat(90);
    let deep = format!(
        "{{\"context\":{{\"trace_id\":\"1\",\"span_id\":\"1\"}},\"name\":\"a\",\"start_time\":5,\"attributes\":{{\"{name}\":{{"
    );
    let mlflow = format!("{{\"info\":{{\"trace_id\":\"{id}\",\"request_time\":5,\"tags\":{{");
    let metadata = format!("{{\"info\":{{\"trace_id\":\"{id}\",\"request_time\":5,\"trace_metadata\":{{");
    let langfuse = format!("{{\"id\":\"{id}\",\"timestamp\":5,\"metadata\":{{");
    let observations = format!("{{\"id\":\"{id}\",\"timestamp\":5,\"observations\":[");
    let otlp = format!(
        "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{\"traceId\":\"{id}\",\"spanId\":\"1111111111111111\",\"startTimeUnixNano\":5,\"events\":["
    );
    for (what, before, one, after) in [
        ("attributes under a name", &deep[..], "\"a\":1,", "\"a\":1}}}"),
        ("attributes in lists", &deep, "\"a\":[{\"b\":1}],", "\"a\":1}}}"),
        ("tags", &mlflow, "\"a\":\"\",", "\"a\":1}},\"data\":{}}"),
        ("metadata", &metadata, "\"a\":\"\",", "\"a\":1}},\"data\":{}}"),
        ("metadata of Langfuse", &langfuse, "\"a\":1,", "\"a\":1}}"),
        ("observations", &observations, "5,", "5]}"),
        ("pages", "{\"data\":[", "5,", "5]}"),
        ("events", &otlp, "{},", "{}]}]}]}]}"),
    ] {
        check(what, 40 * SIZE / MIB, &mut around(before, many(one, SIZE), after));
    }
}
