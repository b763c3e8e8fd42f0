//! A run sent elsewhere, to real servers, and read there by decoders that are not ours.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::{Value, json};

use crate::support::application::{Application, Asked, write_answer};
use crate::support::{Project, Said};

/// A project in which so many answers were scored, every other one of them right.
fn evaluated(rows: usize) -> Project {
    let project = Project::of_answers(rows);
    assert_eq!(project.run(&["eval"]).code, 0);
    project
}

fn export<'a>(exporter: &'a str, with: &'a Value, more: &[&'a str]) -> Vec<String> {
    let with = with.to_string();
    let arguments = ["runs", "export", "last", "--exporter", exporter, "--with", &with];
    arguments.iter().chain(more).map(|&argument| argument.to_owned()).collect()
}

fn run(project: &Project, arguments: &[String]) -> Said {
    project.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn told(project: &Project, code: i32, arguments: &[String]) -> Value {
    project.json(code, &arguments.iter().map(String::as_str).collect::<Vec<_>>())
}

fn spans(request: &ExportTraceServiceRequest) -> Vec<Span> {
    let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
    scopes.flat_map(|scope| scope.spans.clone()).collect()
}

fn protobuf(asked: &Asked) -> ExportTraceServiceRequest {
    assert_eq!(asked.header("content-type"), Some("application/x-protobuf"));
    ExportTraceServiceRequest::decode(&asked.bytes[..]).unwrap()
}

fn json(bytes: &[u8]) -> ExportTraceServiceRequest {
    serde_json::from_slice(bytes).unwrap()
}

fn accepting() -> Application {
    Application::answering(|_| json!({}))
}

/// The values of `exact_match` in the events of spans.
fn exact_matches(spans: &[Span]) -> Vec<f64> {
    let events = spans.iter().flat_map(|span| &span.events);
    let value = |event: &opentelemetry_proto::tonic::trace::v1::span::Event, name: &str| {
        let found = event.attributes.iter().find(|attribute| attribute.key == name)?;
        found.value.as_ref()?.value.clone()
    };
    let of = events.filter(|event| {
        assert_eq!(event.name, "gen_ai.evaluation.result");
        value(event, "gen_ai.evaluation.name") == Some(Any::StringValue("exact_match".to_owned()))
    });
    let scores = of.map(|event| value(event, "gen_ai.evaluation.score.value"));
    scores.map(|score| if let Some(Any::DoubleValue(score)) = score { score } else { panic!("{score:?}") }).collect()
}

#[test]
fn a_thousand_rows_arrive_once_each_in_both_encodings_and_the_same_when_they_are_sent_again() {
    let project = evaluated(1000);
    let mut seen = Vec::new();
    for protocol in ["http/protobuf", "http/json", "http/protobuf"] {
        let server = accepting();
        let with = json!({ "url": format!("{}/v1/traces", server.url), "protocol": protocol });
        let allow = format!("http={}", server.url);
        let told = told(&project, 0, &export("otlp_http", &with, &["--allow", &allow]));
        assert_eq!((&told["accepted"], &told["rejected"]), (&json!(1000), &json!(0)), "{told}");
        let asked = server.asked();
        assert_eq!(told["batches"], asked.len());
        assert!(asked.iter().all(|asked| asked.path == "/v1/traces"));
        let requests = asked.iter().map(|asked| match protocol {
            "http/json" => json(&asked.bytes),
            _ => protobuf(asked),
        });
        seen.push(requests.flat_map(|request| spans(&request)).collect::<Vec<_>>());
    }
    assert_eq!(seen[0], seen[1]);
    assert_eq!(seen[0], seen[2]);
    let traces: BTreeSet<_> = seen[0].iter().map(|span| span.trace_id.clone()).collect();
    assert_eq!((seen[0].len(), traces.len()), (1000, 1000));
    let scores = exact_matches(&seen[0]);
    assert_eq!((scores.len(), scores.iter().sum::<f64>()), (1000, 500.0));
}

#[test]
fn a_server_that_is_overloaded_is_asked_again_with_the_same_batch() {
    let project = evaluated(10);
    let times = AtomicUsize::new(0);
    let server = Application::start(move |_, stream| match times.fetch_add(1, Ordering::SeqCst) {
        0 => write_answer(stream, 429, "slowly"),
        1 => write_answer(stream, 503, "not now"),
        _ => write_answer(stream, 200, ""),
    });
    let (with, allow) = (json!({ "url": server.url, "headers": { "x-k": "v" } }), format!("http={}", server.url));
    let told = told(&project, 0, &export("webhook", &with, &["--allow", &allow]));
    assert_eq!((&told["accepted"], &told["retries"]), (&json!(10), &json!(2)), "{told}");
    let asked = server.asked();
    let ids: BTreeSet<_> = asked.iter().map(|asked| asked.header("x-karat-batch").unwrap().to_owned()).collect();
    assert_eq!((asked.len(), ids.len(), asked[0].header("x-k")), (3, 1, Some("v")));
    assert_eq!(spans(&json(&asked[2].bytes)).len(), 10);
}

#[test]
fn spans_that_are_rejected_are_counted_and_told() {
    let project = evaluated(10);
    let partial = ExportTracePartialSuccess { rejected_spans: 3, error_message: "too old".to_owned() };
    let partial = ExportTraceServiceResponse { partial_success: Some(partial) }.encode_to_vec();
    let server = Application::start(move |_, stream| {
        use std::io::Write;
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", partial.len())?;
        stream.write_all(&partial)
    });
    let (with, allow) = (json!({ "url": server.url }), format!("http={}", server.url));
    let arguments = export("otlp_http", &with, &["--allow", &allow]);
    let some = told(&project, 1, &arguments);
    assert_eq!((&some["accepted"], &some["rejected"], &some["messages"]), (&json!(7), &json!(3), &json!(["too old"])));
    let said = run(&project, &arguments);
    assert_eq!((said.code, said.out.as_str()), (1, ""));
    assert!(said.err.contains("`otlp_http` took 7 of 10 spans in 1 batch\n  too old"), "{said:#?}");

    let server = Application::start(|_, stream| write_answer(stream, 400, "no such field"));
    let (with, allow) = (json!({ "url": server.url }), format!("http={}", server.url));
    let none = told(&project, 1, &export("otlp_http", &with, &["--allow", &allow]));
    assert_eq!((&none["accepted"], &none["rejected"], &none["retries"]), (&json!(0), &json!(10), &json!(0)));
    assert_eq!(none["messages"], json!(["the server answered with status 400: no such field"]));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_file_has_a_request_in_each_line() {
    let project = evaluated(1200);
    let said = run(&project, &export("jsonl", &json!({}), &["--output", "out/run.jsonl"]));
    assert_eq!((said.code, said.out.as_str()), (0, ""), "{said:#?}");
    let written = project.read("out/run.jsonl");
    let sizes: Vec<_> = written.lines().map(|line| spans(&json(line.as_bytes())).len()).collect();
    assert!(sizes.len() >= 3, "{sizes:?}");
    assert_eq!(sizes.iter().sum::<usize>(), 1200);
    let said = run(&project, &export("jsonl", &json!({}), &[]));
    assert_eq!(said.out, written, "standard output is the file where none is named");
    assert!(said.err.contains("`jsonl` took 1,200 of 1,200 spans"), "{}", said.err);
    // Where standard output is for what is said about it, there is no file.
    let said = run(&project, &export("jsonl", &json!({}), &["--json"]));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("a file to write to was not granted") && said.err.contains("--output"), "{}", said.err);
}

#[test]
fn a_secret_is_filled_in_where_the_operator_allows_it() {
    let project = evaluated(1);
    let server = accepting();
    let with = json!({ "url": server.url, "headers": { "authorization": "Bearer {{secret:KEY}}" } });
    let (http, env) = (format!("http={}", server.url), format!("env=KEY@{}", server.url));
    let arguments = export("otlp_http", &with, &["--allow", &http]);
    let said = run(&project, &arguments);
    assert_eq!(said.code, 2, "{said:#?}");
    assert!(said.err.contains(&format!("--allow {env}")), "{}", said.err);
    let arguments = [arguments, vec!["--allow".to_owned(), env]].concat();
    let mut command = project.command(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(command.env("KEY", "s3cret").output().unwrap().status.success());
    assert_eq!(server.asked()[0].header("authorization"), Some("Bearer s3cret"));
}

#[test]
fn what_is_wrong_is_told_before_anything_is_sent() {
    let project = evaluated(1);
    let server = accepting();
    let (local, nothing) = (json!({ "url": server.url }), json!({}));
    let check = |arguments: &[String], told: &[&str]| {
        let said = run(&project, arguments);
        assert_eq!((said.code, said.out.as_str()), (2, ""), "{said:#?}");
        for part in told {
            assert!(said.err.contains(part), "no `{part}` in {}", said.err);
        }
    };
    check(&export("otlp_http", &local, &[]), &[&format!("--allow http={}", server.url)]);
    check(&export("otlp_http", &nothing, &[]), &["the parameters of `otlp_http` are wrong", "`url`"]);
    check(&export("otlp_htpt", &local, &[]), &["no exporter `otlp_htpt`", "otlp_http"]);
    check(&export("otlp_http", &json!({ "url": "nowhere" }), &[]), &["`nowhere` should begin with `https://`"]);
    check(&export("otlp_http", &json!([]), &[]), &["`--with` is not a JSON object"]);
    check(&export("./none.wasm", &nothing, &[]), &["can't read `./none.wasm`"]);
    // Another server than the one that was granted.
    let elsewhere = ["--grant", "http=https://elsewhere.test", "--allow", &format!("http={}", server.url)];
    check(&export("otlp_http", &local, &elsewhere), &["can't work", "was not granted"]);
    assert_eq!(server.asked().len(), 0);
    let said = project.run(&["runs", "export", "nothing", "--exporter", "jsonl"]);
    assert_eq!(said.code, 2);
    assert!(said.err.contains("no run `nothing`"), "{}", said.err);
}

#[test]
fn an_exporter_in_a_file_is_named_by_it() {
    let project = evaluated(1200);
    project.write("hostile.wasm", guests::HOSTILE);
    let said = run(&project, &export("./hostile.wasm", &json!({}), &[]));
    assert_eq!(said.code, 2);
    assert!(said.err.contains("offers 6 exporters") && said.err.contains("--use"), "{}", said.err);
    let arguments = export("./hostile.wasm", &json!({}), &["--use", "holds_back", "--output", "ids"]);
    assert_eq!(told(&project, 0, &arguments)["accepted"], 1200);
    assert!(project.read("ids").lines().count() >= 3);
    // One that lies is given up, and leaves no file.
    let arguments = export("./hostile.wasm", &json!({}), &["--use", "overstates", "--output", "lies"]);
    let said = run(&project, &arguments);
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.err.contains("3 batches failed one after the other"), "{}", said.err);
    assert!(!project.path("lies").exists());
    assert_eq!(
        std::fs::read_dir(project.path("."))
            .unwrap()
            .filter(|entry| { entry.as_ref().unwrap().file_name().to_string_lossy().contains(".tmp") })
            .count(),
        0
    );
}

#[test]
fn an_exporter_in_a_process_of_its_own_works_and_has_no_file() {
    let project = evaluated(10);
    project.write("hostile.wasm", guests::HOSTILE);
    project.write("policy.toml", "isolation = \"process\"\n");
    let apart = |exporter: &str| {
        let more = ["--use", exporter, "--policy", "policy.toml"];
        run(&project, &export("./hostile.wasm", &json!({}), &more))
    };
    let said = apart("overstates");
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.err.contains("was handed 10 spans, and says that it took 11"), "{}", said.err);
    let said = apart("holds_back");
    assert_eq!(said.code, 1, "{said:#?}");
    assert!(said.err.contains("did not send what it held back: a file to write to was not granted"), "{}", said.err);
}
