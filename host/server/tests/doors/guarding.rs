//! Who is answered.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use reqwest::{Method, StatusCode};
use server::{BindError, Options, Server};
use tempfile::NamedTempFile;
use tonic::Code;
use tonic::transport::Channel;

use crate::client::{JSON, PROTOBUF, Status, http, json as read};
use crate::spans::{request, span};
use crate::{Running, options, parts};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;

fn tokens(text: &str) -> NamedTempFile {
    let file = NamedTempFile::new().unwrap();
    fs::write(file.path(), text).unwrap();
    fs::set_permissions(file.path(), fs::Permissions::from_mode(0o600)).unwrap();
    file
}

/// What every door but the one for health does without a token.
#[tokio::test]
async fn whoever_has_no_token_is_refused() {
    let file = tokens("# for tests\nthe-token\n");
    let token_file = Some(file.path().to_owned());
    let running = Running::with(Options { token_file, ..options() }).await;
    for path in ["/metrics", "/version", "/api/karat/v1/experiments", "/api/karat/v1/openapi.json", "/nothing"] {
        let answer = running.get(path).await;
        assert_eq!(
            (answer.status(), answer.headers()["www-authenticate"].to_str().unwrap()),
            (StatusCode::UNAUTHORIZED, "Bearer")
        );
        let with = http().get(running.url(path)).bearer_auth("the-token").send().await.unwrap();
        assert_eq!(with.status() == 200, path != "/nothing", "{path}");
    }
    for path in ["/healthz", "/health"] {
        assert_eq!(running.get(path).await.status(), 200);
    }

    let body = request(vec![span(1)]).encode_to_vec();
    for wrong in ["", "the-toke", "the-token2", "# for tests"] {
        let sent = running.traces(PROTOBUF, body.clone()).bearer_auth(wrong).send().await.unwrap();
        assert_eq!((sent.status().as_u16(), sent.headers()["content-type"].to_str().unwrap()), (401, PROTOBUF));
        assert_eq!(Status::decode(sent.bytes().await.unwrap()).unwrap().code, Code::Unauthenticated as i32);
    }
    let json = running.traces(JSON, b"{}".to_vec()).send().await.unwrap();
    assert_eq!(read(json).await["code"], Code::Unauthenticated as i32);
    let refused = running.grpc().await.export(request(vec![span(1)])).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    assert!(running.store.puts.borrow().is_empty());

    assert_eq!(running.traces(PROTOBUF, body).bearer_auth("the-token").send().await.unwrap().status(), 200);
    let mut call = tonic::Request::new(request(vec![span(2)]));
    call.metadata_mut().insert("authorization", "Bearer the-token".parse().unwrap());
    running.grpc().await.export(call).await.unwrap();
    assert_eq!(running.store.spans().len(), 2);
}

#[tokio::test]
async fn a_request_for_another_host_is_refused() {
    let allowed_hosts = vec!["karat.example.org".to_owned()];
    let running = Running::with(Options { allowed_hosts, ..options() }).await;
    let asks = async |host: &str| http().get(running.url("/healthz")).header("host", host).send().await.unwrap();
    for host in ["localhost", "127.0.0.1:1", "karat.example.org", "KARAT.example.org:5000"] {
        assert_eq!(asks(host).await.status(), 200, "{host}");
    }
    let answer = asks("evil.example.org:5000").await;
    assert_eq!(answer.status(), 403);
    let error = read(answer).await;
    assert_eq!(error["error"]["field"], "Host");
    assert!(error["error"]["message"].as_str().unwrap().contains("`evil.example.org`"), "{error}");

    let body = request(vec![span(1)]).encode_to_vec();
    let sent = running.traces(PROTOBUF, body).header("host", "evil.example.org").send().await.unwrap();
    assert_eq!(sent.status(), 403);
    let url = format!("http://{}", running.addresses.grpc.unwrap());
    let channel = Channel::from_shared(url).unwrap().origin("http://evil.example.org".parse().unwrap());
    let mut client = TraceServiceClient::new(channel.connect().await.unwrap());
    let refused = client.export(request(vec![span(1)])).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied, "{refused:?}");
    assert!(running.store.puts.borrow().is_empty());
}

#[tokio::test]
async fn a_page_of_another_origin_is_refused() {
    let allowed_origins = vec!["https://app.example.org".to_owned()];
    let running = Running::with(Options { allowed_origins, ..options() }).await;
    let sends = async |number: u8, origin: &str| {
        let body = request(vec![span(number)]).encode_to_vec();
        running.traces(PROTOBUF, body).header("origin", origin).send().await.unwrap().status()
    };
    let own = running.url("");
    assert_eq!(sends(1, &own).await, 200);
    assert_eq!(sends(2, "https://app.example.org").await, 200);
    for origin in ["https://evil.example.org", "null", "http://localhost:1"] {
        assert_eq!(sends(3, origin).await, 403, "{origin}");
    }
    assert_eq!(running.store.spans().len(), 2);
}

#[tokio::test]
async fn a_browser_is_told_which_pages_may_send_spans() {
    let file = tokens("the-token");
    let (token_file, allowed_origins) = (Some(file.path().to_owned()), vec!["https://app.example.org/".to_owned()]);
    let running = Running::with(Options { token_file, allowed_origins, ..options() }).await;
    let url = format!("http://{}/v1/traces", running.addresses.otlp.unwrap());
    let asks = async |origin: &str| {
        let asking = http().request(Method::OPTIONS, &url).header("origin", origin);
        let asking = asking.header("access-control-request-method", "POST");
        asking.header("access-control-request-headers", "authorization,content-type").send().await.unwrap()
    };
    let told = asks("https://app.example.org").await;
    let header = |name: &str| told.headers()[name].to_str().unwrap().to_owned();
    assert_eq!(
        (told.status().as_u16(), header("access-control-allow-origin")),
        (200, "https://app.example.org".to_owned())
    );
    assert!(header("access-control-allow-headers").contains("authorization"));
    let told = asks("https://evil.example.org").await;
    assert!(!told.headers().contains_key("access-control-allow-origin"));
    // Without a token a page is refused, and may read why.
    let sent = http().post(&url).header("origin", "https://app.example.org").send().await.unwrap();
    assert_eq!((sent.status().as_u16(), sent.headers().contains_key("access-control-allow-origin")), (401, true));
}

#[tokio::test]
async fn what_is_no_origin_is_told() {
    for origin in ["*", "app.example.org", "https://app.example.org/page"] {
        let wrong = Options { allowed_origins: vec![origin.to_owned()], ..options() };
        let error = Server::bind(wrong, parts(&Arc::default())).await.err().unwrap();
        assert!(matches!(error, BindError::Origin { .. }), "{origin}: {error}");
    }
}

#[tokio::test]
async fn without_tokens_a_server_listens_on_loopback_only() {
    let open = Options { host: "0.0.0.0".to_owned(), ..options() };
    let bound = Server::bind(open.clone(), parts(&Arc::default())).await;
    let error = bound.err().unwrap();
    assert!(matches!(error, BindError::Open { .. }));
    assert!(error.to_string().contains("name a file of tokens, or listen on 127.0.0.1"), "{error}");
    let file = tokens("the-token");
    let running = Running::with(Options { token_file: Some(file.path().to_owned()), ..open }).await;
    assert!(running.addresses.api.ip().is_unspecified());
    let url = format!("http://127.0.0.1:{}/healthz", running.addresses.api.port());
    assert_eq!(http().get(url).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let running = Running::start().await;
    let taken = Options { grpc_port: Some(running.addresses.api.port()), ..options() };
    let error = Server::bind(taken, parts(&Arc::default())).await.err().unwrap();
    assert!(matches!(error, BindError::Listen { port, .. } if port == running.addresses.api.port()), "{error}");
}
