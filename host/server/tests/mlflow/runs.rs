//! Runs.

use serde_json::{Value, json};

use crate::Running;
use crate::client::{each, value};

#[tokio::test]
async fn a_run_is_as_it_was_made() {
    let running = Running::start().await;
    let tags = json!([{ "key": "mlflow.user", "value": "ann" }, { "key": "mlflow.runName", "value": "r1" }]);
    let run = json!({ "experiment_id": "0", "user_id": "ann", "run_name": "r1", "start_time": 1795451102294_i64, "tags": tags });
    let made = running.post("runs/create", run).await.ok();
    let id = made["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
    let expected = json!({
        "info": {
            "run_uuid": id,
            "run_id": id,
            "run_name": "r1",
            "experiment_id": "0",
            "user_id": "ann",
            "status": "RUNNING",
            "start_time": 1795451102294_i64,
            "artifact_uri": format!("mlflow-artifacts:/0/{id}/artifacts"),
            "lifecycle_stage": "active",
        },
        "data": { "tags": [{ "key": "mlflow.user", "value": "ann" }, { "key": "mlflow.runName", "value": "r1" }] },
        "inputs": {},
        "outputs": {},
    });
    assert_eq!(made["run"], expected);
    assert_eq!(running.shown(&id).await, expected);
    let by_older_name = running.get(&format!("runs/get?run_uuid={id}")).await.ok();
    assert_eq!(by_older_name["run"], expected);
}

#[tokio::test]
async fn a_run_without_a_name_is_given_one() {
    let running = Running::start().await;
    let made = running.post("runs/create", json!({ "start_time": 1 })).await.ok();
    let name = made["run"]["info"]["run_name"].as_str().unwrap();
    assert_eq!(name.split('-').count(), 3, "{name}");
    assert_eq!(value(&made["run"]["data"]["tags"], "mlflow.runName"), name);
    assert_eq!(made["run"]["info"]["experiment_id"], "0");
    let by_tag = json!({ "tags": [{ "key": "mlflow.runName", "value": "t" }] });
    assert_eq!(running.post("runs/create", by_tag).await.ok()["run"]["info"]["run_name"], "t");
}

#[tokio::test]
async fn files_of_a_run_are_where_its_experiment_has_them() {
    let running = Running::start().await;
    let elsewhere = json!({ "name": "a", "artifact_location": "s3://bucket/a" });
    running.post("experiments/create", elsewhere).await.ok();
    let made = running.post("runs/create", json!({ "experiment_id": "1" })).await.ok();
    let info = &made["run"]["info"];
    let (id, uri) = (info["run_id"].as_str().unwrap(), info["artifact_uri"].as_str().unwrap());
    assert_eq!(uri, format!("s3://bucket/a/{id}/artifacts"));
    let list = running.get(&format!("artifacts/list?run_id={id}")).await;
    list.refused(501, "NOT_IMPLEMENTED", "are not kept here");
}

#[tokio::test]
async fn a_run_ends() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let update = json!({ "run_id": id, "run_uuid": id, "status": "FINISHED", "end_time": 9 });
    let updated = running.post("runs/update", update).await.ok();
    assert_eq!((&updated["run_info"]["status"], &updated["run_info"]["end_time"]), (&json!("FINISHED"), &json!(9)));
    running.post("runs/update", json!({ "run_id": id, "run_name": "s", "status": "NONSENSE" })).await.ok();
    let shown = running.shown(&id).await;
    assert_eq!((&shown["info"]["run_name"], &shown["info"]["status"]), (&json!("s"), &json!("FINISHED")));
    assert_eq!(value(&shown["data"]["tags"], "mlflow.runName"), "s");
    running.post("runs/set-tag", json!({ "run_id": id, "key": "mlflow.runName", "value": "t" })).await.ok();
    assert_eq!(running.shown(&id).await["info"]["run_name"], "t");
}

#[tokio::test]
async fn a_run_keeps_what_it_logs() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let logged = json!({
        "run_id": id,
        "metrics": [{ "key": "m", "value": 0.5, "timestamp": 1, "step": 0 }, { "key": "n", "value": "NaN", "timestamp": "2" }],
        "params": [{ "key": "p", "value": "1" }, { "key": "q" }],
        "tags": [{ "key": "t", "value": "v" }],
    });
    for _ in 0..2 {
        assert_eq!(running.post("runs/log-batch", logged.clone()).await.ok(), json!({}));
    }
    let parameter = json!({ "run_id": id, "key": "long", "value": "x".repeat(6001) });
    running.post("runs/log-parameter", parameter).await.ok();
    running.post("runs/set-tag", json!({ "run_id": id, "key": "long", "value": "x".repeat(8001) })).await.ok();
    let data = running.shown(&id).await["data"].take();
    let metrics = json!([
        { "key": "m", "value": 0.5, "timestamp": 1, "step": 0 },
        { "key": "n", "value": "NaN", "timestamp": 2, "step": 0 },
    ]);
    assert_eq!(data["metrics"], metrics);
    assert_eq!((value(&data["params"], "p"), value(&data["params"], "q")), (&json!("1"), &json!("")));
    // What is too long is cut.
    assert_eq!(value(&data["params"], "long").as_str().map(str::len), Some(6000));
    assert_eq!(value(&data["tags"], "long").as_str().map(str::len), Some(8000));
    assert_eq!(value(&data["tags"], "t"), "v");
    running.post("runs/delete-tag", json!({ "run_id": id, "key": "t" })).await.ok();
    assert_eq!(value(&running.shown(&id).await["data"]["tags"], "t"), &Value::Null);
}

#[tokio::test]
async fn a_parameter_never_changes() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let log = |value: &str| running.post("runs/log-parameter", json!({ "run_id": id, "key": "p", "value": value }));
    log("1").await.ok();
    log("1").await.ok();
    log("2").await.invalid(&format!(
        "Changing param values is not allowed. Param with key='p' was already logged with value='1' for run ID='{id}'. \
         Attempted logging new value '2'."
    ));
    let batch = json!({ "run_id": id, "params": [{ "key": "q", "value": "1" }, { "key": "p", "value": "2" }] });
    running.post("runs/log-batch", batch).await.invalid("Changing param values is not allowed.");
    assert_eq!(running.shown(&id).await["data"]["params"], json!([{ "key": "p", "value": "1" }]));
}

#[tokio::test]
async fn a_deleted_run_takes_nothing_until_it_is_restored() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    for _ in 0..2 {
        assert_eq!(running.post("runs/delete", json!({ "run_id": id })).await.ok(), json!({}));
    }
    assert_eq!(running.shown(&id).await["info"]["lifecycle_stage"], "deleted");
    let expected = format!("The run {id} must be in the 'active' state. Current state is deleted.");
    for (path, body) in [
        ("log-metric", json!({ "run_id": id, "key": "m", "value": 1, "timestamp": 1 })),
        ("log-parameter", json!({ "run_id": id, "key": "p", "value": "1" })),
        ("log-batch", json!({ "run_id": id })),
        ("set-tag", json!({ "run_id": id, "key": "t", "value": "1" })),
        ("delete-tag", json!({ "run_id": id, "key": "t" })),
        ("update", json!({ "run_id": id, "status": "FAILED" })),
        ("log-inputs", json!({ "run_id": id })),
        ("outputs", json!({ "run_id": id, "models": [{ "model_id": "m-1" }] })),
    ] {
        running.post(&format!("runs/{path}"), body).await.invalid(&expected);
    }
    running.post("runs/restore", json!({ "run_id": id })).await.ok();
    running.post("runs/set-tag", json!({ "run_id": id, "key": "t", "value": "1" })).await.ok();
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let many = |count: usize| (0..count).map(|n| json!({ "key": format!("k{n}"), "value": "1" })).collect::<Vec<_>>();
    let points = |count: usize| vec![json!({ "key": "m", "value": 1, "timestamp": 1 }); count];
    for (path, body, message) in [
        ("create", json!({ "experiment_id": 0 }), "Invalid value 0 for parameter 'experiment_id' supplied"),
        ("create", json!({ "run_name": "a", "tags": [{ "key": "mlflow.runName", "value": "b" }] }), "different values"),
        ("update", json!({}), "Missing value for required parameter 'run_id'"),
        ("log-parameter", json!({ "run_id": id }), "Missing value for required parameter 'key'"),
        ("log-parameter", json!({ "run_id": id, "key": "a/../b" }), "would resolve to 'b'"),
        ("log-parameter", json!({ "run_id": id, "key": "k".repeat(251) }), "exceeds the maximum length of 250"),
        (
            "set-tag",
            json!({ "run_id": id, "key": "a$" }),
            "Invalid value \"a$\" for parameter 'key' supplied: Names may",
        ),
        ("set-tag", json!({ "run_id": id, "key": "a", "value": 5 }), "Invalid value 5 for parameter 'value' supplied"),
        ("log-batch", json!({ "run_id": id, "params": [{ "value": "1" }] }), "parameter 'params[0].key'"),
        ("log-batch", json!({ "run_id": id, "tags": [{ "key": "a" }, {}] }), "parameter 'tags[1].key'"),
        ("log-batch", json!({ "run_id": id, "metrics": [{ "key": "m", "value": 1 }] }), "'metrics[0].timestamp'"),
        ("log-batch", json!({ "run_id": id, "params": many(101) }), "at most 100 params. Got 101 params."),
        ("log-batch", json!({ "run_id": id, "tags": many(101) }), "at most 100 tags. Got 101 tags."),
        ("log-batch", json!({ "run_id": id, "metrics": points(1001) }), "at most 1000 metrics. Got 1001 metrics."),
        (
            "log-batch",
            json!({ "run_id": id, "metrics": points(950), "params": many(51) }),
            "at most 1000 metrics, params, and tags. Got 1001",
        ),
        (
            "log-batch",
            json!({ "run_id": id, "params": [{ "key": "a", "value": "1" }, { "key": "a", "value": "1" }] }),
            "Duplicate parameter keys have been submitted: ['a'].",
        ),
        ("log-batch", json!({ "run_id": id, "params": "a" }), "Invalid value \"a\" for parameter 'params' supplied"),
    ] {
        running.post(&format!("runs/{path}"), body).await.invalid(message);
    }
    for path in ["get?run_id=nobody", "get?run_uuid=nobody"] {
        running.get(&format!("runs/{path}")).await.missing("Run with id=nobody not found");
    }
    for path in ["update", "delete", "restore"] {
        let answer = running.post(&format!("runs/{path}"), json!({ "run_id": "nobody" })).await;
        answer.missing("Run with id=nobody not found");
    }
    let into = running.post("runs/create", json!({ "experiment_id": "77" })).await;
    into.missing("No Experiment with id=77 exists");
    let untag = running.post("runs/delete-tag", json!({ "run_id": id, "key": "none" })).await;
    untag.missing(&format!("No tag with name: none in run with id {id}"));
}

#[tokio::test]
async fn models_of_older_clients_are_kept_in_a_tag() {
    let running = Running::start().await;
    let id = running.run("r", 1).await;
    let model =
        json!({ "artifact_path": "a", "flavors": {}, "utc_time_created": "now", "run_id": id, "signature": "long" });
    for _ in 0..2 {
        running.post("runs/log-model", json!({ "run_id": id, "model_json": model.to_string() })).await.ok();
    }
    let shown = running.shown(&id).await;
    let kept: Value =
        serde_json::from_str(value(&shown["data"]["tags"], "mlflow.log-model.history").as_str().unwrap()).unwrap();
    let one = json!({ "artifact_path": "a", "flavors": {}, "utc_time_created": "now", "run_id": id });
    assert_eq!(kept, json!([one, one]));
    let log = |text: &str| running.post("runs/log-model", json!({ "run_id": id, "model_json": text }));
    log("{").await.invalid("is not a valid JSON");
    log("{}").await.invalid("Model json is missing mandatory fields");
}

async fn with_three() -> Running {
    let running = Running::start().await;
    for (name, start, accuracy, learning_rate) in
        [("a", 10, 0.5, "0.1"), ("b", 20, 0.75, "0.01"), ("c", 30, 0.9, "0.1")]
    {
        let id = running.run(name, start).await;
        let logged = json!({
            "run_id": id,
            "metrics": [{ "key": "acc", "value": accuracy, "timestamp": 1 }],
            "params": [{ "key": "learning rate", "value": learning_rate }],
            "tags": [{ "key": "t.x", "value": format!("of {name}") }],
        });
        running.post("runs/log-batch", logged).await.ok();
        let dataset = json!({
            "dataset": { "name": format!("d-{name}"), "digest": "1", "source_type": "local", "source": "{}" },
            "tags": [{ "key": "mlflow.data.context", "value": "eval" }],
        });
        running.post("runs/log-inputs", json!({ "run_id": id, "datasets": [dataset] })).await.ok();
        if name == "c" {
            running.post("runs/update", json!({ "run_id": id, "status": "FAILED", "end_time": 40 })).await.ok();
            running.post("runs/set-tag", json!({ "run_id": id, "key": "only c", "value": "1" })).await.ok();
        }
    }
    running
}

async fn search(running: &Running, mut request: Value) -> Vec<String> {
    request["experiment_ids"] = json!(["0"]);
    let found = running.post("runs/search", request).await.ok();
    let runs = found["runs"].as_array().cloned().unwrap_or_default();
    runs.iter().map(|run| run["info"]["run_name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn runs_are_searched_for() {
    let running = with_three().await;
    for (filter, expected) in [
        ("", &["c", "b", "a"][..]),
        ("metrics.acc > 0.6 and params.`learning rate` = '0.1' and tags.t.x LIKE 'of %'", &["c"]),
        ("metrics.acc = 0.75", &["b"]),
        ("metric.\"acc\" <= 0.75", &["b", "a"]),
        ("metrics.other < 1", &[]),
        ("params.\"learning rate\" != '0.1'", &["b"]),
        ("tags.`only c` IS NULL", &["b", "a"]),
        ("tag.`only c` is not null", &["c"]),
        ("tags.t.x ILIKE 'OF A'", &["a"]),
        ("tags.mlflow.runName = 'a'", &["a"]),
        ("attributes.status = 'FAILED'", &["c"]),
        ("status != 'FAILED'", &["b", "a"]),
        ("run_name LIKE 'a%'", &["a"]),
        ("`run name` = 'b'", &["b"]),
        ("attributes.`Run name` = 'b'", &["b"]),
        ("user_id = 'ann' AND start_time >= 20", &["c", "b"]),
        ("created < 20", &["a"]),
        ("end_time > 0", &["c"]),
        ("run_id = 'nobody'", &[]),
        ("artifact_uri LIKE 'mlflow-artifacts:/0/%'", &["c", "b", "a"]),
        ("datasets.name = 'd-a'", &["a"]),
        ("dataset.name IN ('d-a', 'd-b') AND dataset.context = 'eval'", &["b", "a"]),
        ("dataset.digest != '1'", &[]),
    ] {
        assert_eq!(search(&running, json!({ "filter": filter })).await, expected, "{filter}");
    }
    let found = running.post("runs/search", json!({ "experiment_ids": ["0"], "filter": "run_name = 'a'" })).await.ok();
    let id = found["runs"][0]["info"]["run_id"].as_str().unwrap();
    assert_eq!(search(&running, json!({ "filter": format!("run_id IN ('{id}', 'x')") })).await, ["a"]);
    assert_eq!(search(&running, json!({ "filter": format!("run_id NOT IN ('{id}')") })).await, ["c", "b"]);
    running.post("runs/delete", json!({ "run_id": id })).await.ok();
    assert_eq!(search(&running, json!({})).await, ["c", "b"]);
    assert_eq!(search(&running, json!({ "run_view_type": "DELETED_ONLY" })).await, ["a"]);
    assert_eq!(search(&running, json!({ "run_view_type": "ALL" })).await, ["c", "b", "a"]);
    for ids in [json!([]), json!(["55"])] {
        assert_eq!(running.post("runs/search", json!({ "experiment_ids": ids })).await.ok(), json!({}));
    }
}

#[tokio::test]
async fn runs_come_in_order_and_in_pages() {
    let running = with_three().await;
    running.run("d", 5).await;
    for (order, expected) in [
        (json!([]), ["c", "b", "a", "d"]),
        (json!(["start_time ASC"]), ["d", "a", "b", "c"]),
        (json!(["attributes.run_name DESC"]), ["d", "c", "b", "a"]),
        // What is missing comes last, either way.
        (json!(["metrics.acc ASC"]), ["a", "b", "c", "d"]),
        (json!(["metrics.`acc` DESC"]), ["c", "b", "a", "d"]),
        (json!(["params.`learning rate` ASC", "metrics.acc ASC"]), ["b", "a", "c", "d"]),
        (json!(["tags.`only c`"]), ["c", "b", "a", "d"]),
    ] {
        assert_eq!(search(&running, json!({ "order_by": order })).await, expected, "{order}");
    }
    let (mut names, mut request) = (Vec::new(), json!({ "experiment_ids": ["0"], "max_results": 3 }));
    loop {
        let page = running.post("runs/search", request.clone()).await.ok();
        let infos: Value = page["runs"].as_array().unwrap().iter().map(|run| run["info"].clone()).collect();
        names.extend(each(&infos, "run_name").into_iter().map(str::to_owned));
        request["page_token"] = page["next_page_token"].clone();
        if request["page_token"].is_null() {
            break;
        }
    }
    assert_eq!(names, ["c", "b", "a", "d"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_said() {
    let running = with_three().await;
    for (filter, message) in [
        ("bogus = 'x'", "Invalid attribute key 'bogus' specified"),
        ("spans.a = 'x'", "Invalid entity type 'spans'"),
        ("datasets.source = 'x'", "Invalid dataset key 'source' specified"),
        ("metrics.acc = '1'", "Expected numeric value type for metric. Found '1'"),
        ("metrics.acc LIKE 'x'", "Invalid comparator 'LIKE'"),
        ("metrics.acc IS NULL", "IS NULL / IS NOT NULL is only supported for tags and params"),
        ("params.a = 1", "Expected a quoted string value for parameter"),
        ("params.a > '1'", "Invalid comparator '>'"),
        ("tags.a RLIKE 'x'", "Invalid comparator 'RLIKE'"),
        ("start_time = 'x'", "Expected numeric value type for numeric attribute: start_time"),
        ("start_time LIKE 'x'", "Invalid comparator 'LIKE'"),
        ("status IN ('FAILED')", "Only ['run_id'] attributes support comparison with a list"),
        ("status > 'a'", "Invalid comparator '>'"),
        (" ", "Invalid filter"),
        ("run_name = 'a';", "Invalid filter"),
        ("(run_name = 'a')", "Invalid filter"),
    ] {
        running.post("runs/search", json!({ "experiment_ids": ["0"], "filter": filter })).await.invalid(message);
    }
    for (field, value, message) in [
        ("order_by", json!(["bogus"]), "Invalid attribute key 'bogus' specified"),
        ("order_by", json!(["datasets.name"]), "Invalid identifier type 'dataset'"),
        ("order_by", json!(["start_time ASC", "created DESC"]), "`order_by` contains duplicate fields"),
        ("order_by", json!([5]), "Invalid value 5 for parameter 'order_by' supplied"),
        ("max_results", json!(50_001), "It must be at most 50000"),
        ("page_token", json!("!"), "Invalid page token"),
        ("experiment_ids", json!(["x"]), "Invalid experiment ID 'x'"),
    ] {
        running.post("runs/search", json!({ field: value })).await.invalid(message);
    }
}
