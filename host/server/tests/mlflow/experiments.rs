//! Experiments.

use model::digest::SpanDigest;
use model::ports::{SpanBatch, TraceStore};
use model::trace::Span;
use serde_json::{Value, json};

use crate::client::{each, value};
use crate::{NOW, Running};

#[tokio::test]
async fn an_experiment_is_as_it_was_made() {
    let running = Running::start().await;
    let tags = json!([{ "key": "team", "value": "x" }, { "key": "k.dots", "value": "v" }]);
    let made = running.post("experiments/create", json!({ "name": "-b", "tags": tags })).await.ok();
    assert_eq!(made, json!({ "experiment_id": "1" }));
    let expected = json!({
        "experiment_id": "1",
        "name": "-b",
        "artifact_location": "mlflow-artifacts:/1",
        "lifecycle_stage": "active",
        "last_update_time": NOW,
        "creation_time": NOW,
        "tags": [{ "key": "k.dots", "value": "v" }, { "key": "team", "value": "x" }],
        "workspace": "default",
    });
    assert_eq!(running.get("experiments/get?experiment_id=1").await.ok()["experiment"], expected);
    assert_eq!(running.get("experiments/get-by-name?experiment_name=-b").await.ok()["experiment"], expected);
    let with_location = json!({ "name": "c", "artifact_location": "s3://bucket/c" });
    running.post("experiments/create", with_location).await.ok();
    let shown = running.get("experiments/get?experiment_id=2").await.ok();
    assert_eq!(shown["experiment"]["artifact_location"], "s3://bucket/c");
    // The user interface asks at paths of its own.
    let shown = running.request(reqwest::Method::GET, "/ajax-api/2.0/mlflow/experiments/get?experiment_id=2");
    assert_eq!(shown.send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn one_experiment_is_always_there() {
    let running = Running::start().await;
    let default = running.get("experiments/get?experiment_id=0").await.ok();
    assert_eq!(default["experiment"]["name"], "Default");
    let again = running.post("experiments/create", json!({ "name": "Default" })).await;
    again.refused(400, "RESOURCE_ALREADY_EXISTS", "Experiment(name=Default) already exists.");
    running
        .post("experiments/set-experiment-tag", json!({ "experiment_id": "0", "key": "a", "value": "b" }))
        .await
        .ok();
}

#[tokio::test]
async fn an_experiment_of_which_only_spans_were_sent_is_there() {
    let running = Running::start().await;
    let span = Span { id: "1".repeat(16), start: 1, end: Some(2), ..Span::default() };
    let batch = SpanBatch { trace: "1".repeat(32), spans: vec![(span, SpanDigest::default())] };
    running.store.put_spans("from afar", vec![batch]).await.unwrap();
    let found = running.get("experiments/get-by-name?experiment_name=from%20afar").await.ok();
    assert_eq!(found["experiment"]["experiment_id"], "1");
    let listed = running.get("experiments/search?max_results=10").await.ok();
    assert_eq!(each(&listed["experiments"], "name"), ["Default", "from afar"]);
    let again = running.post("experiments/create", json!({ "name": "from afar" })).await;
    again.refused(400, "RESOURCE_ALREADY_EXISTS", "from afar");
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let running = Running::start().await;
    running.experiment("a").await;
    let create = |body| running.post("experiments/create", body);
    create(json!({})).await.invalid("Missing value for required parameter 'name'");
    create(json!({ "name": 5 })).await.invalid("Invalid value 5 for parameter 'name' supplied");
    create(json!({ "name": " " })).await.invalid("Invalid experiment name: ' '");
    create(json!({ "name": "n".repeat(501) })).await.invalid("'name' exceeds the maximum length of 500 characters");
    create(json!({ "name": "a" })).await.refused(400, "RESOURCE_ALREADY_EXISTS", "Experiment(name=a) already exists.");
    create(json!({ "name": "b", "tags": [{ "value": "v" }] })).await.invalid("'tags[0].key'");
    create(json!({ "name": "b", "artifact_location": "runs:/1" })).await.invalid("cannot be a runs:/ URI");
    running.get("experiments/get?experiment_id=99999999").await.missing("No Experiment with id=99999999 exists");
    running.get("experiments/get?experiment_id=x").await.invalid("Invalid experiment ID 'x'");
    running.get("experiments/get").await.invalid("Missing value for required parameter 'experiment_id'");
    let by_name = running.get("experiments/get-by-name?experiment_name=nobody").await;
    by_name.missing("Could not find experiment with name 'nobody'");
    let tag = |key: &str, value: String| {
        running.post("experiments/set-experiment-tag", json!({ "experiment_id": "1", "key": key, "value": value }))
    };
    tag("a%", String::new()).await.invalid("Names may only contain alphanumerics");
    tag("a", "v".repeat(20_001)).await.invalid("'value' exceeds the maximum length of 20000 characters");
    let untag = json!({ "experiment_id": "1", "key": "none" });
    let untag = running.post("experiments/delete-experiment-tag", untag).await;
    untag.missing("No tag with name: none in experiment with id 1");
}

#[tokio::test]
async fn tags_come_and_go() {
    let running = Running::start().await;
    let id = running.experiment("a").await;
    for (key, value) in [("stage", "dev"), ("stage", "prod"), ("b", "2")] {
        let tag = json!({ "experiment_id": id, "key": key, "value": value });
        assert_eq!(running.post("experiments/set-experiment-tag", tag).await.ok(), json!({}));
    }
    running.post("experiments/delete-experiment-tag", json!({ "experiment_id": id, "key": "b" })).await.ok();
    let shown = running.get("experiments/get?experiment_id=1").await.ok();
    assert_eq!(shown["experiment"]["tags"], json!([{ "key": "stage", "value": "prod" }]));
    assert_eq!(value(&shown["experiment"]["tags"], "stage"), "prod");
}

#[tokio::test]
async fn experiments_are_renamed_deleted_and_restored() {
    let running = Running::start().await;
    let id = running.experiment("a").await;
    running.experiment("taken").await;
    let run = running.post("runs/create", json!({ "experiment_id": id, "start_time": 1 })).await.ok();
    let run = run["run"]["info"]["run_id"].as_str().unwrap().to_owned();
    let rename = |name: &str| running.post("experiments/update", json!({ "experiment_id": id, "new_name": name }));
    assert_eq!(rename("b").await.ok(), json!({}));
    rename("taken").await.refused(400, "RESOURCE_ALREADY_EXISTS", "taken");
    rename("").await.invalid("'new_name'");
    let named = json!({ "experiment_id": id });
    assert_eq!(running.post("experiments/delete", named.clone()).await.ok(), json!({}));
    running.post("experiments/delete", named.clone()).await.missing("No Experiment with id=1 exists");
    rename("c").await.invalid("Cannot rename a non-active experiment.");
    let shown = running.get("experiments/get-by-name?experiment_name=b").await.ok();
    assert_eq!(shown["experiment"]["lifecycle_stage"], "deleted");
    assert_eq!(running.shown(&run).await["info"]["lifecycle_stage"], "deleted");
    let into = running.post("runs/create", json!({ "experiment_id": id, "start_time": 1 })).await;
    into.invalid("The experiment 1 must be in the 'active' state. Current state is deleted.");
    running.post("experiments/restore", named.clone()).await.ok();
    running.post("experiments/restore", named).await.missing("No Experiment with id=1 exists");
    assert_eq!(running.shown(&run).await["info"]["lifecycle_stage"], "active");
}

async fn search(running: &Running, request: Value) -> Vec<String> {
    let found = running.post("experiments/search", request).await.ok();
    each(&found["experiments"], "name").into_iter().map(str::to_owned).collect()
}

async fn with_three() -> Running {
    let running = Running::start().await;
    for name in ["x-a", "x-b", "X-c"] {
        running.experiment(name).await;
    }
    let tag = json!({ "experiment_id": "2", "key": "a team", "value": "red" });
    running.post("experiments/set-experiment-tag", tag).await.ok();
    running.post("experiments/delete", json!({ "experiment_id": "3" })).await.ok();
    running
}

#[tokio::test]
async fn experiments_are_searched_for() {
    let running = with_three().await;
    for (filter, expected) in [
        ("", &["Default", "x-a", "x-b", "X-c"][..]),
        ("name = 'x-a'", &["x-a"]),
        ("attribute.name != 'x-a'", &["Default", "x-b", "X-c"]),
        ("name LIKE 'x-%'", &["x-a", "x-b"]),
        ("name ILIKE 'x-%' AND tags.`a team` IS NULL", &["x-a", "X-c"]),
        ("tags.`a team` = 'red'", &["x-b"]),
        ("tags.\"a team\" IS NOT NULL", &["x-b"]),
        ("tag.other != 'red'", &[]),
        ("experiment_id = '1'", &["x-a"]),
        ("experiment_id IN ('1', '3')", &["x-a", "X-c"]),
        ("experiment_id NOT IN ('1', '3')", &["Default", "x-b"]),
        ("creation_time >= 1732548728123 and last_update_time < 1732548728124", &["Default", "x-a", "x-b", "X-c"]),
        ("creation_time > 1732548728123", &[]),
    ] {
        assert_eq!(search(&running, json!({ "filter": filter, "view_type": "ALL" })).await, expected, "{filter}");
    }
    for (view, expected) in [
        (json!("ACTIVE_ONLY"), &["Default", "x-a", "x-b"][..]),
        (json!("DELETED_ONLY"), &["X-c"]),
        (json!(2), &["X-c"]),
        (json!("UNKNOWN"), &["Default", "x-a", "x-b"]),
    ] {
        assert_eq!(search(&running, json!({ "view_type": view })).await, expected, "{view}");
    }
    assert_eq!(running.post("experiments/search", json!({ "filter": "name = 'nobody'" })).await.ok(), json!({}));
}

#[tokio::test]
async fn experiments_come_in_order_and_in_pages() {
    let running = with_three().await;
    for (order, expected) in [
        (json!(["name DESC"]), ["x-b", "x-a", "X-c", "Default"]),
        (json!(["experiment_id DESC"]), ["X-c", "x-b", "x-a", "Default"]),
        // What they have in common leaves the greatest id first.
        (json!(["attributes.creation_time asc"]), ["X-c", "x-b", "x-a", "Default"]),
    ] {
        assert_eq!(search(&running, json!({ "order_by": order, "view_type": "ALL" })).await, expected, "{order}");
    }
    let mut request = json!({ "order_by": ["name ASC"], "max_results": 2 });
    let first = running.post("experiments/search", request.clone()).await.ok();
    assert_eq!(each(&first["experiments"], "name"), ["Default", "x-a"]);
    request["page_token"] = first["next_page_token"].clone();
    let second = running.post("experiments/search", request).await.ok();
    assert_eq!((each(&second["experiments"], "name"), &second["next_page_token"]), (vec!["x-b"], &Value::Null));
}

#[tokio::test]
async fn what_is_wrong_with_a_search_is_said() {
    let running = with_three().await;
    for (filter, message) in [
        ("bogus = 'x'", "Invalid attribute key 'bogus' specified"),
        ("metrics.a = 1", "Invalid entity type 'metrics'"),
        ("name RLIKE 'x'", "Invalid comparator 'RLIKE'"),
        ("name > 'x'", "Invalid comparator '>'"),
        ("name IN ('x')", "Invalid comparator 'IN'"),
        ("name = 5", "Expected a quoted string value for attributes"),
        ("experiment_id LIKE '1'", "Invalid comparator 'LIKE'"),
        ("experiment_id = 'x'", "Invalid experiment ID 'x'"),
        ("creation_time = '5'", "Expected numeric value type for numeric attribute: creation_time"),
        ("tags.a > 'x'", "Invalid comparator '>'"),
        ("name IS NULL", "Invalid comparator 'IS NULL'"),
        (" ", "Invalid filter"),
        ("name = 'a' OR name = 'b'", "Invalid filter"),
    ] {
        running.post("experiments/search", json!({ "filter": filter })).await.invalid(message);
    }
    for (field, value, message) in [
        ("order_by", json!(["bogus"]), "Invalid attribute key 'bogus' specified"),
        ("order_by", json!(["tags.a"]), "Invalid order_by entity: tag"),
        ("order_by", json!(["name sideways"]), "Invalid order_by clause 'name sideways'"),
        ("max_results", json!(0), "It must be a positive integer"),
        ("max_results", json!(50_001), "It must be at most 50000"),
        ("page_token", json!("!"), "Invalid page token, could not base64-decode"),
    ] {
        running.post("experiments/search", json!({ field: value })).await.invalid(message);
    }
}

#[tokio::test]
async fn experiments_made_at_once_have_ids_of_their_own() {
    let running = std::sync::Arc::new(Running::start().await);
    let make = |n: usize| {
        let running = std::sync::Arc::clone(&running);
        tokio::spawn(async move { running.experiment(&format!("e{n}")).await })
    };
    let mut ids = Vec::new();
    for made in (0..20).map(make).collect::<Vec<_>>() {
        ids.push(made.await.unwrap());
    }
    ids.sort_by_key(|id| id.parse::<u32>().unwrap());
    assert_eq!(ids, (1..=20).map(|n| n.to_string()).collect::<Vec<_>>());
}
