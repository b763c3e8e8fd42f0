//! Traces: two writes that race, and what is read afterwards.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue as Any, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use reqwest::Method;
use serde_json::{Value, json};

use crate::Running;
use crate::client::{Answer, each, value};

const ID: &str = "7fdfed4daa78111fb3f20312eb46cca7";
const SHOWN_ID: &str = "tr-7fdfed4daa78111fb3f20312eb46cca7";
const START: u64 = 1_795_451_185_449_000_000;

/// A span of the trace; the first is its root.
fn span(number: u8, name: &str) -> Span {
    let text = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(Any { value: Some(AnyValue::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    };
    let whole = |key: &str, value| KeyValue {
        key: key.to_owned(),
        value: Some(Any { value: Some(AnyValue::IntValue(value)) }),
        ..KeyValue::default()
    };
    Span {
        trace_id: (0..16).map(|at| u8::from_str_radix(&ID[2 * at..2 * at + 2], 16).unwrap()).collect(),
        span_id: vec![0, 0, 0, 0, 0, 0, 0, number],
        parent_span_id: if number == 1 { Vec::new() } else { vec![0, 0, 0, 0, 0, 0, 0, 1] },
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: START + u64::from(number),
        end_time_unix_nano: START + 900_000_000,
        attributes: vec![text("mlflow.spanType", "LLM"), text("mlflow.spanInputs", "{\"q\": 1}"), whole("n", 3)],
        ..Span::default()
    }
}

fn announcement(experiment: &str) -> Value {
    json!({ "trace": { "trace_info": {
        "trace_id": SHOWN_ID,
        "client_request_id": "req-1",
        "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } },
        "request_time": "2026-11-23T16:26:25.449Z",
        "execution_duration": "0.134s",
        "state": "OK",
        "trace_metadata": {
            "mlflow.trace.session": "sess-1",
            "mlflow.trace.sizeStats": "{\"num_spans\": 2}",
            "mlflow.trace.tokenUsage": "{\"input_tokens\": 7, \"output_tokens\": 3, \"total_tokens\": 10}",
            "mlflow.sourceRun": "run-1",
            "env": "dev"
        },
        "tags": { "mlflow.traceName": "answer", "fruit": "apple", "mlflow.trace.spansLocation": "ELSEWHERE" },
        "request_preview": "PREVIEW-IN",
        "response_preview": "PREVIEW-OUT",
        "assessments": [{
            "assessment_id": "a-25c992f68bb14292ae37b0bd13fe9401", "assessment_name": "inline", "trace_id": SHOWN_ID,
            "source": { "source_type": "CODE", "source_id": "scorer" }, "feedback": { "value": true }
        }]
    } } })
}

impl Running {
    /// Sends spans as MLflow's client does.
    pub(crate) async fn spans(&self, experiment: &str, spans: Vec<Span>) -> u16 {
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        let request = self.request(Method::POST, "/v1/traces").header("content-type", "application/x-protobuf");
        let request = request.header("x-mlflow-experiment-id", experiment);
        let body = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        request.body(body).send().await.unwrap().status().as_u16()
    }

    async fn announce(&self, experiment: &str) -> Value {
        self.three(Method::POST, "traces", announcement(experiment)).await.ok()["trace"]["trace_info"].take()
    }

    async fn search(&self, experiment: &str, filter: &str) -> Answer {
        let location = json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } });
        self.three(Method::POST, "traces/search", json!({ "locations": [location], "filter": filter })).await
    }

    async fn whole(&self) -> Value {
        let path = format!("traces/get?trace_id={SHOWN_ID}&allow_partial=False");
        self.three(Method::GET, &path, Value::Null).await.ok()["trace"].take()
    }
}

#[tokio::test]
async fn a_trace_is_the_same_whichever_of_its_two_writes_comes_first() {
    let mut seen = Vec::new();
    for spans_first in [true, false] {
        let running = Running::start().await;
        let experiment = running.experiment("app").await;
        let spans = vec![span(2, "step"), span(1, "root")];
        if spans_first {
            assert_eq!(running.spans(&experiment, spans.clone()).await, 200);
        }
        let told = running.announce(&experiment).await;
        assert_eq!(told["tags"]["mlflow.trace.spansLocation"], "TRACKING_STORE");
        assert_eq!(
            told["tags"]["mlflow.artifactLocation"],
            format!("mlflow-artifacts:/{experiment}/traces/{SHOWN_ID}/artifacts")
        );
        if !spans_first {
            let partial = format!("traces/get?trace_id={SHOWN_ID}&allow_partial=False");
            running.three(Method::GET, &partial, Value::Null).await.missing("not fully exported yet");
            let none = format!("traces/batchGet?trace_ids={SHOWN_ID}");
            assert_eq!(running.three(Method::GET, &none, Value::Null).await.ok(), json!({}));
            assert_eq!(running.spans(&experiment, spans.clone()).await, 200);
        }
        // The client sends either again where it got no answer.
        assert_eq!(running.spans(&experiment, spans).await, 200);
        running.announce(&experiment).await;
        seen.push(running.whole().await);
    }
    assert_eq!(seen[0], seen[1]);
    let (info, spans) = (&seen[0]["trace_info"], &seen[0]["spans"]);
    assert_eq!(each(spans, "name"), ["root", "step"]);
    assert_eq!((info["state"].as_str(), info["execution_duration"].as_str()), (Some("OK"), Some("0.134s")));
    assert_eq!(info["request_time"], "2026-11-23T16:26:25.449Z");
    assert_eq!((&info["request_preview"], &info["response_preview"]), (&json!("PREVIEW-IN"), &json!("PREVIEW-OUT")));
    assert_eq!((&info["client_request_id"], &info["tags"]["fruit"]), (&json!("req-1"), &json!("apple")));
    assert_eq!(
        (&info["trace_metadata"]["env"], &info["trace_metadata"]["mlflow.trace.session"]),
        (&json!("dev"), &json!("sess-1"))
    );
    assert_eq!(each(&info["assessments"], "assessment_name"), ["inline"]);
    let root = &spans[0];
    assert_eq!(
        (root["trace_id"].as_str(), root["span_id"].as_str()),
        (Some("f9/tTap4ER+z8gMS60bMpw=="), Some("AAAAAAAAAAE="))
    );
    let attributes = &root["attributes"];
    assert_eq!(value(attributes, "n")["int_value"], 3);
    assert_eq!(value(attributes, "mlflow.traceRequestId")["string_value"], SHOWN_ID);
    assert_eq!((spans[1]["parent_span_id"].as_str(), root.get("parent_span_id")), (Some("AAAAAAAAAAE="), None));
}

#[tokio::test]
async fn a_trace_is_found_by_what_either_of_its_writes_says_and_by_what_it_is_linked_to() {
    let running = Running::start().await;
    let (experiment, other) = (running.experiment("app").await, running.experiment("other").await);
    running.announce(&experiment).await;
    assert_eq!(running.spans(&experiment, vec![span(1, "root"), span(2, "step")]).await, 200);
    let link = json!({ "trace_ids": [SHOWN_ID], "run_id": "run-2" });
    assert_eq!(running.post("traces/link-to-run", link.clone()).await.ok(), json!({}));
    assert_eq!(running.post("traces/link-to-run", link).await.ok(), json!({}));
    let link = json!({ "trace_id": SHOWN_ID, "prompt_versions": [{ "name": "greet", "version": "2" }] });
    assert_eq!(running.post("traces/link-prompts", link).await.ok(), json!({}));
    for (filter, found) in [
        ("", true),
        ("status = 'OK'", true),
        ("trace.status = 'ERROR'", false),
        ("attributes.execution_time_ms = 134", true),
        ("tags.fruit = 'apple' AND metadata.env = 'dev'", true),
        ("tags.`mlflow.trace.spansLocation` = 'ELSEWHERE'", false),
        ("request_metadata.`mlflow.trace.session` = 'sess-1'", true),
        ("attribute.run_id = 'run-1'", true),
        ("run_id = 'run-2'", true),
        ("run_id IN ('run-9', 'run-2')", true),
        ("run_id = 'run-3'", false),
        ("prompt = 'greet/2'", true),
        ("prompt = 'greet/1'", false),
        ("span.name = 'step' AND span.type = 'LLM'", true),
        ("feedback.inline = 'true'", true),
        ("feedback.inline IS NULL", false),
        ("request_id = 'tr-7fdfed4daa78111fb3f20312eb46cca7'", true),
    ] {
        let answer = running.search(&experiment, filter).await.ok();
        assert_eq!(each(&answer["traces"], "trace_id") == [SHOWN_ID], found, "{filter}: {answer}");
    }
    assert_eq!(running.search(&other, "").await.ok(), json!({}));
    assert_eq!(running.search("99", "").await.ok(), json!({}));
    running.search(&experiment, "nothing = 'x'").await.invalid("unknown field `nothing`");
    running.search(&experiment, "status =").await.invalid("column 9");
    let tags = running.whole().await["trace_info"]["tags"].take();
    assert!(tags.as_object().unwrap().keys().all(|name| !name.starts_with("karat.")), "{tags}");
}

#[tokio::test]
async fn pages_of_a_search_follow_each_other() {
    let running = Running::start().await;
    let experiment = running.experiment("app").await;
    for number in 1..=5_u8 {
        let span = Span { trace_id: vec![number; 16], start_time_unix_nano: u64::from(number), ..span(1, "root") };
        assert_eq!(running.spans(&experiment, vec![span]).await, 200);
    }
    let location = json!([{ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": experiment } }]);
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let asked =
            json!({ "locations": location, "max_results": 2, "order_by": ["timestamp_ms ASC"], "page_token": token });
        let page = running.three(Method::POST, "traces/search", asked).await.ok();
        found.extend(each(&page["traces"], "trace_id").into_iter().map(str::to_owned));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    let expected: Vec<_> = (1..=5).map(|number| format!("tr-{}", format!("{number:02x}").repeat(16))).collect();
    assert_eq!(found, expected);
    let wrong = json!({ "locations": location, "page_token": "?" });
    running.three(Method::POST, "traces/search", wrong).await.invalid("Invalid page token");
    running.three(Method::POST, "traces/search", json!({})).await.invalid("'locations'");
    for (most, message) in [(0, "positive integer"), (501, "at most 500")] {
        let asked = json!({ "locations": location, "max_results": most });
        running.three(Method::POST, "traces/search", asked).await.invalid(message);
    }
}

#[tokio::test]
async fn tags_are_set_and_taken_away_and_what_the_server_says_itself_is_not() {
    let running = Running::start().await;
    running.announce("0").await;
    let path = format!("traces/{SHOWN_ID}/tags");
    let tag = |key: &str, value: &str| json!({ "key": key, "value": value });
    running.three(Method::PATCH, &path, tag("k", "v1")).await.ok();
    running.three(Method::PATCH, &path, tag("k", "v2")).await.ok();
    let shown = running.three(Method::GET, &format!("traces/{SHOWN_ID}?trace_id={SHOWN_ID}"), Value::Null).await.ok();
    assert_eq!(shown["trace"]["trace_info"]["tags"]["k"], "v2");
    running.three(Method::DELETE, &path, json!({ "key": "k" })).await.ok();
    running.three(Method::DELETE, &path, json!({ "key": "k" })).await.missing("No trace tag with key 'k'");
    running.three(Method::PATCH, &path, tag("mlflow.trace.spansLocation", "x")).await.invalid("is immutable");
    running.three(Method::PATCH, &path, tag("mlflow.artifactLocation", "x")).await.invalid("is immutable");
    running.three(Method::PATCH, &path, tag("k", &"x".repeat(8001))).await.invalid("exceed");
    let unknown = format!("traces/tr-{}/tags", "0".repeat(32));
    running.three(Method::PATCH, &unknown, tag("k", "v")).await.missing("not found");
}

#[tokio::test]
async fn an_assessment_is_changed_overridden_and_counts_again_when_what_overrode_it_goes() {
    let running = Running::start().await;
    running.announce("0").await;
    let path = format!("traces/{SHOWN_ID}/assessments");
    let feedback = |value: Value| {
        json!({ "assessment": { "assessment_name": "good", "source": { "source_type": "HUMAN", "source_id": "ann" },
            "feedback": { "value": value }, "rationale": "because", "metadata": { "m": "1" } } })
    };
    for value in
        [json!(3.0), json!(0.25), json!(true), json!("yes"), json!(["a", 1.0, null]), json!({ "k": { "z": null } })]
    {
        let made = running.three(Method::POST, &path, feedback(value.clone())).await.ok();
        assert_eq!(made["assessment"]["feedback"]["value"], value);
        assert_eq!((&made["assessment"]["valid"], &made["assessment"]["rationale"]), (&json!(true), &json!("because")));
    }
    let made = running.three(Method::POST, &path, feedback(json!(3))).await.ok();
    assert_eq!(made["assessment"]["feedback"]["value"].to_string(), "3.0");
    let id = made["assessment"]["assessment_id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("a-") && id.len() == 34, "{id}");
    let one = format!("{path}/{id}");
    let change = json!({ "assessment": { "assessment_name": "better", "feedback": { "value": "no" }, "metadata": { "n": "2" } },
        "update_mask": "assessmentName,feedback,metadata" });
    let changed = running.three(Method::PATCH, &one, change).await.ok()["assessment"].take();
    assert_eq!((&changed["assessment_name"], &changed["feedback"]["value"]), (&json!("better"), &json!("no")));
    assert_eq!((&changed["metadata"], &changed["rationale"]), (&json!({ "m": "1", "n": "2" }), &json!("because")));
    let other = json!({ "assessment": { "expectation": { "value": "x" } }, "update_mask": "expectation" });
    running.three(Method::PATCH, &one, other).await.invalid("Cannot change an assessment");
    let mut overriding = feedback(json!("maybe"));
    overriding["assessment"]["overrides"] = json!(id);
    let by = running.three(Method::POST, &path, overriding.clone()).await.ok()["assessment"].take();
    assert_eq!(by["overrides"], json!(id));
    let valid = async || running.three(Method::GET, &one, Value::Null).await.ok()["assessment"]["valid"].clone();
    assert_eq!(valid().await, false);
    let by = format!("{path}/{}", by["assessment_id"].as_str().unwrap());
    assert_eq!(running.three(Method::DELETE, &by, json!({})).await.ok(), json!({}));
    assert_eq!(valid().await, true);
    assert_eq!(running.three(Method::DELETE, &by, json!({})).await.ok(), json!({}));
    running.three(Method::GET, &by, Value::Null).await.missing("not found");
    overriding["assessment"]["overrides"] = json!("a-00000000000000000000000000000001");
    running.three(Method::POST, &path, overriding).await.missing("a-00000000000000000000000000000001");
}

#[tokio::test]
async fn expectations_and_failures_come_back_in_the_form_they_came_in() {
    let running = Running::start().await;
    running.announce("0").await;
    let path = format!("traces/{SHOWN_ID}/assessments");
    let make = async |said: Value| {
        let mut assessment = json!({ "assessment_name": "x", "source": { "source_type": "AI_JUDGE" } });
        assessment.as_object_mut().unwrap().extend(said.as_object().unwrap().clone());
        running.three(Method::POST, &path, json!({ "assessment": assessment })).await
    };
    for said in [
        json!({ "expectation": { "value": "Paris" } }),
        json!({ "expectation": { "value": false } }),
        json!({ "expectation": { "serialized_value": { "serialization_format": "JSON_FORMAT", "value": "[\"f1\",\"f2\"]" } } }),
        json!({ "feedback": { "value": null, "error": { "error_code": "RATE_LIMIT", "error_message": "too many", "stack_trace": "at" } } }),
        json!({ "issue": { "issue_name": "bad" } }),
    ] {
        let made = make(said.clone()).await.ok()["assessment"].take();
        let (name, value) = said.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&made[name], value);
        assert_eq!((&made["source"]["source_type"], made.get("metadata")), (&json!("LLM_JUDGE"), None));
    }
    make(json!({})).await.invalid("must have one of");
    let nothing = format!("traces/tr-{}/assessments", "0".repeat(32));
    let said = json!({ "assessment_name": "x", "feedback": { "value": true }, "source": { "source_type": "HUMAN" } });
    running.three(Method::POST, &nothing, json!({ "assessment": said })).await.missing("not found");
}

#[tokio::test]
async fn traces_are_deleted_by_id_and_the_oldest_first() {
    let running = Running::start().await;
    let experiment = running.experiment("app").await;
    for number in 1..=5_u8 {
        let start = u64::from(number) * 1_000_000;
        let span = Span { trace_id: vec![number; 16], start_time_unix_nano: start, ..span(1, "root") };
        assert_eq!(running.spans(&experiment, vec![span]).await, 200);
    }
    let id = |number: u8| format!("tr-{}", format!("{number:02x}").repeat(16));
    let delete = async |what: Value| {
        let mut asked = json!({ "experiment_id": experiment });
        asked.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
        running.post("traces/delete-traces", asked).await
    };
    assert_eq!(delete(json!({ "request_ids": [id(5), id(9)] })).await.ok(), json!({ "traces_deleted": 1 }));
    assert_eq!(
        delete(json!({ "max_timestamp_millis": 3, "max_traces": 1 })).await.ok(),
        json!({ "traces_deleted": 1 })
    );
    let left = running.search(&experiment, "").await.ok();
    assert_eq!(each(&left["traces"], "trace_id"), [id(4), id(3), id(2)]);
    assert_eq!(delete(json!({ "max_timestamp_millis": 3 })).await.ok(), json!({ "traces_deleted": 2 }));
    delete(json!({})).await.invalid("must be specified");
    delete(json!({ "request_ids": [id(4)], "max_timestamp_millis": 3 })).await.invalid("Only one of");
    // What was deleted is taken in again.
    let span = Span { trace_id: vec![5; 16], start_time_unix_nano: 5_000_000, ..span(1, "root") };
    assert_eq!(running.spans(&experiment, vec![span]).await, 200);
    assert_eq!(each(&running.search(&experiment, "").await.ok()["traces"], "trace_id"), [id(5), id(4)]);
}

#[tokio::test]
async fn a_trace_stays_in_its_experiment_and_unknown_ones_are_refused() {
    let running = Running::start().await;
    let (experiment, other) = (running.experiment("app").await, running.experiment("other").await);
    running.announce(&experiment).await;
    running.three(Method::POST, "traces", announcement(&other)).await.invalid("already exists in another experiment");
    running.three(Method::POST, "traces", announcement("99")).await.missing("No Experiment with id=99 exists");
    assert_eq!(running.spans("99", vec![span(1, "root")]).await, 404);
    let mut broken = announcement(&experiment);
    broken["trace"]["trace_info"]["request_time"] = json!("yesterday");
    running.three(Method::POST, "traces", broken).await.invalid("'request_time'");
    running
        .three(Method::GET, "traces/tr-0?trace_id=tr-0", Value::Null)
        .await
        .missing("Trace with ID 'tr-0' not found");
}

#[tokio::test]
async fn json_within_a_text_of_mlflows_own_is_read() {
    let running = Running::start().await;
    let text = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(Any { value: Some(AnyValue::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    };
    let attributes = vec![text("mlflow.spanOutputs", "[\"p\"]"), text("mlflow.note", "[no"), text("own", "[1]")];
    assert_eq!(running.spans("0", vec![Span { attributes, ..span(1, "root") }]).await, 200);
    let whole = running.whole().await;
    let attribute = |key: &str| value(&whole["spans"][0]["attributes"], key).clone();
    assert_eq!(attribute("mlflow.spanOutputs"), json!({ "array_value": { "values": [{ "string_value": "p" }] } }));
    assert_eq!(attribute("mlflow.note"), json!({ "string_value": "[no" }));
    assert_eq!(attribute("own"), json!({ "string_value": "[1]" }));
}

#[tokio::test]
async fn spans_of_other_dialects_have_what_mlflows_client_looks_for() {
    let running = Running::start().await;
    let text = |key: &str, value: &str| KeyValue {
        key: key.to_owned(),
        value: Some(Any { value: Some(AnyValue::StringValue(value.to_owned())) }),
        ..KeyValue::default()
    };
    let attributes =
        vec![text("openinference.span.kind", "LLM"), text("input.value", "hello"), text("output.value", "hi")];
    assert_eq!(running.spans("0", vec![Span { attributes, ..span(1, "root") }]).await, 200);
    let whole = running.whole().await;
    let attribute = |key: &str| value(&whole["spans"][0]["attributes"], key)["string_value"].clone();
    assert_eq!((attribute("mlflow.spanType"), attribute("mlflow.spanInputs")), (json!("LLM"), json!("hello")));
    assert_eq!(whole["trace_info"]["request_preview"], "hello");
}
