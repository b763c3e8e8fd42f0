//! `otlp_http`: whatever takes OpenTelemetry over HTTP.

use std::collections::BTreeMap;

use karat_sdk::exporter::{Batch, Encoding, Receipt};
use karat_sdk::prelude::*;
use karat_sdk::{Exporter, excerpt, http};
use serde_json::Value;

use crate::answer;

/// A server that takes OpenTelemetry over HTTP, such as a collector.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub struct OtlpHttp {
    /// Where it takes traces, such as `http://127.0.0.1:4318/v1/traces`.
    url: String,
    /// Further headers; `{{secret:NAME}}` is filled in by the host.
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    protocol: Protocol,
}

/// As `OTEL_EXPORTER_OTLP_PROTOCOL` has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[schemars(crate = "karat_sdk::schemars")]
enum Protocol {
    #[default]
    #[serde(rename = "http/protobuf")]
    Protobuf,
    #[serde(rename = "http/json")]
    Json,
}

impl Exporter for OtlpHttp {
    const NAME: &str = "otlp_http";
    const SUMMARY: &str = "a server that takes OpenTelemetry over HTTP";

    fn accepts(&self) -> Vec<Encoding> {
        vec![match self.protocol {
            Protocol::Protobuf => Encoding::OtlpProtobuf,
            Protocol::Json => Encoding::OtlpJson,
        }]
    }

    fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
        let is_json = batch.encoding == Encoding::OtlpJson;
        let kind = if is_json { "application/json" } else { "application/x-protobuf" };
        let mut request = http::post(&self.url).header("content-type", kind);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let answer = request.body(batch.payload.clone()).send()?;
        if let Some(refused) = answer::refusal(batch, &answer)? {
            return Ok(refused);
        }
        // A server that answers in words of its own has taken all of it.
        let (rejected, message) =
            if is_json { told_in_json(&answer.body) } else { told_in_protobuf(&answer.body) }.unwrap_or_default();
        let message = if message.is_empty() { None } else { Some(excerpt(&message)) };
        let rejected = rejected.min(batch.span_count.into()) as u32;
        Ok(Receipt { accepted: batch.span_count - rejected, rejected, message })
    }
}

/// What an `ExportTraceServiceResponse` says of spans that were rejected, and why.
fn told_in_json(body: &[u8]) -> Option<(u64, String)> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let partial = answer.get("partialSuccess").or_else(|| answer.get("partial_success"))?;
    let of = |names: [&str; 2]| names.iter().find_map(|name| partial.get(name));
    let rejected = of(["rejectedSpans", "rejected_spans"]);
    // 64 bits are texts in the JSON of protocol buffers.
    let rejected = rejected.and_then(|count| count.as_u64().or_else(|| count.as_str()?.parse().ok())).unwrap_or(0);
    let message = of(["errorMessage", "error_message"]).and_then(Value::as_str).unwrap_or_default();
    Some((rejected, message.to_owned()))
}

fn told_in_protobuf(body: &[u8]) -> Option<(u64, String)> {
    let (mut rejected, mut message) = (0, String::new());
    for (field, value) in fields(body)? {
        let (1, Field::Bytes(partial)) = (field, value) else { continue };
        for told in fields(partial)? {
            match told {
                (1, Field::Whole(count)) => rejected = count,
                (2, Field::Bytes(text)) => message = String::from_utf8_lossy(text).into_owned(),
                _ => {}
            }
        }
    }
    Some((rejected, message))
}

enum Field<'a> {
    Whole(u64),
    Bytes(&'a [u8]),
    Fixed,
}

/// The fields of a message, by number; none if it is not one.
fn fields(mut bytes: &[u8]) -> Option<Vec<(u64, Field<'_>)>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes)?;
        let value = match tag & 7 {
            0 => Field::Whole(varint(&mut bytes)?),
            1 => {
                bytes = bytes.get(8..)?;
                Field::Fixed
            }
            2 => {
                let length = usize::try_from(varint(&mut bytes)?).ok()?;
                let (value, rest) = bytes.split_at_checked(length)?;
                bytes = rest;
                Field::Bytes(value)
            }
            5 => {
                bytes = bytes.get(4..)?;
                Field::Fixed
            }
            _ => return None,
        };
        fields.push((tag >> 3, value));
    }
    Some(fields)
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for place in 0..10 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << (7 * place);
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
