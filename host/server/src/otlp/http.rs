//! OTLP over HTTP: `POST /v1/traces`, as protobuf and as JSON.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use model::telemetry::Encoding;
use opentelemetry_proto::tonic::collector::trace::v1::{ExportTracePartialSuccess, ExportTraceServiceResponse};
use prost::Message;
use serde_json::json;

use super::rpc::{self, Status};
use super::{Answer, Delivery, experiment};
use crate::body;
use crate::decompress::Compression;
use crate::refusal::{Kind, Refusal};
use crate::shared::Shared;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

pub(crate) fn routes() -> Router<Arc<Shared>> {
    // Langfuse's SDK puts its own path before OTLP's.
    Router::new().route("/v1/traces", post(export)).route("/api/public/otel/v1/traces", post(export))
}

async fn export(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (head, mut content) = request.into_parts();
    match take(&shared, &head.headers, &mut content).await {
        Ok((encoding, answer)) => answered(encoding, answer),
        Err(refusal) => {
            body::drain(&mut content).await;
            refuse(&head.headers, refusal)
        }
    }
}

async fn take(
    shared: &Shared,
    headers: &HeaderMap,
    content: &mut axum::body::Body,
) -> Result<(Encoding, Answer), Refusal> {
    let unknown = || {
        Refusal::new(Kind::Unsupported, "the request is of a type that is not known here")
            .hint(format!("send {PROTOBUF} or {JSON}"))
    };
    let encoding = encoding(headers).ok_or_else(unknown)?;
    let compression = compression(headers)?;
    let experiment = experiment(shared, headers).await?;
    let intake = &shared.intake;
    let (sent, held) = body::take(content, headers, intake.admission(), intake.bounds()).await?;
    Ok((encoding, intake.take(Delivery { sent, held, compression, encoding, experiment }).await?))
}

fn encoding(headers: &HeaderMap) -> Option<Encoding> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    match kind.split(';').next()?.trim().to_ascii_lowercase().as_str() {
        PROTOBUF | "application/protobuf" => Some(Encoding::OtlpProtobuf),
        JSON => Some(Encoding::OtlpJson),
        _ => None,
    }
}

fn compression(headers: &HeaderMap) -> Result<Compression, Refusal> {
    let mut named = headers.get_all(header::CONTENT_ENCODING).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(Compression::Identity),
        (Some(name), None) => Compression::named(&String::from_utf8_lossy(name.as_bytes())),
        // More than one, which is as unknown as their names together.
        (Some(_), Some(_)) => Compression::named(","),
    }
}

/// Where everything was taken, the answer says nothing.
fn answered(encoding: Encoding, answer: Answer) -> Response {
    let whole = answer.rejected == 0 && answer.message.is_empty();
    match encoding {
        Encoding::OtlpProtobuf => protobuf(StatusCode::OK, response(answer).encode_to_vec()),
        Encoding::OtlpJson if whole => as_json(StatusCode::OK, &json!({})),
        // 64 bits are a text in protobuf's JSON.
        Encoding::OtlpJson => {
            let partial = json!({ "rejectedSpans": answer.rejected.to_string(), "errorMessage": answer.message });
            as_json(StatusCode::OK, &json!({ "partialSuccess": partial }))
        }
    }
}

/// What became of the spans, as protobuf has it.
pub(super) fn response(answer: Answer) -> ExportTraceServiceResponse {
    let Answer { rejected, message: error_message, .. } = answer;
    let rejected_spans = rejected as i64;
    let is_whole = rejected == 0 && error_message.is_empty();
    let partial = ExportTracePartialSuccess { rejected_spans, error_message };
    ExportTraceServiceResponse { partial_success: (!is_whole).then_some(partial) }
}

/// A status in the request's encoding; in JSON where that is neither.
pub(crate) fn refuse(headers: &HeaderMap, refusal: Refusal) -> Response {
    let mut response = match encoding(headers) {
        Some(Encoding::OtlpProtobuf) => protobuf(refusal.kind.http(), Status::of(&refusal).encode_to_vec()),
        Some(Encoding::OtlpJson) | None => as_json(refusal.kind.http(), &rpc::json(&refusal)),
    };
    refusal.set_headers(&mut response);
    response
}

fn protobuf(status: StatusCode, bytes: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, PROTOBUF)], bytes).into_response()
}

fn as_json(status: StatusCode, value: &serde_json::Value) -> Response {
    (status, [(header::CONTENT_TYPE, JSON)], value.to_string()).into_response()
}
