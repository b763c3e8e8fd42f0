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
use serde::de::DeserializeOwned;

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
