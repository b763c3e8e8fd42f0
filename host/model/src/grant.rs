//! What a plugin asks for beyond its row, and what it is given.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quantity::ByteSize;

/// Capabilities: those a manifest claims, those a suite grants, and what both have in common.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// Questions to an LLM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub judge: Option<JudgeRule>,
    /// Requests over HTTP.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub http: Vec<HttpRule>,
    /// Values that the plugin keeps.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub kv: Vec<BucketRule>,
}

/// Which roles may be asked, and how often.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JudgeRule {
    pub roles: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_calls_per_row: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_usd_per_run: Option<f64>,
    /// For whoever decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Requests to one origin.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpRule {
    /// `scheme://host[:port]`; the host may begin with `*.`, for any name below.
    pub url: String,
    /// In upper case.
    pub methods: Vec<String>,
    /// Names that the host may fill in for this origin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// For whoever decides about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One bucket of values.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketRule {
    pub name: String,
    /// The most that may be in it.
    pub bytes: ByteSize,
}
