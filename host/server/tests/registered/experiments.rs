//! What belongs to an experiment is kept only where there is one.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{INVALID, MISSING, Running};

/// What is registered in an experiment, as one is asked for.
fn registered(experiment: &str) -> [(&'static str, Value); 6] {
    [
        ("/2.0/mlflow/logged-models", json!({"experiment_id": experiment, "name": "x"})),
        ("/3.0/mlflow/issues", json!({"experiment_id": experiment, "name": "x", "description": "d"})),
        ("/3.0/mlflow/scorers/register", json!({"experiment_id": experiment, "name": "x", "serialized_scorer": "{}"})),
        (
            "/3.0/mlflow/label-schemas/create",
            json!({"experiment_id": experiment, "name": "x", "type": "FEEDBACK", "input": {"text": {}}}),
        ),
        ("/3.0/mlflow/review-queues/create", json!({"experiment_id": experiment, "name": "x", "queue_type": "CUSTOM"})),
        ("/3.0/mlflow/review-queues/get-or-create-user", json!({"experiment_id": experiment, "user": "ann"})),
    ]
}

#[tokio::test]
async fn nothing_is_kept_in_an_experiment_that_is_not_there() {
    let server = Running::start().await;
    for (path, body) in registered("1") {
        let unknown = (Method::POST, path, body, 404, MISSING, "No Experiment with id=1 exists");
        server.check_wrong(&[unknown]).await;
    }
    for (path, body) in registered("first") {
        server.check_wrong(&[(Method::POST, path, body, 400, INVALID, "Invalid experiment ID 'first'.")]).await;
    }
}

#[tokio::test]
async fn nothing_new_is_registered_in_a_deleted_experiment() {
    let server = Running::with_experiments().await;
    server.post("/2.0/mlflow/experiments/delete", json!({"experiment_id": "2"})).await;
    let message = "The experiment 2 must be in the 'active' state. Current state is deleted.";
    for (path, body) in registered("2").into_iter().take(3) {
        server.check_wrong(&[(Method::POST, path, body, 400, INVALID, message)]).await;
    }
}

#[tokio::test]
async fn to_list_the_questions_of_an_experiment_that_is_not_there_makes_none() {
    let server = Running::start().await;
    let list = "/3.0/mlflow/label-schemas/list";
    let asked = json!({"experiment_id": "1"});
    let unknown = (Method::GET, list, asked.clone(), 404, MISSING, "No Experiment with id=1 exists");
    server.check_wrong(&[unknown]).await;
    let by_name = "/3.0/mlflow/label-schemas/get-by-name";
    let default = json!({"experiment_id": "1", "name": "Feedback"});
    let status = async || server.ask(Method::GET, by_name, &default).await.0;
    assert_eq!(status().await, 404);
    server.post("/2.0/mlflow/experiments/create", json!({"name": "first"})).await;
    assert_eq!(status().await, 404, "nothing was kept for the experiment that was not there yet");
    server.get(list, asked).await;
    assert_eq!(status().await, 200);
}
