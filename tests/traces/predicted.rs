//! Traces of predictions: kept, found by their run, and joined by what the application reports.

use std::sync::Arc;

use serde_json::{Value, json};

use super::found;
use crate::support::Project;
use crate::support::application::Application;
use crate::support::server::Server;

fn suite(url: &str, more: &str) -> String {
    format!(
        "name: bot\ndata: {{ path: rows.jsonl }}\npredict: {{ use: http_json, with: {{ url: \"{url}\", outputs: \"$.answer\" }}, \
         grant: {{ http: [{{ url: \"{url}\", methods: [POST] }}] }}{more} }}\nscorers: [exact_match, step_count]\n"
    )
}

const ROWS: &str = r#"{"id": "q1", "inputs": {"name": "Ada"}, "expectations": {"expected_response": "Hello, Ada"}}
{"id": "q2", "inputs": {"name": "Bob"}, "expectations": {"expected_response": "Bye"}}
"#;

fn hello(body: &Value) -> Value {
    json!({ "answer": format!("Hello, {}", body["name"].as_str().unwrap()) })
}

#[test]
fn the_trace_of_each_prediction_is_kept_with_its_run_and_its_row() {
    let app = Application::answering(|asked| hello(&asked.body));
    let project = Project::with(&[("karat.yaml", &suite(&app.url, "")), ("rows.jsonl", ROWS)]);
    let report = project.json(0, &["eval", "--allow", &format!("http={}", app.url)]);
    let run = report["run"].as_str().unwrap();
    let by_run = format!("run_id = '{run}'");
    assert_eq!(found(&project, &[&by_run]).len(), 2);
    let of_ada = found(&project, &["inputs contains 'Ada'", "--experiment", "bot"]);
    let shown = project.json(0, &["traces", "show", &of_ada[0]]);
    assert_eq!(
        (&shown["shown"][0]["outputs"], &shown["metadata"]["mlflow.sourceRun"]),
        (&"Hello, Ada".into(), &run.into())
    );
    assert_eq!(shown["shown"][0]["attributes"]["karat.row"], "q1");
}

#[test]
fn an_application_that_goes_on_with_our_trace_has_its_steps_seen_by_scorers() {
    let project = Project::new();
    let server = Arc::new(Server::start(&project, &[]));
    let reports = Arc::clone(&server);
    let app = Application::answering(move |asked| {
        let context: Vec<&str> = asked.header("traceparent").unwrap().split('-').collect();
        let step = |id: &str, parent: &str, name: &str| {
            json!({ "traceId": context[1], "spanId": id, "parentSpanId": parent, "name": name,
                "startTimeUnixNano": "1795608000000000000", "endTimeUnixNano": "1795608001000000000",
                "attributes": [{ "key": "openinference.span.kind", "value": { "stringValue": "TOOL" } }] })
        };
        reports.take(&json!([
            step("00000000000000aa", context[2], "search"),
            step("00000000000000bb", "00000000000000aa", "rank")
        ]));
        hello(&asked.body)
    });
    project.write("karat.yaml", suite(&app.url, ", spans_within: 5s"));
    project.write("rows.jsonl", ROWS);
    let report = project.json(0, &["eval", "--allow", &format!("http={}", app.url)]);
    assert_eq!(report["scorers"]["step_count"]["value"], 2.0, "{report}");
    let joined = found(&project, &["span.name = 'rank' and inputs contains 'Bob'"]);
    assert_eq!(joined.len(), 1);
    assert_eq!(project.json(0, &["traces", "show", &joined[0]])["spans"], 3);
}
