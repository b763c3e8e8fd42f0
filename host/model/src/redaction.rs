//! What is taken out of traces on their way in, before anything of them is kept.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::endpoint::Redaction;

/// The rules of all experiments. Those of an experiment stand beside those that hold everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Redactions {
    pub everywhere: Rules,
    /// By name.
    pub experiments: BTreeMap<String, Rules>,
}

/// What is looked for. Names of spans and events are left alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// By its looks: in values of attributes, however deep, in JSON that is written in a text, and in what a status says.
    pub patterns: Vec<PatternRule>,
    /// By its name.
    pub keys: Vec<KeyRule>,
}

/// Something with a look of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PatternRule {
    pub looks: Redaction,
    /// `drop` takes the whole attribute in which it is found, or all that the status says.
    #[serde(default)]
    pub action: Action,
}

/// Something with a name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyRule {
    /// The name of an attribute or of a key within one, or the names from the attribute down with dots between them. `*`
    /// stands for any text, and case does not count.
    pub key: String,
    #[serde(default)]
    pub action: Action,
}

/// What becomes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Its name in brackets stands in its place.
    #[default]
    Mask,
    /// A pseudonym stands in its place: the same for the same, so that it can still be counted and joined.
    Hash,
    Drop,
}
