//! What a plugin's author says about it, embedded in its file.

use std::collections::BTreeMap;

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
    /// What its scorers ask judges, by the scorer's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: BTreeMap<String, Prompt>,
}

/// What a scorer asks a judge.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Prompt {
    /// Told beside results, so that who compares them knows whether the same was asked.
    pub version: String,
    pub text: String,
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
        for (scorer, prompt) in &manifest.prompts {
            prompt.check().map_err(|what| format!("the prompt of `{}` {what}", scorer.escape_debug()))?;
        }
        Ok(manifest)
    }
}

impl Prompt {
    /// Bytes of a text.
    const LONGEST: usize = 64 << 10;

    /// Bytes of a version, which stands in tables.
    const LONGEST_VERSION: usize = 64;

    fn check(&self) -> Result<(), String> {
        let is_version = |byte: u8| byte.is_ascii_graphic();
        if self.version.is_empty()
            || self.version.len() > Self::LONGEST_VERSION
            || !self.version.bytes().all(is_version)
        {
            return Err(format!("has a version that is none: take up to {} letters and digits", Self::LONGEST_VERSION));
        }
        if self.text.is_empty() || self.text.len() > Self::LONGEST {
            return Err(format!("is empty, or longer than {} KiB", Self::LONGEST >> 10));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(prompt: &str, expected: Result<(), &str>) {
        let plugin = r#""manifest": 1, "plugin": { "name": "a/b", "version": "1.0.0" }"#;
        let manifest = Manifest::parse(format!(r#"{{ {plugin}, "prompts": {{ "tone": {prompt} }} }}"#).as_bytes());
        match (manifest, expected) {
            (Ok(_), Ok(())) => {}
            (Err(wrong), Err(expected)) => assert!(wrong.contains(expected), "{wrong}"),
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn a_prompt_has_a_version_and_a_text_of_bounded_length() {
        check(r#"{ "version": "1.2-beta", "text": "Is it polite?" }"#, Ok(()));
        check(r#"{ "text": "Is it polite?" }"#, Err("missing field `version`"));
        check(r#"{ "version": "", "text": "Is it polite?" }"#, Err("the prompt of `tone` has a version that is none"));
        check(r#"{ "version": "a b", "text": "Is it polite?" }"#, Err("version that is none"));
        check(r#"{ "version": "1", "text": "" }"#, Err("the prompt of `tone` is empty"));
        let long = "x".repeat(Prompt::LONGEST + 1);
        check(&format!(r#"{{ "version": "1", "text": "{long}" }}"#), Err("longer than 64 KiB"));
    }
}
