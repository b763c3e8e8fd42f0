//! How much is taken, and what is told of what is not.

use std::sync::Arc;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;
use reqwest::Response;
use server::{Bounds, Options};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::client::{JSON, PROTOBUF, Status, gzip, json as read, zlib, zstd};
use crate::spans::{large, request, span};
use crate::store::{failed, full};
use crate::{Running, options};

#[track_caller]
fn wait_of(answer: &Response) -> u64 {
    answer.headers()["retry-after"].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_request_is_no_larger_than_it_may_be() {
    let bounds = Bounds { request_bytes: 100_000, ..Bounds::default() };
    let running = Running::with(Options { bounds, ..options() }).await;
    let over = large(1, 100_000).encode_to_vec();
    let answer = running.traces(PROTOBUF, over.clone()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (413, false));
    let status = Status::decode(answer.bytes().await.unwrap()).unwrap();
    assert!(status.message.contains("100000 bytes"), "{}", status.message);
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("deflate", zlib), ("zstd", zstd)] {
        let packed = compress(&over);
        assert!(packed.len() < 100_000, "only what it becomes is too large");
        let answer = running.traces(PROTOBUF, packed).header("content-encoding", name).send().await.unwrap();
        assert_eq!(answer.status(), 413, "{name}");
    }
    for compression in [None, Some(CompressionEncoding::Gzip), Some(CompressionEncoding::Zstd)] {
        let mut client = running.grpc().await;
        if let Some(compression) = compression {
            client = client.send_compressed(compression);
        }
        let refused = client.export(large(1, 100_000)).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused:?}");
        assert!(refused.message().contains("100000 bytes"), "{refused:?}");
    }
    assert!(running.store.puts.borrow().is_empty());
    assert_eq!(running.send(&large(1, 99_000)).await.status(), 200);
    assert_eq!(running.metric("karat_bytes_in_flight").await, "0");
}

/// As most clients do, this one sends all of it before it listens.
#[tokio::test]
async fn the_answer_reaches_who_sends_to_the_end() {
    let running = Running::start().await;
    for (host, status) in [("localhost", "413"), ("evil.example.org", "403")] {
        let mut stream = TcpStream::connect(running.addresses.api).await.unwrap();
        let length = 21 << 20;
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: {host}\r\ncontent-type: {JSON}\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b' '; length]).await.unwrap();
        let mut line = [0; 12];
        stream.read_exact(&mut line).await.unwrap();
        assert_eq!(str::from_utf8(&line).unwrap(), format!("HTTP/1.1 {status}"));
    }
}

#[tokio::test]
async fn a_bomb_does_not_go_off() {
    let running = Running::start().await;
    let zeros = vec![0; 64 << 20];
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("deflate", zlib), ("zstd", zstd)] {
        // Below what a request may have, and still too dense; above, however dense.
        for size in [19 << 20, 64 << 20] {
            let bomb = compress(&zeros[..size]);
            let answer = running.traces(PROTOBUF, bomb).header("content-encoding", name).send().await.unwrap();
            assert_eq!(answer.status(), 413, "{name} {size}");
        }
    }
    assert_eq!(running.metric("karat_bytes_in_flight").await, "0");
}

#[tokio::test]
async fn spans_that_are_all_alike_are_no_bomb() {
    let running = Running::start().await;
    let spans = (0..9_000).map(|_| span(1)).collect();
    let packed = zstd(&request(spans).encode_to_vec());
    assert!(packed.len() < 6_000, "denser than the ratio: {}", packed.len());
    let answer = running.traces(PROTOBUF, packed).header("content-encoding", "zstd").send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_request_has_no_more_spans_than_it_may() {
    let spans = telemetry::otlp::Limits { spans: 2, ..telemetry::otlp::Limits::default() };
    let bounds = Bounds { spans, ..Bounds::default() };
    let running = Running::with(Options { bounds, ..options() }).await;
    let answer = running.send(&request(vec![span(1), span(2), span(3)])).await;
    let answer = ExportTraceServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
    assert_eq!(answer.partial_success.unwrap().rejected_spans, 1);
    assert_eq!(running.store.spans().len(), 2);
}

#[tokio::test]
async fn what_there_is_no_room_for_is_to_come_again() {
    let bounds = Bounds { bytes_in_flight: 10_000, ..Bounds::default() };
    let running = Arc::new(Running::with(Options { bounds, ..options() }).await);
    running.store.closed.send_replace(true);
    let first = tokio::spawn({
        let running = Arc::clone(&running);
        async move { running.send(&large(1, 7_000)).await.status() }
    });
    running.store.wait_for(1).await;

    let answer = running.send(&large(2, 7_000)).await;
    assert_eq!((answer.status().as_u16(), (1..=5).contains(&wait_of(&answer))), (503, true));
    let status = Status::decode(answer.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, Code::Unavailable as i32);

    let json = serde_json::to_vec(&large(3, 7_000)).unwrap();
    let answer = running.traces(JSON, json).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), (1..=5).contains(&wait_of(&answer))), (503, true));
    let status = read(answer).await;
    assert_eq!(status["details"][0]["@type"], "type.googleapis.com/google.rpc.RetryInfo", "{status}");

    let refused = running.grpc().await.export(large(4, 7_000)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unavailable, "{refused:?}");
    assert!(String::from_utf8_lossy(refused.details()).contains("google.rpc.RetryInfo"));

    // What is small when it is sent is counted as what it becomes.
    let packed = zstd(&request((0..120).map(|_| span(1)).collect()).encode_to_vec());
    assert!(packed.len() < 1_000, "{}", packed.len());
    let answer = running.traces(PROTOBUF, packed).header("content-encoding", "zstd").send().await.unwrap();
    assert_eq!(answer.status(), 503);

    running.store.closed.send_replace(false);
    assert_eq!(first.await.unwrap(), 200);
    assert_eq!(running.send(&large(2, 7_000)).await.status(), 200);
    assert_eq!(running.store.spans().len(), 2);
    assert_eq!(running.metric("karat_bytes_in_flight").await, "0");
}

#[tokio::test]
async fn what_never_fits_is_not_to_come_again() {
    let bounds = Bounds { bytes_in_flight: 10_000, ..Bounds::default() };
    let running = Running::with(Options { bounds, ..options() }).await;
    let answer = running.send(&large(1, 20_000)).await;
    assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (413, false));
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_told_so_that_spans_come_again() {
    let running = Running::start().await;
    // Each time others, since what was taken is not put to the store again.
    for (number, refuses) in [(1, full as fn() -> _), (3, failed)] {
        *running.store.refuses.lock().unwrap() = Some(refuses);
        let answer = running.send(&request(vec![span(number)])).await;
        assert_eq!((answer.status().as_u16(), (1..=5).contains(&wait_of(&answer))), (503, true));
        let status = Status::decode(answer.bytes().await.unwrap()).unwrap();
        assert!(!status.message.contains("/somewhere"), "where the store is, is nobody's business: {}", status.message);
        let refused = running.grpc().await.export(request(vec![span(number)])).await.unwrap_err();
        assert_eq!((refused.code(), refused.details().is_empty()), (Code::Unavailable, false));
        for path in ["/healthz", "/health"] {
            assert_eq!(running.get(path).await.status(), 503);
        }
        *running.store.refuses.lock().unwrap() = None;
        assert_eq!(running.send(&request(vec![span(number + 1)])).await.status(), 200);
        running.grpc().await.export(request(vec![span(number)])).await.unwrap();
        assert_eq!(running.get("/healthz").await.text().await.unwrap(), "OK");
    }
}
