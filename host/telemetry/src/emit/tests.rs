use std::collections::BTreeMap;
use std::time::Duration;

use model::feedback::{Feedback, Value as Verdict};
use model::outcome::{Failure, FailureKind, Outcome};
use model::prediction::Predicted;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message;

use super::*;

fn origin(scorers: &[&str]) -> Origin {
    Origin {
        run: "01900000-0000-7000-8000-000000000000".parse().expect("an id"),
        started: 1_700_000_000_123,
        version: "0.1.0".to_owned(),
        suite: "support".to_owned(),
        dataset: "d1".to_owned(),
        scorers: scorers
            .iter()
            .map(|&key| Scored { key: key.to_owned(), prompt: (key == "tone").then(|| "2".to_owned()) })
            .collect(),
    }
}

fn result(index: u64, outcomes: Vec<Outcome>) -> RowResult {
    RowResult { index, trial: 0, id: format!("q{index}"), error: None, predicted: None, outcomes }
}

fn record(text: &str) -> RowRecord {
    serde_json::from_str(text).expect("a row")
}

/// All batches of so many equal results.
fn batches(encoding: Encoding, rows: u64, text: &str) -> Vec<Batch> {
    let mut batches = Batches::new(origin(&[]), encoding);
    let row = record(text);
    let mut all: Vec<_> = (0..rows).filter_map(|index| batches.add(&row, None, &result(index, Vec::new()))).collect();
    all.extend(batches.finish());
    all
}

fn decoded(batch: &Batch) -> ExportTraceServiceRequest {
    match batch.encoding {
        Encoding::OtlpJson => serde_json::from_slice(&batch.payload).expect("OTLP as JSON"),
        Encoding::OtlpProtobuf => ExportTraceServiceRequest::decode(&batch.payload[..]).expect("OTLP as protobuf"),
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let value = |of: &KeyValue| match of.value.as_ref().and_then(|value| value.value.as_ref()) {
        Some(Any::StringValue(text)) => text.clone(),
        Some(Any::IntValue(number)) => format!("{number}"),
        Some(Any::DoubleValue(number)) => format!("{number:?}"),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|of| (of.key.clone(), value(of))).collect()
}

#[test]
fn a_result_is_one_span_with_an_event_for_each_verdict_in_both_encodings() {
    let origin = origin(&["tone", "price", "lists", "unsure", "broken", "silent"]);
    let feedback = |name: Option<&str>, value| Feedback {
        name: name.map(str::to_owned),
        value,
        rationale: name.is_none().then(|| "so \"it\" is ☃".to_owned()),
    };
    let outcomes = vec![
        Outcome::Scored(vec![
            feedback(None, Verdict::Boolean(true)),
            feedback(Some("words"), Verdict::Text("kind".to_owned())),
        ]),
        Outcome::Scored(vec![feedback(None, Verdict::Number(-0.25))]),
        Outcome::Scored(vec![feedback(None, Verdict::Texts(vec!["a".to_owned(), "b".to_owned()]))]),
        Outcome::Abstained { reason: "cannot tell".to_owned() },
        Outcome::Failed(Failure::new(FailureKind::OutOfFuel, "used up its fuel")),
        Outcome::Unpredicted,
    ];
    let result = RowResult {
        error: Some(Failure::new(FailureKind::TimedOut, "no answer")),
        predicted: Some(Predicted {
            outputs: None,
            latency: Some(Duration::from_millis(5)),
            attempts: 2,
            input_tokens: Some(7),
            output_tokens: None,
        }),
        ..result(3, outcomes)
    };
    let row = record(r#"{"inputs":{"q":1.0},"tags":{"lang":"de"},"session":"s1","expectations":{"x":1}}"#);
    let outputs = Json::parse("\"yes\"").expect("JSON");
    let of = |encoding| {
        let mut batches = Batches::new(origin.clone(), encoding);
        assert_eq!(batches.add(&row, Some(&outputs), &result), None);
        let batch = batches.finish().expect("a batch");
        assert_eq!((batch.spans, batches.finish()), (1, None));
        decoded(&batch)
    };
    let request = of(Encoding::OtlpProtobuf);
    assert_eq!(request, of(Encoding::OtlpJson));
    let resource = attributes(&request.resource_spans[0].resource.as_ref().expect("a resource").attributes);
    assert_eq!(resource["karat.run.id"], "01900000-0000-7000-8000-000000000000");
    assert_eq!((&*resource["karat.suite.name"], &*resource["service.name"]), ("support", "karat"));
    let span = &request.resource_spans[0].scope_spans[0].spans[0];
    assert_eq!((span.name.as_str(), span.trace_id.len(), span.span_id.len()), ("karat.row", 16, 8));
    assert_eq!(span.start_time_unix_nano, 1_700_000_000_123_000_000);
    assert_eq!(span.end_time_unix_nano, 1_700_000_000_128_000_000);
    assert_eq!(span.status.as_ref().map(|status| (status.code, status.message.as_str())), Some((2, "no answer")));
    let told = attributes(&span.attributes);
    for (key, value) in [
        ("input.value", "{\"q\":1.0}"),
        ("output.value", "\"yes\""),
        ("karat.row.id", "q3"),
        ("karat.row.index", "3"),
        ("karat.row.attempts", "2"),
        ("gen_ai.usage.input_tokens", "7"),
        ("error.type", "timed_out"),
        ("karat.row.tag.lang", "de"),
        ("session.id", "s1"),
        ("karat.row.expectations", "{\"x\":1}"),
    ] {
        assert_eq!(told[key], value, "{key}");
    }
    assert!(span.events.iter().all(|event| event.name == "gen_ai.evaluation.result"));
    let told: Vec<_> = span
        .events
        .iter()
        .map(|event| {
            let said = attributes(&event.attributes);
            let of = |key: &str| said.get(key).map_or("-", String::as_str).to_owned();
            [
                "gen_ai.evaluation.name",
                "karat.outcome",
                "gen_ai.evaluation.score.value",
                "gen_ai.evaluation.score.label",
                "gen_ai.evaluation.explanation",
                "error.type",
                "karat.prompt.version",
            ]
            .map(of)
            .join("|")
        })
        .collect();
    assert_eq!(
        told,
        [
            "tone|scored|1.0|true|so \"it\" is ☃|-|2",
            "tone/words|scored|-|kind|-|-|2",
            "price|scored|-0.25|-|so \"it\" is ☃|-|-",
            "lists|scored|-|[\"a\",\"b\"]|so \"it\" is ☃|-|-",
            "unsure|abstained|-|-|cannot tell|-|-",
            "broken|failed|-|-|used up its fuel|out_of_fuel|-",
            "silent|unpredicted|-|-|-|-|-",
        ]
    );
}

#[test]
fn the_same_run_gives_the_same_batches_and_every_row_a_trace_of_its_own() {
    for encoding in [Encoding::OtlpJson, Encoding::OtlpProtobuf] {
        let all = batches(encoding, 1200, r#"{"inputs":{}}"#);
        assert_eq!(all, batches(encoding, 1200, r#"{"inputs":{}}"#));
        assert_eq!(all.iter().map(|batch| batch.spans).collect::<Vec<_>>(), [500, 500, 200]);
        let spans = all.iter().flat_map(|batch| decoded(batch).resource_spans.remove(0).scope_spans.remove(0).spans);
        let traces: std::collections::BTreeSet<_> = spans.map(|span| span.trace_id).collect();
        assert_eq!(traces.len(), 1200);
        assert_eq!(all.iter().map(|batch| &batch.id).collect::<std::collections::BTreeSet<_>>().len(), 3);
    }
}

#[test]
fn a_span_of_which_there_is_little_to_say_is_the_same_in_both_encodings_too() {
    let [json, protobuf] = [Encoding::OtlpJson, Encoding::OtlpProtobuf]
        .map(|encoding| batches(encoding, 3, r#"{"inputs":{}}"#).iter().map(decoded).collect::<Vec<_>>());
    assert_eq!(json, protobuf);
}

#[test]
fn a_batch_ends_before_it_has_too_many_bytes_and_a_large_row_stands_alone() {
    let row = |bytes: usize| format!(r#"{{"inputs":{{"text":"{}"}}}}"#, "x".repeat(bytes));
    let small = batches(Encoding::OtlpJson, 40, &row(20_000));
    assert!(small.iter().all(|batch| batch.payload.len() < MOST_BYTES + 2000), "no batch is too large");
    assert_eq!(small.iter().map(|batch| batch.spans).sum::<u32>(), 40);
    assert!(small.len() < 6);
    let large = batches(Encoding::OtlpProtobuf, 3, &row(MOST_BYTES + 1));
    assert_eq!(large.iter().map(|batch| batch.spans).collect::<Vec<_>>(), [1, 1, 1]);
}

#[test]
fn what_is_sent_can_be_read_again() {
    let [batch] = &batches(Encoding::OtlpJson, 1, r#"{"inputs":{}}"#)[..] else { panic!("one batch") };
    let text = std::str::from_utf8(&batch.payload).expect("text");
    assert!(!text.contains('\n'));
    let trace = crate::shape::read(&Json::parse(text).expect("JSON")).expect("a trace");
    assert_eq!(trace.spans[0].attribute("karat.row.id").map(Json::as_str), Some("\"q0\""));
}
