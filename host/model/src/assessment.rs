//! What people, judges and code say of a trace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::json::Json;
use crate::outcome::Failure;

/// Names an assessment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(transparent)]
pub struct AssessmentId(pub Uuid);

/// A verdict on a trace, or what is known to be right for it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Assessment {
    pub id: AssessmentId,
    /// The span that it is about; none where it is the whole trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub span: Option<String>,
    pub name: String,
    #[serde(flatten)]
    pub said: Said,
    pub source: Source,
    /// Why, for a person. Untrusted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rationale: Option<String>,
    /// Nanoseconds since 1970-01-01T00:00:00Z; `updated` likewise.
    pub created: u64,
    pub updated: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The one that it stands in for: that one stays in the history and counts no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overrides: Option<AssessmentId>,
}

/// What an assessment says.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
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
