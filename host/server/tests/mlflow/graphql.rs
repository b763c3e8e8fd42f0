//! What MLflow's user interface asks in GraphQL.

use reqwest::Method;
use serde_json::{Value, json};

use crate::Running;
use crate::client::Answer;

impl Running {
    async fn ask_in_graphql(&self, query: &str, variables: Value) -> Answer {
        let request = self.request(Method::POST, "/graphql").header("content-type", "application/json");
        Answer::of(request.body(json!({ "query": query, "variables": variables }).to_string()).send().await.unwrap())
            .await
    }
}

#[tokio::test]
async fn experiments_and_runs_are_answered_as_far_as_is_asked() {
    let running = Running::start().await;
    let experiment = running.experiment("app").await;
    let query = "query Q($input: MlflowGetExperimentInput!) @component(name: \"x\") { it: mlflowGetExperiment(input: $input) {
        apiError { code message __typename } experiment { experimentId name creationTime nothing tags { key value } } } }";
    let asked = running.ask_in_graphql(query, json!({ "input": { "experimentId": experiment } })).await.ok();
    let found = json!({ "experimentId": experiment, "name": "app", "creationTime": crate::NOW.to_string(), "nothing": null, "tags": [] });
    assert_eq!(asked, json!({ "data": { "it": { "apiError": null, "experiment": found } } }));
    let missing = running.ask_in_graphql(query, json!({ "input": { "experimentId": "99" } })).await.ok();
    assert_eq!(missing["data"]["it"]["apiError"]["code"], "RESOURCE_DOES_NOT_EXIST");
    let run = running.run("r", 5).await;
    running
        .post("runs/log-metric", json!({ "run_id": run, "key": "m", "value": 0.5, "timestamp": 7, "step": 2 }))
        .await
        .ok();
    let query =
        "query GetRun($data: MlflowGetRunInput!) { mlflowGetRun(input: $data) { run { info { runUuid status startTime }
        experiment { name } data { metrics { key value step } params { key } } modelVersions { name } } } }";
    let asked = running.ask_in_graphql(query, json!({ "data": { "runId": run } })).await.ok();
    let expected = json!({ "info": { "runUuid": run, "status": "RUNNING", "startTime": "5" }, "experiment": { "name": "Default" },
        "data": { "metrics": [{ "key": "m", "value": 0.5, "step": "2" }], "params": [] }, "modelVersions": [] });
    assert_eq!(asked["data"]["mlflowGetRun"]["run"], expected);
}

#[tokio::test]
async fn other_questions_are_refused() {
    let running = Running::start().await;
    running.ask_in_graphql("{", json!({})).await.invalid("the query can't be read");
    for query in ["{ other { x } }", "mutation { x }", "query { ...F } fragment F on Q { ...F }"] {
        running.ask_in_graphql(query, json!({})).await.refused(501, "NOT_IMPLEMENTED", "Karat");
    }
    let deep = format!("{}{}", "{ a ".repeat(2000), "}".repeat(2000));
    running.ask_in_graphql(&deep, json!({})).await.invalid("the query can't be read");
    let lists = format!("{{ mlflowGetRun(input: {}{}) {{ run }} }}", "[".repeat(7000), "]".repeat(7000));
    assert_eq!(running.ask_in_graphql(&lists, json!({})).await.status, 400);
    running.ask_in_graphql(&"x".repeat(20_000), json!({})).await.invalid("more than");
    let many: String = (0..9).map(|n| format!("a{n}: mlflowGetRun {{ run }} ")).collect();
    running.ask_in_graphql(&format!("{{ {many} }}"), json!({})).await.invalid("more than 8 things");
}
