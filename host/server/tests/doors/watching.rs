//! What those see who keep watch.

use prost::Message;

use crate::Running;
use crate::client::{PROTOBUF, http};
use crate::spans::{request, span};

#[tokio::test]
async fn a_server_says_how_it_is_and_which() {
    let running = Running::start().await;
    for path in ["/healthz", "/health"] {
        let answer = running.get(path).await;
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, "OK"));
    }
    assert_eq!(running.get("/version").await.text().await.unwrap(), "3.18.0+karat.0.1.0-test");
}

#[tokio::test]
async fn requests_and_spans_are_counted() {
    let running = Running::start().await;
    running.send(&request(vec![span(1), span(2)])).await;
    running.send(&request(vec![span(1), span(2)])).await;
    running.traces(PROTOBUF, vec![255]).send().await.unwrap();
    running.grpc().await.export(request(vec![span(3)])).await.unwrap();
    running.get("/api/karat/v1/experiments").await;
    running.get("/nothing").await;
    for (line, expected) in [
        ("karat_spans_total{outcome=\"accepted\"}", "3"),
        ("karat_spans_total{outcome=\"repeated\"}", "2"),
        ("karat_spans_total{outcome=\"rejected\"}", "0"),
        ("karat_requests_total{door=\"otlp_http\",status=\"200\"}", "2"),
        ("karat_requests_total{door=\"otlp_http\",status=\"400\"}", "1"),
        ("karat_requests_total{door=\"otlp_grpc\",status=\"0\"}", "1"),
        ("karat_requests_total{door=\"api\",status=\"404\"}", "1"),
        ("karat_bytes_in_flight", "0"),
        ("karat_put_seconds_count", "2"),
        ("karat_put_seconds_bucket{le=\"+Inf\"}", "2"),
    ] {
        assert_eq!(running.metric(line).await, expected, "{line}");
    }
    let refused = http().post(running.url("/v1/traces")).header("host", "evil.example.org");
    refused.body(request(Vec::new()).encode_to_vec()).send().await.unwrap();
    assert_eq!(running.metric("karat_requests_total{door=\"otlp_http\",status=\"403\"}").await, "1");
}
