//! OTLP over gRPC: `TraceService/Export`.
//!
//! The one call has one message each way, so the frame around it is read here and not by a framework: those hand over what is
//! decompressed and decoded already, and then there is nothing left to turn away before the work, to decompress within the
//! same bounds as elsewhere, or to know a repeat by.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::{Buf, Bytes};
use http::{HeaderMap, HeaderValue, header};
use http_body_util::{BodyExt, Full};
use model::telemetry::Encoding;
use prost::Message;

use super::http::response;
use super::rpc::Status;
use super::{Answer, Delivery, experiment};
use crate::body;
use crate::decompress::Compression;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

const PROTOCOL: &str = "application/grpc";

/// Whether the message is compressed, and its length.
const PREFIX: usize = 5;

pub(crate) fn routes() -> Router<Arc<Shared>> {
    let export = post(export).fallback(unknown);
    Router::new().route("/opentelemetry.proto.collector.trace.v1.TraceService/Export", export).fallback(unknown)
}

async fn unknown(request: Request) -> Response {
    body::drain(&mut request.into_body()).await;
    refuse(&Refusal::new(Kind::Unsupported, "there is no such call here"))
}

async fn export(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, mut content) = request.into_parts();
    match take(&shared, &head.headers, &mut content).await {
        Ok(answer) => answered(answer),
        Err(refusal) => {
            body::drain(&mut content).await;
            refuse(&refusal)
        }
    }
}

async fn take(shared: &Shared, headers: &HeaderMap, content: &mut Body) -> Result<Answer, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind != PROTOCOL && kind != "application/grpc+proto" {
        return Err(Refusal::new(Kind::Unsupported, format!("the request is no {PROTOCOL}")));
    }
    let compression = match headers.get("grpc-encoding") {
        Some(name) => Compression::named(&String::from_utf8_lossy(name.as_bytes()))?,
        None => Compression::Identity,
    };
    let experiment = experiment(shared, headers).await?;
    let intake = &shared.intake;
    let (frame, held) = body::take(content, headers, intake.admission(), intake.bounds()).await?;
    let (sent, compression) = message(frame, compression)?;
    let encoding = Encoding::OtlpProtobuf;
    intake.take(Delivery { sent, held, compression, encoding, experiment }).await
}

/// The one message of a call. One that does not say that it is compressed is not, whatever the call says.
fn message(mut frame: Bytes, compression: Compression) -> Result<(Bytes, Compression), Refusal> {
    if frame.len() < PREFIX {
        return Err(Refusal::bad_request("the call has no message"));
    }
    let (flag, length) = (frame.get_u8(), frame.get_u32());
    if frame.len() != length as usize {
        return Err(Refusal::bad_request("the call has not one message of the length that it says"));
    }
    match flag {
        0 => Ok((frame, Compression::Identity)),
        1 if compression != Compression::Identity => Ok((frame, compression)),
        _ => Err(Refusal::bad_request("the message is compressed, and the call does not say how")),
    }
}

/// The message and its status behind it.
fn answered(answer: Answer) -> Response {
    let message = response(answer).encode_to_vec();
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(&message);
    let trailers = HeaderMap::from_iter([("grpc-status".parse().expect("a name"), HeaderValue::from_static("0"))]);
    let body = Full::new(Bytes::from(frame)).with_trailers(async { Some(Ok::<_, Infallible>(trailers)) });
    headed(Body::new(body))
}

/// A status without a message.
pub(crate) fn refuse(refusal: &Refusal) -> Response {
    let mut response = headed(Body::empty());
    let headers = response.headers_mut();
    headers.insert("grpc-status", HeaderValue::from(refusal.kind.rpc()));
    let ascii = |text: String| HeaderValue::try_from(text).expect("printable ASCII");
    headers.insert("grpc-message", ascii(percent_encoded(&refusal.text())));
    if refusal.retry_after.is_some() {
        let details = STANDARD_NO_PAD.encode(Status::of(refusal).encode_to_vec());
        headers.insert("grpc-status-details-bin", ascii(details));
    }
    response
}

fn headed(body: Body) -> Response {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROTOCOL));
    // In every answer, so that the next call may be compressed.
    response.headers_mut().insert("grpc-accept-encoding", HeaderValue::from_static("identity,gzip,deflate,zstd"));
    response
}

/// As gRPC writes texts in headers: everything but printable ASCII, and `%` itself.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;

    text.bytes().fold(String::with_capacity(text.len()), |mut encoded, byte| {
        match byte {
            b'%' => encoded.push_str("%25"),
            b' '..=b'~' => encoded.push(char::from(byte)),
            _ => write!(encoded, "%{byte:02X}").expect("a text takes everything"),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_one_message() {
        let read = |frame: &'static [u8], compression| {
            message(Bytes::from_static(frame), compression).map(|(sent, compression)| (sent.to_vec(), compression))
        };
        assert_eq!(read(b"\0\0\0\0\x02ab", Compression::Gzip), Ok((b"ab".to_vec(), Compression::Identity)));
        assert_eq!(read(b"\x01\0\0\0\x02ab", Compression::Gzip), Ok((b"ab".to_vec(), Compression::Gzip)));
        for broken in [&b""[..], b"\0\0\0", b"\0\0\0\0\x03ab", b"\0\0\0\0\x01ab", b"\x01\0\0\0\x02ab", b"\x02\0\0\0\0"]
        {
            assert_eq!(read(broken, Compression::Identity).expect_err("broken").kind, Kind::BadRequest, "{broken:?}");
        }
    }

    #[test]
    fn a_message_is_printable() {
        assert_eq!(percent_encoded("100 % größer\n"), "100 %25 gr%C3%B6%C3%9Fer%0A");
    }
}
