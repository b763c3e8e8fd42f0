//! What is said of sessions, through both doors.

use reqwest::Method;
use serde_json::{Value, json};

use crate::Running;

const SESSION: &str = "a/1";

fn id(number: u8) -> String {
    format!("tr-{number:032x}")
}

impl Running {
    /// A trace that starts in this second, of a session.
    async fn trace_of(&self, number: u8, second: u8, session: &str) {
        let info = json!({
            "trace_id": id(number),
            "trace_location": { "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "0" } },
            "request_time": format!("2026-11-23T16:26:{second}Z"),
            "execution_duration": "0.1s",
            "state": "OK",
            "trace_metadata": { "mlflow.trace.session": session },
        });
        self.three(Method::POST, "traces", json!({ "trace": { "trace_info": info } })).await.ok();
    }

    /// Which traces a filter finds, newest first, each with how many things were said of it.
    async fn said(&self, filter: &str) -> Vec<(String, usize)> {
        let location = json!({ "type": "MLFLOW_EXPERIMENT", "mlflow_experiment": { "experiment_id": "0" } });
        let asked = json!({ "locations": [location], "filter": filter });
        let found = self.three(Method::POST, "traces/search", asked).await.ok();
        let said = |trace: &Value| trace["assessments"].as_array().map_or(0, Vec::len);
        let of = |trace: &Value| (trace["trace_id"].as_str().unwrap().to_owned(), said(trace));
        found["traces"].as_array().into_iter().flatten().map(of).collect()
    }

    async fn say(&self, path: &str, saying: Value) -> (u16, Value) {
        let request = self.request(Method::POST, &format!("/api/karat/v1{path}"));
        let answer = request.header("content-type", "application/json").body(saying.to_string()).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }
}

async fn with_sessions() -> Running {
    let running = Running::start().await;
    running.trace_of(2, 20, SESSION).await;
    running.trace_of(1, 10, SESSION).await;
    running.trace_of(3, 30, "b").await;
    running
}

#[tokio::test]
async fn what_is_said_of_a_session_stands_on_its_first_trace_and_is_found_on_all() {
    let running = with_sessions().await;
    let saying = json!({ "name": "good", "feedback": { "z": 1.0 }, "source": { "kind": "HUMAN", "id": "ann" } });
    let (status, made) = running.say("/sessions/a%2F1/assessments?experiment=default", saying.clone()).await;
    assert_eq!((status, &made["trace_id"]), (201, &json!(id(1)[3..])), "{made}");
    assert_eq!((&made["feedback"], &made["source"]), (&saying["feedback"], &saying["source"]));
    assert_eq!(running.said("feedback.good LIKE '%z%'").await, [(id(2), 0), (id(1), 1)]);
    assert_eq!(running.said("feedback.good IS NULL").await, [(id(3), 0)]);
    let shown = running.three(Method::GET, &format!("traces/{}", id(1)), Value::Null).await.ok();
    let metadata = &shown["trace"]["trace_info"]["assessments"][0]["metadata"];
    assert_eq!(metadata, &json!({ "mlflow.trace.session": SESSION }));
}

#[tokio::test]
async fn what_mlflow_says_of_a_session_is_found_on_all_of_its_traces_until_it_is_overridden() {
    let running = with_sessions().await;
    let path = format!("traces/{}/assessments", id(1));
    let assessment = json!({ "assessment_name": "resolved", "source": { "source_type": "HUMAN" },
        "feedback": { "value": "yes" }, "metadata": { "mlflow.trace.session": SESSION } });
    let made = running.three(Method::POST, &path, json!({ "assessment": assessment })).await.ok();
    assert_eq!(running.said("feedback.resolved = 'yes'").await, [(id(2), 0), (id(1), 1)]);
    let mut other = assessment;
    other["overrides"] = made["assessment"]["assessment_id"].clone();
    other["feedback"] = json!({ "value": "no" });
    // This one is of its trace alone.
    other["metadata"] = json!({});
    running.three(Method::POST, &path, json!({ "assessment": other })).await.ok();
    assert_eq!(running.said("feedback.resolved = 'yes'").await, []);
    assert_eq!(running.said("feedback.resolved = 'no'").await, [(id(1), 2)]);
}

#[tokio::test]
async fn what_is_wrong_with_a_session_is_told() {
    let running = with_sessions().await;
    let saying = json!({ "name": "good", "feedback": 1, "source": { "kind": "CODE" } });
    let of_span = json!({ "name": "good", "feedback": 1, "source": { "kind": "CODE" }, "span": "01".repeat(8) });
    for (path, saying, status, field) in [
        ("/sessions/c/assessments", saying.clone(), 404, json!("session")),
        ("/sessions/a%2F1/assessments?experiment=other", saying.clone(), 404, json!("session")),
        ("/sessions/a%2F1/assessments?experience=other", saying, 400, Value::Null),
        ("/sessions/a%2F1/assessments", of_span, 400, json!("span")),
    ] {
        let (told, error) = running.say(path, saying).await;
        assert_eq!((told, &error["error"]["field"]), (status, &field), "{path}: {error}");
    }
}
