//! What people register, as MLflow's client asks for it: prompts, datasets, versions of applications, scorers, reviews.
//!
//! A real server on a port that is free, a store that forgets, and a clock that goes on by a millisecond whenever it is
//! looked at.

#![expect(clippy::unwrap_used, reason = "a test ends where its world breaks")]

mod apps;
mod datasets;
mod experiments;
mod imported;
mod issues;
mod prompts;
mod reviews;
mod scorers;
mod searches;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use broker::{Addresses as Lookup, Allowed, Bounds, Door};
use reqwest::Method;
use serde_json::{Value, json};
use server::{Options, Parts, Server, WayOut};
use storage::MemoryStore;
use telemetry::facts::NoPrices;
use tokio::sync::oneshot;

static CLOCK: AtomicU64 = AtomicU64::new(1_795_455_000_000_000_000);

fn tick() -> u64 {
    CLOCK.fetch_add(1_000_000, Ordering::Relaxed)
}

/// A server that runs until it is dropped.
struct Running {
    root: String,
    client: reqwest::Client,
    _end: oneshot::Sender<()>,
}

impl Running {
    async fn start() -> Self {
        Self::over(&MemoryStore::new()).await
    }

    async fn over(store: &MemoryStore) -> Self {
        // The client asks for one though it never uses it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let parts = Parts {
            traces: Arc::new(store.clone()),
            documents: Arc::new(store.clone()),
            blobs: Arc::new(store.clone()),
            prices: Arc::new(NoPrices),
            now: tick,
            version: "0.1.0-test".to_owned(),
            pseudonym_key: [7; 32],
            models: None,
            scorers: None,
            webhooks: way_out(),
        };
        let options = Options { port: 0, otlp_port: None, grpc_port: None, ..Options::default() };
        let server = Server::bind(options, parts).await.unwrap();
        let root = format!("http://{}/api", server.addresses().api);
        let (end, ended) = oneshot::channel::<()>();
        tokio::spawn(server.run(async {
            let _ = ended.await;
        }));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { root, client, _end: end }
    }

    /// One with experiments `1` and `2` in it.
    async fn with_experiments() -> Self {
        let server = Self::start().await;
        for name in ["first", "second"] {
            server.post("/2.0/mlflow/experiments/create", json!({"name": name})).await;
        }
        server
    }

    /// Asks with a body, as clients do but for `GET`, and takes the answer as it is.
    async fn ask(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = match method == Method::GET {
            true => self.client.get(format!("{}{path}?{}", self.root, query(body))),
            false => {
                let request = self.client.request(method, format!("{}{path}", self.root));
                request.header("content-type", "application/json").body(body.to_string())
            }
        };
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.bytes().await.unwrap();
        (
            status,
            serde_json::from_slice(&body).unwrap_or_else(|_| panic!("{status} {}", String::from_utf8_lossy(&body))),
        )
    }

    /// What is answered where all is well.
    async fn well(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, answer) = self.ask(method, path, &body).await;
        assert_eq!(status, 200, "{path} {body}: {answer}");
        answer
    }

    async fn get(&self, path: &str, body: Value) -> Value {
        self.well(Method::GET, path, body).await
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        self.well(Method::POST, path, body).await
    }

    async fn patch(&self, path: &str, body: Value) -> Value {
        self.well(Method::PATCH, path, body).await
    }

    async fn delete(&self, path: &str, body: Value) -> Value {
        self.well(Method::DELETE, path, body).await
    }

    /// Status, code and message of what is wrong.
    async fn wrong(&self, method: Method, path: &str, body: Value) -> (u16, String, String) {
        let (status, answer) = self.ask(method, path, &body).await;
        let text = |field: &str| answer[field].as_str().unwrap_or_else(|| panic!("{path} {body}: {answer}")).to_owned();
        (status, text("error_code"), text("message"))
    }

    /// Asks what is wrong, for each of a table.
    async fn check_wrong(&self, cases: &[(Method, &str, Value, u16, &str, &str)]) {
        for (method, path, body, status, code, message) in cases {
            let (found_status, found_code, found_message) = self.wrong(method.clone(), path, body.clone()).await;
            assert_eq!((found_status, found_code.as_str()), (*status, *code), "{path} {body}: {found_message}");
            assert!(found_message.contains(message), "{path} {body}: {found_message}");
        }
    }
}

const INVALID: &str = "INVALID_PARAMETER_VALUE";
const EXISTS: &str = "RESOURCE_ALREADY_EXISTS";
const MISSING: &str = "RESOURCE_DOES_NOT_EXIST";

/// As a query has it: a list is a name that comes again.
fn query(body: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in body.as_object().into_iter().flatten() {
        match value {
            Value::Array(list) => drop(query.extend_pairs(list.iter().map(|value| (name, text(value))))),
            value => drop(query.append_pair(name, &text(value))),
        }
    }
    query.finish()
}

/// A list of keys and values.
fn pairs(map: &[(&str, &str)]) -> Value {
    map.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

/// A field of each of a list.
fn each<'v>(list: &'v Value, field: &str) -> Vec<&'v str> {
    list.as_array().into_iter().flatten().map(|one| one[field].as_str().unwrap()).collect()
}

/// To public addresses.
fn way_out() -> WayOut {
    let door = Door::new(Allowed::default(), Arc::new(Lookup), Bounds::PLUGINS).unwrap();
    WayOut { door: Arc::new(door), named: Vec::new() }
}
