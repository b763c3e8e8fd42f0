//! `webhook`: whoever wants to be told.

use std::collections::BTreeMap;

use karat_sdk::exporter::{Batch, Encoding, Receipt};
use karat_sdk::prelude::*;
use karat_sdk::{Exporter, http};

use crate::answer;

/// A server that is sent each batch as JSON. The header `x-karat-batch` has the batch's id, the same where it is sent
/// again.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(crate = "karat_sdk::schemars")]
pub struct Webhook {
    /// Where it is.
    url: String,
    /// Further headers; `{{secret:NAME}}` is filled in by the host.
    #[serde(default)]
    headers: BTreeMap<String, String>,
}

impl Exporter for Webhook {
    const NAME: &str = "webhook";
    const SUMMARY: &str = "a server that is sent each batch as JSON";

    fn accepts(&self) -> Vec<Encoding> {
        vec![Encoding::OtlpJson]
    }

    fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
        let mut request = http::post(&self.url).header("content-type", "application/json");
        request = request.header("x-karat-batch", &batch.id);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let refused = answer::refusal(batch, &request.body(batch.payload.clone()).send()?)?;
        Ok(refused.unwrap_or_else(|| Receipt::accepted(batch)))
    }
}
