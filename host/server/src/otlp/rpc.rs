//! How errors are written in both of OTLP's encodings: `google.rpc.Status` and what it may carry.

use prost::Message;
use serde_json::{Value, json};

use crate::refusal::Refusal;

#[derive(Clone, PartialEq, Message)]
pub(super) struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "vec", tag = "2")]
    value: Vec<u8>,
}

/// When to send it again.
#[derive(Clone, PartialEq, Message)]
struct RetryInfo {
    #[prost(message, optional, tag = "1")]
    retry_delay: Option<Delay>,
}

/// `google.protobuf.Duration`.
#[derive(Clone, Copy, PartialEq, Message)]
struct Delay {
    #[prost(int64, tag = "1")]
    seconds: i64,
    #[prost(int32, tag = "2")]
    nanos: i32,
}

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";

impl Status {
    pub(super) fn of(refusal: &Refusal) -> Self {
        let info = refusal.retry_after.map(|wait| {
            let delay = Delay { seconds: wait.as_secs() as i64, nanos: 0 };
            Any { type_url: RETRY_INFO.to_owned(), value: RetryInfo { retry_delay: Some(delay) }.encode_to_vec() }
        });
        Self { code: refusal.kind.rpc(), message: refusal.text(), details: info.into_iter().collect() }
    }
}

/// A status as JSON has it.
pub(super) fn json(refusal: &Refusal) -> Value {
    let info = |wait: std::time::Duration| json!({ "@type": RETRY_INFO, "retryDelay": format!("{}s", wait.as_secs()) });
    let details: Vec<_> = refusal.retry_after.into_iter().map(info).collect();
    json!({ "code": refusal.kind.rpc(), "message": refusal.text(), "details": details })
}
