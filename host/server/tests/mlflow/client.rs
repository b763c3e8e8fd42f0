//! A client that says what MLflow's says.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::Running;

/// What takes longer does not come any more.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What came of a request.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: Response) -> Self {
        let (status, bytes) = (response.status().as_u16(), response.bytes().await.unwrap());
        Self { status, body: serde_json::from_slice(&bytes).unwrap_or_default() }
    }

    pub(crate) fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Refused, in words that have this among them.
    pub(crate) fn refused(self, status: u16, code: &str, message: &str) {
        assert_eq!((self.status, self.body["error_code"].as_str()), (status, Some(code)), "{}", self.body);
        let told = self.body["message"].as_str().unwrap();
        assert!(told.contains(message), "`{told}` says nothing of `{message}`");
    }

    pub(crate) fn invalid(self, message: &str) {
        self.refused(400, "INVALID_PARAMETER_VALUE", message);
    }

    pub(crate) fn missing(self, message: &str) {
        self.refused(404, "RESOURCE_DOES_NOT_EXIST", message);
    }
}

impl Running {
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let client = reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap();
        client.request(method, format!("http://{}{path}", self.addresses.api))
    }

    /// Of a path behind `/api/2.0/mlflow/`.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        let request = self.request(Method::POST, &format!("/api/2.0/mlflow/{path}"));
        let request = request.header("content-type", "application/json").body(body.to_string());
        Answer::of(request.send().await.unwrap()).await
    }

    /// Of a path behind `/api/3.0/mlflow/`.
    pub(crate) async fn three(&self, method: Method, path: &str, body: Value) -> Answer {
        let request = self.request(method, &format!("/api/3.0/mlflow/{path}"));
        let request = if body.is_null() {
            request
        } else {
            request.header("content-type", "application/json").body(body.to_string())
        };
        Answer::of(request.send().await.unwrap()).await
    }

    /// Likewise.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, &format!("/api/2.0/mlflow/{path}")).send().await.unwrap()).await
    }

    /// An experiment's id.
    pub(crate) async fn experiment(&self, name: &str) -> String {
        let made = self.post("experiments/create", json!({ "name": name })).await.ok();
        made["experiment_id"].as_str().unwrap().to_owned()
    }

    /// The id of a run in the experiment that is always there, which began then.
    pub(crate) async fn run(&self, name: &str, start_time: i64) -> String {
        let run = json!({ "experiment_id": "0", "user_id": "ann", "run_name": name, "start_time": start_time });
        let made = self.post("runs/create", run).await.ok();
        made["run"]["info"]["run_id"].as_str().unwrap().to_owned()
    }

    /// A run as it is shown.
    pub(crate) async fn shown(&self, id: &str) -> Value {
        self.get(&format!("runs/get?run_id={id}&run_uuid={id}")).await.ok()["run"].take()
    }
}

/// What a list of messages has for a field of each.
pub(crate) fn each<'a>(list: &'a Value, field: &str) -> Vec<&'a str> {
    list.as_array().into_iter().flatten().map(|one| one[field].as_str().unwrap()).collect()
}

/// The value under a key of a list of keys and values.
pub(crate) fn value<'a>(list: &'a Value, key: &str) -> &'a Value {
    let pair = list.as_array().into_iter().flatten().find(|pair| pair["key"] == key);
    pair.map_or(&Value::Null, |pair| &pair["value"])
}
