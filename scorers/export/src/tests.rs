use karat_sdk::exporter::{Batch, Encoding, Receipt};
use karat_sdk::http::Response;
use karat_sdk::prelude::*;
use karat_sdk::{Exporter, testing};

use super::*;

fn batch(encoding: Encoding) -> Batch {
    Batch { id: "b1".to_owned(), encoding, span_count: 5, payload: b"{}".to_vec() }
}

fn exported<E: Exporter>(parameters: serde_json::Value, encoding: Encoding) -> Result<Receipt, Failure> {
    serde_json::from_value::<E>(parameters).expect("parameters").export(&batch(encoding))
}

fn otlp(status: u16, body: impl Into<Vec<u8>>, encoding: Encoding) -> Result<Receipt, Failure> {
    let body = body.into();
    testing::http(move |_| Some(Response::new(status, body.clone())));
    exported::<OtlpHttp>(json!({ "url": "http://c.test/v1/traces" }), encoding)
}

fn receipt(accepted: u32, rejected: u32, message: Option<&str>) -> Receipt {
    Receipt { accepted, rejected, message: message.map(str::to_owned) }
}

#[test]
fn a_server_that_rejects_some_spans_is_believed_about_how_many() {
    let json = Encoding::OtlpJson;
    let partial = r#"{"partialSuccess": {"rejectedSpans": "2", "errorMessage": "too old"}}"#;
    assert_eq!(otlp(200, partial, json).expect("a receipt"), receipt(3, 2, Some("too old")));
    assert_eq!(otlp(200, r#"{"partialSuccess": {"rejectedSpans": 9}}"#, json).expect("a receipt"), receipt(0, 5, None));
    assert_eq!(otlp(200, "{}", json).expect("a receipt"), receipt(5, 0, None));
    let warned = r#"{"partialSuccess": {"errorMessage": "use gzip"}}"#;
    assert_eq!(otlp(200, warned, json).expect("a receipt"), receipt(5, 0, Some("use gzip")));
    let protobuf = Encoding::OtlpProtobuf;
    let partial = [b"\x0a\x0b\x08\x02\x12\x07".as_slice(), b"too old"].concat();
    assert_eq!(otlp(200, partial, protobuf).expect("a receipt"), receipt(3, 2, Some("too old")));
    for odd in [&b""[..], b"thanks!", b"\x0a\xff\xff\xff\xff\x0f", b"\x0b"] {
        assert_eq!(otlp(200, odd, protobuf).expect("a receipt"), receipt(5, 0, None), "{odd:?}");
    }
}

#[test]
fn what_may_pass_is_a_failure_and_what_may_not_is_a_rejection() {
    for (status, code) in [(429, ErrorCode::RateLimited), (502, ErrorCode::Unavailable), (503, ErrorCode::Unavailable)]
    {
        let failure = otlp(status, "later", Encoding::OtlpJson).expect_err("a failure");
        assert_eq!((failure.code, failure.message.contains("later")), (code, true));
    }
    for status in [301, 400, 401, 404, 500] {
        let receipt = otlp(status, "no such\nthing", Encoding::OtlpJson).expect("a receipt");
        assert_eq!((receipt.accepted, receipt.rejected), (0, 5));
        assert_eq!(
            receipt.message.expect("a reason"),
            format!("the server answered with status {status}: no such thing")
        );
    }
}

#[test]
fn a_file_gets_a_line_for_each_batch() {
    assert_eq!(exported::<Jsonl>(json!({}), Encoding::OtlpJson).expect("a receipt"), receipt(5, 0, None));
    exported::<Jsonl>(json!({}), Encoding::OtlpJson).expect("a receipt");
    assert_eq!(testing::written(), b"{}\n{}\n");
}

#[test]
fn a_webhook_is_told_which_batch_it_is() {
    testing::http(|request| {
        let headers = request.headers();
        let of = |name: &str| headers.iter().find(|header| header.name == name).map(|header| header.value.clone());
        let is_right = of("x-karat-batch") == Some(b"b1".to_vec()) && of("x-key") == Some(b"{{secret:KEY}}".to_vec());
        Some(Response::new(if is_right { 204 } else { 400 }, ""))
    });
    let parameters = json!({ "url": "http://w.test", "headers": { "x-key": "{{secret:KEY}}" } });
    assert_eq!(exported::<Webhook>(parameters, Encoding::OtlpJson).expect("a receipt"), receipt(5, 0, None));
}
