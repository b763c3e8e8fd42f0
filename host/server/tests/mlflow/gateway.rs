//! What is seen of the models that the operator lets clients call.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Addresses, Allowed, Bounds, Door, Spent};
use model::endpoint::{Endpoint, Flow, Price};
use reqwest::Method;
use serde_json::{Value, json};
use server::{Models, Parts};
use storage::MemoryStore;

use crate::client::{Answer, each};
use crate::{Running, options, parts};

fn endpoint(model: &str, fallback: Option<&str>) -> Endpoint {
    Endpoint {
        model: model.parse().unwrap(),
        base_url: "https://api.example.com/v1".to_owned(),
        api_key: None,
        parameters: serde_json::Map::new(),
        max_output_tokens: 1000,
        redact: Vec::new(),
        fallback: fallback.map(str::to_owned),
        price: Some(Price { input: 1.0, output: 4.0 }),
        flow: Flow::default(),
    }
}

/// A server with models, for all of which 20 dollars may be spent in a day.
async fn with_models() -> Running {
    let door = Arc::new(Door::new(Allowed::default(), Arc::new(Addresses), Bounds::gateway(1)).unwrap());
    let endpoints = BTreeMap::from([
        ("small".to_owned(), endpoint("openai:/gpt-5-mini", Some("local"))),
        ("local".to_owned(), endpoint("openai:/gemma-3-270m", None)),
        ("other".to_owned(), endpoint("anthropic:/claude-haiku-4-5", None)),
    ]);
    let gateway = broker::Gateway::new(endpoints, Some(20_000_000), Spent::default(), &door).unwrap();
    let models = Some(Models { door: Arc::new(gateway), token: Some("token".to_owned()) });
    let store = MemoryStore::new();
    Running::made(options(), Parts { models, ..parts(&store) }, store).await
}

impl Running {
    async fn asked(&self, path: &str) -> Answer {
        self.three(Method::GET, &format!("gateway/{path}"), Value::Null).await
    }
}

#[tokio::test]
async fn endpoints_are_those_of_the_operator() {
    let server = with_models().await;
    let listed = server.asked("endpoints/list").await.ok();
    assert_eq!(each(&listed["endpoints"], "name"), ["local", "other", "small"]);
    let listed = server.asked("endpoints/list?provider=anthropic").await.ok();
    assert_eq!(each(&listed["endpoints"], "name"), ["other"]);
    let small = server.asked("endpoints/get?name=small").await.ok()["endpoint"].take();
    let definition = |name: &str, model: &str| json!({ "model_definition_id": format!("d-{name}"), "name": name, "provider": "openai", "model_name": model });
    let mapping = |name: &str, model: &str, linkage: &str| {
        json!({
            "mapping_id": format!("m-small-{name}"), "endpoint_id": "e-small",
            "model_definition_id": format!("d-{name}"), "model_definition": definition(name, model),
            "weight": 1.0, "linkage_type": linkage,
        })
    };
    let mut stands_in = mapping("local", "gemma-3-270m", "FALLBACK");
    stands_in["fallback_order"] = json!(0);
    let expected = json!({
        "endpoint_id": "e-small",
        "name": "small",
        "model_mappings": [mapping("small", "gpt-5-mini", "PRIMARY"), stands_in],
        "fallback_config": { "strategy": "SEQUENTIAL" },
        "usage_tracking": true,
    });
    assert_eq!(small, expected);
    assert_eq!(server.asked("endpoints/get?endpoint_id=e-small").await.ok()["endpoint"], expected);
    server.asked("endpoints/get?name=none").await.missing("GatewayEndpoint not found (none)");
    let shown = server.asked("model-definitions/get?model_definition_id=d-local").await.ok();
    assert_eq!(shown["model_definition"], definition("local", "gemma-3-270m"));
    let listed = server.asked("model-definitions/list").await.ok();
    assert_eq!(each(&listed["model_definitions"], "name"), ["local", "other", "small"]);
}

#[tokio::test]
async fn the_budget_is_that_of_a_day() {
    let server = with_models().await;
    let listed = server.asked("budgets/list").await.ok();
    let expected = json!({
        "budget_policy_id": "bp-day", "budget_unit": "USD", "budget_amount": 20.0,
        "duration": { "unit": "DAYS", "value": 1 }, "target_scope": "GLOBAL", "budget_action": "REJECT",
    });
    assert_eq!(listed["budget_policies"], json!([expected]));
    assert_eq!(server.asked("budgets/get?budget_policy_id=bp-day").await.ok()["budget_policy"], expected);
    server.asked("budgets/get?budget_policy_id=bp-1").await.missing("GatewayBudgetPolicy not found (bp-1)");
    let window = server.asked("budgets/windows").await.ok()["windows"][0].take();
    let bound = |field: &str| window[field].as_u64().unwrap();
    assert_eq!(bound("window_end_ms") - bound("window_start_ms"), 86_400_000);
    assert_eq!(window["current_spend"], 0.0);
}

#[tokio::test]
async fn nothing_of_it_is_changed_from_outside() {
    let server = with_models().await;
    let secret = json!({ "secret_name": "sec", "secret_value": { "api_key": "sk-1" }, "provider": "openai" });
    for (method, path, told) in [
        (Method::POST, "secrets/create", "Karat takes no secrets by value"),
        (Method::GET, "secrets/list", "Karat takes no secrets by value"),
        (Method::POST, "model-definitions/create", "changed there"),
        (Method::POST, "endpoints/create", "changed there"),
        (Method::DELETE, "endpoints/delete", "changed there"),
        (Method::POST, "endpoints/models/attach", "changed there"),
        (Method::POST, "budgets/create", "changed there"),
        (Method::POST, "guardrails/create", "Karat does not serve"),
    ] {
        let body = if method == Method::GET { Value::Null } else { secret.clone() };
        server.three(method, &format!("gateway/{path}"), body).await.refused(501, "NOT_IMPLEMENTED", told);
    }
}

#[tokio::test]
async fn where_no_models_are_there_are_none() {
    let server = Running::start().await;
    assert_eq!(server.asked("endpoints/list").await.ok(), json!({}));
    assert_eq!(server.asked("budgets/list").await.ok(), json!({}));
}

/// Where the client looks for `gateway:/small`.
#[tokio::test]
async fn models_are_called_where_mlflows_clients_look_for_them() {
    let server = with_models().await;
    let request = server.request(Method::GET, "/gateway/mlflow/v1/models");
    let listed = Answer::of(request.header("authorization", "Bearer token").send().await.unwrap()).await.ok();
    assert_eq!(each(&listed["data"], "id"), ["local", "other", "small"]);
    let call = server.request(Method::POST, "/gateway/mlflow/v1/chat/completions").body("{}");
    assert_eq!(Answer::of(call.send().await.unwrap()).await.status, 401);
}
