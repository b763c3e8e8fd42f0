//! Calls as an endpoint gets them, and what comes back.

use std::collections::BTreeSet;
use std::time::Duration;

use model::endpoint::{Flow, KeySource, Price};
use model::json::Json;
use model::ports::ModelOperation;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::*;
use crate::http::{Addresses, Allowed, Bounds, Secret};

const KEY: &str = "sk-canary-0123456789";

/// Gives each request the next of these answers, and says what the requests were.
async fn upstream(answers: &'static [&'static str]) -> (String, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = tokio::spawn(async move {
        let mut heard = Vec::new();
        for answer in answers {
            let (mut stream, _) = listener.accept().await.expect("a connection");
            let (mut request, mut block) = (Vec::new(), [0; 4096]);
            loop {
                let read = stream.read(&mut block).await.expect("it is open");
                request.extend_from_slice(&block[..read]);
                let text = String::from_utf8_lossy(&request);
                if read == 0 || text.split_once("\r\n\r\n").is_some_and(|(_, body)| body.ends_with('}')) {
                    break;
                }
            }
            heard.push(String::from_utf8(request).expect("a text"));
            let (head, body) = answer.split_once("\n\n").expect("a head and a body");
            let head = head.replace('\n', "\r\n");
            let length = body.len();
            let answer = format!("HTTP/1.1 {head}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}");
            stream.write_all(answer.as_bytes()).await.expect("it listens");
        }
        heard
    });
    (origin, serving)
}

fn endpoint(model: &str, origin: &str) -> Endpoint {
    Endpoint {
        model: model.parse().expect("a model"),
        base_url: format!("{origin}/v1"),
        api_key: Some(KeySource::Env("UPSTREAM_KEY".to_owned())),
        parameters: serde_json::Map::new(),
        max_output_tokens: 100,
        redact: Vec::new(),
        fallback: None,
        price: Some(Price { input: 1.0, output: 2.0 }),
        flow: Flow { timeout: Duration::from_secs(20), ..Flow::default() },
    }
}

fn gateway(endpoints: &[(&str, Endpoint)], most: Option<u64>) -> Gateway {
    let origins = || endpoints.iter().map(|(_, endpoint)| endpoint.base_url.trim_end_matches("/v1").to_owned());
    let secret = |origin| Secret { name: "UPSTREAM_KEY".to_owned(), value: KEY.to_owned(), origin };
    let (private, secrets) = (BTreeSet::from_iter(origins()), origins().map(secret).collect());
    let allowed = Allowed { private, secrets, ..Allowed::default() };
    let door = Door::new(allowed, Arc::new(Addresses), Bounds::gateway(8)).expect("a client");
    let endpoints = endpoints.iter().map(|(name, endpoint)| ((*name).to_owned(), endpoint.clone())).collect();
    Gateway::new(endpoints, most, Spent::default(), &Arc::new(door)).expect("endpoints")
}

fn call(endpoint: &str) -> ModelCall {
    let body = Json::parse(&format!(r#"{{"model":"{endpoint}","messages":[]}}"#)).expect("JSON");
    ModelCall { endpoint: endpoint.to_owned(), operation: ModelOperation::Chat, body, max_output_tokens: None }
}

async fn body(answer: &mut ModelAnswer) -> String {
    let mut body = Vec::new();
    while let Some(piece) = answer.incoming.read(1 << 20).await.expect("it comes") {
        body.extend_from_slice(&piece);
    }
    String::from_utf8(body).expect("a text")
}

#[tokio::test]
async fn a_call_leaves_with_the_key_and_the_model_of_its_endpoint_and_what_fails_in_passing_is_repeated() {
    let (origin, serving) = upstream(&[
        "503 Busy\nretry-after: 0\n\n{}",
        "429 Slower\nretry-after: 0\n\n{\"error\": {\"message\": \"slower\"}}",
        "200 OK\nx-request-id: r-1\n\n{\"echo\": \"sk-canary-0123456789\"}",
    ])
    .await;
    let gateway = gateway(&[("small", endpoint("openai:/gpt-5-mini", &origin))], None);
    let mut answer = gateway.call(call("small")).await.expect("an answer");
    assert_eq!((answer.incoming.status(), answer.requests, &*answer.endpoint), (200, 3, "small"));
    assert_eq!(body(&mut answer).await, r#"{"echo": "[secret UPSTREAM_KEY]"}"#);
    assert_eq!((answer.settle)(1_000, 10), Some(1_020));
    let since = gateway.spent().borrow().micros;
    assert_eq!(since, 1_020);
    for request in serving.await.expect("no panic") {
        assert!(request.starts_with("POST /v1/chat/completions HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("authorization: Bearer {KEY}\r\n")), "{request}");
        assert!(request.ends_with(r#"{"model":"gpt-5-mini","messages":[]}"#), "{request}");
    }
}

#[tokio::test]
async fn what_an_endpoint_answers_is_passed_on_whatever_it_is() {
    let (origin, serving) = upstream(&[
        "400 Bad\n\n{\"error\": {\"message\": \"no\"}}",
        "401 Who\n\n{\"error\": {}}",
        "404 Nothing\n\n?",
        "503 Busy\nretry-after: 0\n\nbusy",
        "503 Busy\nretry-after: 0\n\nstill",
    ])
    .await;
    let mut endpoint = endpoint("openai:/gpt-5-mini", &origin);
    endpoint.flow.retries = 1;
    let gateway = gateway(&[("small", endpoint)], None);
    for (status, said) in
        [(400, r#"{"error": {"message": "no"}}"#), (401, r#"{"error": {}}"#), (404, "?"), (503, "still")]
    {
        let mut answer = gateway.call(call("small")).await.expect("an answer");
        assert_eq!((answer.incoming.status(), body(&mut answer).await), (status, said.to_owned()));
    }
    assert_eq!(gateway.spent().borrow().micros, 0);
    assert_eq!(serving.await.expect("no panic").len(), 5);
}

#[tokio::test]
async fn somebody_stands_in_for_an_endpoint_that_can_not_be_asked() {
    let (refusing, _serving) = upstream(&["401 Who\n\n{\"error\": {}}"]).await;
    let (standing_in, serving) = upstream(&["200 OK\n\n{}"]).await;
    let first = Endpoint { fallback: Some("second".to_owned()), ..endpoint("openai:/a", &refusing) };
    let gateway = gateway(&[("first", first), ("second", endpoint("openai:/b", &standing_in))], None);
    let answer = gateway.call(call("first")).await.expect("an answer");
    assert_eq!((&*answer.endpoint, answer.requests, answer.incoming.status()), ("second", 2, 200));
    assert!(serving.await.expect("no panic")[0].ends_with(r#"{"model":"b","messages":[]}"#));
}

#[tokio::test]
async fn nobody_spends_more_in_a_day_than_was_said() {
    let (origin, _serving) = upstream(&["200 OK\n\n{}"]).await;
    let gateway = gateway(&[("small", endpoint("openai:/gpt-5-mini", &origin))], Some(300));
    let answer = gateway.call(call("small")).await.expect("an answer");
    assert_eq!((answer.settle)(60, 50), Some(160));
    let failure = gateway.call(call("small")).await.err().expect("a refusal");
    assert_eq!(failure.kind, FailureKind::BudgetExceeded);
    assert!(
        failure.message.contains("0.00014 of 0.0003 USD are left, and the question may cost 0.000236"),
        "{}",
        failure.message
    );
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_is_told_of() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let mut gone = endpoint("openai:/gpt-5-mini", &origin);
    gone.flow.retries = 0;
    let failure = gateway(&[("small", gone)], None).call(call("small")).await.err().expect("a failure");
    assert_eq!(failure.kind, FailureKind::Unavailable);
    assert_eq!(failure.message, format!("the endpoint `small` can't be asked: `{origin}` can't be reached"));
}

#[test]
fn endpoints_that_could_not_keep_what_is_promised_are_refused() {
    let door = Arc::new(Door::new(Allowed::default(), Arc::new(Addresses), Bounds::gateway(1)).expect("a client"));
    let unpriced = Endpoint { price: None, ..endpoint("openai:/a", "https://a.example.com") };
    let wrong = |endpoints: Vec<(&str, Endpoint)>, most| {
        let endpoints = endpoints.into_iter().map(|(name, endpoint)| (name.to_owned(), endpoint)).collect();
        Gateway::new(endpoints, most, Spent::default(), &door).err()
    };
    assert_eq!(wrong(vec![("a", unpriced.clone())], None), None);
    assert!(wrong(vec![("a", unpriced)], Some(1)).is_some());
    let first = Endpoint { fallback: Some("b".to_owned()), ..endpoint("openai:/a", "https://a.example.com") };
    let other = endpoint("anthropic:/b", "https://b.example.com");
    assert!(wrong(vec![("a", first), ("b", other)], None).is_some());
}
