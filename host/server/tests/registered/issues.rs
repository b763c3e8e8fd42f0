//! Problems that somebody has found.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{EXISTS, INVALID, MISSING, Running, each};

const ISSUES: &str = "/3.0/mlflow/issues";

impl Running {
    async fn issue(&self, name: &str, more: Value) -> Value {
        let mut body = json!({"experiment_id": "1", "name": name, "description": "d"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(ISSUES, body).await["issue"].clone()
    }
}

#[tokio::test]
async fn an_issue_is_made_and_changed() {
    let server = Running::with_experiments().await;
    let more =
        json!({"severity": "high", "categories": ["safety"], "metadata": {"a": "1", "b": "2"}, "created_by": "ann"});
    let made = server.issue("rude", more).await;
    let id = made["issue_id"].as_str().unwrap();
    assert!(id.starts_with("iss-") && id.len() == 36, "{id}");
    for (field, value) in [
        ("experiment_id", json!("1")),
        ("status", json!("pending")),
        ("severity", json!("high")),
        ("categories", json!(["safety"])),
        ("metadata", json!({"a": "1", "b": "2"})),
        ("created_by", json!("ann")),
        ("last_updated_by", json!("ann")),
        ("last_seen_timestamp", made["created_timestamp"].clone()),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    let change = json!({
        "issue_id": id, "status": "resolved", "categories": [], "metadata": {"c": "3"}, "delete_metadata_keys": ["a"],
        "last_seen_timestamp": 5, "last_updated_by": "bob"
    });
    let changed = server.patch(&format!("{ISSUES}/{id}"), change).await["issue"].clone();
    assert_eq!((&changed["status"], &changed["severity"]), (&json!("resolved"), &json!("high")));
    assert_eq!((changed.get("categories"), &changed["metadata"]), (None, &json!({"b": "2", "c": "3"})));
    assert_eq!(changed["last_seen_timestamp"], made["last_seen_timestamp"], "it was seen later already");
    assert_eq!(changed["last_updated_by"], "bob");
    assert_eq!(server.get(&format!("{ISSUES}/{id}"), json!({})).await["issue"], changed);
    assert_eq!(server.issue("own", json!({"issue_id": "iss-own_1"})).await["issue_id"], "iss-own_1");
}

#[tokio::test]
async fn the_worst_come_first_unless_somebody_says_otherwise() {
    let server = Running::with_experiments().await;
    for (name, more) in [
        ("Slow", json!({"severity": "low", "categories": ["Latency"], "source_run_id": "r1"})),
        ("rude", json!({"severity": "high", "status": "resolved"})),
        ("odd", json!({})),
        ("wrong", json!({"severity": "high"})),
    ] {
        server.issue(name, more).await;
    }
    server.post(ISSUES, json!({"experiment_id": "2", "name": "other", "description": "d"})).await;
    for (asked, expected) in [
        (json!({}), &["wrong", "rude", "Slow", "odd"][..]),
        (json!({"filter_string": "status = 'resolved'"}), &["rude"]),
        (json!({"filter_string": "status != 'resolved' AND source_run_id = 'r1'"}), &["Slow"]),
        (json!({"name": "SLO"}), &["Slow"]),
        (json!({"statuses": ["pending"], "severities": ["high", "low"]}), &["wrong", "Slow"]),
        (json!({"categories": [" latency "]}), &["Slow"]),
        (json!({"order_by": ["name"]}), &["odd", "rude", "Slow", "wrong"]),
        (json!({"order_by": ["severity ASC", "created_timestamp ASC"]}), &["odd", "Slow", "rude", "wrong"]),
    ] {
        let mut body = json!({"experiment_id": "1"});
        body.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
        let found = server.post(&format!("{ISSUES}/search"), body).await;
        assert_eq!(each(&found["issues"], "name"), expected, "{asked}");
        assert_eq!(found["next_page_token"], "");
    }
    let all = json!({"max_results": 2, "include_total_count": true, "view": "basic", "order_by": ["name"]});
    let first = server.post(&format!("{ISSUES}/search"), all.clone()).await;
    assert_eq!((each(&first["issues"], "name"), &first["total_count"]), (vec!["odd", "other"], &json!(5)));
    assert_eq!(first["issues"][0]["description"], "");
    let mut next = all;
    next["page_token"] = first["next_page_token"].clone();
    let second = server.post(&format!("{ISSUES}/search"), next).await;
    assert_eq!(each(&second["issues"], "name"), ["rude", "Slow"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_as_mlflow_says_it() {
    let server = Running::with_experiments().await;
    server.issue("own", json!({"issue_id": "iss-own"})).await;
    let (own, none, search) = (format!("{ISSUES}/iss-own"), format!("{ISSUES}/iss-none"), format!("{ISSUES}/search"));
    let new = |more: Value| {
        let mut body = json!({"experiment_id": "1", "name": "x", "description": "d"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let many: serde_json::Map<_, _> = (0..101).map(|n| (n.to_string(), json!("x"))).collect();
    for (method, path, body, code, message) in [
        (Method::POST, ISSUES, json!({"name": "x"}), INVALID, "Missing value for required parameter 'description'."),
        (Method::POST, ISSUES, new(json!({"status": "open"})), INVALID, "Invalid issue status: 'open'"),
        (Method::POST, ISSUES, new(json!({"severity": "bad"})), INVALID, "Invalid issue severity: 'bad'"),
        (Method::POST, ISSUES, new(json!({"name": "x".repeat(251)})), INVALID, "Issue name must contain 1 to 250"),
        (Method::POST, ISSUES, new(json!({"issue_id": "x"})), INVALID, "issue_id must be iss-* and at most 36"),
        (Method::POST, ISSUES, new(json!({"issue_id": "iss-own"})), EXISTS, "Issue ID already exists"),
        (
            Method::POST,
            ISSUES,
            new(json!({"categories": [""]})),
            INVALID,
            "categories must contain at most 100 nonempty",
        ),
        (
            Method::POST,
            ISSUES,
            new(json!({"metadata": many})),
            INVALID,
            "metadata must be a string map with at most 100",
        ),
        (Method::POST, ISSUES, new(json!({"metadata": {"a": 1}})), INVALID, "metadata must be a string map"),
        (
            Method::POST,
            ISSUES,
            new(json!({"last_seen_timestamp": -1})),
            INVALID,
            "last_seen_timestamp must be nonnegative milliseconds",
        ),
        (Method::GET, &none, json!({}), MISSING, "Issue with ID 'iss-none' not found"),
        (Method::PATCH, &none, json!({"name": "x"}), MISSING, "Issue with ID 'iss-none' not found"),
        (
            Method::PATCH,
            &own,
            json!({"metadata": {"a": "1"}, "delete_metadata_keys": ["a"]}),
            INVALID,
            "Cannot update and delete the same key",
        ),
        (
            Method::POST,
            &search,
            json!({"filter_string": "name = 'x'"}),
            INVALID,
            "Invalid attribute key 'name' specified.",
        ),
        (Method::POST, &search, json!({"filter_string": "status LIKE 'x'"}), INVALID, "Invalid comparator 'LIKE'"),
        (Method::POST, &search, json!({"order_by": ["id"]}), INVALID, "Invalid issue order_by: 'id'"),
        (Method::POST, &search, json!({"view": "half"}), INVALID, "view must be basic or full"),
    ] {
        let status = if code == MISSING { 404 } else { 400 };
        server.check_wrong(&[(method, path, body, status, code, message)]).await;
    }
}
