use std::io::Write;

use model::assessment::{AssessmentId, Said, Source, SourceKind};
use model::digest::{Fold, Header};
use model::outcome::{Failure, FailureKind};
use uuid::Uuid;

use super::*;
use crate::facts::{self, NoPrices};
use crate::{made, recorded};

/// What is read of a file: traces, and what is wrong.
fn all(file: &[u8], format: Option<Format>) -> (Vec<Imported>, Vec<String>) {
    let (mut traces, mut broken) = (Vec::new(), Vec::new());
    let mut each = |one: Result<Imported, BrokenFile>| {
        match one {
            Ok(imported) => traces.push(imported),
            Err(wrong) => broken.push(wrong.to_string()),
        }
        ControlFlow::Continue(())
    };
    let mut source = file;
    match format {
        Some(format) => read_as(format, &mut source, &mut each),
        None => read(&mut source, &mut each),
    }
    .expect("a source in memory");
    (traces, broken)
}

fn header(spans: &[Span]) -> Header {
    let mut fold = Fold::default();
    for digest in crate::digest(spans, &NoPrices) {
        fold.add(digest);
    }
    fold.header()
}

fn told(imported: &Imported) -> String {
    let Imported { trace, experiment, tags, assessments } = imported;
    let header = header(&trace.spans);
    let mut lines = vec![format!("trace {} of {}: {:?}", trace.id, experiment.as_deref().unwrap_or("-"), header.state)];
    let of = [header.session, header.user].map(|of| of.unwrap_or_else(|| "-".to_owned()));
    lines.push(format!(
        "session {} user {} tokens {:?} cost {:?}",
        of[0],
        of[1],
        header.tokens.map(|t| t.total),
        header.cost
    ));
    lines.extend(tags.iter().map(|(name, value)| format!("tag {name}: {value}")));
    lines.extend(header.metadata.iter().map(|(name, value)| format!("metadata {name}: {value}")));
    for assessment in assessments {
        let said = match &assessment.said {
            Said::Feedback(value) => format!("feedback {value}"),
            Said::Failed(failure) => format!("failed {:?} {failure} {:?}", failure.kind, failure.detail),
            Said::Expectation(value) => format!("expectation {value}"),
        };
        let Source { kind, id } = &assessment.source;
        lines.push(format!("{} {}: {said} by {kind:?} {id:?}", assessment.id.0.simple(), assessment.name));
        let more = (&assessment.rationale, &assessment.span, assessment.created, assessment.updated);
        lines.push(format!("  {more:?} {:?} {:?}", assessment.metadata, assessment.overrides.map(|id| id.0.simple())));
    }
    for span in &trace.spans {
        let place = (&span.id, &span.parent, span.start, span.end.map(|end| end - span.start));
        lines.push(format!("span {place:?} {:?}", span.status));
        lines.push(facts::tests::told(span));
        let keys: Vec<_> = span.attributes.iter().map(|(key, _)| key.as_str()).collect();
        lines.push(format!("  keys: {}", keys.join(" ")));
    }
    lines.join("\n")
}

macro_rules! files {
    ($($name:ident: $file:literal, $format:ident;)*) => {
        const FILES: &[(&[u8], Format)] = &[$((include_bytes!(concat!("../../tests/files/", $file)), Format::$format)),*];
        $(
            #[test]
            fn $name() {
                let file = include_bytes!(concat!("../../tests/files/", $file));
                let expected = include_str!(concat!("../../tests/files/", $file, ".txt"));
                let (traces, broken) = all(file, None);
                let mut told: Vec<_> = traces.iter().map(self::told).collect();
                told.extend(broken.iter().cloned());
                let told = told.join("\n");
                assert_eq!(told, expected.trim_end(), "\n{told}");
                let (again, wrong) = all(file, Some(Format::$format));
                assert_eq!((again, wrong.len()), (traces, broken.len()));
            }
        )*
    };
}

files! {
    a_trace_of_mlflow: "mlflow/trace.json", Mlflow;
    rows_of_mlflow: "mlflow/rows.json", Mlflow;
    traces_of_mlflow_2: "mlflow/version_2.jsonl", Mlflow;
    traces_of_langfuse: "langfuse/traces.json", Langfuse;
    observations_of_langfuse: "langfuse/observations.jsonl", Langfuse;
    a_page_of_langfuse: "langfuse/page.json", Langfuse;
    an_export_of_langfuse: "langfuse/blob.jsonl", Langfuse;
    spans_of_phoenix: "phoenix/spans.jsonl", Phoenix;
    traces_of_phoenix: "phoenix/traces.json", Phoenix;
    a_frame_of_phoenix: "phoenix/frame.json", Phoenix;
}

#[test]
fn a_row_of_mlflow_is_its_trace() {
    let trace = all(include_bytes!("../../tests/files/mlflow/trace.json"), None);
    assert_eq!(all(include_bytes!("../../tests/files/mlflow/rows.json"), None), trace);
}

/// A trace with all that there is to say of one.
fn info(random: &mut fastrand::Rng, spans: &[Span]) -> TraceInfo {
    let ids: Vec<_> = (0..random.usize(0..4)).map(|_| AssessmentId(Uuid::from_u128(random.u128(..)))).collect();
    let optional = |random: &mut fastrand::Rng| random.bool().then(|| made::text(random));
    let assessment = |id| Assessment {
        id,
        span: random.bool().then(|| spans[0].id.clone()),
        name: made::text(random),
        said: match random.u32(0..3) {
            0 => Said::Feedback(made::json(random)),
            1 => Said::Expectation(made::json(random)),
            _ => Said::Failed(Failure {
                detail: optional(random),
                ..Failure::new(FailureKind::TimedOut, made::text(random))
            }),
        },
        source: Source { kind: SourceKind::LlmJudge, id: optional(random) },
        rationale: optional(random),
        created: random.u64(..),
        updated: random.u64(..),
        metadata: [(made::text(random), made::text(random))].into(),
        overrides: random.bool().then_some(ids[0]),
    };
    let assessments = ids.iter().copied().map(assessment).collect();
    TraceInfo {
        id: made::id(random, 32),
        experiment: made::text(random),
        header: header(spans),
        tags: (0..random.usize(0..3)).map(|_| (made::text(random), made::text(random))).collect(),
        assessments,
    }
}

#[test]
fn what_is_written_is_all_there_is() {
    let mut random = fastrand::Rng::with_seed(11);
    let (mut file, mut written) = (Vec::new(), Vec::new());
    for _ in 0..200 {
        let mut spans = made::spans(&mut random);
        if random.bool() {
            spans[0].source = None;
        }
        let info = info(&mut random, &spans);
        file.extend(write(Output::Karat, &info, &spans));
        written.push((info, spans));
    }
    let (read, broken) = all(&file, None);
    assert_eq!((read.len(), &broken[..]), (written.len(), &[][..]));
    for (imported, (info, spans)) in read.into_iter().zip(written) {
        assert_eq!(header(&imported.trace.spans), info.header);
        assert_eq!(imported.trace, Trace { id: info.id, spans });
        assert_eq!(imported.experiment.unwrap_or_default(), info.experiment);
        assert_eq!((imported.tags, imported.assessments), (info.tags, info.assessments));
    }
}

#[test]
fn spans_in_otlp_are_read_as_they_were() {
    let mut random = fastrand::Rng::with_seed(12);
    for (output, format) in [
        (Output::OtlpJson { evaluations: false }, Format::OtlpJson),
        (Output::OtlpProtobuf { evaluations: false }, Format::OtlpProtobuf),
    ] {
        let (mut file, mut written) = (Vec::new(), Vec::new());
        for _ in 0..20 {
            let spans = made::spans(&mut random);
            let info = info(&mut random, &spans);
            file.extend(write(output, &info, &spans));
            written.push(Trace { id: info.id, spans });
        }
        for format in [None, Some(format)] {
            let (read, broken) = all(&file, format);
            assert_eq!(
                (read.into_iter().map(|one| one.trace).collect::<Vec<_>>(), broken),
                (written.clone(), Vec::new())
            );
        }
    }
}

#[test]
fn verdicts_go_along_where_that_is_wanted() {
    let mut random = fastrand::Rng::with_seed(13);
    let spans = made::spans(&mut random);
    let mut info = TraceInfo { id: "1".repeat(32), ..TraceInfo::default() };
    while !info.assessments.iter().any(|assessment| matches!(assessment.said, Said::Feedback(_))) {
        info.assessments = self::info(&mut random, &spans).assessments;
    }
    for evaluations in [false, true] {
        let line = write(Output::OtlpJson { evaluations }, &info, &spans);
        let has_some = str::from_utf8(&line).expect("text").contains("gen_ai.evaluation.result");
        assert_eq!(has_some, evaluations);
    }
}

/// One request, as whatever a file of it may be.
fn requests() -> Vec<(&'static str, Vec<u8>)> {
    let all = recorded::ALL.into_iter();
    all.map(|(name, request)| {
        let traces = otlp::receive(request.as_bytes(), Encoding::OtlpJson, &LIMITS).expect("read").traces;
        let traces: Vec<_> = traces.iter().map(|(id, spans)| (id.as_str(), &spans[..])).collect();
        (name, otlp::write(&traces, Encoding::OtlpProtobuf))
    })
    .collect()
}

#[test]
fn a_request_is_the_same_in_every_file() {
    for ((name, binary), (_, pretty)) in requests().into_iter().zip(recorded::ALL) {
        let expected = all(pretty.as_bytes(), None);
        assert!(!expected.0.is_empty() && expected.1.is_empty(), "{name}: {:?}", expected.1);
        let length = u32::try_from(binary.len()).expect("short").to_be_bytes();
        let line = Json::parse(pretty).expect("JSON");
        for file in [
            binary.clone(),
            [&length[..], &binary].concat(),
            format!("\n{line}").into_bytes(),
            format!("\u{feff}[{pretty}\n]").into_bytes(),
        ] {
            assert_eq!(all(&file, None), expected, "{name}");
        }
    }
}

#[test]
fn a_trace_in_several_records_comes_in_parts_that_add_up() {
    let span = |trace: u32, span: u32| {
        format!(
            r#"{{"name":"s","context":{{"trace_id":"{trace:032x}","span_id":"{span:016x}"}},"start_time":{}}}"#,
            1_700_000_000_000_u64 + u64::from(span)
        )
    };
    let file = [span(1, 2), span(1, 1), span(2, 3), span(1, 4)].join("\n");
    let (traces, broken) = all(file.as_bytes(), None);
    let told: Vec<_> =
        traces.iter().map(|one| (one.trace.spans.len(), one.trace.spans[0].start / 1_000_000 % 10)).collect();
    assert_eq!((told, broken), (vec![(2, 1), (1, 3), (1, 4)], Vec::new()));
}

#[test]
fn a_broken_record_is_told_with_its_line_and_reading_goes_on() {
    let good = format!("{{\"karat\":1,\"trace_id\":\"{}\",\"spans\":[]}}", "1".repeat(32));
    let told = |file: String| {
        let (traces, broken) = all(file.as_bytes(), None);
        (traces.len(), broken)
    };
    let lines = [
        "{\"karat\":1,\"trace_id\":\"5\"}",
        "{\"karat\":1,",
        "{\"karat\":2}",
        "[1]",
        "{\"a\":\"b",
        "{\"a\":1} x",
        "  ",
        "{\"traceId\":",
        "  \"x\", \"startTime\": 5}",
    ];
    let (count, broken) = told(format!("{good}\n{}\n{good}", lines.join("\n")));
    assert_eq!(count, 1);
    let expected = [
        "line 2: `trace_id` expected an id of 32 hexadecimal digits, found `\"5\"`",
        "line 3: EOF while parsing an object at line 1 column 11",
        "line 4: `karat` was written by another version of Karat: this one reads 1, not 2",
        "line 5: expected an object, found a list",
        "line 6: EOF while parsing a string at line 1 column 7",
        "line 7: trailing characters at line 1 column 9",
        "line 9: missing key `id`",
    ];
    assert_eq!(broken, expected);
    let (count, broken) = told(format!("[{good},\n5,\n{{\"a\":1}},{good}\n"));
    assert_eq!(count, 1);
    let expected = [
        "line 2: expected an object, found a number",
        "line 3: is no trace that is known here",
        "line 4: the list ends too early",
    ];
    assert_eq!(broken, expected);
}

#[test]
fn a_format_that_was_asked_for_is_the_only_one() {
    let (mlflow, _) = FILES[0];
    let wrong = |file: &[u8], format| all(file, Some(format)).1;
    assert_eq!(wrong(mlflow, Format::Langfuse), ["line 1: expected a record of Langfuse, found one of MLflow"]);
    assert_eq!(wrong(mlflow, Format::OtlpProtobuf), ["line 1: expected protocol buffers, found JSON"]);
    let (_, binary) = &requests()[0];
    assert_eq!(wrong(binary, Format::OtlpJson), ["message 1: expected JSON, found something binary"]);
    assert_eq!(all(b" \n", None), (Vec::new(), Vec::new()));
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(bytes).expect("in memory");
    packed.finish().expect("in memory")
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).expect("in memory")
}

#[test]
fn a_compressed_file_is_what_is_in_it() {
    for (file, _) in FILES {
        let expected = all(file, None);
        let (half, rest) = file.split_at(file.len() / 2);
        // What is compressed in pieces is one file.
        for packed in [gzip(file), zstd(file), [gzip(half), gzip(rest)].concat(), [zstd(half), zstd(rest)].concat()] {
            assert_eq!(all(&packed, None), expected);
        }
    }
    for ((_, binary), (_, json)) in requests().into_iter().zip(recorded::ALL) {
        let expected = all(json.as_bytes(), None);
        assert_eq!(all(&gzip(&binary), None), expected);
        let message = |bytes: Vec<u8>| [&u32::try_from(bytes.len()).expect("short").to_be_bytes()[..], &bytes].concat();
        // As the Collector's file exporter writes them where it compresses.
        for packed in [zstd(&binary), zstd(json.as_bytes())] {
            assert_eq!(all(&message(packed), None), expected);
        }
    }
}

#[test]
fn what_is_compressed_wrongly_is_told() {
    let (file, _) = FILES[2];
    let fails = |packed: &[u8]| {
        let read = read(&mut &packed[..], &mut |_| ControlFlow::Continue(()));
        read.expect_err("it is broken").to_string()
    };
    for packed in [gzip(file), zstd(file)] {
        let said = fails(&packed[..packed.len() - 9]);
        assert!(said.starts_with("it can't be decompressed ("), "{said}");
    }
    let twice = all(&gzip(&zstd(file)), None).1;
    assert_eq!(twice, ["message 1: this is compressed twice"]);
    let mut message = zstd(file);
    message.truncate(message.len() / 2);
    let messages = [&u32::try_from(message.len()).expect("short").to_be_bytes()[..], &message].concat();
    let (_, wrong) = all(&messages, None);
    assert!(wrong[0].starts_with("message 1: it can't be decompressed (zstd)"), "{wrong:?}");
}

#[test]
fn rows_are_what_was_written() {
    let mut random = fastrand::Rng::with_seed(7);
    let spans = recorded::spans("openinference");
    let mut written = info(&mut random, &spans);
    (written.experiment, written.header) = ("support".to_owned(), header(&spans));
    let row = super::row(&written, &spans);
    assert_eq!(row.to_value()["name"], written.header.name);
    let (mut traces, mut broken) = (Vec::new(), Vec::new());
    let mut each = |one: Result<Imported, BrokenFile>| {
        match one {
            Ok(imported) => traces.push(imported),
            Err(wrong) => broken.push(wrong.to_string()),
        }
        ControlFlow::Continue(())
    };
    let rows = |each: &mut EachRow<'_>| {
        let _ = each(Ok(Record { line: 1, fields: row.clone() }));
        let _ = each(Err(BrokenRecord { line: 2, message: "is cut off".to_owned(), hint: None }));
        let _ = each(Ok(Record { line: 3, fields: Json::parse("{\"a\":1}").expect("JSON") }));
        Ok(())
    };
    read_rows(rows, &mut each).expect("rows in memory");
    assert_eq!(broken, ["row 2: is cut off", "row 3: is no trace that is known here"]);
    let [read] = &traces[..] else { panic!("{traces:?}") };
    assert_eq!((&read.trace.id, &read.tags, &read.assessments), (&written.id, &written.tags, &written.assessments));
    assert_eq!(read.experiment.as_deref(), Some(&written.experiment[..]));
    assert_eq!(header(&read.trace.spans), written.header);
}

#[test]
fn reading_stops_where_it_is_told_to() {
    let line = format!("{{\"karat\":1,\"trace_id\":\"{}\",\"spans\":[]}}\n", "1".repeat(32));
    let other = line.replace('1', "2").replace("\"karat\":2", "\"karat\":1");
    for file in [format!("{line}{other}{line}"), format!("[{line},{other},{line}]")] {
        let mut count = 0;
        let mut each = |_| {
            count += 1;
            ControlFlow::Break(())
        };
        read(&mut file.as_bytes(), &mut each).expect("a source in memory");
        assert_eq!(count, 1);
    }
}

#[test]
fn whatever_is_in_a_file_is_read_or_told() {
    let mut random = fastrand::Rng::with_seed(17);
    let mut kept: Vec<_> = FILES.iter().map(|(file, _)| file.to_vec()).collect();
    for (_, request) in requests().into_iter().take(3) {
        let length = u32::try_from(request.len()).expect("short").to_be_bytes();
        kept.push([&length[..], &request].concat());
        kept.push(request);
    }
    let spans = made::spans(&mut random);
    let info = info(&mut random, &spans);
    kept.push(write(Output::Karat, &info, &spans));
    for good in &kept {
        for _ in 0..60 {
            let mut bad = good.clone();
            for _ in 0..random.usize(1..6) {
                let at = random.usize(0..bad.len());
                match random.u8(0..5) {
                    0 => bad[at] = random.u8(..),
                    1 => drop(bad.remove(at)),
                    2 => bad.insert(at, *random.choice(b"{}[]\",:0-9\\\n").expect("a byte")),
                    3 => {
                        let other = random.choice(&kept).expect("a file");
                        let from = random.usize(0..other.len());
                        bad.splice(at..at, other[from..(from + 40).min(other.len())].iter().copied());
                    }
                    _ => bad.truncate(at.max(1)),
                }
            }
            for imported in all(&bad, None).0 {
                header(&imported.trace.spans);
            }
        }
    }
}
