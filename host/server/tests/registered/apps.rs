//! Versions of applications, as MLflow's client makes, finds and finishes them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{INVALID, MISSING, Running, each, pairs};

const APPS: &str = "/2.0/mlflow/logged-models";

impl Running {
    async fn app(&self, name: &str, body: Value) -> Value {
        let mut asked = json!({"experiment_id": "1", "name": name});
        asked.as_object_mut().unwrap().extend(body.as_object().unwrap().clone());
        self.post(APPS, asked).await["model"].clone()
    }

    /// Logs a metric of a run and of a version.
    async fn measure(&self, id: &str, key: &str, value: Value, dataset: Option<&str>) {
        let mut body = json!({"run_id": self.run().await, "key": key, "value": value, "timestamp": 5, "model_id": id});
        if let Some(dataset) = dataset {
            body["dataset_name"] = json!(dataset);
            body["dataset_digest"] = json!("1");
        }
        self.post("/2.0/mlflow/runs/log-metric", body).await;
    }

    async fn run(&self) -> Value {
        self.post("/2.0/mlflow/runs/create", json!({"experiment_id": "0"})).await["run"]["info"]["run_id"].clone()
    }
}

fn id(app: &Value) -> &str {
    app["info"]["model_id"].as_str().unwrap()
}

fn names(found: &Value) -> Vec<&str> {
    found["models"].as_array().into_iter().flatten().map(|app| app["info"]["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_version_is_made_and_finished_as_the_client_does() {
    let server = Running::with_experiments().await;
    let long = "x".repeat(300);
    let body = json!({
        "model_type": "agent",
        "source_run_id": "ce27",
        "params": pairs(&[("long", &long), ("lr", "0.1")]),
        "tags": pairs(&[("k", "v"), ("mlflow.model.isExternal", "true")]),
    });
    let made = server.app("agent", body).await;
    let id = id(&made);
    assert!(id.starts_with("m-") && id.len() == 34, "{id}");
    let info = &made["info"];
    for (field, value) in [
        ("experiment_id", "1"),
        ("name", "agent"),
        ("status", "LOGGED_MODEL_PENDING"),
        ("model_type", "agent"),
        ("source_run_id", "ce27"),
        ("artifact_uri", &format!("mlflow-artifacts:/1/models/{id}/artifacts")),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    assert_eq!(info["creation_timestamp_ms"], info["last_updated_timestamp_ms"]);
    assert_eq!(made["data"], json!({"params": pairs(&[("long", &long), ("lr", "0.1")])}));

    let path = format!("{APPS}/{id}");
    let ready = server.patch(&path, json!({"model_id": id, "status": "LOGGED_MODEL_READY"})).await["model"].clone();
    assert_eq!(ready["info"]["status"], "LOGGED_MODEL_READY");
    let temp = json!({"model_id": id, "params": pairs(&[("temp", "0.5")])});
    assert_eq!(server.post(&format!("{path}/params"), temp).await, json!({}));
    server.patch(&format!("{path}/tags"), json!({"tags": pairs(&[("k", "v2"), ("t1", "x")])})).await;
    server.delete(&format!("{path}/tags/t1"), json!({})).await;
    server.measure(id, "acc", json!(0.9), Some("d")).await;
    server.measure(id, "nan", json!("NaN"), None).await;
    let read = server.get(&path, json!({})).await["model"].clone();
    assert_eq!(read["info"]["tags"], pairs(&[("k", "v2"), ("mlflow.model.isExternal", "true")]));
    assert_eq!(read["data"]["params"], pairs(&[("long", &long), ("lr", "0.1"), ("temp", "0.5")]));
    let metrics = read["data"]["metrics"].clone();
    let metric = json!({
        "key": "acc", "value": 0.9, "timestamp": 5, "step": 0, "model_id": id, "run_id": metrics[0]["run_id"],
        "dataset_name": "d", "dataset_digest": "1"
    });
    assert_eq!(metrics[0], metric);
    assert_eq!(metrics[0]["run_id"].as_str().unwrap().len(), 32);
    assert_eq!(metrics[1]["value"], "NaN");
    // Of a version that is not there it is the run's alone.
    server.measure("m-none", "acc", json!(1), None).await;

    let unnamed = server.post(APPS, json!({"experiment_id": "1"})).await["model"].clone();
    assert!(!unnamed["info"]["name"].as_str().unwrap().is_empty());
    server.delete(&path, json!({"model_id": id})).await;
    let gone = (404, MISSING.to_owned(), format!("Logged model with ID '{id}' not found."));
    assert_eq!(server.wrong(Method::GET, &path, json!({})).await, gone);
    assert_eq!(server.get(&path, json!({"allow_deleted": "True"})).await["model"]["info"]["name"], "agent");
}

/// Three versions; `b` is the best on dataset `d`, `a` on `e`.
async fn filled() -> Running {
    let server = Running::with_experiments().await;
    for (name, lr, commit, d, e) in
        [("a", "0.1", "c1", Some(0.1), Some(0.9)), ("b", "0.2", "c2", Some(0.8), None), ("c", "0.1", "c1", None, None)]
    {
        let body = json!({
            "params": pairs(&[("lr", lr)]),
            "tags": pairs(&[("mlflow.source.git.commit", commit)]),
            "source_run_id": name,
        });
        let app = server.app(name, body).await;
        for (dataset, value) in [("d", d), ("e", e)] {
            if let Some(value) = value {
                server.measure(id(&app), "acc", json!(value), Some(dataset)).await;
            }
        }
        if name == "a" {
            server.patch(&format!("{APPS}/{}", id(&app)), json!({"status": "LOGGED_MODEL_READY"})).await;
        }
    }
    server.post(APPS, json!({"experiment_id": "2", "name": "elsewhere"})).await;
    server
}

#[tokio::test]
async fn versions_are_found_by_what_they_are_and_what_was_measured() {
    let server = filled().await;
    let on = |dataset: &str| json!([{"dataset_name": dataset}]);
    let by = |field: &str, ascending: bool| json!([{"field_name": field, "ascending": ascending}]);
    for (asked, expected) in [
        (json!({}), &["c", "b", "a"][..]),
        (json!({"filter": "name = 'a'"}), &["a"]),
        (json!({"filter": "name='a'"}), &["a"]),
        (json!({"filter": "attributes.name IN ('a', 'b')"}), &["b", "a"]),
        (json!({"filter": "params.lr = '0.1' AND tags.`mlflow.source.git.commit` = 'c1'"}), &["c", "a"]),
        (json!({"filter": "params.lr IN ('0.2')"}), &["b"]),
        (json!({"filter": "status = 'READY'"}), &["a"]),
        (json!({"filter": "status IN ('PENDING', 'FAILED')"}), &["c", "b"]),
        (json!({"filter": "metrics.acc > 0.5"}), &["b", "a"]),
        (json!({"filter": "metrics.acc > 0.5", "datasets": on("d")}), &["b"]),
        (json!({"datasets": on("e")}), &["a"]),
        (json!({"datasets": [{"dataset_name": "e", "dataset_digest": "2"}]}), &[]),
        (json!({"filter": "source_run_id LIKE 'b%'"}), &["b"]),
        (json!({"filter": "creation_time > 5 AND last_updated_timestamp > 5"}), &["c", "b", "a"]),
        (json!({"order_by": by("creation_timestamp", true)}), &["a", "b", "c"]),
        (json!({"order_by": by("metrics.acc", false)}), &["a", "b", "c"]),
        (json!({"order_by": by("metrics.acc", true)}), &["b", "a", "c"]),
        (
            json!({"order_by": [{"field_name": "metrics.acc", "ascending": false, "dataset_name": "d"}]}),
            &["b", "a", "c"],
        ),
        (json!({"experiment_ids": ["2", "1"], "filter": "name != 'a'"}), &["elsewhere", "c", "b"]),
        (json!({"experiment_ids": ["2", "1", "2"], "filter": "name != 'a'"}), &["elsewhere", "c", "b"]),
    ] {
        let mut body = json!({"experiment_ids": ["1"]});
        body.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
        let found = server.post(&format!("{APPS}/search"), body).await;
        assert_eq!(names(&found), expected, "{asked}");
    }
}

#[tokio::test]
async fn a_page_goes_on_with_the_same_search_alone() {
    let server = filled().await;
    let search = format!("{APPS}/search");
    let asked = json!({"experiment_ids": ["1"], "filter": "params.lr = '0.1'", "max_results": 1});
    let first = server.post(&search, asked.clone()).await;
    assert_eq!(names(&first), ["c"]);
    let with = |field: &str, value: Value| {
        let mut asked = asked.clone();
        asked["page_token"] = first["next_page_token"].clone();
        asked[field] = value;
        asked
    };
    let second = server.post(&search, with("max_results", json!(1))).await;
    assert_eq!(names(&second), ["a"]);
    assert_eq!(second.get("next_page_token"), None);
    let order = json!([{"field_name": "name"}]);
    let post = || Method::POST;
    server
        .check_wrong(&[
            (post(), &search, with("experiment_ids", json!(["2"])), 400, INVALID, "Experiment IDs in the page token"),
            (post(), &search, with("filter", json!("")), 400, INVALID, "Filter string in the page token"),
            (post(), &search, with("order_by", order), 400, INVALID, "Order by in the page token"),
        ])
        .await;
}

#[tokio::test]
async fn what_is_wrong_is_said_as_mlflow_says_it() {
    let server = filled().await;
    let found = server.post(&format!("{APPS}/search"), json!({"experiment_ids": ["1"], "filter": "name = 'a'"})).await;
    assert_eq!(each(&json!([found["models"][0]["info"]]), "name"), ["a"]);
    let id = id(&found["models"][0]);
    let (own, none, search) = (format!("{APPS}/{id}"), format!("{APPS}/m-none"), format!("{APPS}/search"));
    let (params, tag) = (format!("{own}/params"), format!("{own}/tags/none"));
    let no_tag = format!("No tag with key 'none' found for model with ID '{id}'.");
    let filter = |filter: &str| json!({"experiment_ids": ["1"], "filter": filter});
    let order = |field: &str| json!({"experiment_ids": ["1"], "order_by": [{"field_name": field}]});
    let missing = "Logged model with ID 'm-none' not found.";
    let post = || Method::POST;
    server
        .check_wrong(&[
            (post(), APPS, json!({"name": "x"}), 400, INVALID, "Missing value for required parameter 'experiment_id'."),
            (
                post(),
                APPS,
                json!({"experiment_id": "1", "name": "a/b"}),
                400,
                INVALID,
                "Invalid model name ('a/b') provided. Model name must be a non-empty string and cannot contain",
            ),
            (Method::GET, &none, json!({}), 404, MISSING, missing),
            (Method::PATCH, &none, json!({"status": "LOGGED_MODEL_READY"}), 404, MISSING, missing),
            (Method::DELETE, &none, json!({}), 404, MISSING, missing),
            (Method::PATCH, &own, json!({}), 400, INVALID, "Missing value for required parameter 'status'."),
            (Method::DELETE, &tag, json!({}), 404, MISSING, &no_tag),
            (post(), &params, json!({"params": pairs(&[("lr", "9")])}), 400, INVALID, "has another value already"),
            (post(), &search, json!({}), 400, INVALID, "Missing value for required parameter 'experiment_ids'."),
            (post(), &search, filter("colour = 'x'"), 400, INVALID, "Invalid attribute key 'colour' specified."),
            (post(), &search, filter("tags.x IS NULL"), 400, INVALID, "Invalid comparator 'IS NULL' not one of"),
            (post(), &search, filter("metrics.acc LIKE 'x'"), 400, INVALID, "Invalid comparator 'LIKE' not one of"),
            (
                post(),
                &search,
                filter("status = 'LOGGED_MODEL_READY'"),
                400,
                INVALID,
                "Unknown model status in filter: 'LOGGED_MODEL_READY'",
            ),
            (post(), &search, filter("status LIKE 'R%'"), 400, INVALID, "Invalid comparison operator for status: LIKE"),
            (post(), &search, order("colour"), 400, INVALID, "Invalid order by field name: colour"),
            (post(), &search, order("params.lr"), 400, INVALID, "params.lr. Only metrics are supported."),
            (
                post(),
                &search,
                json!({"experiment_ids": ["1"], "datasets": [{"dataset_digest": "1"}]}),
                400,
                INVALID,
                "`dataset_name` in the `datasets` clause must be specified.",
            ),
        ])
        .await;
}
