//! Filters, orders and pages of prompts and their versions, as tables.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{INVALID, Running, each, pairs};

const MODELS: &str = "/2.0/mlflow/registered-models";
const VERSIONS: &str = "/2.0/mlflow/model-versions";

/// Two models and two prompts; prompt `greet` has three versions.
async fn filled() -> Running {
    let server = Running::start().await;
    for (name, team) in [("beta", "x"), ("Alpha", "y")] {
        server.post(&format!("{MODELS}/create"), json!({"name": name, "tags": pairs(&[("team", team)])})).await;
    }
    for name in ["greet", "part"] {
        server.prompt(name).await;
    }
    for (text, run) in [("a", "r1"), ("b", "r2"), ("c", "r2")] {
        server.prompt_version("greet", text).await;
        let body = json!({"name": "beta", "source": format!("s3://b/{text}"), "run_id": run});
        server.post(&format!("{VERSIONS}/create"), body).await;
    }
    server
}

async fn check(server: &Running, path: &str, body: Value, list: &str, field: &str, expected: &[&str]) {
    let found = server.get(path, body.clone()).await;
    assert_eq!(each(&found[list], field), expected, "{body}");
}

#[tokio::test]
async fn a_list_has_models_or_prompts() {
    let server = filled().await;
    for (filter, expected) in [
        ("", &["Alpha", "beta"][..]),
        ("tag.`mlflow.prompt.is_prompt` != 'true'", &["Alpha", "beta"]),
        ("tags.`mlflow.prompt.is_prompt` = 'false'", &["Alpha", "beta"]),
        ("tags.`mlflow.prompt.is_prompt` = 'true'", &["greet", "part"]),
        ("tags.`mlflow.prompt.is_prompt` = 'true' AND name LIKE 'g%'", &["greet"]),
        ("name ILIKE 'a%'", &["Alpha"]),
        ("name LIKE 'a%'", &[]),
        ("name IN ('beta', 'greet')", &["beta"]),
        ("name NOT IN ('beta')", &["Alpha"]),
        ("name != 'beta' AND tags.team = 'y'", &["Alpha"]),
        ("tag.team LIKE '%'", &["Alpha", "beta"]),
        ("tags.team != 'x'", &["Alpha"]),
        ("tags.none != 'x'", &[]),
    ] {
        let body = json!({"filter": filter});
        check(&server, &format!("{MODELS}/search"), body, "registered_models", "name", expected).await;
    }
}

#[tokio::test]
async fn versions_are_asked_for_by_name_number_run_and_source() {
    let server = filled().await;
    for (filter, expected) in [
        ("", &["3", "2", "1"][..]),
        ("name = 'beta'", &["3", "2", "1"]),
        ("name = 'greet'", &[]),
        ("name = 'greet' AND tag.`mlflow.prompt.is_prompt` = 'true'", &["3", "2", "1"]),
        ("tags.`mlflow.prompt.is_prompt` = 'true' AND tags.`mlflow.prompt.text` LIKE 'b'", &["2"]),
        ("run_id IN ('r1', 'none')", &["1"]),
        ("run_id = 'r2' AND version_number > 2", &["3"]),
        ("version_number <= 2", &["2", "1"]),
        ("version_number = '2'", &["2"]),
        ("source_path ILIKE 'S3://%/A'", &["1"]),
    ] {
        let body = json!({"filter": filter, "order_by": ["version_number DESC"]});
        check(&server, &format!("{VERSIONS}/search"), body, "model_versions", "version", expected).await;
    }
    let newest_first = json!({"filter": "name = 'beta'"});
    check(&server, &format!("{VERSIONS}/search"), newest_first, "model_versions", "version", &["3", "2", "1"]).await;
}

#[tokio::test]
async fn pages_follow_each_other_in_the_order_that_was_asked_for() {
    let server = filled().await;
    let mut asked = json!({"max_results": 1, "order_by": ["timestamp DESC"]});
    let mut seen = Vec::new();
    loop {
        let page = server.get(&format!("{MODELS}/search"), asked.clone()).await;
        seen.extend(each(&page["registered_models"], "name").into_iter().map(str::to_owned));
        match page.get("next_page_token") {
            Some(token) => asked["page_token"] = token.clone(),
            None => break,
        }
    }
    // Its versions came last.
    assert_eq!(seen, ["beta", "Alpha"]);
    let empty = server.get(&format!("{MODELS}/search"), json!({"filter": "name = 'none'"})).await;
    assert_eq!(empty, json!({}));
}

#[tokio::test]
async fn what_can_not_be_asked_is_refused() {
    let server = filled().await;
    let (models, versions) = (format!("{MODELS}/search"), format!("{VERSIONS}/search"));
    let filter = |filter: &str| json!({"filter": filter});
    let order = |order: &str| json!({"order_by": [order]});
    let get = || Method::GET;
    server
        .check_wrong(&[
            (get(), &models, filter("colour = 'x'"), 400, INVALID, "Invalid attribute key 'colour' specified."),
            (get(), &models, filter("params.x = 'x'"), 400, INVALID, "Invalid entity type 'params'."),
            (get(), &models, filter("name > 'x'"), 400, INVALID, "Invalid comparator '>' not one of"),
            (get(), &models, filter("tags.x IN ('x')"), 400, INVALID, "Invalid comparator 'IN' not one of"),
            (get(), &models, filter("tags.x IS NULL"), 400, INVALID, "Invalid comparator 'IS NULL' not one of"),
            (get(), &models, filter("name = 5"), 400, INVALID, "Expected a quoted string value for attribute"),
            (get(), &models, filter("name = 'x' OR name = 'y'"), 400, INVALID, "Invalid filter"),
            (get(), &models, filter("  "), 400, INVALID, "Invalid filter"),
            (get(), &models, order("colour"), 400, INVALID, "Invalid order by key 'colour' specified."),
            (get(), &models, json!({"order_by": ["name", "name DESC"]}), 400, INVALID, "duplicate fields"),
            (get(), &models, json!({"max_results": 0}), 400, INVALID, "It must be a positive integer"),
            (get(), &models, json!({"max_results": 1001}), 400, INVALID, "It must be at most 1000"),
            (get(), &models, json!({"page_token": "!"}), 400, INVALID, "Invalid page token, could not base64-decode"),
            (get(), &versions, filter("source_path IN ('x')"), 400, INVALID, "Invalid comparator 'IN' not one of"),
            (
                get(),
                &versions,
                filter("version_number = 'x'"),
                400,
                INVALID,
                "Expected numeric value type for numeric attribute: version_number",
            ),
            (get(), &versions, json!({"max_results": 200_001}), 400, INVALID, "It must be at most 200000"),
        ])
        .await;
}
