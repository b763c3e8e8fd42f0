//! `jsonl`: a file of requests, as OpenTelemetry's file exporter writes it.

use karat_sdk::exporter::{Batch, Encoding, Receipt};
use karat_sdk::prelude::*;
use karat_sdk::{Exporter, sink};

/// A file with an OTLP `ExportTraceServiceRequest` as JSON in each line.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub struct Jsonl {}

impl Exporter for Jsonl {
    const NAME: &str = "jsonl";
    const SUMMARY: &str = "a file with OTLP as JSON, a request in each line";

    fn accepts(&self) -> Vec<Encoding> {
        vec![Encoding::OtlpJson]
    }

    fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
        let mut line = batch.payload.clone();
        line.push(b'\n');
        sink::write(&line)?;
        Ok(Receipt::accepted(batch))
    }
}
