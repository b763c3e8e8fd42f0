//! What a plugin's author says about it, embedded in its file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::grant::Grant;
use crate::limits::Isolation;

/// The JSON document in the custom section [`Manifest::SECTION`] of a component.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of this form: 1.
    pub manifest: u32,
    pub plugin: Identity,
    /// What it asks for beyond its rows, and why.
    #[serde(default)]
    pub capabilities: Grant,
    /// Where it wants to live.
    #[serde(default)]
    pub isolation: Isolation,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// `publisher/name`, as `describe` says it.
    pub name: String,
    /// Semantic version, as `describe` says it.
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub license: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl Manifest {
    pub const SECTION: &str = "karat:manifest";

    /// Reads a manifest.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong, in words.
    pub fn parse(json: &[u8]) -> Result<Self, String> {
        let manifest: Self = serde_json::from_slice(json).map_err(|error| error.to_string())?;
        if manifest.manifest != 1 {
            return Err(format!("its form is {}, this host reads 1", manifest.manifest));
        }
        manifest.capabilities.check_asked()?;
        Ok(manifest)
    }
}
