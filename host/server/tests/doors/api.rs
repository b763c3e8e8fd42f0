//! Our own API on traces.

use model::json::Json;
use model::ports::TraceReader;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::client::http;
use crate::spans::{TRACE, request, span, text};
use crate::{NOW, Running};
use opentelemetry_proto::tonic::trace::v1::Span;

const OTHER: &str = "ffffffffffffffffffffffffffffffff";

impl Running {
    /// Status and JSON, null where nothing was said.
    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut asking = http().request(method, self.url(&format!("/api/karat/v1{path}")));
        if let Some(body) = body {
            asking = asking.header("content-type", "application/json").body(body.to_string());
        }
        let answer = asking.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        (status, if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect(&text) })
    }
}

async fn with_a_trace() -> Running {
    let running = Running::start().await;
    let child = Span { parent_span_id: vec![1; 8], attributes: vec![text("llm", "yes")], ..span(2) };
    assert_eq!(running.send(&request(vec![span(1), child, span(3)])).await.status(), 200);
    running
}

#[tokio::test]
async fn a_trace_is_shown_with_its_spans() {
    let running = with_a_trace().await;
    let (status, trace) = running.ask(Method::GET, &format!("/traces/{TRACE}"), None).await;
    assert_eq!((status, &trace["experiment"], &trace["spans"]), (StatusCode::OK, &json!("default"), &json!(3)));
    assert_eq!((&trace["name"], &trace["state"]), (&json!("step 1"), &json!("ok")));
    let path = format!("/traces/{}/spans?skip=1&limit=1", TRACE.to_uppercase());
    let (status, page) = running.ask(Method::GET, &path, None).await;
    assert_eq!((status, page["spans"].as_array().unwrap().len()), (StatusCode::OK, 1));
    assert_eq!((&page["trace_id"], &page["spans"][0]["name"]), (&json!(TRACE), &json!("step 2")));
    assert_eq!(page["spans"][0]["attributes"], json!({ "llm": "yes" }));
    let (_, all) = running.ask(Method::GET, &format!("/traces/{TRACE}/spans"), None).await;
    let read = telemetry::Reader.read(&Json::parse(&all.to_string()).unwrap()).unwrap();
    assert_eq!((read.id.as_str(), read.spans.len()), (TRACE, 3));
    let (_, experiments) = running.ask(Method::GET, "/experiments", None).await;
    assert_eq!(experiments, json!({ "experiments": [{ "name": "default", "traces": 1 }] }));
}

#[tokio::test]
async fn a_trace_that_is_deleted_is_gone() {
    let running = with_a_trace().await;
    let path = format!("/traces/{TRACE}");
    assert_eq!(running.ask(Method::DELETE, &path, None).await, (StatusCode::NO_CONTENT, Value::Null));
    for method in [Method::GET, Method::DELETE] {
        let (status, error) = running.ask(method, &path, None).await;
        assert_eq!((status, &error["error"]["field"]), (StatusCode::NOT_FOUND, &json!("id")));
    }
}

#[tokio::test]
async fn an_assessment_is_made_changed_and_taken_back() {
    let running = with_a_trace().await;
    let path = format!("/traces/{TRACE}/assessments");
    let saying = json!({
        "name": "correct", "feedback": { "z": 1.0, "a": [true] }, "source": { "kind": "HUMAN", "id": "ann" },
        "rationale": "as in the book", "span": "0101010101010101", "metadata": { "round": "1" },
    });
    let (status, made) = running.ask(Method::POST, &path, Some(saying.clone())).await;
    assert_eq!((status, &made["created"], &made["updated"]), (StatusCode::CREATED, &json!(NOW), &json!(NOW)));
    for (key, value) in saying.as_object().unwrap() {
        assert_eq!(&made[key], value);
    }
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let changed = json!({ "name": "correct", "expectation": 7, "source": { "kind": "CODE" } });
    let (status, now) = running.ask(Method::PUT, &one, Some(changed)).await;
    assert_eq!((status, &now["id"], &now["expectation"]), (StatusCode::OK, &made["id"], &json!(7)));
    let (_, trace) = running.ask(Method::GET, &format!("/traces/{TRACE}"), None).await;
    assert_eq!(trace["assessments"], json!([now]));
    assert_eq!(running.ask(Method::DELETE, &one, None).await.0, StatusCode::NO_CONTENT);
    assert_eq!(running.ask(Method::DELETE, &one, None).await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_tag_is_set_and_taken_away() {
    let running = with_a_trace().await;
    let path = format!("/traces/{TRACE}/tags/a%2Fb%20c");
    let set = Some(json!({ "value": "yes" }));
    assert_eq!(running.ask(Method::PUT, &path, set).await, (StatusCode::NO_CONTENT, Value::Null));
    let (_, trace) = running.ask(Method::GET, &format!("/traces/{TRACE}"), None).await;
    assert_eq!(trace["tags"], json!({ "a/b c": "yes" }));
    assert_eq!(running.ask(Method::DELETE, &path, None).await.0, StatusCode::NO_CONTENT);
    let (_, trace) = running.ask(Method::GET, &format!("/traces/{TRACE}"), None).await;
    assert_eq!(trace["tags"], json!({}));
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let running = with_a_trace().await;
    let says = |more: Value| {
        let mut saying = json!({ "name": "n", "feedback": 1, "source": { "kind": "CODE" } });
        saying.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Some(saying)
    };
    let assessments = format!("/traces/{TRACE}/assessments");
    for (method, path, body, status, field) in [
        (Method::GET, "/traces/nothing".to_owned(), None, 400, json!("id")),
        (Method::GET, format!("/traces/{OTHER}"), None, 404, json!("id")),
        (Method::GET, format!("/traces/{OTHER}/spans"), None, 404, Value::Null),
        (Method::GET, format!("/traces/{TRACE}/spans?limit=1001"), None, 400, json!("limit")),
        (Method::GET, format!("/traces/{TRACE}/spans?skip=-1"), None, 400, Value::Null),
        (Method::GET, format!("/traces/{TRACE}/spans?skipp=1"), None, 400, Value::Null),
        (Method::POST, assessments.clone(), None, 415, Value::Null),
        (Method::POST, assessments.clone(), Some(json!([])), 400, Value::Null),
        (Method::POST, assessments.clone(), says(json!({ "source": { "kind": "GOD" } })), 400, json!("source.kind")),
        (Method::POST, assessments.clone(), says(json!({ "metadata": { "a": 1 } })), 400, json!("metadata.a")),
        (Method::POST, assessments.clone(), says(json!({ "colour": 1 })), 400, json!("colour")),
        (Method::POST, assessments.clone(), says(json!({ "expectation": 1 })), 400, json!("feedback")),
        (Method::POST, assessments.clone(), says(json!({ "name": " " })), 400, json!("name")),
        (Method::POST, assessments.clone(), says(json!({ "span": "1" })), 400, json!("span")),
        (Method::POST, format!("/traces/{OTHER}/assessments"), says(json!({})), 404, Value::Null),
        (Method::PUT, format!("{assessments}/1"), says(json!({})), 400, json!("aid")),
        (
            Method::PUT,
            format!("/traces/{TRACE}/tags/{}", "t".repeat(251)),
            Some(json!({ "value": "" })),
            400,
            json!("name"),
        ),
        (Method::GET, "/nothing".to_owned(), None, 404, Value::Null),
    ] {
        let (found, error) = running.ask(method.clone(), &path, body).await;
        assert_eq!((found.as_u16(), &error["error"]["field"]), (status, &field), "{method} {path}: {error}");
        assert!(error["error"]["message"].is_string(), "{method} {path}: {error}");
    }
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_told() {
    let running = with_a_trace().await;
    *running.store.refuses.lock().unwrap() = Some(crate::store::full);
    let path = format!("/traces/{TRACE}/tags/t");
    let (status, error) = running.ask(Method::PUT, &path, Some(json!({ "value": "" }))).await;
    assert_eq!(
        (status, &error["error"]["message"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("the disk of the store is full"))
    );
    assert_eq!(running.get("/healthz").await.status(), 503);
}

#[tokio::test]
async fn the_document_has_what_can_be_done() {
    let running = with_a_trace().await;
    let (_, document) = running.ask(Method::GET, "/openapi.json", None).await;
    for (path, said) in document["paths"].as_object().unwrap() {
        let there = path.replace("{id}", OTHER).replace("{aid}", "nobody").replace("{name}", "t");
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
            let answer = http().request(method.clone(), running.url(&format!("/api/karat/v1{there}")));
            let is_there = answer.send().await.unwrap().status() != StatusCode::METHOD_NOT_ALLOWED;
            assert_eq!(said.get(method.as_str().to_lowercase()).is_some(), is_there, "{method} {path}");
        }
    }
}
