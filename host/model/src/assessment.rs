//! What people, judges and code say of a trace.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::json::Json;
use crate::outcome::Failure;

/// What the metadata of an assessment calls that for which MLflow has a field: the code of an error, and the issue that it
/// speaks of.
pub const ERROR_CODE: &str = "karat.errorCode";
pub const ISSUE: &str = "karat.issue";

/// What the metadata of an assessment calls the session that it is about: it stands on one trace of it, the first that there
/// was, and is said of all. As MLflow has it.
pub const SESSION: &str = "mlflow.trace.session";

/// Names an assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct AssessmentId(pub Uuid);

/// A verdict on a trace, or what is known to be right for it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Assessment {
    pub id: AssessmentId,
    /// The span that it is about; none where it is the whole trace.
    pub span: Option<String>,
    pub name: String,
    pub said: Said,
    pub source: Source,
    /// Why, for a person. Untrusted.
    pub rationale: Option<String>,
    /// Nanoseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: u64,
    pub updated: u64,
    pub metadata: BTreeMap<String, String>,
    /// The one that it stands in for: that one stays in the history and counts no more.
    pub overrides: Option<AssessmentId>,
}

impl Assessment {
    /// Makes it one of a session as a whole.
    #[must_use]
    pub fn of_session(mut self, session: &str) -> Self {
        self.metadata.insert(SESSION.to_owned(), session.to_owned());
        self
    }

    pub fn is_of_session(&self) -> bool {
        self.metadata.contains_key(SESSION)
    }
}

/// Of what was said of a trace, what none overrides.
pub fn counting(said: &[Assessment]) -> impl Iterator<Item = &Assessment> {
    let overridden: BTreeSet<AssessmentId> = said.iter().filter_map(|one| one.overrides).collect();
    said.iter().filter(move |one| !overridden.contains(&one.id))
}

/// An assessment in JSON: what it says under one of three keys.
#[derive(Deserialize, Serialize)]
struct Written {
    id: AssessmentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    span: Option<String>,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    feedback: Option<Json>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<Failure>,
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    expectation: Option<Json>,
    source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rationale: Option<String>,
    created: u64,
    updated: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    overrides: Option<AssessmentId>,
}

/// A value that is there, `null` as well.
fn given<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

impl TryFrom<Written> for Assessment {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let said = match (written.feedback, written.failed, written.expectation) {
            (Some(value), None, None) => Said::Feedback(value),
            (None, Some(failure), None) => Said::Failed(failure),
            (None, None, Some(value)) => Said::Expectation(value),
            _ => return Err("an assessment has either `feedback`, `failed` or `expectation`"),
        };
        let Written { id, span, name, source, rationale, created, updated, metadata, overrides, .. } = written;
        Ok(Self { id, span, name, said, source, rationale, created, updated, metadata, overrides })
    }
}

impl From<Assessment> for Written {
    fn from(assessment: Assessment) -> Self {
        let Assessment { id, span, name, said, source, rationale, created, updated, metadata, overrides } = assessment;
        let (feedback, failed, expectation) = match said {
            Said::Feedback(value) => (Some(value), None, None),
            Said::Failed(failure) => (None, Some(failure), None),
            Said::Expectation(value) => (None, None, Some(value)),
        };
        Self { id, span, name, feedback, failed, expectation, source, rationale, created, updated, metadata, overrides }
    }
}

/// What an assessment says.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A verdict: any JSON, as MLflow has it.
    Feedback(Json),
    /// There is none, and why.
    Failed(Failure),
    /// What is known to be right.
    Expectation(Json),
}

/// Who says it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Source {
    pub kind: SourceKind,
    /// A person's name or address, a model, a scorer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SourceKind {
    Human,
    LlmJudge,
    Code,
}
