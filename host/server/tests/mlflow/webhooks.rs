//! Webhooks: who is told what, how it is signed, and what becomes of those that don't answer.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};
use server::Parts;
use storage::MemoryStore;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use crate::client::{Answer, PATIENCE};
use crate::{NOW, Running, options, parts, way_out};

/// A server that is told what happens.
struct Hook {
    origin: String,
    heard: mpsc::UnboundedReceiver<Heard>,
}

/// A request that waits for its answer.
struct Heard {
    path: String,
    headers: BTreeMap<String, String>,
    body: String,
    stream: TcpStream,
}

impl Hook {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (tell, heard) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(hear(stream, tell.clone()));
            }
        });
        Self { origin, heard }
    }

    async fn next(&mut self) -> Heard {
        tokio::time::timeout(PATIENCE, self.heard.recv()).await.unwrap().unwrap()
    }

    /// What it is told next, which it takes.
    async fn told(&mut self) -> Value {
        let heard = self.next().await;
        let told = heard.told();
        heard.answer("200 OK", "", "").await;
        told
    }
}

async fn hear(mut stream: TcpStream, tell: mpsc::UnboundedSender<Heard>) {
    let (mut request, mut block) = (Vec::new(), [0; 65536]);
    loop {
        let read = stream.read(&mut block).await.unwrap();
        request.extend_from_slice(&block[..read]);
        let text = String::from_utf8(request.clone()).unwrap();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
        let headers: BTreeMap<_, _> =
            lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.into(), value.into())).collect();
        let length: &String = &headers["content-length"];
        if body.len() == length.parse::<usize>().unwrap() {
            // Nobody listens any more where the test has ended.
            let _ = tell.send(Heard { path, headers, body: body.to_owned(), stream });
            return;
        }
    }
}

impl Heard {
    fn told(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    async fn answer(mut self, status: &str, head: &str, body: &str) {
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\n{head}content-length: {length}\r\nconnection: close\r\n\r\n{body}");
        self.stream.write_all(answer.as_bytes()).await.unwrap();
    }
}

impl Running {
    /// A server whose operator allows these hooks.
    async fn with_hooks(hooks: &[&Hook]) -> Self {
        let named: Vec<_> = hooks.iter().map(|hook| &*hook.origin).collect();
        Self::over(MemoryStore::new(), &named).await
    }

    /// One whose operator allows these origins.
    async fn over(store: MemoryStore, named: &[&str]) -> Self {
        let parts = Parts { webhooks: way_out(named), ..parts(&store) };
        Self::made(options(), parts, store).await
    }

    /// Has a hook told of some events, and returns its id.
    async fn hooked(&self, hook: &Hook, events: &[(&str, &str)]) -> String {
        let events: Vec<_> =
            events.iter().map(|(entity, action)| json!({ "entity": entity, "action": action })).collect();
        let url = format!("{}/hook?key=1", hook.origin);
        let webhook = json!({ "name": "wh", "url": url, "events": events, "secret": "s3cret" });
        let made = self.post("webhooks", webhook).await.ok();
        made["webhook"]["webhook_id"].as_str().unwrap().to_owned()
    }

    async fn delete(&self, path: &str, body: Value) {
        self.well(Method::DELETE, path, body).await;
    }

    async fn well(&self, method: Method, path: &str, body: Value) {
        let request = self.request(method, &format!("/api/2.0/mlflow/{path}"));
        let request = request.header("content-type", "application/json").body(body.to_string());
        Answer::of(request.send().await.unwrap()).await.ok();
    }

    async fn model(&self, name: &str, tags: Value) {
        self.post("registered-models/create", json!({ "name": name, "tags": tags })).await.ok();
    }
}

const PROMPT: [(&str, &str); 1] = [("PROMPT", "CREATED")];

fn is_prompt() -> Value {
    json!([{ "key": "mlflow.prompt.is_prompt", "value": "true" }])
}

#[tokio::test]
async fn what_is_sent_is_signed_with_the_secret() {
    let mut hook = Hook::start().await;
    let server = Running::with_hooks(&[&hook]).await;
    server.hooked(&hook, &PROMPT).await;
    server.model("greet", is_prompt()).await;
    let heard = hook.next().await;
    assert_eq!(heard.path, "/hook?key=1");
    assert_eq!(heard.headers["content-type"], "application/json");
    let (id, time) = (&heard.headers["x-mlflow-delivery-id"], &heard.headers["x-mlflow-timestamp"]);
    assert_eq!((id.len(), *time == (NOW / 1000).to_string()), (36, true));
    assert_eq!(heard.headers["x-mlflow-signature"], signature(&format!("{id}.{time}.{}", heard.body)));
    let expected = json!({
        "entity": "prompt",
        "action": "created",
        "timestamp": "2024-11-25T15:32:08.123000+00:00",
        "data": { "name": "greet", "tags": {}, "description": "" },
    });
    assert_eq!(heard.told(), expected);
}

/// By what every receiver has to work out for itself.
fn signature(signed: &str) -> String {
    use base64::Engine;
    use hmac::{Hmac, KeyInit, Mac};
    let mut code = Hmac::<sha2::Sha256>::new_from_slice(b"s3cret").unwrap();
    code.update(signed.as_bytes());
    format!("v1,{}", base64::engine::general_purpose::STANDARD.encode(code.finalize().into_bytes()))
}

#[tokio::test]
async fn prompts_and_models_are_told_apart() {
    let mut hook = Hook::start().await;
    let server = Running::with_hooks(&[&hook]).await;
    let of_both = ["CREATED", "DELETED", "SET"];
    let events: Vec<_> = [
        ("PROMPT", &of_both[..1]),
        ("REGISTERED_MODEL", &of_both[..1]),
        ("PROMPT_VERSION", &of_both[..1]),
        ("MODEL_VERSION", &of_both[..1]),
        ("PROMPT_TAG", &of_both[1..]),
        ("PROMPT_VERSION_TAG", &of_both[1..]),
        ("MODEL_VERSION_TAG", &of_both[1..]),
        ("PROMPT_ALIAS", &of_both[..2]),
        ("MODEL_VERSION_ALIAS", &of_both[..2]),
    ]
    .into_iter()
    .flat_map(|(entity, actions)| actions.iter().map(move |action| (entity, *action)))
    .collect();
    server.hooked(&hook, &events).await;
    let mut told = Vec::new();
    for (name, tags, source) in [("greet", is_prompt(), "prompt-template"), ("net", json!([]), "models:/m-1")] {
        server.model(name, tags.clone()).await;
        let mut tags = tags.as_array().unwrap().clone();
        tags.extend([
            json!({ "key": "mlflow.prompt.text", "value": "Hello {{name}}" }),
            json!({ "key": "a", "value": "1" }),
        ]);
        let version = json!({ "name": name, "source": source, "tags": tags, "description": "first" });
        server.post("model-versions/create", version).await.ok();
        let tag = json!({ "name": name, "version": "1", "key": "k", "value": "v" });
        server.post("registered-models/set-tag", tag.clone()).await.ok();
        server.delete("registered-models/delete-tag", tag.clone()).await;
        server.post("model-versions/set-tag", tag.clone()).await.ok();
        server.delete("model-versions/delete-tag", tag).await;
        let alias = json!({ "name": name, "alias": "prod", "version": "1" });
        server.post("registered-models/alias", alias.clone()).await.ok();
        server.delete("registered-models/alias", alias).await;
        let count = if name == "greet" { 8 } else { 6 };
        for _ in 0..count {
            let one = hook.told().await;
            assert_eq!(one["data"]["name"], name);
            let mut data = one["data"].clone();
            data.as_object_mut().unwrap().remove("name");
            told.push((format!("{}.{}", one["entity"].as_str().unwrap(), one["action"].as_str().unwrap()), data));
        }
    }
    let template =
        json!({ "tags": { "a": "1" }, "version": "1", "description": "first", "template": "Hello {{name}}" });
    let files = json!({
        "tags": { "a": "1", "mlflow.prompt.text": "Hello {{name}}" }, "version": "1", "description": "first",
        "source": "models:/m-1", "run_id": null,
    });
    let expected = [
        ("prompt.created", json!({ "tags": {}, "description": "" })),
        ("prompt_version.created", template),
        ("prompt_tag.set", json!({ "key": "k", "value": "v" })),
        ("prompt_tag.deleted", json!({ "key": "k" })),
        ("prompt_version_tag.set", json!({ "version": "1", "key": "k", "value": "v" })),
        ("prompt_version_tag.deleted", json!({ "version": "1", "key": "k" })),
        ("prompt_alias.created", json!({ "alias": "prod", "version": "1" })),
        ("prompt_alias.deleted", json!({ "alias": "prod" })),
        ("registered_model.created", json!({ "tags": {}, "description": "" })),
        ("model_version.created", files),
        ("model_version_tag.set", json!({ "version": "1", "key": "k", "value": "v" })),
        ("model_version_tag.deleted", json!({ "version": "1", "key": "k" })),
        ("model_version_alias.created", json!({ "alias": "prod", "version": "1" })),
        ("model_version_alias.deleted", json!({ "alias": "prod" })),
    ];
    let expected: Vec<_> = expected.into_iter().map(|(event, data)| (event.to_owned(), data)).collect();
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_hook_that_hangs_delays_nobody_else() {
    let (mut hanging, mut other) = (Hook::start().await, Hook::start().await);
    let server = Running::with_hooks(&[&hanging, &other]).await;
    server.hooked(&hanging, &PROMPT).await;
    server.hooked(&other, &PROMPT).await;
    let mut hangs = None;
    for name in ["a", "b", "c"] {
        server.model(name, is_prompt()).await;
        assert_eq!(other.told().await["data"]["name"], name);
        if hangs.is_none() {
            hangs = Some(hanging.next().await);
        }
    }
    // Its own wait for it, in order.
    hangs.unwrap().answer("200 OK", "", "").await;
    assert_eq!(hanging.told().await["data"]["name"], "b");
    assert_eq!(hanging.told().await["data"]["name"], "c");
}

#[tokio::test]
async fn what_fails_in_passing_is_told_again_under_the_same_id() {
    let mut hook = Hook::start().await;
    let server = Running::with_hooks(&[&hook]).await;
    server.hooked(&hook, &PROMPT).await;
    server.model("a", is_prompt()).await;
    let mut ids = Vec::new();
    for status in ["503 Busy", "429 Slow", "500 Oops", "503 Busy"] {
        let heard = hook.next().await;
        assert_eq!(heard.told()["data"]["name"], "a");
        ids.push(heard.headers["x-mlflow-delivery-id"].clone());
        heard.answer(status, "retry-after: 0\r\n", "").await;
    }
    ids.dedup();
    assert_eq!(ids.len(), 1);
    // That was the last time. What is refused is not told again.
    server.model("b", is_prompt()).await;
    let heard = hook.next().await;
    assert_eq!(heard.told()["data"]["name"], "b");
    heard.answer("400 Bad", "", "").await;
    server.model("c", is_prompt()).await;
    assert_eq!(hook.told().await["data"]["name"], "c");
}

#[tokio::test]
async fn who_is_gone_or_switched_off_is_told_nothing_more() {
    let mut hook = Hook::start().await;
    let server = Running::with_hooks(&[&hook]).await;
    let id = server.hooked(&hook, &PROMPT).await;
    server.model("a", is_prompt()).await;
    server.model("b", is_prompt()).await;
    let heard = hook.next().await;
    let path = format!("webhooks/{id}");
    server.well(Method::PATCH, &path, json!({ "status": "DISABLED" })).await;
    heard.answer("503 Busy", "retry-after: 0\r\n", "").await;
    server.model("c", is_prompt()).await;
    server.hooked(&hook, &PROMPT).await;
    server.model("d", is_prompt()).await;
    assert_eq!(hook.told().await["data"]["name"], "d");
    server.delete(&path, json!({})).await;
}

#[tokio::test]
async fn a_webhook_can_be_tried() {
    let mut hook = Hook::start().await;
    let server = Running::with_hooks(&[&hook]).await;
    let id = server.hooked(&hook, &[("PROMPT_ALIAS", "CREATED"), ("PROMPT", "CREATED")]).await;
    let path = format!("webhooks/{id}/test");
    let (tried, heard) = tokio::join!(server.post(&path, json!({})), async {
        let heard = hook.next().await;
        let told = heard.told();
        assert!(heard.headers["x-mlflow-signature"].starts_with("v1,"));
        heard.answer("201 Created", "", "thanks").await;
        told
    });
    let result = json!({ "success": true, "response_status": 201, "response_body": "thanks" });
    assert_eq!(tried.ok()["result"], result);
    let example = json!({ "name": "example_prompt", "alias": "example_alias", "version": "1" });
    assert_eq!((&heard["entity"], &heard["data"]), (&json!("prompt_alias"), &example));
    let event = json!({ "event": { "entity": "BUDGET_POLICY", "action": "EXCEEDED" } });
    let (tried, heard) = tokio::join!(server.post(&path, event), async {
        let heard = hook.next().await;
        let told = heard.told();
        // A redirect leads nowhere.
        heard.answer("302 Found", "location: http://127.0.0.1:1/\r\n", "").await;
        told
    });
    assert_eq!(tried.ok()["result"], json!({ "success": false, "response_status": 302, "response_body": "" }));
    assert_eq!(heard["data"]["budget_policy_id"], "bp-abc123");
    server.post("webhooks/none/test", json!({})).await.missing("Webhook with ID none not found.");
}

#[tokio::test]
async fn nothing_goes_to_an_address_that_nobody_allowed() {
    let hook = Hook::start().await;
    let server = Running::start().await;
    let webhook =
        |url: &str| json!({ "name": "wh", "url": url, "events": [{ "entity": "PROMPT", "action": "CREATED" }] });
    server.post("webhooks", webhook(&hook.origin)).await.invalid("Invalid webhook URL scheme: 'http'");
    let encrypted = hook.origin.replace("http:", "https:");
    server.post("webhooks", webhook(&encrypted)).await.invalid("non-public IP address");
    // One that was allowed once: the door looks, whatever is kept.
    let allowed = Running::with_hooks(&[&hook]).await;
    let id = allowed.hooked(&hook, &PROMPT).await;
    let server = Running::over(allowed.store.clone(), &[]).await;
    let tried = server.post(&format!("webhooks/{id}/test"), json!({})).await.ok();
    assert_eq!(tried["result"]["success"], false);
    let told = tried["result"]["error_message"].as_str().unwrap();
    assert!(told.contains("`127.0.0.1` is not a public address"), "{told}");
}

#[tokio::test]
async fn a_server_that_ends_waits_for_what_is_on_its_way() {
    let mut hook = Hook::start().await;
    let server = Running::with_hooks(&[&hook]).await;
    server.hooked(&hook, &PROMPT).await;
    server.model("a", is_prompt()).await;
    server.model("b", is_prompt()).await;
    let heard = hook.next().await;
    let Running { end, running, .. } = server;
    drop(end);
    heard.answer("200 OK", "", "").await;
    let last = hook.next().await;
    assert!(!running.is_finished());
    last.answer("200 OK", "", "").await;
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
}
