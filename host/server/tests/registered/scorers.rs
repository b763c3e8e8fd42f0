//! Scorers that people register, and which traces they are to look at.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{INVALID, MISSING, Running};

const SCORERS: &str = "/3.0/mlflow/scorers";

fn judge(model: &str, instructions: &str) -> String {
    let data = json!({"model": model, "instructions": instructions});
    json!({"name": "eng", "instructions_judge_pydantic_data": data}).to_string()
}

impl Running {
    async fn scorer(&self, name: &str, serialized: &str) -> Value {
        let body = json!({"experiment_id": "1", "name": name, "serialized_scorer": serialized});
        self.post(&format!("{SCORERS}/register"), body).await
    }
}

#[tokio::test]
async fn a_scorer_is_registered_again_under_its_id() {
    let server = Running::with_experiments().await;
    let first = server.scorer("eng", "{\"v\":1}").await;
    let second = server.scorer("eng", "{\"v\":2}").await;
    assert_eq!((&first["version"], &second["version"]), (&json!(1), &json!(2)));
    assert_eq!(first["scorer_id"], second["scorer_id"]);
    assert_eq!((&second["experiment_id"], &second["name"]), (&json!("1"), &json!("eng")));
    server.scorer("a", "{}").await;
    let listed = server.get(&format!("{SCORERS}/list"), json!({"experiment_id": "1"})).await;
    let shown: Vec<_> =
        listed["scorers"].as_array().unwrap().iter().map(|one| (&one["scorer_name"], &one["scorer_version"])).collect();
    assert_eq!(shown, [(&json!("a"), &json!(1)), (&json!("eng"), &json!(2))]);
    assert_eq!(listed["scorers"][0]["experiment_id"], 1, "a number here");
    assert_eq!(server.get(&format!("{SCORERS}/list"), json!({"experiment_id": "2"})).await, json!({}));
    let both = server.get(&format!("{SCORERS}/list"), json!({"experiment_ids": ["1", "2", "1"]})).await;
    assert_eq!(both["scorers"].as_array().unwrap().len(), 2);

    let named = json!({"experiment_id": "1", "name": "eng"});
    let versions = server.get(&format!("{SCORERS}/versions"), named.clone()).await;
    let texts: Vec<_> = versions["scorers"].as_array().unwrap().iter().map(|one| &one["serialized_scorer"]).collect();
    assert_eq!(texts, ["{\"v\":1}", "{\"v\":2}"]);
    let get = format!("{SCORERS}/get");
    assert_eq!(server.get(&get, named.clone()).await["scorer"]["scorer_version"], 2);
    let one = json!({"experiment_id": "1", "name": "eng", "version": 1});
    assert_eq!(server.get(&get, one.clone()).await["scorer"]["scorer_version"], 1);
    server.delete(&format!("{SCORERS}/delete"), json!({"experiment_id": "1", "name": "eng", "version": 2})).await;
    assert_eq!(server.scorer("eng", "{\"v\":3}").await["version"], 3);
    assert_eq!(server.delete(&format!("{SCORERS}/delete"), named.clone()).await, json!({}));
    let gone = "Scorer with name 'eng' not found for experiment 1.";
    assert_eq!(server.wrong(Method::GET, &get, named).await, (404, MISSING.to_owned(), gone.to_owned()));
}

#[tokio::test]
async fn a_scorer_is_started_and_stopped() {
    let server = Running::with_experiments().await;
    let made = server.scorer("eng", &judge("gateway:/best", "Is {{ outputs }} polite?")).await;
    server.scorer("own", &judge("openai:/gpt", "Is it?")).await;
    let id = made["scorer_id"].as_str().unwrap();
    let config = format!("{SCORERS}/online-config");
    let body = json!({"experiment_id": "1", "name": "eng", "sample_rate": 0.5, "filter_string": "status = 'OK'"});
    let set = server.well(Method::PUT, &config, body).await["config"].clone();
    assert_eq!((&set["scorer_id"], &set["sample_rate"]), (&json!(id), &json!(0.5)));
    assert_eq!((&set["experiment_id"], &set["filter_string"]), (&json!("1"), &json!("status = 'OK'")));
    let either = "status = 'OK' or tags.x = 'y'";
    let body = json!({"experiment_id": "1", "name": "eng", "sample_rate": 0.5, "filter_string": either});
    assert_eq!(server.well(Method::PUT, &config, body).await["config"]["filter_string"], either);
    let stop = json!({"experiment_id": "1", "name": "eng", "sample_rate": 0});
    let set = server.well(Method::PUT, &config, stop).await["config"].clone();
    assert_eq!((&set["sample_rate"], set.get("filter_string")), (&json!(0.0), None));
    let configs = format!("{SCORERS}/online-configs");
    assert_eq!(server.get(&configs, json!({"scorer_ids": [id, "none"]})).await, json!({"configs": [set]}));
    assert_eq!(server.get(&configs, json!({"scorer_ids": ["none"]})).await, json!({"configs": []}));
    let stop = json!({"experiment_id": "1", "name": "own", "sample_rate": 0.0});
    server.well(Method::PUT, &config, stop).await;
}

#[tokio::test]
async fn what_is_wrong_is_said_as_mlflow_says_it() {
    let server = Running::with_experiments().await;
    server.scorer("own", &judge("openai:/gpt", "Is it?")).await;
    server.scorer("needs", &judge("gateway:/best", "Is {{outputs}} like {{ expectations }}?")).await;
    let path = |action: &str| format!("{SCORERS}/{action}");
    let (register, get, delete, config) = (path("register"), path("get"), path("delete"), path("online-config"));
    let (list, configs, versions) = (path("list"), path("online-configs"), path("versions"));
    let scorer = |serialized: &str| json!({"experiment_id": "1", "name": "x", "serialized_scorer": serialized});
    let nested = json!({"ensemble_scorer_data": [{"call_source": "return 1"}]}).to_string();
    let online = |name: &str, rate: f64| json!({"experiment_id": "1", "name": name, "sample_rate": rate});
    let named = |name: &str| json!({"experiment_id": "1", "name": name});
    let version = json!({"experiment_id": "1", "name": "own", "version": 7});
    let missing = "Scorer with name 'none' not found for experiment 1.";
    let no_version = "Scorer with name 'own' and version 7 not found for experiment 1.";
    server
        .check_wrong(&[
            (Method::POST, &register, named("x"), 400, INVALID, "required parameter 'serialized_scorer'."),
            (Method::POST, &register, scorer("{"), 400, INVALID, "serialized_scorer must be valid JSON"),
            (
                Method::POST,
                &register,
                scorer(&nested),
                400,
                INVALID,
                "Custom scorer registration (using @scorer decorator) is disabled by default outside of Databricks",
            ),
            (
                Method::POST,
                &register,
                json!({"experiment_id": "1", "name": " ", "serialized_scorer": "{}"}),
                400,
                INVALID,
                "Scorer name cannot be empty or contain only whitespace.",
            ),
            (Method::GET, &get, named("none"), 404, MISSING, missing),
            (Method::GET, &versions, named("none"), 404, MISSING, missing),
            (Method::GET, &get, version.clone(), 404, MISSING, no_version),
            (Method::DELETE, &delete, version, 404, MISSING, no_version),
            (Method::DELETE, &delete, named("none"), 404, MISSING, missing),
            (
                Method::GET,
                &list,
                json!({"experiment_id": "1", "experiment_ids": ["2"]}),
                400,
                INVALID,
                "Cannot specify both 'experiment_id' and 'experiment_ids'.",
            ),
            (Method::GET, &configs, json!({}), 400, INVALID, "Missing value for required parameter 'scorer_ids'."),
            (Method::PUT, &config, named("own"), 400, INVALID, "Missing value for required parameter 'sample_rate'."),
            (
                Method::PUT,
                &config,
                json!({"experiment_id": "1", "name": "own", "sample_rate": 0, "filter_string": "foo.bar = 'x'"}),
                400,
                INVALID,
                "Invalid filter 'foo.bar = 'x''",
            ),
            (Method::PUT, &config, online("none", 0.5), 404, MISSING, missing),
            (
                Method::PUT,
                &config,
                online("own", 0.5),
                400,
                INVALID,
                "Scorer 'own' does not use a gateway model. Automatic evaluation is only supported for scorers that use \
                 gateway models.",
            ),
            (
                Method::PUT,
                &config,
                online("needs", 0.5),
                400,
                INVALID,
                "Scorer 'needs' requires expectations, but scorers with expectations are not currently supported",
            ),
            (
                Method::PUT,
                &config,
                online("own", -0.5),
                400,
                INVALID,
                "sample_rate must be between 0.0 and 1.0, got -0.5",
            ),
        ])
        .await;
}
