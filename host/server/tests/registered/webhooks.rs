//! Webhooks as they are kept.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{INVALID, MISSING, Running, each};

const WEBHOOKS: &str = "/2.0/mlflow/webhooks";

fn hook(name: &str) -> Value {
    json!({"name": name, "url": "https://example.com/hook", "events": [{"entity": "PROMPT", "action": "CREATED"}]})
}

#[tokio::test]
async fn a_webhook_is_kept_and_its_secret_stays() {
    let server = Running::start().await;
    let mut body = hook("wh");
    body["secret"] = json!("s3cret");
    body["description"] = json!("d");
    body["url"] = json!(" https://example.com/hook ");
    let made = server.post(WEBHOOKS, body).await["webhook"].clone();
    let path = format!("{WEBHOOKS}/{}", made["webhook_id"].as_str().unwrap());
    assert_eq!((&made["status"], &made["description"]), (&json!("ACTIVE"), &json!("d")));
    assert_eq!(made["url"], "https://example.com/hook");
    assert_eq!(made["events"], json!([{"entity": "PROMPT", "action": "CREATED"}]));
    let change =
        json!({"status": "DISABLED", "description": "", "events": [{"entity": "PROMPT_TAG", "action": "SET"}]});
    let changed = server.patch(&path, change).await["webhook"].clone();
    assert_eq!((&changed["status"], changed.get("description")), (&json!("DISABLED"), None));
    assert_eq!(changed["url"], "https://example.com/hook");
    let moved = server.patch(&path, json!({"url": "https://example.com/other\n"})).await["webhook"].clone();
    assert_eq!(moved["url"], "https://example.com/other");
    let changed = server.patch(&path, json!({"url": "https://example.com/hook"})).await["webhook"].clone();
    server.post(WEBHOOKS, hook("second")).await;
    let listed = server.get(WEBHOOKS, json!({"max_results": 1})).await;
    assert_eq!(each(&listed["webhooks"], "name"), ["second"]);
    let next = server.get(WEBHOOKS, json!({"max_results": 1, "page_token": listed["next_page_token"]})).await;
    assert_eq!(next["webhooks"], json!([changed]));
    assert!(!format!("{made}{changed}{listed}").contains("s3cret"));
    server.delete(&path, json!({})).await;
    assert_eq!(server.wrong(Method::GET, &path, json!({})).await.1, MISSING);
}

#[tokio::test]
async fn what_can_be_no_webhook_is_told_why() {
    let server = Running::start().await;
    let with = |field: &str, value: Value| {
        let mut body = hook("wh");
        body[field] = value;
        body
    };
    let none = format!("{WEBHOOKS}/none");
    for (method, path, body, code, message) in [
        (Method::POST, WEBHOOKS, with("events", json!([])), INVALID, "Missing value for required parameter 'events'."),
        (Method::POST, WEBHOOKS, with("name", json!("-x")), INVALID, "Webhook name '-x' is invalid."),
        (
            Method::POST,
            WEBHOOKS,
            with("url", json!("http://example.com")),
            INVALID,
            "Invalid webhook URL scheme: 'http'. Allowed schemes are: https.",
        ),
        (Method::POST, WEBHOOKS, with("url", json!("https://10.0.0.1/x")), INVALID, "non-public IP address"),
        (Method::POST, WEBHOOKS, with("url", json!("https://[::1]/x")), INVALID, "non-public IP address"),
        (
            Method::POST,
            WEBHOOKS,
            with("events", json!([{"entity": "PROMPT_TAG", "action": "CREATED"}])),
            INVALID,
            "Invalid action 'created' for entity 'prompt_tag'. Valid actions are: ['deleted', 'set']",
        ),
        (Method::GET, WEBHOOKS, json!({"max_results": 1001}), INVALID, "max_results must be between 1 and 1000."),
        (Method::GET, &none, json!({}), MISSING, "Webhook with ID none not found."),
        (Method::DELETE, &none, json!({}), MISSING, "Webhook with ID none not found."),
    ] {
        let status = if code == MISSING { 404 } else { 400 };
        server.check_wrong(&[(method, path, body, status, code, message)]).await;
    }
}
