//! Clients: one that speaks HTTP, and the gRPC one of OpenTelemetry's own definitions.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use reqwest::{RequestBuilder, Response};
use tonic::transport::Channel;

use crate::Running;

pub(crate) const PROTOBUF: &str = "application/x-protobuf";
pub(crate) const JSON: &str = "application/json";

/// What takes longer does not come any more.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The part of `google.rpc.Status` that people read.
#[derive(Clone, PartialEq, Message)]
pub(crate) struct Status {
    #[prost(int32, tag = "1")]
    pub(crate) code: i32,
    #[prost(string, tag = "2")]
    pub(crate) message: String,
}

pub(crate) fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

pub(crate) async fn json(answer: Response) -> serde_json::Value {
    serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap()
}

impl Running {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addresses.api)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        http().get(self.url(path)).send().await.unwrap()
    }

    pub(crate) fn traces(&self, kind: &str, body: Vec<u8>) -> RequestBuilder {
        http().post(self.url("/v1/traces")).header("content-type", kind).body(body)
    }

    pub(crate) async fn send(&self, request: &ExportTraceServiceRequest) -> Response {
        self.traces(PROTOBUF, request.encode_to_vec()).send().await.unwrap()
    }

    pub(crate) async fn grpc(&self) -> TraceServiceClient<Channel> {
        grpc(self.addresses.grpc.unwrap()).await
    }

    pub(crate) async fn metric(&self, line: &str) -> String {
        let text = self.get("/metrics").await.text().await.unwrap();
        let found = text.lines().find_map(|said| said.strip_prefix(line)).map(|rest| rest.trim().to_owned());
        found.unwrap_or_else(|| panic!("no {line} in {text}"))
    }
}

pub(crate) async fn grpc(address: SocketAddr) -> TraceServiceClient<Channel> {
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().timeout(PATIENCE).connect().await.unwrap();
    TraceServiceClient::new(channel)
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 0).unwrap()
}
