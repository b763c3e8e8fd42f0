//! The trace that a row comes with, from the data file to a scorer.

use serde_json::{Value, json};

use crate::support::Project;

/// One trace, as Karat, OpenTelemetry and MLflow write it.
fn shapes() -> [Value; 3] {
    let (trace, root, tool) = ("0af7651916cd43dd8448eb211c80319c", "00f067aa0ba902b7", "00f067aa0ba902b8");
    let own = json!({ "trace_id": trace, "spans": [
        { "span_id": tool, "parent_span_id": root, "name": "tool", "start_time_unix_nano": 2,
          "status": { "code": "ERROR", "message": "no" }, "attributes": { "city": { "name": "Köln" } } },
        { "span_id": root, "name": "answer", "start_time_unix_nano": 1, "end_time_unix_nano": 3, "status": "OK" },
    ] });
    let city = json!({ "kvlistValue": { "values": [{ "key": "name", "value": { "stringValue": "Köln" } }] } });
    let otlp = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [
        { "traceId": trace, "spanId": tool, "parentSpanId": root, "name": "tool", "startTimeUnixNano": "2",
          "status": { "code": 2, "message": "no" }, "attributes": [{ "key": "city", "value": city }] },
        { "traceId": trace, "spanId": root, "name": "answer", "startTimeUnixNano": "1", "endTimeUnixNano": "3",
          "status": { "code": 1 } },
    ] }] }] });
    let mlflow = json!({ "info": { "trace_id": format!("tr-{trace}") }, "data": { "spans": [
        { "trace_id": "CvdlGRbNQ92ESOshHIAxnA==", "span_id": "APBnqgupArg=", "parent_span_id": "APBnqgupArc=",
          "name": "tool", "start_time_unix_nano": 2, "status": { "code": "STATUS_CODE_ERROR", "message": "no" },
          "attributes": { "city": "{\"name\": \"Köln\"}" } },
        { "trace_id": "CvdlGRbNQ92ESOshHIAxnA==", "span_id": "APBnqgupArc=", "parent_span_id": null, "name": "answer",
          "start_time_unix_nano": 1, "end_time_unix_nano": 3, "status": { "code": "STATUS_CODE_OK" } },
    ] } });
    [own, otlp, mlflow]
}

const TOLD: &str =
    "2 of 0af7651916cd43dd8448eb211c80319c|answer Status::Ok |tool Status::Error(\"no\") {\"name\":\"Köln\"}";

/// A project with rows of these traces, and one without.
fn project(traces: &[Value], more: &str) -> Project {
    let row = |(number, trace): (usize, &Value)| json!({ "id": format!("r{number}"), "inputs": {}, "outputs": "x", "trace": trace });
    let rows: Vec<_> = traces.iter().enumerate().map(row).map(|row| row.to_string()).collect();
    let scorer = format!("{{ plugin: ./hostile.wasm, use: tells_trace{more} }}");
    let suite = format!("name: t\ndata: {{ path: rows.jsonl }}\nscorers: [{scorer}]\n");
    let project = Project::with(&[("karat.yaml", &suite), ("rows.jsonl", &rows.join("\n"))]);
    project.write("hostile.wasm", guests::HOSTILE);
    project
}

#[test]
fn a_scorer_sees_the_same_of_a_trace_whatever_its_shape_and_wherever_it_lives() {
    let traces: Vec<_> = shapes().into_iter().chain([Value::Null]).collect();
    for more in ["", ", reuse: run", ", reuse: row", ", isolation: process", ", isolation: process, reuse: run"] {
        let project = project(&traces, more);
        let report = project.json(0, &["eval"]);
        assert_eq!(report["scorers"]["tells_trace"]["scored"], 4, "{report}");
        let told: Vec<_> = project.export("last").iter().map(|row| row["feedback"][0]["value"].clone()).collect();
        assert_eq!(told, [TOLD, TOLD, TOLD, "none"], "{more}");
    }
}

#[test]
fn a_broken_trace_is_told_with_line_and_field_before_anything_runs() {
    let [good, ..] = shapes();
    let mut twice = good.clone();
    twice["spans"][1]["span_id"] = "00f067aa0ba902b8".into();
    let mut timeless = good.clone();
    timeless["spans"][0].as_object_mut().unwrap().remove("start_time_unix_nano");
    let project = project(&[good, twice, timeless, json!({ "steps": [] })], "");
    let said = project.run(&["eval"]);
    assert_eq!(said.code, 2, "{said:#?}");
    for told in [
        "rows.jsonl:2: trace.spans[1]: has the id of another span",
        "rows.jsonl:3: trace.spans[0]: missing key `start_time_unix_nano`",
        "rows.jsonl:4: trace: is no trace that is known here",
        "OTLP's has `resourceSpans`",
    ] {
        assert!(said.err.contains(told), "no `{told}` in {}", said.err);
    }
    assert!(!project.path(".karat").exists(), "something was written");
}

#[test]
fn a_single_row_can_have_a_trace_as_well() {
    let project = project(&[], "");
    let [_, otlp, _] = shapes();
    project.write("row.json", json!({ "inputs": {}, "outputs": "x", "trace": otlp }).to_string());
    let call = ["hostile.wasm", "--use", "tells_trace", "--row", "row.json"];
    let ran = project.json(0, &[&["plugin", "run"], &call[..]].concat());
    assert_eq!(ran["tells_trace"]["feedback"][0]["value"], TOLD, "{ran}");
    let measured = project.json(0, &[&["plugin", "bench"], &call[..]].concat());
    assert_eq!(measured[0]["feedback"][0]["value"], TOLD, "{measured}");
    project.write("row.json", json!({ "inputs": {}, "outputs": "x", "trace": { "spans": [{}] } }).to_string());
    let said = project.run(&[&["plugin", "run"], &call[..]].concat());
    assert_eq!(said.code, 2);
    assert!(said.err.contains("trace.spans[0]: missing key `start_time_unix_nano`"), "{}", said.err);
}
