//! What a predictor is: a type whose fields are its parameters.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::bindings::karat::eval::types;
use crate::bindings::predicts::exports::karat::eval::predictor as exported;
use crate::failure::Failure;
use crate::row::Row;

pub use crate::bindings::predicts::exports::karat::eval::predictor::SpanContext;

/// Calls an application for a row.
///
/// The fields of the type are the parameters that a suite sets under `with:`; their JSON Schema is what it is checked
/// against.
pub trait Predictor: DeserializeOwned + JsonSchema {
    /// `[a-z][a-z0-9_]*`, unique within the plugin.
    const NAME: &str;
    /// One sentence.
    const SUMMARY: &str;

    /// Calls the application with the row's inputs; the row has neither outputs nor expectations. `span` is the one that
    /// the host keeps for the call.
    ///
    /// # Errors
    ///
    /// Fails where there is no answer. Failures as rate limited, unavailable or timed out are tried again by the host.
    fn predict(&self, row: &Row, span: &SpanContext) -> Result<Prediction, Failure>;
}

/// An answer of the application.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prediction {
    pub outputs: Value,
    attributes: Vec<(String, Value)>,
}

impl Prediction {
    pub fn new(outputs: impl Into<Value>) -> Self {
        Self { outputs: outputs.into(), attributes: Vec::new() }
    }

    /// Says something about the call, by a name of OpenTelemetry's such as `gen_ai.request.model`.
    #[must_use]
    pub fn attribute(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.attributes.push((key.to_owned(), value.into()));
        self
    }

    /// Says what the application used of a model, as far as it is known.
    #[must_use]
    pub fn tokens(self, input: Option<u64>, output: Option<u64>) -> Self {
        let told = |prediction: Self, key, tokens: Option<u64>| match tokens {
            Some(tokens) => prediction.attribute(key, tokens),
            None => prediction,
        };
        told(told(self, "gen_ai.usage.input_tokens", input), "gen_ai.usage.output_tokens", output)
    }
}

impl From<Prediction> for exported::Prediction {
    fn from(prediction: Prediction) -> Self {
        let attribute = |(key, value): (String, Value)| types::Attribute { key, value: value.to_string() };
        Self {
            outputs: prediction.outputs.to_string(),
            steps: Vec::new(),
            attributes: prediction.attributes.into_iter().map(attribute).collect(),
        }
    }
}

/// The header by which an application that is traced joins the trace (W3C Trace Context).
pub fn traceparent(span: &SpanContext) -> String {
    format!("00-{}-{}-01", span.trace, span.span)
}

/// A value as JSON; for outputs that are made of types.
///
/// # Errors
///
/// Fails where a value has no JSON form.
pub fn json(value: &impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| Failure::other(format!("the answer has no JSON form: {error}")))
}

/// What [`plugin!`](crate::plugin) is made of where it has predictors; nothing here is promised.
#[doc(hidden)]
pub mod raw {
    use super::{Predictor, SpanContext};
    pub use crate::bindings::describes::exports::karat::eval::describe::ItemDescription;
    use crate::bindings::predicts::exports::karat::eval::predictor;
    pub use crate::bindings::predicts::exports::karat::eval::predictor::Prediction;
    use crate::raw::{Failure, Row, log_panics, parameters};

    /// One predictor of a plugin, without its types.
    pub trait Entry {
        const NAME: &'static str;

        fn describe() -> ItemDescription;

        fn predict(parameters: &str, row: Row, span: &SpanContext) -> Result<Prediction, Failure>;
    }

    impl<P: Predictor> Entry for P {
        const NAME: &'static str = <P as Predictor>::NAME;

        fn describe() -> ItemDescription {
            ItemDescription {
                name: P::NAME.to_owned(),
                summary: P::SUMMARY.to_owned(),
                parameters: schemars::schema_for!(P).to_value().to_string(),
            }
        }

        fn predict(text: &str, row: Row, span: &SpanContext) -> Result<Prediction, Failure> {
            let predictor: P = parameters(P::NAME, text)?;
            predictor.predict(&crate::Row(row), span).map(Prediction::from)
        }
    }

    /// All predictors of a plugin.
    pub trait Predicts {
        fn predict(name: &str, parameters: &str, row: Row, span: &SpanContext) -> Result<Prediction, Failure>;
    }

    impl<P: Predicts> predictor::Guest for P {
        fn predict(name: String, parameters: String, row: Row, span: SpanContext) -> Result<Prediction, Failure> {
            log_panics();
            <P as Predicts>::predict(&name, &parameters, row, &span)
        }
    }
}
