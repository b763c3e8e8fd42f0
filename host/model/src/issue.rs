//! Problems that somebody has found in what an application does.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A problem of an application. Assessments of the traces that show it have its id for a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Issue {
    pub id: String,
    /// The id of the experiment that it belongs to.
    pub experiment: String,
    pub name: String,
    pub description: String,
    pub status: IssueStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub root_causes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The run that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
    /// Milliseconds since 1970-01-01T00:00:00Z; `updated` and `seen`, when it showed last, likewise.
    pub created: i64,
    pub updated: i64,
    pub seen: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IssueStatus {
    #[default]
    Pending,
    Rejected,
    Resolved,
}

/// How bad it is, from the least on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    NotAnIssue,
    Low,
    Medium,
    High,
}
