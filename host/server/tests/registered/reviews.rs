//! Questions to people, queues, and traces that wait in them.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{EXISTS, INVALID, MISSING, Running, each};

const LABELS: &str = "/3.0/mlflow/label-schemas";
const QUEUES: &str = "/3.0/mlflow/review-queues";

impl Running {
    async fn label(&self, name: &str, input: Value) -> Value {
        let body = json!({"experiment_id": "1", "name": name, "type": "FEEDBACK", "input": input});
        self.post(&format!("{LABELS}/create"), body).await["label_schema"].clone()
    }

    async fn queue(&self, name: &str, users: Value, schemas: Value) -> Value {
        let body =
            json!({"experiment_id": "1", "name": name, "queue_type": "CUSTOM", "users": users, "schema_ids": schemas});
        self.post(&format!("{QUEUES}/create"), body).await["review_queue"].clone()
    }

    /// A trace of an experiment.
    async fn trace(&self, n: u8, experiment: &str) -> String {
        let id = format!("{n:032x}");
        let body = json!({"resourceSpans": [{"scopeSpans": [{"spans": [{
            "traceId": id, "spanId": "0000000000000001", "name": "s", "kind": 1,
            "startTimeUnixNano": "1", "endTimeUnixNano": "2"
        }]}]}]});
        let url = self.root.replace("/api", "/v1/traces");
        let request = self.client.post(url).header("content-type", "application/json").body(body.to_string());
        let request = request.header("x-mlflow-experiment-id", experiment);
        assert_eq!(request.send().await.unwrap().status(), 200);
        format!("tr-{id}")
    }
}

#[tokio::test]
async fn questions_are_made_listed_and_changed() {
    let server = Running::with_experiments().await;
    let input = json!({"pass_fail": {"positive_label": "Right", "negative_label": "Wrong"}});
    let body = json!({
        "experiment_id": "1", "name": "correct", "type": "FEEDBACK", "input": input,
        "instruction": "Is it right?", "enable_comment": true
    });
    let made = server.post(&format!("{LABELS}/create"), body).await["label_schema"].clone();
    let id = made["schema_id"].as_str().unwrap();
    assert!(id.starts_with("ls-") && id.len() == 35, "{id}");
    for (field, value) in [
        ("experiment_id", json!("1")),
        ("name", json!("correct")),
        ("type", json!("FEEDBACK")),
        ("instruction", json!("Is it right?")),
        ("enable_comment", json!(true)),
        ("is_default", json!(false)),
        ("input", input),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    for (name, input) in [
        ("choice", json!({"categorical": {"options": ["a", "b"], "multi_select": true}})),
        ("number", json!({"numeric": {"min_value": 0.0, "max_value": 5.0}})),
        ("open", json!({"numeric": {}})),
        ("words", json!({"text": {"max_length": 10}})),
    ] {
        assert_eq!(server.label(name, input.clone()).await["input"], input);
    }
    let listed = server.get(&format!("{LABELS}/list"), json!({"experiment_id": "1"})).await;
    let names = each(&listed["label_schemas"], "name");
    assert_eq!(names, ["Feedback", "words", "open", "number", "choice", "correct"]);
    assert_eq!(listed["next_page_token"], "");
    let default = listed["label_schemas"][0].clone();
    assert_eq!((&default["is_default"], &default["input"]), (&json!(true), &json!({"text": {}})));
    let again = server.get(&format!("{LABELS}/list"), json!({"experiment_id": "1", "max_results": 1})).await;
    assert_eq!(again["label_schemas"], json!([default]), "it is made once");

    let update = json!({"schema_id": id, "name": "right", "enable_comment": false});
    let changed = server.patch(&format!("{LABELS}/update"), update).await["label_schema"].clone();
    assert_eq!((&changed["name"], &changed["enable_comment"]), (&json!("right"), &json!(false)));
    assert_eq!(changed["instruction"], "Is it right?");
    let named = server.get(&format!("{LABELS}/get-by-name"), json!({"experiment_id": "1", "name": "right"})).await;
    assert_eq!(named["label_schema"], changed);
    assert_eq!(server.get(&format!("{LABELS}/get"), json!({"schema_id": id})).await, named);
    // The old name is free.
    server.label("correct", json!({"text": {}})).await;
    for _ in 0..2 {
        server.delete(&format!("{LABELS}/delete"), json!({"schema_id": id})).await;
    }
    server.label("right", json!({"text": {}})).await;
}

#[tokio::test]
async fn what_can_be_no_question_is_told_why() {
    let server = Running::with_experiments().await;
    let made = server.label("choice", json!({"categorical": {"options": ["a"], "multi_select": false}})).await;
    let listed = server.get(&format!("{LABELS}/list"), json!({"experiment_id": "1", "max_results": 1})).await;
    let (id, default) = (&made["schema_id"], &listed["label_schemas"][0]["schema_id"]);
    let path = |action: &str| format!("{LABELS}/{action}");
    let (create, update, get, by_name, delete) =
        (path("create"), path("update"), path("get"), path("get-by-name"), path("delete"));
    let input = |input: Value| json!({"experiment_id": "1", "name": "x", "type": "FEEDBACK", "input": input});
    let options = |options: Value| input(json!({"categorical": {"options": options}}));
    let labels = |a: &str, b: &str| input(json!({"pass_fail": {"positive_label": a, "negative_label": b}}));
    let named = |name: &str| json!({"experiment_id": "1", "name": name, "type": "FEEDBACK", "input": {"text": {}}});
    let many: Vec<_> = (0..11).map(|n| n.to_string()).collect();
    let (long, long_name) = ("x".repeat(65), "x".repeat(251));
    for (method, path, body, status, code, message) in [
        (Method::POST, &create, json!({"experiment_id": "1", "name": "x"}), 400, INVALID, "FEEDBACK or EXPECTATION"),
        (Method::POST, &create, input(json!({})), 400, INVALID, "Label schema `input` is required."),
        (Method::POST, &create, labels("", "b"), 400, INVALID, "`InputPassFail.positive_label` must be a non-empty"),
        (Method::POST, &create, labels("a", &long), 400, INVALID, "must be at most 64 characters; got 65."),
        (Method::POST, &create, labels("a", "a"), 400, INVALID, "must be distinct; got 'a' for both."),
        (
            Method::POST,
            &create,
            options(json!([])),
            400,
            INVALID,
            "`InputCategorical.options` must be a non-empty list",
        ),
        (Method::POST, &create, options(json!(many)), 400, INVALID, "must have at most 10 entries; got 11."),
        (Method::POST, &create, options(json!(["a", "a"])), 400, INVALID, "must be deduplicated; 'a' appears twice."),
        (
            Method::POST,
            &create,
            input(json!({"numeric": {"min_value": 2, "max_value": 1}})),
            400,
            INVALID,
            "must be strictly less than `max_value`; got min=2.0, max=1.0.",
        ),
        (
            Method::POST,
            &create,
            input(json!({"text": {"max_length": 0}})),
            400,
            INVALID,
            "`InputText.max_length` must be at least 1; got 0.",
        ),
        (Method::POST, &create, named(&long_name), 400, INVALID, "`name` must be at most 250 characters; got 251."),
        (Method::POST, &create, named("feedback"), 400, INVALID, "`feedback` is reserved for the experiment's default"),
        (
            Method::POST,
            &create,
            named("choice"),
            400,
            EXISTS,
            "Label schema with name 'choice' already exists for experiment '1'.",
        ),
        (Method::GET, &get, json!({"schema_id": "ls-x"}), 404, MISSING, "Label schema with id 'ls-x' not found."),
        (
            Method::GET,
            &by_name,
            json!({"experiment_id": "1", "name": "none"}),
            404,
            MISSING,
            "Label schema with name 'none' not found for experiment '1'.",
        ),
        (
            Method::PATCH,
            &update,
            json!({"schema_id": id, "input": {"text": {}}}),
            400,
            INVALID,
            "cannot be changed after creation (existing: InputCategorical, got: InputText).",
        ),
        (
            Method::PATCH,
            &update,
            json!({"schema_id": id, "input": {"categorical": {"options": ["a"], "multi_select": true}}}),
            400,
            INVALID,
            "`InputCategorical.multi_select` cannot be changed after creation.",
        ),
        (
            Method::PATCH,
            &update,
            json!({"schema_id": default, "name": "x"}),
            400,
            INVALID,
            "The experiment's default question cannot be edited.",
        ),
        (
            Method::DELETE,
            &delete,
            json!({"schema_id": default}),
            400,
            INVALID,
            "The experiment's default question cannot be deleted.",
        ),
    ] {
        server.check_wrong(&[(method, path, body, status, code, message)]).await;
    }
}

#[tokio::test]
async fn traces_wait_in_queues_until_somebody_is_done() {
    let server = Running::with_experiments().await;
    let label = server.label("correct", json!({"text": {}})).await;
    let queue = server.queue(" q ", json!(["Alice", "bob", "alice"]), json!([label["schema_id"]])).await;
    let id = queue["queue_id"].as_str().unwrap();
    assert!(id.starts_with("rq-") && id.len() == 35, "{id}");
    assert_eq!((&queue["name"], &queue["queue_type"]), (&json!("q"), &json!("CUSTOM")));
    assert_eq!(queue["users"], json!(["alice", "bob"]));
    assert_eq!(queue["schema_ids"], json!([label["schema_id"]]));
    assert_eq!(server.get(&format!("{QUEUES}/get"), json!({"queue_id": id})).await["review_queue"], queue);
    let by_name = json!({"experiment_id": "1", "name": "Q"});
    assert_eq!(server.get(&format!("{QUEUES}/get-by-name"), by_name).await["review_queue"], queue);

    let own = json!({"experiment_id": "1", "user": " Carol "});
    let first = server.post(&format!("{QUEUES}/get-or-create-user"), own.clone()).await["review_queue"].clone();
    assert_eq!((&first["queue_type"], &first["users"]), (&json!("USER"), &json!(["carol"])));
    assert_eq!(server.post(&format!("{QUEUES}/get-or-create-user"), own).await["review_queue"], first);
    for (asked, expected) in
        [(json!({}), &["carol", "q"][..]), (json!({"user": "ALICE"}), &["q"]), (json!({"user": "dave"}), &[])]
    {
        let mut body = json!({"experiment_id": "1"});
        body.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
        assert_eq!(each(&server.get(&format!("{QUEUES}/list"), body).await["review_queues"], "name"), expected);
    }

    let (one, two) = (server.trace(1, "1").await, server.trace(2, "1").await);
    let add = json!({"queue_id": id, "item_type": "TRACE", "item_ids": [two, one, two]});
    let items = server.post(&format!("{QUEUES}/items/add"), add.clone()).await["items"].clone();
    assert_eq!(each(&items, "item_id"), [two.as_str(), &one]);
    assert_eq!(server.post(&format!("{QUEUES}/items/add"), add).await["items"], items);
    let with_it = server.get(&format!("{QUEUES}/list"), json!({"experiment_id": "1", "item_id": one})).await;
    assert_eq!(each(&with_it["review_queues"], "name"), ["q"]);

    let set = format!("{QUEUES}/items/set-status");
    let body = json!({"queue_id": id, "item_id": one, "status": "COMPLETE", "completed_by": "Alice"});
    let done = server.post(&set, body).await["item"].clone();
    assert_eq!((&done["status"], &done["completed_by"]), (&json!("COMPLETE"), &json!("alice")));
    assert!(done["completed_time_ms"].is_u64());
    let list = async |status: &str| {
        let listed = server.get(&format!("{QUEUES}/items/list"), json!({"queue_id": id, "status": status})).await;
        each(&listed["items"], "item_id").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(list("PENDING").await, [two.as_str()]);
    assert_eq!(list("COMPLETE").await, [one.as_str()]);
    let reopened =
        server.post(&set, json!({"queue_id": id, "item_id": one, "status": "PENDING"})).await["item"].clone();
    assert_eq!((reopened.get("completed_by"), reopened.get("completed_time_ms")), (None, None));
    server.post(&format!("{QUEUES}/items/remove"), json!({"queue_id": id, "item_ids": [one, "tr-none"]})).await;
    assert_eq!(list("PENDING").await, [two]);

    let body = json!({"queue_id": id, "update_users": true, "users": [], "name": "r", "schema_ids": []});
    let changed = server.post(&format!("{QUEUES}/update"), body).await["review_queue"].clone();
    assert_eq!((&changed["name"], changed.get("users")), (&json!("r"), None));
    assert_eq!(changed["schema_ids"], json!([label["schema_id"]]), "nobody said that they change");
    for _ in 0..2 {
        server.post(&format!("{QUEUES}/delete"), json!({"queue_id": id})).await;
    }
    server.queue("r", json!([]), json!([])).await;
}

#[tokio::test]
async fn what_can_not_be_done_with_a_queue_is_told_why() {
    let server = Running::with_experiments().await;
    let queue = server.queue("q", json!([]), json!([])).await;
    let own = json!({"experiment_id": "1", "user": "carol"});
    let own = server.post(&format!("{QUEUES}/get-or-create-user"), own).await["review_queue"]["queue_id"].clone();
    let id = &queue["queue_id"];
    let (trace, elsewhere) = (server.trace(1, "1").await, server.trace(2, "2").await);
    let path = |action: &str| format!("{QUEUES}/{action}");
    let (create, update, get, of_user, add, status) = (
        path("create"),
        path("update"),
        path("get"),
        path("get-or-create-user"),
        path("items/add"),
        path("items/set-status"),
    );
    server.post(&add, json!({"queue_id": id, "item_ids": [trace]})).await;
    let new = |name: &str, kind: &str, more: Value| {
        let mut body = json!({"experiment_id": "1", "name": name, "queue_type": kind});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let set = |status: &str, by: Value| json!({"queue_id": id, "item_id": trace, "status": status, "completed_by": by});
    let many: Vec<_> = (0..11).map(|n| format!("u{n}")).collect();
    for (method, path, body, code, message) in [
        (Method::POST, &create, new("x", "OTHER", json!({})), INVALID, "`queue_type` must be one of USER or CUSTOM"),
        (Method::POST, &create, new("Default", "CUSTOM", json!({})), INVALID, "`Default` is a reserved queue name"),
        (
            Method::POST,
            &create,
            new("Q", "CUSTOM", json!({})),
            EXISTS,
            "Review queue with name 'Q' already exists (names are case-insensitive).",
        ),
        (
            Method::POST,
            &create,
            new("x", "CUSTOM", json!({"users": many})),
            INVALID,
            "A review queue can have at most 10 assigned users; got 11.",
        ),
        (
            Method::POST,
            &create,
            new("x", "CUSTOM", json!({"schema_ids": ["ls-none"]})),
            INVALID,
            "Label schema id(s) ['ls-none'] not found for experiment '1'.",
        ),
        (
            Method::POST,
            &create,
            new("dave", "USER", json!({"users": ["erin"]})),
            INVALID,
            "A user queue must have exactly one assigned user equal to its name; got name='dave' and users=['erin'].",
        ),
        (
            Method::POST,
            &of_user,
            json!({"experiment_id": "1", "user": "Q"}),
            EXISTS,
            "A non-user queue named 'q' already exists",
        ),
        (Method::GET, &get, json!({"queue_id": "rq-x"}), MISSING, "Review queue with id 'rq-x' not found."),
        (Method::POST, &update, json!({"queue_id": own, "name": "x"}), INVALID, "A user queue's name, assigned user,"),
        (
            Method::POST,
            &update,
            json!({"queue_id": id, "update_schema_ids": true}),
            INVALID,
            "A review queue's questions are locked once items are assigned to it.",
        ),
        (Method::POST, &add, json!({"queue_id": id}), INVALID, "`item_ids` must be a non-empty list; got []."),
        (
            Method::POST,
            &add,
            json!({"queue_id": id, "item_ids": ["tr-none"]}),
            MISSING,
            "they do not exist in experiment '1'.",
        ),
        (
            Method::POST,
            &add,
            json!({"queue_id": id, "item_ids": [trace, elsewhere]}),
            MISSING,
            "Cannot attach trace(s) ['tr-00000000000000000000000000000002'] to review queue",
        ),
        (Method::POST, &status, set("NONE", json!(null)), INVALID, "`status` must be one of PENDING, COMPLETE, or"),
        (
            Method::POST,
            &status,
            set("COMPLETE", json!(null)),
            INVALID,
            "`completed_by` is required when setting status to `complete`.",
        ),
        (
            Method::POST,
            &status,
            set("PENDING", json!("alice")),
            INVALID,
            "`completed_by` must not be set when reopening an item to `pending`.",
        ),
        (
            Method::POST,
            &status,
            json!({"queue_id": id, "item_id": "tr-none", "status": "PENDING"}),
            MISSING,
            "Item 'tr-none' is not attached to review queue",
        ),
    ] {
        let status = if code == MISSING { 404 } else { 400 };
        server.check_wrong(&[(method, path, body, status, code, message)]).await;
    }
}
