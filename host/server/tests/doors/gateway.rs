//! Models behind the gateway: a client, the gateway with its real way out, and an upstream that does as it is told.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{Addresses, Allowed, Bounds, Door, Secret, Spent};
use model::endpoint::{Endpoint, Flow, KeySource, Price};
use model::json::Json;
use model::ports::StoreError;
use model::redaction::Redactions;
use model::trace::{Span, SpanKind, Status};
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use server::{BindError, Models, Options, Parts, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::client::{PATIENCE, http, json as read};
use crate::store::Kept;
use crate::{NOW, Running, options, parts};

const KEY: &str = "sk-canary-4f1c9a77e2";
const TOKEN: &str = "the-gateway-token";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN: &str = "00f067aa0ba902b7";

/// What an upstream does with a request.
#[derive(Clone)]
enum Act {
    /// Answers with this status, these lines of a head and this body.
    Say(u16, &'static str, String),
    /// Answers with events, and waits before each but the first until it is let.
    Stream(Vec<String>),
    /// Answers with the first half of a body and goes.
    Break,
    /// Says nothing.
    Wait,
}

/// A server that is asked by the gateway.
struct Upstream {
    origin: String,
    heard: Arc<Mutex<Vec<String>>>,
    /// Lets the next event of a stream go.
    go: Arc<Notify>,
    /// How many of those who asked have gone.
    gone: watch::Receiver<usize>,
}

impl Upstream {
    async fn start(act: Act) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (heard, go) = (Arc::<Mutex<Vec<String>>>::default(), Arc::<Notify>::default());
        let (went, gone) = watch::channel(0);
        let (kept, let_go) = (Arc::clone(&heard), Arc::clone(&go));
        tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { return };
                let (act, kept, go, went) = (act.clone(), Arc::clone(&kept), Arc::clone(&let_go), went.clone());
                tokio::spawn(async move { serve(stream, act, &kept, &go, &went).await });
            }
        });
        Self { origin, heard, go, gone }
    }

    /// What the requests were.
    fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    async fn wait_until_gone(&mut self) {
        tokio::time::timeout(PATIENCE, self.gone.wait_for(|gone| *gone > 0)).await.unwrap().unwrap();
    }
}

async fn serve(mut stream: TcpStream, act: Act, heard: &Mutex<Vec<String>>, go: &Notify, went: &watch::Sender<usize>) {
    let (mut request, mut block) = (Vec::new(), [0; 65536]);
    loop {
        let read = stream.read(&mut block).await.unwrap_or(0);
        request.extend_from_slice(&block[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<usize>().ok());
        let body = text.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if read == 0 || body.is_some_and(|body| body >= length.unwrap_or(0)) {
            heard.lock().unwrap().push(text);
            break;
        }
    }
    match act {
        Act::Say(status, head, body) => {
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\n{head}content-type: application/json\r\nx-request-id: req-7\r\nx-ratelimit-limit-requests: 500\r\n\
                 openai-organization: org-secret\r\nset-cookie: a=b\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
        Act::Stream(events) => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
            stream.write_all(head.as_bytes()).await.unwrap();
            for (place, event) in events.into_iter().enumerate() {
                if place > 0 {
                    tokio::select! {
                        () = go.notified() => {}
                        _ = stream.read(&mut block) => break,
                    }
                }
                if stream.write_all(format!("data: {event}\n\n").as_bytes()).await.is_err() {
                    break;
                }
            }
        }
        Act::Break => {
            let half = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"id\": ";
            let _ = stream.write_all(half.as_bytes()).await;
        }
        Act::Wait => drop(stream.read(&mut block).await),
    }
    went.send_modify(|went| *went += 1);
}

fn endpoint(model: &str, base_url: &str) -> Endpoint {
    Endpoint {
        model: model.parse().unwrap(),
        base_url: base_url.to_owned(),
        api_key: Some(KeySource::Env("UPSTREAM_KEY".to_owned())),
        parameters: serde_json::Map::new(),
        max_output_tokens: 1000,
        redact: Vec::new(),
        fallback: None,
        price: Some(Price { input: 1.0, output: 4.0 }),
        flow: Flow { retries: 0, timeout: Duration::from_secs(20), ..Flow::default() },
    }
}

fn models(origin: &str, most: Option<u64>, flow: Flow) -> Models {
    let secret = Secret { name: "UPSTREAM_KEY".to_owned(), value: KEY.to_owned(), origin: origin.to_owned() };
    let private = BTreeSet::from([origin.to_owned()]);
    let allowed = Allowed { private, secrets: vec![secret], ..Allowed::default() };
    let door = Arc::new(Door::new(allowed, Arc::new(Addresses), Bounds::gateway(8)).unwrap());
    let small = Endpoint { flow, ..endpoint("openai:/gpt-5-mini", &format!("{origin}/v1")) };
    let other = endpoint("anthropic:/claude-haiku-4-5", "https://api.anthropic.com/v1");
    let endpoints = [("small".to_owned(), small), ("other".to_owned(), other)].into();
    let gateway = broker::Gateway::new(endpoints, most, Spent::default(), &door).unwrap();
    Models { door: Arc::new(gateway), token: Some(TOKEN.to_owned()) }
}

async fn start(act: Act) -> (Running, Upstream) {
    with(act, options(), None).await
}

async fn with(act: Act, options: Options, most: Option<u64>) -> (Running, Upstream) {
    let upstream = Upstream::start(act).await;
    let flow = Flow { retries: 0, timeout: Duration::from_secs(20), ..Flow::default() };
    let store = Arc::<Kept>::default();
    let parts = Parts { models: Some(models(&upstream.origin, most, flow)), ..parts(&store) };
    (Running::made(options, parts, store).await, upstream)
}

impl Running {
    fn model(&self, path: &str, body: &Value) -> RequestBuilder {
        let url = self.url(&format!("/gateway/v1{path}"));
        http().post(url).bearer_auth(TOKEN).header("content-type", "application/json").body(body.to_string())
    }

    async fn chat(&self, body: &Value) -> Response {
        self.model("/chat/completions", body).send().await.unwrap()
    }

    /// The span of the first call, when it has come.
    async fn span(&self) -> Span {
        let mut puts = self.store.puts.subscribe();
        tokio::time::timeout(PATIENCE, puts.wait_for(|puts| !puts.is_empty())).await.unwrap().unwrap();
        self.store.spans().remove(0)
    }
}

fn question() -> Value {
    json!({ "model": "small", "temperature": 0.7, "max_completion_tokens": 50, "user": "ada",
        "metadata": { "session_id": "s-1", "topic": "cats" },
        "messages": [{ "role": "system", "content": "be brief" }, { "role": "user", "content": "what is it?" }],
        "tools": [{ "type": "function", "function": { "name": "look", "parameters": {} } }] })
}

/// As OpenAI answers.
fn completion() -> Value {
    json!({ "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-5-mini-2025-08-07",
        "choices": [{ "index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {
            "role": "assistant", "content": "let me see", "refusal": null,
            "tool_calls": [{ "id": "call_1", "type": "function", "function": { "name": "look", "arguments": "{\"at\":1}" } }] } }],
        "usage": { "prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120,
            "prompt_tokens_details": { "cached_tokens": 60 }, "completion_tokens_details": { "reasoning_tokens": 8 } },
        "service_tier": "default", "system_fingerprint": "fp_1" })
}

fn chunks() -> Vec<String> {
    let chunk = |choices: Value, usage: Value| {
        json!({ "id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1, "model": "gpt-5-mini-2025-08-07",
            "choices": choices, "usage": usage })
        .to_string()
    };
    let said =
        |delta: Value, end: Value| chunk(json!([{ "index": 0, "delta": delta, "finish_reason": end }]), Value::Null);
    vec![
        said(json!({ "role": "assistant", "content": "" }), Value::Null),
        said(json!({ "content": "Hello" }), Value::Null),
        said(json!({ "content": " there" }), Value::Null),
        said(json!({}), json!("stop")),
        chunk(json!([]), json!({ "prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12 })),
        "[DONE]".to_owned(),
    ]
}

fn attribute(span: &Span, name: &str) -> Value {
    span.attribute(name).map(Json::to_value).unwrap_or_default()
}

/// An attribute that is JSON in a text.
fn parsed(span: &Span, name: &str) -> Value {
    serde_json::from_str(attribute(span, name).as_str().unwrap()).unwrap()
}

#[track_caller]
fn check(span: &Span, expected: &[(&str, Value)]) {
    for (name, value) in expected {
        assert_eq!(&attribute(span, name), value, "{name}");
    }
}

#[tokio::test]
async fn a_call_is_passed_on_as_it_is_and_becomes_a_span() {
    let (running, upstream) = start(Act::Say(200, "", completion().to_string())).await;
    let answer = running
        .model("/chat/completions", &question())
        .header("traceparent", format!("00-{TRACE}-{SPAN}-01"))
        .header("x-karat-experiment", "cats")
        .send()
        .await
        .unwrap();
    let headers = answer.headers().clone();
    assert_eq!(answer.status(), 200);
    for (name, value) in [
        ("x-request-id", Some("req-7")),
        ("x-ratelimit-limit-requests", Some("500")),
        ("content-type", Some("application/json")),
        ("x-karat-trace-id", Some(TRACE)),
        ("openai-organization", None),
        ("set-cookie", None),
    ] {
        assert_eq!(headers.get(name).map(|value| value.to_str().unwrap()), value, "{name}");
    }
    assert_eq!(answer.text().await.unwrap(), completion().to_string());

    let heard = upstream.heard().remove(0);
    let (head, body) = heard.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{head}");
    assert!(head.contains(&format!("authorization: Bearer {KEY}")) && !head.contains(TOKEN), "{head}");
    let mut sent = question();
    sent["model"] = json!("gpt-5-mini");
    assert_eq!(serde_json::from_str::<Value>(body).unwrap(), sent);

    let span = running.span().await;
    assert_eq!((&*span.name, span.kind, span.parent.as_deref()), ("chat gpt-5-mini", SpanKind::Client, Some(SPAN)));
    assert_eq!((span.start, span.status.clone()), (NOW, Status::Unset));
    assert!(span.end > Some(NOW));
    check(
        &span,
        &[
            ("gen_ai.operation.name", json!("chat")),
            ("gen_ai.provider.name", json!("openai")),
            ("gen_ai.request.model", json!("gpt-5-mini")),
            ("gen_ai.response.model", json!("gpt-5-mini-2025-08-07")),
            ("gen_ai.response.id", json!("chatcmpl-1")),
            ("gen_ai.response.finish_reasons", json!(["tool_calls"])),
            ("gen_ai.request.temperature", json!(0.7)),
            ("gen_ai.request.max_tokens", json!(50)),
            ("gen_ai.usage.input_tokens", json!(100)),
            ("gen_ai.usage.output_tokens", json!(20)),
            ("gen_ai.usage.cache_read.input_tokens", json!(60)),
            ("gen_ai.usage.reasoning.output_tokens", json!(8)),
            ("gen_ai.usage.cost", json!(0.00018)),
            ("gen_ai.conversation.id", json!("s-1")),
            ("user.id", json!("ada")),
            ("karat.gateway.endpoint", json!("small")),
            ("http.response.status_code", json!(200)),
            ("error.type", Value::Null),
        ],
    );
    let input = parsed(&span, "gen_ai.input.messages");
    assert_eq!(input[1], json!({ "role": "user", "parts": [{ "type": "text", "content": "what is it?" }] }));
    let call = json!({ "type": "tool_call", "id": "call_1", "name": "look", "arguments": { "at": 1 } });
    assert_eq!(parsed(&span, "gen_ai.output.messages")[0]["parts"][1], call);

    let puts = running.store.puts.borrow().clone();
    let (experiment, batches) = &puts[0];
    let digest = &batches[0].spans[0].1;
    assert_eq!((&**experiment, &*batches[0].trace), ("cats", TRACE));
    assert_eq!(digest.kind.as_deref(), Some("CHAT_MODEL"));
    assert_eq!((digest.session.as_deref(), digest.user.as_deref()), (Some("s-1"), Some("ada")));
    assert_eq!((digest.inputs.as_deref(), digest.cost), (Some("what is it?"), Some(180_000_000)));
    assert_eq!(digest.metadata.iter().find(|(name, _)| name == "topic").map(|(_, value)| &**value), Some("cats"));
    let tokens = digest.tokens.unwrap();
    assert_eq!((tokens.input, tokens.output, tokens.cache_read, tokens.reasoning), (100, 20, 60, 8));
}

/// Takes the next piece of a body, as a text.
async fn piece(answer: &mut Response) -> String {
    let piece = tokio::time::timeout(PATIENCE, answer.chunk()).await.unwrap().unwrap();
    String::from_utf8(piece.unwrap_or_default().to_vec()).unwrap()
}

#[tokio::test]
async fn a_stream_goes_on_event_by_event_without_what_the_client_did_not_ask_for() {
    for asks in [false, true] {
        let (running, upstream) = start(Act::Stream(chunks())).await;
        let mut body = question();
        body["stream"] = json!(true);
        if asks {
            body["stream_options"] = json!({ "include_usage": true });
        }
        let mut answer = running.chat(&body).await;
        assert_eq!(answer.headers()["content-type"], "text/event-stream");
        for (place, chunk) in chunks().iter().enumerate() {
            if place > 0 {
                upstream.go.notify_one();
            }
            // Each is there before the next one is sent.
            if asks || place != 4 {
                assert_eq!(piece(&mut answer).await, format!("data: {chunk}\n\n"));
            }
        }
        assert_eq!(piece(&mut answer).await, "");
        let heard = upstream.heard().remove(0);
        let sent: Value = serde_json::from_str(heard.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!(sent["stream_options"], json!({ "include_usage": true }));

        let span = running.span().await;
        check(
            &span,
            &[
                ("gen_ai.request.stream", json!(true)),
                ("gen_ai.usage.input_tokens", json!(10)),
                ("gen_ai.usage.output_tokens", json!(2)),
                ("gen_ai.usage.cost", json!(0.000018)),
                ("gen_ai.response.finish_reasons", json!(["stop"])),
                ("gen_ai.response.id", json!("chatcmpl-2")),
                ("error.type", Value::Null),
            ],
        );
        assert!(attribute(&span, "gen_ai.response.time_to_first_chunk").as_f64().unwrap() > 0.0);
        let said = json!([{ "role": "assistant", "finish_reason": "stop",
            "parts": [{ "type": "text", "content": "Hello there" }] }]);
        assert_eq!(parsed(&span, "gen_ai.output.messages"), said);
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_leaves_a_span_that_says_so_and_frees_the_upstream() {
    let (running, mut upstream) = start(Act::Stream(chunks())).await;
    let mut body = question();
    body["stream"] = json!(true);
    let mut answer = running.chat(&body).await;
    piece(&mut answer).await;
    upstream.go.notify_one();
    piece(&mut answer).await;
    drop(answer);
    upstream.wait_until_gone().await;
    let span = running.span().await;
    assert_eq!(attribute(&span, "error.type"), "client_disconnected");
    assert_eq!(span.status, Status::Error("the client hung up while the answer came".to_owned()));
    assert_eq!(parsed(&span, "gen_ai.output.messages")[0]["parts"][0]["content"], "Hello");

    let (running, mut upstream) = start(Act::Wait).await;
    let waiting = running.model("/chat/completions", &question()).timeout(Duration::from_millis(200)).send();
    assert!(waiting.await.is_err());
    upstream.wait_until_gone().await;
    let span = running.span().await;
    assert_eq!(span.status, Status::Error("the client hung up before there was an answer".to_owned()));
}

#[tokio::test]
async fn what_an_upstream_refuses_is_passed_on_and_told() {
    let body = json!({ "error": { "message": "bad temperature", "type": "invalid_request_error", "param": "temperature",
        "code": null } });
    for status in [400, 401, 429, 500] {
        let (running, _upstream) = start(Act::Say(status, "retry-after: 9\r\n", body.to_string())).await;
        let answer = running.chat(&question()).await;
        assert_eq!((answer.status().as_u16(), &answer.headers()["retry-after"]), (status, &"9".parse().unwrap()));
        assert_eq!(answer.text().await.unwrap(), body.to_string());
        let span = running.span().await;
        assert_eq!(attribute(&span, "error.type"), status.to_string());
        assert_eq!(span.status, Status::Error("bad temperature".to_owned()));
        assert_eq!(attribute(&span, "gen_ai.usage.cost"), Value::Null);
    }
}

#[tokio::test]
async fn an_answer_that_breaks_off_breaks_off() {
    let (running, _upstream) = start(Act::Break).await;
    let answer = running.chat(&question()).await;
    assert_eq!(answer.status(), 200);
    assert!(answer.bytes().await.is_err());
    assert_eq!(attribute(&running.span().await, "error.type"), "upstream_broken");
}

#[tokio::test]
async fn an_upstream_that_is_slow_or_not_there_is_told_of() {
    let flow = Flow { retries: 0, timeout: Duration::from_millis(100), ..Flow::default() };
    let upstream = Upstream::start(Act::Wait).await;
    let store = Arc::<Kept>::default();
    let slow = Parts { models: Some(models(&upstream.origin, None, flow)), ..parts(&store) };
    let running = Running::made(options(), slow, store).await;
    let answer = running.chat(&question()).await;
    assert_eq!(answer.status(), 504);
    let error = read(answer).await["error"].clone();
    assert_eq!((&error["code"], &error["type"]), (&json!("upstream_timeout"), &json!("server_error")));
    assert_eq!(attribute(&running.span().await, "error.type"), "upstream_timeout");

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", free.local_addr().unwrap());
    drop(free);
    let store = Arc::<Kept>::default();
    let gone = Parts { models: Some(models(&origin, None, flow)), ..parts(&store) };
    let answer = Running::made(options(), gone, store).await.chat(&question()).await;
    assert_eq!((answer.status().as_u16(), &read(answer).await["error"]["code"]), (502, &json!("upstream_unavailable")));
}

#[tokio::test]
async fn responses_and_embeddings_are_passed_on_as_well() {
    let response = json!({ "id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5-mini",
        "output": [{ "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": "hello" }] }],
        "usage": { "input_tokens": 7, "output_tokens": 3, "input_tokens_details": { "cached_tokens": 2 },
            "output_tokens_details": { "reasoning_tokens": 1 } } });
    let (running, upstream) = start(Act::Say(200, "", response.to_string())).await;
    let asked = json!({ "model": "gpt-5-mini", "instructions": "be brief", "input": "hi", "max_output_tokens": 9 });
    let answer = running.model("/responses", &asked).send().await.unwrap();
    assert_eq!(read(answer).await, response);
    assert!(upstream.heard()[0].starts_with("POST /v1/responses "));
    let span = running.span().await;
    check(
        &span,
        &[
            ("openai.api.type", json!("responses")),
            ("gen_ai.usage.cache_read.input_tokens", json!(2)),
            ("gen_ai.request.max_tokens", json!(9)),
            ("gen_ai.response.finish_reasons", json!(["stop"])),
        ],
    );
    assert_eq!(parsed(&span, "gen_ai.system_instructions"), json!([{ "type": "text", "content": "be brief" }]));

    let embedded = json!({ "object": "list", "model": "e-1", "data": [{ "embedding": [0.5], "index": 0 }],
        "usage": { "prompt_tokens": 5, "total_tokens": 5 } });
    let (running, upstream) = start(Act::Say(200, "", embedded.to_string())).await;
    let asked = json!({ "model": "openai:/gpt-5-mini", "input": "a text" });
    assert_eq!(read(running.model("/embeddings", &asked).send().await.unwrap()).await, embedded);
    assert!(upstream.heard()[0].starts_with("POST /v1/embeddings "));
    let span = running.span().await;
    assert_eq!(span.name, "embeddings gpt-5-mini");
    check(&span, &[("input.value", json!("a text")), ("gen_ai.usage.cost", json!(0.000005))]);
}

#[tokio::test]
async fn who_can_be_called_is_listed_and_nobody_else_is_called() {
    let (running, upstream) = start(Act::Say(200, "", completion().to_string())).await;
    let listed = http().get(running.url("/gateway/v1/models")).bearer_auth(TOKEN).send().await.unwrap();
    let listed = read(listed).await;
    assert_eq!(
        (&listed["object"], &listed["data"][1]["id"], &listed["data"][1]["owned_by"]),
        (&json!("list"), &json!("small"), &json!("openai"))
    );
    let one = http().get(running.url("/gateway/v1/models/small")).bearer_auth(TOKEN).send().await.unwrap();
    assert_eq!(read(one).await, listed["data"][1]);

    for (model, status, code, message) in [
        ("gpt-9", 404, "model_not_found", "there is no endpoint `gpt-9`; there are `other`, `small`"),
        ("other", 501, "unsupported_provider", "the endpoint `other` is one of `anthropic`, and calls are passed on"),
    ] {
        let answer = running.chat(&json!({ "model": model, "messages": [] })).await;
        assert_eq!(answer.status(), status);
        let error = read(answer).await["error"].clone();
        assert_eq!(
            (&error["code"], &error["param"], &error["type"]),
            (&json!(code), &json!("model"), &json!("invalid_request_error"))
        );
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
    }
    for (path, status) in [("/nothing", 404), ("/models/nobody", 404)] {
        let answer = http().get(running.url(&format!("/gateway/v1{path}"))).bearer_auth(TOKEN).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), read(answer).await["error"]["type"].as_str()),
            (status, Some("invalid_request_error"))
        );
    }
    assert_eq!(running.chat(&json!([])).await.status(), 400);
    assert!(upstream.heard().is_empty());
}

#[tokio::test]
async fn nobody_calls_without_the_token_of_the_gateway() {
    let (running, upstream) = start(Act::Say(200, "", completion().to_string())).await;
    let url = running.url("/gateway/v1/chat/completions");
    for token in ["", "wrong", KEY] {
        let answer = http().post(&url).bearer_auth(token).body(question().to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(read(answer).await["error"]["code"], "invalid_api_key");
    }
    assert_eq!(http().get(running.url("/gateway/v1/models")).send().await.unwrap().status(), 401);
    let page = running.model("/chat/completions", &question()).header("origin", "https://evil.example.org");
    assert_eq!(page.send().await.unwrap().status(), 403);
    // On this machine, nothing else needs one.
    assert_eq!(running.get("/api/karat/v1/experiments").await.status(), 200);
    assert!(upstream.heard().is_empty() && running.store.puts.borrow().is_empty());

    let models = models(&upstream.origin, None, Flow::default());
    let parts = Parts { models: Some(Models { token: None, ..models }), ..parts(&Arc::default()) };
    assert!(matches!(Server::bind(options(), parts).await, Err(BindError::NoToken)));
}

#[tokio::test]
async fn a_day_has_a_budget() {
    // The question has less than a thousand bytes, and at the most 50 tokens come back.
    let (running, _upstream) = with(Act::Say(200, "", completion().to_string()), options(), Some(1_000)).await;
    let mut told = None;
    for _ in 0..20 {
        let answer = running.chat(&question()).await;
        if answer.status() != 200 {
            told = Some(answer);
            break;
        }
        answer.bytes().await.unwrap();
    }
    let told = told.unwrap();
    assert_eq!((told.status().as_u16(), &told.headers()["x-should-retry"]), (429, &"false".parse().unwrap()));
    let error = read(told).await["error"].clone();
    assert_eq!((&error["type"], &error["code"]), (&json!("insufficient_quota"), &json!("insufficient_quota")));
    let message = error["message"].as_str().unwrap();
    assert!(
        message.starts_with("the gateway has spent what it may in a day (`max_usd`), which ends at 00:00 UTC: 0.000"),
        "{message}"
    );
}

/// Everything that is logged on this thread, at every level.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn keep(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl std::io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_key_is_nowhere_but_in_the_request() {
    // An upstream that tells it, in every place that it has.
    let telling = json!({ "id": KEY, "model": KEY, "system_fingerprint": KEY, "error": { "message": format!("bad key {KEY}") },
        "choices": [{ "index": 0, "finish_reason": KEY, "message": { "role": "assistant", "content": KEY } }] });
    let said = Act::Say(200, "x-ratelimit-reset-requests: sk-canary-4f1c9a77e2\r\n", telling.to_string());
    let chunk = json!({ "id": KEY, "choices": [{ "index": 0, "delta": { "content": KEY } }] }).to_string();
    for act in [said, Act::Say(401, "", telling.to_string()), Act::Stream(vec![chunk])] {
        let log = Log::default();
        let _kept = log.keep();
        let (running, upstream) = start(act).await;
        let mut body = question();
        body["stream"] = json!(true);
        let answer = running.chat(&body).await;
        let headers = format!("{:?}", answer.headers());
        let body = answer.text().await.unwrap();
        let span = format!("{:?}", running.span().await);
        let metrics = running.get("/metrics").await.text().await.unwrap();
        assert!(upstream.heard()[0].contains(KEY));
        let log = log.text();
        assert!(log.contains(&upstream.origin), "the way out has been logged: {log}");
        for told in [&headers, &body, &span, &metrics, &log] {
            assert!(!told.contains("canary"), "{told}");
        }
        assert!(body.contains("[secret UPSTREAM_KEY]"), "{body}");
    }
}

#[tokio::test]
async fn what_is_taken_out_of_spans_is_taken_out_of_those_of_the_gateway() {
    let redactions: Redactions =
        serde_json::from_value(json!({ "everywhere": { "patterns": [{ "looks": "email" }] } })).unwrap();
    let options = Options { redactions, ..options() };
    let (running, upstream) = with(Act::Say(200, "", completion().to_string()), options, None).await;
    let body = json!({ "model": "small", "messages": [{ "role": "user", "content": "write to ada@example.org" }] });
    running.chat(&body).await.bytes().await.unwrap();
    assert!(upstream.heard()[0].contains("ada@example.org"));
    let input = parsed(&running.span().await, "gen_ai.input.messages");
    assert_eq!(input[0]["parts"][0]["content"], "write to [EMAIL]");
}

#[tokio::test]
async fn an_answer_does_not_wait_for_the_store_and_the_end_does() {
    let (running, _upstream) = start(Act::Say(200, "", completion().to_string())).await;
    running.store.closed.send_replace(true);
    assert_eq!(running.chat(&question()).await.text().await.unwrap(), completion().to_string());
    running.store.wait_for(1).await;
    let Running { store, end, running, .. } = running;
    end.send(()).unwrap();
    store.closed.send_replace(false);
    tokio::time::timeout(PATIENCE, running).await.unwrap().unwrap();
    assert_eq!(store.spans().len(), 1);
}

#[tokio::test]
async fn a_store_that_refuses_is_asked_again() {
    let (running, _upstream) = start(Act::Say(200, "", completion().to_string())).await;
    *running.store.refuses.lock().unwrap() = Some(|| StoreError::Full { path: String::new(), free: 0 });
    running.chat(&question()).await.bytes().await.unwrap();
    while running.metric("karat_put_seconds_count").await == "0" {
        tokio::task::yield_now().await;
    }
    *running.store.refuses.lock().unwrap() = None;
    running.span().await;
    assert_eq!(running.metric("karat_gateway_spans_lost_total").await, "0");
}
