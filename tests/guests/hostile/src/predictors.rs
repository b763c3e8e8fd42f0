//! What a predictor may answer, by mistake or on purpose. The SDK's types rule it out.

use karat_sdk::Failure;
use karat_sdk::predictor::SpanContext;
use karat_sdk::predictor::raw::{Entry, ItemDescription, Prediction};
use karat_sdk::raw::Row;

/// A predictor by what its outputs are.
macro_rules! predictor {
    ($name:literal, $type:ident, $outputs:expr) => {
        #[doc = $name]
        pub(crate) struct $type;

        impl Entry for $type {
            const NAME: &'static str = $name;

            fn describe() -> ItemDescription {
                ItemDescription { name: $name.to_owned(), summary: $name.to_owned(), parameters: "{}".to_owned() }
            }

            fn predict(_: &str, _: Row, _: &SpanContext) -> Result<Prediction, Failure> {
                Ok(Prediction { outputs: $outputs, steps: Vec::new(), attributes: Vec::new() })
            }
        }
    };
}

predictor!("answers_no_json", AnswersNoJson, "{\"answer\":".to_owned());
predictor!("answers_much", AnswersMuch, format!("\"{}\"", "x".repeat(4 << 20)));
predictor!("answers_deep", AnswersDeep, "[".repeat(100_000) + &"]".repeat(100_000));
predictor!("answers_well", AnswersWell, "\"42\"".to_owned());
