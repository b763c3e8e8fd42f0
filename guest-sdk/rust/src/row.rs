//! One case of a dataset, as a scorer sees it.

use crate::bindings::karat::eval::types;
use crate::failure::Failure;
use crate::json::{Fields, Json};

/// One case of a dataset, with what the application answered. Nothing in it is parsed before it is asked for.
#[derive(Clone, Debug)]
pub struct Row(pub(crate) types::Row);

impl Row {
    /// Identity of the row within its dataset; stable across runs.
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// What the application was asked.
    pub fn inputs(&self) -> Fields<'_> {
        Fields::new(Some(&self.0.inputs), "inputs")
    }

    /// What the application answered.
    ///
    /// # Errors
    ///
    /// Fails as bad input when the application was not run. A scorer that [needs](crate::Scorer::NEEDS) outputs, as
    /// all do that don't say otherwise, is not called for such a row.
    pub fn outputs(&self) -> Result<Json<'_>, Failure> {
        let outputs = self.0.outputs.as_deref().ok_or_else(|| Failure::bad_input("the row has no `outputs`"))?;
        Ok(Json::new(outputs, "outputs"))
    }

    /// Fields of the outputs; none where they are no object.
    pub(crate) fn output_fields(&self) -> Fields<'_> {
        Fields::new(self.0.outputs.as_deref(), "outputs")
    }

    /// Ground truth.
    pub fn expectations(&self) -> Fields<'_> {
        Fields::new(self.0.expectations.as_deref(), "expectations")
    }

    /// The answer that would have been right: `expectations.expected_response`.
    ///
    /// # Errors
    ///
    /// Fails as bad input when it is absent.
    pub fn expected_response(&self) -> Result<Json<'_>, Failure> {
        self.expectations().need("expected_response")
    }

    /// Names and values that the dataset's author gave the row.
    pub fn tags(&self) -> &[(String, String)] {
        &self.0.tags
    }

    /// The value of one tag.
    pub fn tag(&self, name: &str) -> Option<&str> {
        self.tags().iter().find(|(tag, _)| tag == name).map(|(_, value)| value.as_str())
    }

    /// The conversation this row belongs to.
    pub fn session(&self) -> Option<&str> {
        self.0.session.as_deref()
    }

    /// Which repetition of the row this is, from 0.
    pub fn trial(&self) -> u32 {
        self.0.trial
    }

    /// Seed for anything random: a function of the suite's seed, the plugin, the scorer, the row and the trial.
    pub fn seed(&self) -> u64 {
        self.0.seed
    }
}
