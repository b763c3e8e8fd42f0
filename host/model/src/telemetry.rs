//! Spans on their way out.

use serde::{Deserialize, Serialize};

/// How an OTLP `ExportTraceServiceRequest` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    OtlpJson,
    OtlpProtobuf,
}

/// Spans that an exporter gets at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The same where the batch is sent again, so that repeats can be told.
    pub id: String,
    pub encoding: Encoding,
    /// At least 1.
    pub spans: u32,
    pub payload: Vec<u8>,
}

/// What became of the spans of a batch: accepted and rejected add up to all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    pub accepted: u32,
    pub rejected: u32,
    /// Why some were rejected, or a warning. A guest's text: untrusted.
    pub message: Option<String>,
}
