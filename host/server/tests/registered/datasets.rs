//! Datasets and their records.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{INVALID, MISSING, Running, each};

const DATASETS: &str = "/3.0/mlflow/datasets";

impl Running {
    pub(crate) async fn dataset(&self, name: &str, tags: Value, experiments: Value) -> Value {
        let body = json!({"name": name, "experiment_ids": experiments, "tags": tags.to_string()});
        self.post(&format!("{DATASETS}/create"), body).await["dataset"].clone()
    }

    pub(crate) async fn merge(&self, id: &str, records: Value) -> Value {
        self.post(&format!("{DATASETS}/{id}/records"), json!({"records": records.to_string()})).await
    }

    pub(crate) async fn records(&self, id: &str) -> Vec<Value> {
        let page = self.get(&format!("{DATASETS}/{id}/records"), json!({"max_results": 1000})).await;
        parsed(&page["records"]).as_array().unwrap().clone()
    }
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

fn id(dataset: &Value) -> &str {
    dataset["dataset_id"].as_str().unwrap()
}

#[tokio::test]
async fn a_dataset_is_made_and_read_as_the_client_does() {
    let server = Running::start().await;
    let made = server.dataset("evalds", json!({"mlflow.user": "root", "n": 1}), json!(["24"])).await;
    let id = id(&made);
    assert!(id.starts_with("d-") && id.len() == 34, "{id}");
    assert_eq!(parsed(&made["tags"]), json!({"mlflow.user": "root", "n": "1"}));
    assert_eq!((&made["created_by"], &made["last_updated_by"]), (&json!("root"), &json!("root")));
    assert_eq!(made["experiment_ids"], json!(["24"]));
    assert_eq!(made["digest"].as_str().unwrap().len(), 8);
    assert_eq!((made.get("schema"), made.get("profile")), (None, None));

    let read = server.get(&format!("{DATASETS}/{id}"), json!({})).await["dataset"].clone();
    assert_eq!(read.get("experiment_ids"), None);
    assert_eq!(read["digest"], made["digest"]);
    let experiments = async || server.get(&format!("{DATASETS}/{id}/experiment-ids"), json!({})).await;
    assert_eq!(experiments().await, json!({"experiment_ids": ["24"]}));
    let body = json!({"dataset_id": id, "experiment_ids": ["25", "24"]});
    let added = server.post(&format!("{DATASETS}/{id}/add-experiments"), body).await;
    assert_eq!(added["dataset"]["experiment_ids"], json!(["24", "25"]));
    let body = json!({"dataset_id": id, "experiment_ids": ["24", "26"]});
    server.post(&format!("{DATASETS}/{id}/remove-experiments"), body).await;
    assert_eq!(experiments().await, json!({"experiment_ids": ["25"]}));

    let tags = json!({"k": "v", "n": "2", "none": null}).to_string();
    server.patch(&format!("{DATASETS}/{id}/tags"), json!({"tags": tags})).await;
    server.delete(&format!("{DATASETS}/{id}/tags/mlflow.user"), json!({})).await;
    server.delete(&format!("{DATASETS}/{id}/tags/nowhere"), json!({})).await;
    let read = server.get(&format!("{DATASETS}/{id}"), json!({})).await["dataset"].clone();
    assert_eq!(parsed(&read["tags"]), json!({"k": "v", "n": "2"}));

    assert_eq!(server.delete(&format!("{DATASETS}/{id}"), json!({})).await, json!({}));
    assert_eq!(server.delete(&format!("{DATASETS}/{id}"), json!({})).await, json!({}));
}

#[tokio::test]
async fn records_are_merged_by_their_inputs() {
    let server = Running::start().await;
    let made = server.dataset("evalds", json!({}), json!([])).await;
    let id = id(&made);
    let first = json!([
        {
            "inputs": {"question": "What is it?", "n": 1},
            "expectations": {"expected_facts": ["open source"]},
            "tags": {"row": "1", "mlflow.user": "alice"},
            "source": {"source_type": "human", "source_data": {"source_id": "ann"}}
        },
        {"inputs": {"question": "Why?", "n": 2}, "outputs": null},
        {"inputs": {"n": 1, "question": "What is it?"}, "outputs": {"answer": 1.5}},
    ]);
    assert_eq!(server.merge(id, first).await, json!({"inserted_count": 2, "updated_count": 1}));
    let [one, two] = &server.records(id).await[..] else { panic!("two") };
    assert!(one["dataset_record_id"].as_str().unwrap().starts_with("dr-"));
    assert_eq!(one["dataset_record_id"].as_str().unwrap().len(), 35);
    assert_eq!(one["dataset_id"], id);
    assert_eq!(one["inputs"], json!({"question": "What is it?", "n": 1}));
    assert_eq!(one["outputs"], json!({"answer": 1.5}));
    assert_eq!(one["expectations"], json!({"expected_facts": ["open source"]}));
    assert_eq!(one["tags"], json!({"row": "1", "mlflow.user": "alice"}));
    assert_eq!(one["source"], json!({"source_type": "HUMAN", "source_data": {"source_id": "ann"}}));
    assert_eq!((&one["source_type"], &one["source_id"]), (&json!("HUMAN"), &json!("ann")));
    assert_eq!((&one["created_by"], &one["last_updated_by"]), (&json!("alice"), &json!("alice")));
    assert_eq!((two.get("outputs"), two.get("expectations"), two.get("source")), (None, None, None));

    let again =
        json!([{"inputs": {"question": "Why?", "n": 2}, "expectations": {"a": 1}, "tags": {"mlflow.user": "bob"}}]);
    assert_eq!(server.merge(id, again).await, json!({"inserted_count": 0, "updated_count": 1}));
    let two = server.records(id).await[1].clone();
    assert_eq!(two["expectations"], json!({"a": 1}));
    assert_eq!((two.get("created_by"), &two["last_updated_by"]), (None, &json!("bob")));

    let read = server.get(&format!("{DATASETS}/{id}"), json!({})).await["dataset"].clone();
    assert_eq!(parsed(&read["profile"]), json!({"num_records": 2}));
    assert_eq!(
        parsed(&read["schema"]),
        json!({
            "inputs": {"n": "integer", "question": "string"},
            "outputs": {"answer": "float"},
            "expectations": {"a": "integer", "expected_facts": "array"},
            "version": "1.0"
        })
    );
    assert_ne!(read["digest"], made["digest"]);
    assert_eq!(read["last_updated_by"], "bob");

    let ids = json!([one["dataset_record_id"], "dr-none"]);
    let gone = server.delete(&format!("{DATASETS}/{id}/records"), json!({"dataset_record_ids": ids})).await;
    assert_eq!(gone, json!({"deleted_count": 1}));
    assert_eq!(server.records(id).await.len(), 1);
    let after = server.get(&format!("{DATASETS}/{id}"), json!({})).await["dataset"].clone();
    assert_ne!(after["digest"], read["digest"]);
    assert_eq!(parsed(&after["profile"]), json!({"num_records": 1}));
}

#[tokio::test]
async fn records_come_in_pages_in_the_order_in_which_they_were_added() {
    let server = Running::start().await;
    let made = server.dataset("evalds", json!({}), json!([])).await;
    let path = format!("{DATASETS}/{}/records", id(&made));
    let all: Vec<_> = (0..23).map(|n| json!({"inputs": {"n": n}})).collect();
    server.merge(id(&made), json!(all)).await;
    let (mut asked, mut seen) = (json!({"max_results": 10}), Vec::new());
    loop {
        let page = server.get(&path, asked.clone()).await;
        seen.extend(
            parsed(&page["records"]).as_array().unwrap().iter().map(|record| record["inputs"]["n"].as_u64().unwrap()),
        );
        match page.get("next_page_token") {
            Some(token) => asked["page_token"] = token.clone(),
            None => break,
        }
    }
    assert_eq!(seen, (0..23).collect::<Vec<_>>());
}

#[tokio::test]
async fn datasets_are_found_by_name_experiment_and_tag() {
    let server = Running::start().await;
    for (name, tags, experiments) in [
        ("b", json!({"team": "x", "mlflow.user": "alice"}), json!(["1"])),
        ("a", json!({"team": "y"}), json!(["1", "2"])),
        ("a", json!({}), json!([])),
    ] {
        server.dataset(name, tags, experiments).await;
    }
    for (asked, expected) in [
        (json!({}), &["a", "a", "b"][..]),
        (json!({"filter_string": "name = \"a\""}), &["a", "a"]),
        (json!({"filter_string": "name IN ('b', 'c')"}), &["b"]),
        (json!({"filter_string": "name LIKE 'b%' AND tags.team = 'x'"}), &["b"]),
        (json!({"filter_string": "created_by = 'alice'"}), &["b"]),
        (json!({"filter_string": "created_time > 5", "order_by": ["name DESC"]}), &["b", "a", "a"]),
        (json!({"experiment_ids": ["1"], "order_by": ["name"]}), &["a", "b"]),
        (json!({"experiment_ids": ["2", "3"]}), &["a"]),
        (json!({"filter_string": "tags.team != 'x'"}), &["a"]),
    ] {
        let found = server.post(&format!("{DATASETS}/search"), asked.clone()).await;
        assert_eq!(each(&found["datasets"], "name"), expected, "{asked}");
    }
    let first = server.post(&format!("{DATASETS}/search"), json!({"max_results": 2, "order_by": ["name"]})).await;
    let second = json!({"max_results": 2, "order_by": ["name"], "page_token": first["next_page_token"]});
    let second = server.post(&format!("{DATASETS}/search"), second).await;
    assert_eq!(each(&second["datasets"], "name"), ["b"]);
    assert_eq!(second.get("next_page_token"), None);
}

#[tokio::test]
async fn what_is_wrong_is_said_as_mlflow_says_it() {
    let server = Running::start().await;
    let made = server.dataset("evalds", json!({}), json!([])).await;
    let own = format!("{DATASETS}/{}", id(&made));
    let (create, search, records) =
        (format!("{DATASETS}/create"), format!("{DATASETS}/search"), format!("{own}/records"));
    let none = format!("{DATASETS}/d-none");
    let (none_records, none_tags) = (format!("{none}/records"), format!("{none}/tags"));
    let missing = "Evaluation dataset with id 'd-none' not found";
    let given = |records: Value| json!({"records": records.to_string()});
    let filter = |filter: &str| json!({"filter_string": filter});
    let (post, get) = (|| Method::POST, || Method::GET);
    server.merge(id(&made), json!([{"inputs": {"q": 1}}])).await;
    server
        .check_wrong(&[
            (post(), &create, json!({}), 400, INVALID, "Missing value for required parameter 'name'."),
            (post(), &create, json!({"name": "x", "tags": "{"}), 400, INVALID, "'tags' must be a JSON object"),
            (get(), &none, json!({}), 404, MISSING, missing),
            (get(), &none_records, json!({}), 404, MISSING, missing),
            (post(), &none_records, given(json!([{"inputs": {"q": 1}}])), 404, MISSING, missing),
            (Method::PATCH, &none_tags, json!({"tags": "{}"}), 404, MISSING, missing),
            (post(), &records, json!({}), 400, INVALID, "Missing value for required parameter 'records'."),
            (post(), &records, given(json!({})), 400, INVALID, "'records' must be a JSON list of objects"),
            (post(), &records, given(json!([{}])), 400, INVALID, "Each record must have an 'inputs' field"),
            (
                post(),
                &records,
                given(json!([{"inputs": {"q": 2}, "source": {"source_type": "guess"}}])),
                400,
                INVALID,
                "Invalid dataset record source type: GUESS. Valid source types: ['UNSPECIFIED', 'TRACE',",
            ),
            (
                post(),
                &records,
                given(json!([{"inputs": {"goal": "x"}}])),
                400,
                INVALID,
                "New records use session granularity, but existing dataset uses trace granularity.",
            ),
            (get(), &records, json!({"page_token": "!"}), 400, INVALID, "Invalid page token"),
            (post(), &search, filter("owner = 'x'"), 400, INVALID, "Invalid attribute key 'owner' specified."),
            (post(), &search, filter("created_by IN ('x')"), 400, INVALID, "Invalid comparator 'IN' not one of"),
            (post(), &search, filter("tag.x = 'x'"), 400, INVALID, "Invalid entity type 'tag'."),
            (
                post(),
                &search,
                json!({"order_by": ["digest"]}),
                400,
                INVALID,
                "Invalid order by key 'digest' specified.",
            ),
            (post(), &search, json!({"max_results": 0}), 400, INVALID, "It must be a positive integer"),
        ])
        .await;
}
