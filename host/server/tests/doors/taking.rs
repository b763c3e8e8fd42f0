//! What is taken, and what is answered.

use opentelemetry_proto::tonic::collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use tonic::Code;
use tonic::codec::CompressionEncoding;

use crate::Running;
use crate::client::{JSON, PROTOBUF, Status, gzip, http, json as read, raw_deflate, zlib, zstd};
use crate::spans::{TRACE, request, span};

#[tokio::test]
async fn every_encoding_comes_in_every_compression() {
    let running = Running::start().await;
    let mut number = 0;
    for kind in [PROTOBUF, JSON, "application/json; charset=utf-8"] {
        for (name, compress) in [
            (None, None),
            (Some("identity"), None),
            (Some("gzip"), Some(gzip as fn(&[u8]) -> Vec<u8>)),
            (Some("deflate"), Some(zlib)),
            (Some("deflate"), Some(raw_deflate)),
            (Some("zstd"), Some(zstd)),
        ] {
            number += 1;
            let request = request(vec![span(number)]);
            let bytes = if kind == PROTOBUF { request.encode_to_vec() } else { serde_json::to_vec(&request).unwrap() };
            let sent = compress.map_or_else(|| bytes.clone(), |compress| compress(&bytes));
            let mut sending = running.traces(kind, sent);
            if let Some(name) = name {
                sending = sending.header("content-encoding", name);
            }
            let answer = sending.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{kind} {name:?}");
            let of_kind = if kind == PROTOBUF { PROTOBUF } else { JSON };
            assert_eq!(answer.headers()["content-type"], of_kind, "{kind} {name:?}");
            let body = answer.bytes().await.unwrap();
            assert_eq!(&body[..], if kind == PROTOBUF { &b""[..] } else { b"{}" }, "{kind} {name:?}");
            assert_eq!(running.store.spans().last().unwrap().name, format!("step {number}"), "{kind} {name:?}");
        }
    }
    assert_eq!(running.store.spans().len(), usize::from(number));
}

#[tokio::test]
async fn grpc_comes_in_every_compression() {
    let running = Running::start().await;
    for (number, compression) in [(1, None), (2, Some(CompressionEncoding::Gzip)), (3, Some(CompressionEncoding::Zstd))]
    {
        let mut client = running.grpc().await;
        if let Some(compression) = compression {
            client = client.send_compressed(compression).accept_compressed(compression);
        }
        let answer = client.export(request(vec![span(number)])).await.unwrap().into_inner();
        assert_eq!(answer, ExportTraceServiceResponse::default());
        assert_eq!(running.store.spans().last().unwrap().name, format!("step {number}"));
    }
}

#[tokio::test]
async fn exporters_find_the_door_at_its_second_port() {
    let running = Running::start().await;
    let url = format!("http://{}", running.addresses.otlp.unwrap());
    let body = request(vec![span(1)]).encode_to_vec();
    let send = http().post(format!("{url}/v1/traces")).header("content-type", PROTOBUF).body(body);
    assert_eq!(send.send().await.unwrap().status(), 200);
    assert_eq!(running.store.spans().len(), 1);
    assert_eq!(http().get(format!("{url}/healthz")).send().await.unwrap().status(), 200);
    assert_eq!(http().get(format!("{url}/api/karat/v1/experiments")).send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn spans_go_where_the_request_says() {
    let running = Running::start().await;
    let send = async |number: u8, headers: &[(&str, &str)]| {
        let mut sending = running.traces(PROTOBUF, request(vec![span(number)]).encode_to_vec());
        for (name, value) in headers {
            sending = sending.header(*name, *value);
        }
        sending.send().await.unwrap().status()
    };
    assert_eq!(send(1, &[]).await, 200);
    assert_eq!(send(2, &[("x-karat-experiment", "größer")]).await, 200);
    assert_eq!(send(3, &[("x-mlflow-experiment-id", "0")]).await, 200);
    assert_eq!(send(4, &[("x-mlflow-experiment-id", "17"), ("x-karat-experiment", "mine")]).await, 200);
    assert_eq!(send(4, &[("x-mlflow-experiment-id", "17")]).await, 404);
    let longest = "e".repeat(250);
    assert_eq!(send(5, &[("x-karat-experiment", &longest)]).await, 200);
    assert_eq!(send(6, &[("x-karat-experiment", &format!("{longest}e"))]).await, 400);
    let mut client = running.grpc().await;
    let mut call = tonic::Request::new(request(vec![span(7)]));
    call.metadata_mut().insert("x-karat-experiment", "by-grpc".parse().unwrap());
    client.export(call).await.unwrap();
    let experiments: Vec<_> = running.store.puts.borrow().iter().map(|(name, _)| name.clone()).collect();
    assert_eq!(experiments, ["default", "größer", "default", "mine", &longest, "by-grpc"]);
    let batch = running.store.puts.borrow()[0].1[0].clone();
    assert_eq!((batch.trace.as_str(), batch.spans[0].1.name.as_str()), (TRACE, "step 1"));
}

#[tokio::test]
async fn an_empty_request_is_taken() {
    let running = Running::start().await;
    assert_eq!(running.traces(PROTOBUF, Vec::new()).send().await.unwrap().status(), 200);
    assert_eq!(running.traces(JSON, b"{}".to_vec()).send().await.unwrap().status(), 200);
    running.grpc().await.export(ExportTraceServiceRequest::default()).await.unwrap();
    assert!(running.store.puts.borrow().is_empty());
}

#[tokio::test]
async fn broken_spans_are_told_and_the_others_are_taken() {
    let broken = || vec![span(1), Span { trace_id: Vec::new(), ..span(2) }];
    let running = Running::start().await;
    let answer = running.send(&request(broken())).await;
    assert_eq!(answer.status(), 200);
    let answer = ExportTraceServiceResponse::decode(answer.bytes().await.unwrap()).unwrap();
    let partial = answer.partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
    assert!(partial.error_message.contains("spans[1]"), "{}", partial.error_message);

    let answer = running.grpc().await.export(request(broken())).await.unwrap().into_inner();
    assert_eq!(answer.partial_success.unwrap(), partial);

    let json = serde_json::to_vec(&request(broken())).unwrap();
    let answer = read(running.traces(JSON, json).send().await.unwrap()).await;
    assert_eq!(answer["partialSuccess"]["rejectedSpans"], "1");
    assert!(answer["partialSuccess"]["errorMessage"].as_str().unwrap().contains("spans[1]"), "{answer}");

    let only_broken = request(vec![Span { span_id: Vec::new(), ..span(3) }]);
    assert_eq!(running.send(&only_broken).await.status(), 200);
    let names: Vec<_> = running.store.spans().into_iter().map(|span| span.name).collect();
    assert!(names.iter().all(|name| name == "step 1"), "{names:?}");
    assert_eq!(running.metric("karat_spans_total{outcome=\"rejected\"}").await, "3");
}

#[tokio::test]
async fn a_request_that_comes_again_is_answered_as_before_and_not_stored() {
    let running = Running::start().await;
    let sent = request(vec![span(1), Span { trace_id: Vec::new(), ..span(2) }]);
    let first = running.send(&sent).await.bytes().await.unwrap();
    let again = running.send(&sent).await.bytes().await.unwrap();
    // The bytes within are the same, and so is the way there by gRPC.
    let packed = running.traces(PROTOBUF, gzip(&sent.encode_to_vec())).header("content-encoding", "gzip");
    assert_eq!(packed.send().await.unwrap().bytes().await.unwrap(), first);
    let by_grpc = running.grpc().await.export(sent.clone()).await.unwrap().into_inner();
    assert_eq!((again.clone(), by_grpc.encode_to_vec()), (first, again.to_vec()));
    assert_eq!(running.store.puts.borrow().len(), 1);
    assert_eq!(running.metric("karat_spans_total{outcome=\"repeated\"}").await, "3");
    // For another experiment it is another request, and after a deletion it is wanted again.
    let other = running.traces(PROTOBUF, sent.encode_to_vec()).header("x-karat-experiment", "other");
    assert_eq!(other.send().await.unwrap().status(), 200);
    assert_eq!(running.store.puts.borrow().len(), 2);
    http().delete(running.url(&format!("/api/karat/v1/traces/{TRACE}"))).send().await.unwrap();
    running.send(&sent).await;
    assert_eq!(running.store.spans().len(), 1);
}

#[tokio::test]
async fn what_was_not_stored_is_not_taken_for_a_repeat() {
    let running = Running::start().await;
    *running.store.refuses.lock().unwrap() = Some(crate::store::full);
    assert_eq!(running.send(&request(vec![span(1)])).await.status(), 503);
    *running.store.refuses.lock().unwrap() = None;
    assert_eq!(running.send(&request(vec![span(1)])).await.status(), 200);
    assert_eq!(running.store.spans().len(), 1);
}

#[tokio::test]
async fn a_broken_request_is_refused_in_its_own_encoding() {
    let running = Running::start().await;
    let answer = running.traces(PROTOBUF, b"\x0a\xff".to_vec()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (400, PROTOBUF));
    let status = Status::decode(answer.bytes().await.unwrap()).unwrap();
    assert_eq!(status.code, 3);
    assert!(!status.message.is_empty());

    for body in ["{", r#"{"resourceSpans":7}"#, "\u{fffd}"] {
        let answer = running.traces(JSON, body.into()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (400, JSON));
        let status = read(answer).await;
        assert_eq!((&status["code"], &status["details"]), (&json!(3), &json!([])), "{status}");
    }

    for name in ["gzip", "deflate", "zstd"] {
        let broken = running.traces(JSON, b"{}{}{}{}".to_vec()).header("content-encoding", name);
        assert_eq!(broken.send().await.unwrap().status(), 400, "{name}");
    }
    for (name, compress) in [("gzip", gzip as fn(&[u8]) -> Vec<u8>), ("zstd", zstd), ("deflate", zlib)] {
        let mut cut = compress(&request(vec![span(1)]).encode_to_vec());
        cut.truncate(cut.len() - 5);
        let broken = running.traces(PROTOBUF, cut).header("content-encoding", name);
        assert_eq!(broken.send().await.unwrap().status(), 400, "{name} that is cut off");
    }
    assert!(running.store.puts.borrow().is_empty());
}

#[tokio::test]
async fn what_is_of_no_known_type_is_refused() {
    let running = Running::start().await;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/grpc"] {
        let answer = running.traces(kind, Vec::new()).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["content-type"].to_str().unwrap()), (415, JSON));
        assert!(read(answer).await["message"].as_str().unwrap().contains(PROTOBUF));
    }
    for name in ["br", "gzip, gzip", "snappy"] {
        let answer = running.traces(PROTOBUF, Vec::new()).header("content-encoding", name).send().await.unwrap();
        assert_eq!(answer.status(), 415, "{name}");
    }
    assert_eq!(http().get(running.url("/v1/traces")).send().await.unwrap().status(), 405);
}

#[tokio::test]
async fn a_call_that_is_not_there_is_unimplemented() {
    let running = Running::start().await;
    let url = format!("http://{}", running.addresses.grpc.unwrap());
    let client = reqwest::Client::builder().no_proxy().http2_prior_knowledge().build().unwrap();
    let call = client.post(format!("{url}/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"));
    let answer = call.header("content-type", "application/grpc").body(vec![0; 5]).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["grpc-status"].to_str().unwrap()), (200, "12"));
    let call = client.post(format!("{url}/opentelemetry.proto.collector.trace.v1.TraceService/Export"));
    let answer = call.header("content-type", "application/grpc").body(vec![0; 3]).send().await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], (Code::InvalidArgument as i32).to_string().as_str());
}
