//! Traces of clients before 3.0: begun and ended by calls of their own, with their spans in a file.

use reqwest::Method;
use serde_json::{Value, json};
use server::Options;

use crate::client::{Answer, each, value};
use crate::{Running, options};

const START: i64 = 1_795_451_185_449;

/// Two spans as 2.22 writes them, of which the first is the root.
fn file(request_id: &str) -> Value {
    let span = |id: &str, parent: Option<&str>, name: &str, attributes: Value| {
        json!({
            "name": name,
            "context": { "span_id": id, "trace_id": "7fdfed4daa78111fb3f20312eb46cca7" },
            "parent_id": parent,
            "start_time": START * 1_000_000,
            "end_time": (START + 20) * 1_000_000,
            "status_code": "OK",
            "status_message": "",
            "attributes": attributes,
            "events": [],
        })
    };
    let id = json!(request_id).to_string();
    let root = json!({
        "mlflow.traceRequestId": id, "mlflow.spanType": "\"CHAIN\"",
        "mlflow.spanInputs": "{\"q\": \"mail ann@example.com\"}", "mlflow.spanOutputs": "\"42\"",
    });
    let mut step =
        span("000000000000002a", Some("0x0000000000000001"), "step", json!({ "mlflow.traceRequestId": id, "n": "3" }));
    step["status_code"] = json!("ERROR");
    step["status_message"] = json!("it broke");
    step["events"] = json!([{ "name": "exception", "timestamp": START * 1_000_000 + 5, "attributes": { "at": "x" } }]);
    json!({ "spans": [span("0000000000000001", None, "answer", root), step], "request": "{}", "response": "\"42\"" })
}

fn pairs(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

impl Running {
    async fn begun(&self) -> Value {
        let begun = json!({
            "experiment_id": "0",
            "timestamp_ms": START,
            "request_metadata": pairs(&[("mlflow.trace_schema.version", "2"), ("mlflow.sourceRun", "run-1")]),
            "tags": pairs(&[("mlflow.traceName", "answer"), ("fruit", "apple")]),
        });
        self.post("traces", begun).await.ok()["trace_info"].take()
    }

    async fn ended(&self, id: &str, status: &str) -> Value {
        let ended = json!({
            "request_id": id,
            "timestamp_ms": START + 20,
            "status": status,
            "request_metadata": pairs(&[
                ("mlflow.traceInputs", "{\"q\": \"mail ann@example.com\"}"), ("mlflow.traceOutputs", "\"42\""),
            ]),
            "tags": pairs(&[("fruit", "pear")]),
        });
        let request = self.request(Method::PATCH, &format!("/api/2.0/mlflow/traces/{id}"));
        let request = request.header("content-type", "application/json").body(ended.to_string());
        Answer::of(request.send().await.unwrap()).await.ok()["trace_info"].take()
    }

    /// By the tag that says where a trace's files are.
    async fn filed(&self, method: Method, info: &Value, body: String) -> Answer {
        let location = value(&info["tags"], "mlflow.artifactLocation").as_str().unwrap();
        let path = location.strip_prefix("mlflow-artifacts:").unwrap();
        let path = format!("/api/2.0/mlflow-artifacts/artifacts{path}/traces.json");
        Answer::of(self.request(method, &path).body(body).send().await.unwrap()).await
    }
}

#[tokio::test]
async fn a_trace_is_begun_filed_and_ended() {
    let server = Running::start().await;
    let begun = server.begun().await;
    let id = begun["request_id"].as_str().unwrap();
    assert_eq!((&begun["status"], &begun["timestamp_ms"]), (&json!("IN_PROGRESS"), &json!(START)));
    server.filed(Method::PUT, &begun, file(id).to_string()).await.ok();
    let ended = server.ended(id, "ERROR").await;
    assert_eq!((&ended["status"], &ended["execution_time_ms"]), (&json!("ERROR"), &json!(20)));
    assert_eq!(value(&ended["request_metadata"], "mlflow.sourceRun"), "run-1");
    assert_eq!(value(&ended["request_metadata"], "mlflow.traceOutputs"), "\"42\"");
    assert_eq!(
        (value(&ended["tags"], "fruit"), value(&ended["tags"], "mlflow.traceName")),
        (&json!("pear"), &json!("answer"))
    );
    assert_eq!(server.get(&format!("traces/{id}/info")).await.ok()["trace_info"], ended);
    let found = server.get("traces?experiment_ids=0&filter=tags.fruit%20%3D%20%27pear%27&max_results=5").await.ok();
    assert_eq!(found["traces"], json!([ended]));
    let other = server.get("traces?experiment_ids=0&filter=status%20%3D%20%27OK%27").await.ok();
    assert_eq!(other["traces"], Value::Null);
    server.get("traces/tr-00000000000000000000000000000001/info").await.missing("not found");
}

#[tokio::test]
async fn its_spans_are_there_for_everybody() {
    let server = Running::start().await;
    let begun = server.begun().await;
    let id = begun["request_id"].as_str().unwrap();
    server.filed(Method::PUT, &begun, file(id).to_string()).await.ok();
    server.ended(id, "OK").await;
    let trace = server.three(Method::GET, &format!("traces/get?trace_id={id}"), Value::Null).await.ok()["trace"].take();
    assert_eq!(each(&trace["spans"], "name"), ["answer", "step"]);
    let info = &trace["trace_info"];
    assert_eq!((&info["state"], &info["execution_duration"]), (&json!("OK"), &json!("0.020s")));
    assert_eq!(info["trace_metadata"]["mlflow.trace_schema.version"], "3");
    assert_eq!(info["response_preview"], "\"42\"");
    assert_eq!(trace["spans"][1]["status"], json!({ "message": "it broke", "code": "STATUS_CODE_ERROR" }));
    let inputs =
        json!({ "kvlist_value": { "values": [{ "key": "q", "value": { "string_value": "mail ann@example.com" } }] } });
    assert_eq!(value(&trace["spans"][0]["attributes"], "mlflow.spanInputs"), &inputs);
    // And for the client that brought them, as it wrote them.
    let read = server.filed(Method::GET, &begun, String::new()).await.ok();
    let step = &read["spans"][1];
    assert_eq!(step["context"]["span_id"], "000000000000002a");
    assert_eq!((&step["parent_id"], &step["status_code"]), (&json!("0000000000000001"), &json!("ERROR")));
    assert_eq!((&step["attributes"]["n"], &step["events"]), (&json!("3"), &file(id)["spans"][1]["events"]));
    assert_eq!(step["attributes"]["mlflow.traceRequestId"], json!(id).to_string());
    assert_eq!(read["response"], "\"42\"");
}

/// As 3.0 to 3.3 write it.
#[tokio::test]
async fn spans_in_the_words_of_later_clients_are_read_as_well() {
    let server = Running::start().await;
    let begun = server.begun().await;
    let span = json!({
        "trace_id": "f9/tTap4ER+z8gMS60bMpw==", "span_id": "AAAAAAAAAAE=", "parent_span_id": null, "name": "answer",
        "start_time_unix_nano": START * 1_000_000, "end_time_unix_nano": (START + 20) * 1_000_000,
        "events": [{ "name": "x", "time_unix_nano": START * 1_000_000, "attributes": {} }],
        "status": { "code": "STATUS_CODE_ERROR", "message": "it broke" },
        "attributes": { "mlflow.spanType": "\"LLM\"" },
    });
    server.filed(Method::PUT, &begun, json!({ "spans": [span] }).to_string()).await.ok();
    let read = server.filed(Method::GET, &begun, String::new()).await.ok();
    let [span] = &read["spans"].as_array().unwrap()[..] else { panic!("{read}") };
    assert_eq!(
        (&span["context"]["span_id"], &span["status_message"]),
        (&json!("0000000000000001"), &json!("it broke"))
    );
    assert_eq!(span["attributes"]["mlflow.spanType"], "\"LLM\"");
}

#[tokio::test]
async fn what_can_not_be_read_is_told() {
    let server = Running::start().await;
    let begun = server.begun().await;
    server.filed(Method::GET, &begun, String::new()).await.missing("not found");
    server.filed(Method::PUT, &begun, "{\"spans\": [{}]}".to_owned()).await.invalid("missing field `name`");
    let nobody = json!({ "spans": [{ "name": "x", "start_time": 1, "span_id": "0xzz" }] });
    server.filed(Method::PUT, &begun, nobody.to_string()).await.invalid("an id of spans[0] is none");
    let elsewhere = json!({ "tags": pairs(&[(
        "mlflow.artifactLocation", "mlflow-artifacts:/0/traces/tr-00000000000000000000000000000001/artifacts",
    )]) });
    server.filed(Method::PUT, &elsewhere, "{}".to_owned()).await.missing("not found");
    server.post("traces", json!({ "experiment_id": "0" })).await.invalid("timestamp_ms");
    server.get("traces").await.invalid("experiment_ids");
}

#[tokio::test]
async fn nothing_that_is_redacted_is_left_in_the_file() {
    let redactions = serde_json::from_value(json!({ "everywhere": { "patterns": [{ "looks": "email" }] } })).unwrap();
    let server = Running::with(Options { redactions, ..options() }).await;
    let begun = server.begun().await;
    let id = begun["request_id"].as_str().unwrap();
    server.filed(Method::PUT, &begun, file(id).to_string()).await.ok();
    let ended = server.ended(id, "OK").await;
    let read = server.filed(Method::GET, &begun, String::new()).await.ok();
    let all = format!("{ended}{read}");
    assert!(all.contains("[EMAIL]") && !all.contains("ann@example.com"), "{all}");
}
