//! Prompts, versions and aliases.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{EXISTS, INVALID, MISSING, Running, each, pairs};

const PROMPT: (&str, &str) = ("mlflow.prompt.is_prompt", "true");

const MODELS: &str = "/2.0/mlflow/registered-models";
const VERSIONS: &str = "/2.0/mlflow/model-versions";

impl Running {
    async fn model(&self, action: &str, method: Method, body: Value) -> Value {
        self.well(method, &format!("{MODELS}/{action}"), body).await
    }

    async fn version(&self, action: &str, method: Method, body: Value) -> Value {
        self.well(method, &format!("{VERSIONS}/{action}"), body).await
    }

    pub(crate) async fn prompt(&self, name: &str) -> Value {
        self.model("create", Method::POST, json!({"name": name, "tags": pairs(&[PROMPT])})).await
    }

    /// Registers a version of a prompt that says `text`; the answer is its number.
    pub(crate) async fn prompt_version(&self, name: &str, text: &str) -> String {
        let tags = pairs(&[PROMPT, ("_mlflow_prompt_type", "text"), ("mlflow.prompt.text", text)]);
        let body = json!({"name": name, "source": "dummy-source", "description": "first", "tags": tags});
        let made = self.version("create", Method::POST, body).await;
        made["model_version"]["version"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_prompt_is_registered_and_loaded_as_the_client_does() {
    let server = Running::start().await;
    let body = json!({"name": "greet", "tags": pairs(&[PROMPT, ("team", "a")]), "description": "first"});
    let made = server.model("create", Method::POST, body).await["registered_model"].clone();
    assert_eq!(made["name"], "greet");
    assert_eq!(made["description"], "first");
    assert_eq!(made["tags"], pairs(&[PROMPT, ("team", "a")]));
    assert_eq!(made["creation_timestamp"], made["last_updated_timestamp"]);
    assert!(made["creation_timestamp"].is_u64());
    assert_eq!(made.get("latest_versions"), None);

    assert_eq!(server.prompt_version("greet", "Hello {{name}}").await, "1");
    assert_eq!(server.prompt_version("greet", "Hi {{name}}").await, "2");
    let second =
        server.version("get", Method::GET, json!({"name": "greet", "version": "2"})).await["model_version"].clone();
    for (field, value) in [
        ("name", "greet"),
        ("version", "2"),
        ("current_stage", "None"),
        ("status", "READY"),
        ("source", "dummy-source"),
        ("description", "first"),
        ("run_id", ""),
        ("run_link", ""),
    ] {
        assert_eq!(second[field], value, "{field}");
    }
    let tags = [("_mlflow_prompt_type", "text"), PROMPT, ("mlflow.prompt.text", "Hi {{name}}")];
    assert_eq!(second["tags"], pairs(&tags));
    let prompt = server.model("get", Method::GET, json!({"name": "greet"})).await["registered_model"].clone();
    assert_eq!(each(&prompt["latest_versions"], "version"), ["2"]);

    server.version("update", Method::PATCH, json!({"name": "greet", "version": "2", "description": "new"})).await;
    server.version("set-tag", Method::POST, json!({"name": "greet", "version": "2", "key": "k", "value": "v"})).await;
    server.version("delete-tag", Method::DELETE, json!({"name": "greet", "version": "2", "key": "none"})).await;
    let changed =
        server.version("get", Method::GET, json!({"name": "greet", "version": "2"})).await["model_version"].clone();
    assert_eq!(changed["description"], "new");
    assert_eq!(changed["tags"].as_array().unwrap().len(), 4);
    assert!(changed["last_updated_timestamp"].as_u64() > second["last_updated_timestamp"].as_u64());

    server.model("update", Method::PATCH, json!({"name": "greet", "description": "all"})).await;
    server
        .model("set-tag", Method::POST, json!({"name": "greet", "key": "_mlflow_experiment_ids", "value": ",15,"}))
        .await;
    server.model("delete-tag", Method::DELETE, json!({"name": "greet", "key": "team"})).await;
    let prompt = server.model("get", Method::GET, json!({"name": "greet"})).await["registered_model"].clone();
    assert_eq!(prompt["description"], "all");
    assert_eq!(prompt["tags"], pairs(&[("_mlflow_experiment_ids", ",15,"), PROMPT]));
}

#[tokio::test]
async fn an_alias_moves_and_latest_needs_none() {
    let server = Running::start().await;
    server.prompt("greet").await;
    let missing = (404, MISSING.to_owned(), "Latest version not found for model greet.".to_owned());
    let alias = format!("{MODELS}/alias");
    assert_eq!(server.wrong(Method::GET, &alias, json!({"name": "greet", "alias": "latest"})).await, missing);
    for text in ["a", "b"] {
        server.prompt_version("greet", text).await;
    }
    server.model("alias", Method::POST, json!({"name": "greet", "alias": "prod", "version": "1"})).await;
    server.model("alias", Method::POST, json!({"name": "greet", "alias": "old", "version": "1"})).await;
    let by_alias = async |alias: &str| {
        server.model("alias", Method::GET, json!({"name": "greet", "alias": alias})).await["model_version"].clone()
    };
    assert_eq!(by_alias("prod").await["aliases"], json!(["old", "prod"]));
    server.model("alias", Method::POST, json!({"name": "greet", "alias": "prod", "version": "2"})).await;
    assert_eq!(by_alias("prod").await["version"], "2");
    assert_eq!(by_alias("latest").await["version"], "2");
    let prompt = server.model("get", Method::GET, json!({"name": "greet"})).await["registered_model"].clone();
    assert_eq!(prompt["aliases"], json!([{"alias": "old", "version": "1"}, {"alias": "prod", "version": "2"}]));
    server.model("alias", Method::DELETE, json!({"name": "greet", "alias": "prod"})).await;
    server.version("delete", Method::DELETE, json!({"name": "greet", "version": "1"})).await;
    for gone in ["prod", "old"] {
        let wrong = server.wrong(Method::GET, &alias, json!({"name": "greet", "alias": gone})).await;
        assert_eq!(wrong, (400, INVALID.to_owned(), format!("Registered model alias {gone} not found.")));
    }
}

#[tokio::test]
async fn the_same_prompt_registered_at_once_gets_a_number_each() {
    let server = Running::start().await;
    server.prompt("greet").await;
    let mut making = JoinSet::new();
    for n in 0..16 {
        let (client, url) = (server.client.clone(), format!("{}{VERSIONS}/create", server.root));
        let body = json!({"name": "greet", "source": "dummy-source", "tags": pairs(&[("n", &n.to_string())])});
        making.spawn(async move {
            let request = client.post(url).header("content-type", "application/json").body(body.to_string());
            let answer: Value = serde_json::from_slice(&request.send().await.unwrap().bytes().await.unwrap()).unwrap();
            answer["model_version"]["version"].as_str().unwrap().parse::<u32>().unwrap()
        });
    }
    let mut numbers = making.join_all().await;
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=16).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_deleted_version_leaves_its_number_behind() {
    let server = Running::start().await;
    server.prompt("greet").await;
    for text in ["a", "b"] {
        server.prompt_version("greet", text).await;
    }
    server.version("delete", Method::DELETE, json!({"name": "greet", "version": "2"})).await;
    assert_eq!(server.prompt_version("greet", "c").await, "3");
    server.model("delete", Method::DELETE, json!({"name": "greet"})).await;
    server.prompt("greet").await;
    assert_eq!(server.prompt_version("greet", "d").await, "1");
}

#[tokio::test]
async fn a_name_can_be_changed_and_older_clients_find_the_latest_version() {
    let server = Running::start().await;
    server.prompt("greet").await;
    server.prompt_version("greet", "a").await;
    let renamed = server.model("rename", Method::POST, json!({"name": "greet", "new_name": "hello"})).await;
    assert_eq!(renamed["registered_model"]["name"], "hello");
    let latest = server.model("get-latest-versions", Method::GET, json!({"name": "hello"})).await;
    assert_eq!(each(&latest["model_versions"], "version"), ["1"]);
    let staged =
        server.model("get-latest-versions", Method::POST, json!({"name": "hello", "stages": ["Production"]})).await;
    assert_eq!(staged, json!({}));
    let uri = server.version("get-download-uri", Method::GET, json!({"name": "hello", "version": "1"})).await;
    assert_eq!(uri, json!({"artifact_uri": "dummy-source"}));
}

#[tokio::test]
async fn what_is_wrong_is_said_as_mlflow_says_it() {
    let server = Running::start().await;
    server.prompt("greet").await;
    server.prompt_version("greet", "a").await;
    server.model("create", Method::POST, json!({"name": "model"})).await;
    let lacks = |name: &str| format!("Missing value for required parameter '{name}'. See the API docs");
    let (lacks_name, lacks_source) = (lacks("name"), lacks("source"));
    let prompt = pairs(&[PROMPT]);
    let (post, get, patch, delete) = (Method::POST, Method::GET, Method::PATCH, Method::DELETE);
    let models = |action: &str| format!("{MODELS}/{action}");
    let versions = |action: &str| format!("{VERSIONS}/{action}");
    let long = pairs(&[("k", &"x".repeat(100_001))]);
    let long_text = pairs(&[("mlflow.prompt.text", &"x".repeat(100_001))]);
    let alias = |alias: &str| json!({"name": "greet", "alias": alias, "version": "1"});
    server
        .check_wrong(&[
            (post.clone(), &models("create"), json!({}), 400, INVALID, &lacks_name),
            (post.clone(), &models("create"), json!({"name": 5}), 400, INVALID, "Hint: Value was of type 'int'"),
            (post.clone(), &models("create"), json!({"name": "a/b"}), 400, INVALID, "Names cannot contain '/' or ':'."),
            (
                post.clone(),
                &models("create"),
                json!({"name": "greet", "tags": prompt}),
                400,
                EXISTS,
                "Prompt (name=greet) already exists.",
            ),
            (
                post.clone(),
                &models("create"),
                json!({"name": "model"}),
                400,
                EXISTS,
                "Registered Model (name=model) already exists.",
            ),
            (
                post.clone(),
                &models("create"),
                json!({"name": "model", "tags": prompt}),
                400,
                EXISTS,
                "Tried to create a prompt with name 'model', but the name is already taken by a registered model. MLflow \
                 does not allow creating a model and a prompt with the same name.",
            ),
            (
                post.clone(),
                &models("create"),
                json!({"name": "greet"}),
                400,
                EXISTS,
                "Tried to create a registered model with name 'greet', but the name is already taken by a prompt.",
            ),
            (
                post.clone(),
                &models("create"),
                json!({"name": "x", "tags": long}),
                400,
                INVALID,
                "'value' exceeds the maximum length of 100000 characters",
            ),
            (
                get.clone(),
                &models("get"),
                json!({"name": "none"}),
                404,
                MISSING,
                "Registered Model with name=none not found",
            ),
            (patch.clone(), &models("update"), json!({"name": "none"}), 404, MISSING, "name=none not found"),
            (delete.clone(), &models("delete"), json!({"name": "none"}), 404, MISSING, "name=none not found"),
            (
                post.clone(),
                &models("rename"),
                json!({"name": "greet", "new_name": "model"}),
                400,
                EXISTS,
                "Registered Model (name=model) already exists.",
            ),
            (
                post.clone(),
                &models("alias"),
                alias("Latest"),
                400,
                INVALID,
                "'latest' alias name (case insensitive) is reserved.",
            ),
            (post.clone(), &models("alias"), alias("v12"), 400, INVALID, "Version alias name 'v12' is reserved."),
            (post.clone(), &models("alias"), alias("a b"), 400, INVALID, "Invalid alias name: 'a b'."),
            (
                post.clone(),
                &models("alias"),
                json!({"name": "greet", "alias": "x", "version": "7"}),
                404,
                MISSING,
                "Model Version (name=greet, version=7) not found",
            ),
            (post.clone(), &versions("create"), json!({"name": "greet"}), 400, INVALID, &lacks_source),
            (
                post.clone(),
                &versions("create"),
                json!({"name": "none", "source": "dummy-source"}),
                404,
                MISSING,
                "Registered Model with name=none not found",
            ),
            (
                post.clone(),
                &versions("create"),
                json!({"name": "greet", "source": "/etc", "tags": prompt}),
                400,
                INVALID,
                "Invalid prompt source: '/etc'. Prompt sources must use an MLflow placeholder.",
            ),
            (
                post.clone(),
                &versions("create"),
                json!({"name": "greet", "source": "dummy-source", "tags": long_text}),
                400,
                INVALID,
                "Prompt text exceeds max length of 100000 characters.",
            ),
            (
                get.clone(),
                &versions("get"),
                json!({"name": "greet", "version": "x"}),
                400,
                INVALID,
                "Parameter 'version' must be an integer, got 'x'.",
            ),
            (
                get.clone(),
                &versions("get"),
                json!({"name": "greet", "version": "-1"}),
                404,
                MISSING,
                "Model Version (name=greet, version=-1) not found",
            ),
            (
                post.clone(),
                &versions("set-tag"),
                json!({"name": "greet", "version": "1", "key": "a$", "value": "v"}),
                400,
                INVALID,
                "Invalid value \"a$\" for parameter 'key' supplied: Names may only contain",
            ),
            (
                delete.clone(),
                &versions("delete"),
                json!({"name": "greet", "version": "9"}),
                404,
                MISSING,
                "Model Version (name=greet, version=9) not found",
            ),
        ])
        .await;
}
