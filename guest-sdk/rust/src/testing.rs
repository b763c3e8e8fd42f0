//! Scorers tried natively, without a host.
//!
//! ```
//! # use karat_sdk::prelude::*;
//! # #[derive(Deserialize, JsonSchema)]
//! # struct Apology {}
//! # impl Scorer for Apology {
//! #     const NAME: &str = "apology";
//! #     const SUMMARY: &str = "whether the answer says sorry";
//! #     const BETTER: Direction = Direction::Maximize;
//! #     type Verdict = bool;
//! #     fn score(&self, row: &Row) -> Result<Outcome<bool>, Failure> {
//! #         Ok(row.outputs()?.text()?.contains("sorry").into())
//! #     }
//! # }
//! use karat_sdk::testing::row;
//!
//! assert!(row().outputs("We are sorry.").verdict::<Apology>(json!({})));
//! assert!(!row().outputs("No.").verdict::<Apology>(json!({})));
//! assert!(row().score::<Apology>(json!({})).is_err());
//! ```

use serde::Serialize;
use serde_json::{Value, json};

use crate::bindings::karat::eval::types;
use crate::failure::Failure;
use crate::feedback::{Feedback, Outcome};
use crate::row::Row;
use crate::scorer::Scorer;

/// A row to try a scorer on, empty but for its `id`.
pub fn row() -> TestRow {
    TestRow(types::Row {
        id: "test".to_owned(),
        inputs: "{}".to_owned(),
        outputs: None,
        candidate: None,
        expectations: None,
        tags: Vec::new(),
        session: None,
        trial: 0,
        seed: 0,
    })
}

/// A row in the making.
#[derive(Clone, Debug)]
#[must_use]
pub struct TestRow(types::Row);

impl TestRow {
    /// Sets what the application was asked: an object.
    pub fn inputs(self, inputs: impl Serialize) -> Self {
        Self(types::Row { inputs: text(&inputs), ..self.0 })
    }

    /// Sets what the application answered: any JSON value; a `&str` is a JSON string.
    pub fn outputs(self, outputs: impl Serialize) -> Self {
        Self(types::Row { outputs: Some(text(&outputs)), ..self.0 })
    }

    /// Sets all ground truth: an object.
    pub fn expectations(self, expectations: impl Serialize) -> Self {
        Self(types::Row { expectations: Some(text(&expectations)), ..self.0 })
    }

    /// Sets the right answer as the only ground truth.
    pub fn expected_response(self, response: impl Serialize) -> Self {
        self.expectations(json!({ "expected_response": response }))
    }

    /// Adds a tag.
    pub fn tag(mut self, name: &str, value: &str) -> Self {
        self.0.tags.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the seed.
    pub fn seed(self, seed: u64) -> Self {
        Self(types::Row { seed, ..self.0 })
    }

    /// The row as a scorer gets it.
    pub fn build(self) -> Row {
        Row(self.0)
    }

    /// Reads a scorer from `parameters`, as the host's call does, and scores the row.
    ///
    /// # Errors
    ///
    /// Fails when the parameters can't be read or the scorer fails.
    pub fn score<S: Scorer>(self, parameters: Value) -> Result<Outcome<S::Verdict>, Failure> {
        crate::raw::read::<S>(&parameters.to_string())?.score(&self.build())
    }

    /// The verdict with its reason.
    ///
    /// # Panics
    ///
    /// Panics when the scorer abstains or fails.
    pub fn feedback<S: Scorer>(self, parameters: Value) -> Feedback<S::Verdict> {
        match self.score::<S>(parameters) {
            Ok(Outcome::Scored(feedback)) => feedback,
            Ok(Outcome::Abstained(reason)) => panic!("`{}` abstained: {reason}", S::NAME),
            Err(failure) => panic!("`{}` failed: {}", S::NAME, failure.message),
        }
    }

    /// The bare verdict.
    ///
    /// # Panics
    ///
    /// Panics when the scorer abstains or fails.
    pub fn verdict<S: Scorer>(self, parameters: Value) -> S::Verdict {
        self.feedback::<S>(parameters).into_value()
    }
}

/// The JSON Schema that a scorer declares for its parameters.
pub fn schema<S: Scorer>() -> Value {
    schemars::schema_for!(S).to_value()
}

/// JSON objects keep their keys in the order of the alphabet.
fn text(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_else(|error| panic!("no JSON: {error}"));
    value.to_string()
}
