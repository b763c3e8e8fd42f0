//! What runs were fed with, and what they made.

use serde_json::{Value, json};

use crate::Running;

fn dataset(name: &str, digest: &str, tags: Value) -> Value {
    let dataset = json!({
        "name": name, "digest": digest, "source_type": "local", "source": "{}", "schema": "{}", "profile": "{\"n\": 1}",
    });
    json!({ "dataset": dataset, "tags": tags })
}

#[tokio::test]
async fn a_run_says_what_it_was_fed_with_and_what_it_made() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let evaluated = dataset("d", "1", json!([{ "key": "mlflow.data.context", "value": "eval" }]));
    let plain = json!({ "dataset": { "name": "d", "digest": "2", "source_type": "http", "source": "u" } });
    let inputs = json!({ "run_id": id, "datasets": [evaluated, plain, evaluated], "models": [{ "model_id": "m-1" }] });
    for _ in 0..2 {
        assert_eq!(running.post("runs/log-inputs", inputs.clone()).await.ok(), json!({}));
        let outputs = json!({ "run_id": id, "models": [{ "model_id": "m-2", "step": 3 }] });
        assert_eq!(running.post("runs/outputs", outputs).await.ok(), json!({}));
    }
    let shown = running.shown(&id).await;
    let expected = json!({ "dataset_inputs": [evaluated, plain], "model_inputs": [{ "model_id": "m-1" }] });
    assert_eq!(shown["inputs"], expected);
    assert_eq!(shown["outputs"], json!({ "model_outputs": [{ "model_id": "m-2", "step": 3 }] }));
}

#[tokio::test]
async fn datasets_of_experiments_are_told_once() {
    let running = Running::start().await;
    for name in ["a", "b"] {
        let id = running.run(name, 1).await;
        let used = dataset("d", "1", json!([{ "key": "mlflow.data.context", "value": "train" }]));
        let datasets = json!([used, dataset("e", "2", json!([]))]);
        running.post("runs/log-inputs", json!({ "run_id": id, "datasets": datasets })).await.ok();
    }
    let expected = json!([
        { "experiment_id": "0", "name": "d", "digest": "1", "context": "train" },
        { "experiment_id": "0", "name": "e", "digest": "2" },
    ]);
    let search = |ids: Value| running.post("experiments/search-datasets", json!({ "experiment_ids": ids }));
    assert_eq!(search(json!(["0"])).await.ok()["dataset_summaries"], expected);
    assert_eq!(search(json!(["5"])).await.ok(), json!({}));
    search(json!([])).await.invalid("must specify at least one experiment_id");
    search(json!(vec!["0"; 21])).await.invalid("cannot specify more than 20 experiment_ids. Received 21");
}

#[tokio::test]
async fn what_is_wrong_with_inputs_is_said() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    for (datasets, message) in [
        (json!([{ "tags": [] }]), "Dataset cannot be None"),
        (json!([{ "dataset": { "digest": "1" } }]), "Dataset name cannot be None"),
        (json!([{ "dataset": { "name": "d" } }]), "Dataset digest cannot be None"),
        (json!([dataset(&"n".repeat(501), "1", json!([]))]), "'name' exceeds the maximum length of 500 characters"),
        (json!([dataset("d", &"1".repeat(37), json!([]))]), "'digest' exceeds the maximum length of 36 characters"),
        (
            json!([dataset("d", "1", json!([{ "key": "a", "value": "v".repeat(501) }]))]),
            "'value' exceeds the maximum length of 500 characters",
        ),
    ] {
        running.post("runs/log-inputs", json!({ "run_id": id, "datasets": datasets })).await.invalid(message);
    }
    running.post("runs/log-inputs", json!({})).await.invalid("Missing value for required parameter 'run_id'");
    running
        .post("runs/outputs", json!({ "run_id": id }))
        .await
        .invalid("Missing value for required parameter 'models'");
    running.post("runs/outputs", json!({ "run_id": id, "models": [{}] })).await.invalid("'model_id'");
}
