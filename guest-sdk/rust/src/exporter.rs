//! What an exporter is: a type whose fields are its parameters.
//!
//! ```
//! use karat_sdk::exporter::{Batch, Exporter, Receipt};
//! use karat_sdk::prelude::*;
//! use karat_sdk::sink;
//!
//! /// How many spans there are.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Counts {}
//!
//! impl Exporter for Counts {
//!     const NAME: &str = "counts";
//!     const SUMMARY: &str = "how many spans each batch has";
//!
//!     fn export(&self, batch: &Batch) -> Result<Receipt, Failure> {
//!         sink::write(format!("{}\n", batch.span_count).as_bytes())?;
//!         Ok(Receipt::accepted(batch))
//!     }
//! }
//!
//! karat_sdk::plugin! { name: "acme/counts", exporters: [Counts] }
//! ```

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer};
use serde_json::Value;

pub use crate::bindings::sends::exports::karat::eval::exporter::{Batch, Encoding, Receipt};
use crate::failure::Failure;

/// Sends spans elsewhere, a batch at a time.
///
/// The fields of the type are the parameters that are set with `--with`; their JSON Schema is what that is checked
/// against. One instance takes all batches.
pub trait Exporter: DeserializeOwned + JsonSchema {
    /// `[a-z][a-z0-9_]*`, unique within the plugin.
    const NAME: &str;
    /// One sentence.
    const SUMMARY: &str;

    /// What it takes, best first.
    fn accepts(&self) -> Vec<Encoding> {
        vec![Encoding::OtlpProtobuf, Encoding::OtlpJson]
    }

    /// Takes a batch: an OTLP `ExportTraceServiceRequest` in an encoding that it accepts. What it says of it has to account
    /// for every span.
    ///
    /// # Errors
    ///
    /// Fails where it can't say what became of the batch. Failures as rate limited, unavailable or timed out are tried
    /// again by the host, with the same id.
    fn export(&self, batch: &Batch) -> Result<Receipt, Failure>;

    /// Sends what was held back. Called once behind the last batch.
    ///
    /// # Errors
    ///
    /// Fails where that can't be sent.
    fn flush(&self) -> Result<(), Failure> {
        Ok(())
    }
}

/// A span of a batch.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// Of 32 hexadecimal digits.
    #[serde(default)]
    pub trace_id: String,
    /// Of 16.
    #[serde(default)]
    pub span_id: String,
    pub name: String,
    /// Nanoseconds since 1970, as a text; so is the end.
    #[serde(default)]
    pub start_time_unix_nano: String,
    #[serde(default)]
    pub end_time_unix_nano: String,
    /// An object.
    #[serde(default, deserialize_with = "attributes")]
    pub attributes: Value,
    #[serde(default)]
    pub events: Vec<Event>,
    /// What went wrong, where something did.
    #[serde(default)]
    pub status: Status,
}

/// Something that happened within a span, such as a verdict on a row.
#[derive(Clone, Debug, Deserialize)]
pub struct Event {
    pub name: String,
    /// An object.
    #[serde(default, deserialize_with = "attributes")]
    pub attributes: Value,
}

/// How a span ended: 2 is an error.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    pub code: u8,
    pub message: String,
}

impl Batch {
    /// All spans of a batch in JSON.
    ///
    /// # Errors
    ///
    /// Fails where the batch is in the other encoding: an exporter that reads spans accepts [`Encoding::OtlpJson`] only.
    pub fn spans(&self) -> Result<Vec<Span>, Failure> {
        let request: Request = serde_json::from_slice(&self.payload)
            .map_err(|error| Failure::other(format!("the batch can't be read as JSON: {error}")))?;
        let scopes = request.resource_spans.into_iter().flat_map(|resource| resource.scope_spans);
        Ok(scopes.flat_map(|scope| scope.spans).collect())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    resource_spans: Vec<Resource>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    scope_spans: Vec<Scope>,
}

#[derive(Deserialize)]
struct Scope {
    spans: Vec<Span>,
}

/// `[{"key": "a", "value": {"stringValue": "b"}}]` as `{"a": "b"}`.
fn attributes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    Vec::<Attribute>::deserialize(deserializer).map(plain)
}

#[derive(Deserialize)]
struct Attribute {
    key: String,
    value: Held,
}

/// A value as OTLP/JSON has it.
#[derive(Deserialize)]
enum Held {
    #[serde(rename = "intValue")]
    Whole(Value),
    #[serde(rename = "arrayValue")]
    Array {
        #[serde(default)]
        values: Vec<Held>,
    },
    #[serde(rename = "kvlistValue")]
    Object {
        #[serde(default)]
        values: Vec<Attribute>,
    },
    #[serde(rename = "stringValue", alias = "doubleValue", alias = "boolValue", alias = "bytesValue")]
    Plain(Value),
}

fn plain(attributes: Vec<Attribute>) -> Value {
    attributes.into_iter().map(|Attribute { key, value }| (key, value.plain())).collect()
}

impl Held {
    fn plain(self) -> Value {
        match self {
            // 64 bits are texts in the JSON of protocol buffers.
            Self::Whole(Value::String(text)) => text.parse::<i64>().map_or(Value::String(text), Value::from),
            Self::Whole(value) | Self::Plain(value) => value,
            Self::Array { values } => values.into_iter().map(Self::plain).collect(),
            Self::Object { values } => plain(values),
        }
    }
}

impl Receipt {
    /// Every span was taken.
    pub fn accepted(batch: &Batch) -> Self {
        Self { accepted: batch.span_count, rejected: 0, message: None }
    }

    /// Some spans were not taken, and why: no more than the batch has.
    pub fn rejected(batch: &Batch, spans: u32, message: impl Into<String>) -> Self {
        let rejected = spans.min(batch.span_count);
        Self { accepted: batch.span_count - rejected, rejected, message: Some(message.into()) }
    }
}

/// What [`plugin!`](crate::plugin) is made of where it has exporters; nothing here is promised.
#[doc(hidden)]
pub mod raw {
    use super::{Batch, Encoding, Exporter, Receipt};
    pub use crate::bindings::describes::exports::karat::eval::describe::ItemDescription;
    use crate::bindings::sends::exports::karat::eval::exporter;
    use crate::raw::{Failure, log_panics, parameters};

    /// One exporter of a plugin, without its types.
    pub trait Entry {
        const NAME: &'static str;

        fn describe() -> ItemDescription;

        fn accepts(parameters: &str) -> Result<Vec<Encoding>, Failure>;

        fn export(parameters: &str, batch: &Batch) -> Result<Receipt, Failure>;

        fn flush(parameters: &str) -> Result<(), Failure>;
    }

    impl<E: Exporter> Entry for E {
        const NAME: &'static str = <E as Exporter>::NAME;

        fn describe() -> ItemDescription {
            ItemDescription {
                name: E::NAME.to_owned(),
                summary: E::SUMMARY.to_owned(),
                parameters: schemars::schema_for!(E).to_value().to_string(),
            }
        }

        fn accepts(text: &str) -> Result<Vec<Encoding>, Failure> {
            Ok(parameters::<E>(E::NAME, text)?.accepts())
        }

        fn export(text: &str, batch: &Batch) -> Result<Receipt, Failure> {
            parameters::<E>(E::NAME, text)?.export(batch)
        }

        fn flush(text: &str) -> Result<(), Failure> {
            parameters::<E>(E::NAME, text)?.flush()
        }
    }

    /// All exporters of a plugin.
    pub trait Sends {
        fn accepts(name: &str, parameters: &str) -> Result<Vec<Encoding>, Failure>;

        fn export(name: &str, parameters: &str, batch: &Batch) -> Result<Receipt, Failure>;

        fn flush(name: &str, parameters: &str) -> Result<(), Failure>;
    }

    impl<P: Sends> exporter::Guest for P {
        fn accepts(name: String, parameters: String) -> Result<Vec<Encoding>, Failure> {
            log_panics();
            <P as Sends>::accepts(&name, &parameters)
        }

        fn export(name: String, parameters: String, batch: Batch) -> Result<Receipt, Failure> {
            log_panics();
            <P as Sends>::export(&name, &parameters, &batch)
        }

        fn flush(name: String, parameters: String) -> Result<(), Failure> {
            log_panics();
            <P as Sends>::flush(&name, &parameters)
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn attributes_are_plain_values_of_any_kind() {
        let values = json!([
            { "key": "text", "value": { "stringValue": "a" } },
            { "key": "whole", "value": { "intValue": "-9007199254740993" } },
            { "key": "number", "value": { "doubleValue": 0.5 } },
            { "key": "flag", "value": { "boolValue": true } },
            { "key": "list", "value": { "arrayValue": { "values": [{ "intValue": 1 }, { "arrayValue": {} }] } } },
            { "key": "object", "value": { "kvlistValue": { "values": [{ "key": "b", "value": { "intValue": "2" } }] } } },
        ]);
        let request =
            json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{ "name": "s", "attributes": values }] }] }] });
        let payload = request.to_string().into_bytes();
        let mut batch = Batch { id: "b".to_owned(), encoding: Encoding::OtlpJson, span_count: 1, payload };
        let plain = json!({
            "text": "a", "whole": -9_007_199_254_740_993_i64, "number": 0.5, "flag": true, "list": [1, []],
            "object": { "b": 2 },
        });
        assert_eq!(batch.spans().expect("spans")[0].attributes, plain);
        batch.payload = b"\x0a\x00".to_vec();
        assert!(batch.spans().is_err_and(|failure| failure.message.contains("can't be read as JSON")));
    }
}
