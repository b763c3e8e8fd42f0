//! Whoever asks for what is not for them, or not there, is told so in words that the client knows, and not to come again.

use std::io::Write;

use reqwest::Method;
use serde_json::{Value, json};
use server::Options;
use tempfile::NamedTempFile;

use crate::{Running, options};

const TOKEN: &str = "a-token-that-is-long-enough-to-be-one";
const SEARCH: &str = "/api/2.0/mlflow/experiments/search";

#[tokio::test]
async fn a_client_without_a_token_is_told_so() {
    let mut file = NamedTempFile::new().unwrap();
    writeln!(file, "{TOKEN}").unwrap();
    let running = Running::with(Options { token_file: Some(file.path().to_owned()), ..options() }).await;
    running.get("experiments/search").await.refused(401, "UNAUTHENTICATED", "has no token");
    let with_token = running.request(Method::GET, SEARCH).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(with_token.status(), 200);
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let running = Running::start().await;
    let asked = running.request(Method::GET, SEARCH).header("origin", "https://elsewhere.example");
    let answer = asked.send().await.unwrap();
    assert_eq!(answer.status(), 403);
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    assert_eq!(body["error_code"], json!("PERMISSION_DENIED"));
}

#[tokio::test]
async fn what_is_not_served_is_said() {
    let running = Running::start().await;
    for path in ["/api/2.0/mlflow/nothing/here", "/ajax-api/3.0/mlflow/nothing"] {
        let answer = running.request(Method::POST, path).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 501, "{path}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        assert_eq!(
            body,
            json!({ "error_code": "NOT_IMPLEMENTED", "message": format!("Karat does not serve '{path}'") })
        );
    }
}
