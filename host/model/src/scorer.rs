//! What a plugin says about itself and its scorers.

use serde::{Deserialize, Serialize};

use crate::grant::Grant;
use crate::json::Json;
use crate::manifest::Prompt;

/// A plugin as its `describe` export tells it, with what the host knows of its file.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PluginDescription {
    /// `publisher/name`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// BLAKE3 of the component's bytes, in hexadecimal.
    pub digest: String,
    /// What it asks for beyond its rows: what its manifest claims and its code imports.
    #[serde(default, skip_serializing_if = "Grant::is_empty")]
    pub asks: Grant,
    /// Whether it imports the traces of rows: some of its scorers may look at them.
    #[serde(default)]
    pub reads_traces: bool,
    #[serde(default)]
    pub scorers: Vec<ScorerDescription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregators: Vec<ItemDescription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub predictors: Vec<ItemDescription>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exporters: Vec<ItemDescription>,
}

/// What a plugin can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemKind {
    Scorer,
    Aggregator,
    Predictor,
    Exporter,
}

impl ItemKind {
    /// The word for it.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Scorer => "scorer",
            Self::Aggregator => "aggregator",
            Self::Predictor => "predictor",
            Self::Exporter => "exporter",
        }
    }
}

/// An aggregator, a predictor or an exporter of a plugin.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ItemDescription {
    /// `[a-z][a-z0-9_]*`.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// JSON Schema (2020-12) of the parameters object.
    pub parameters: Json,
}

impl ItemDescription {
    fn named(&self) -> (&str, &Json) {
        (&self.name, &self.parameters)
    }
}

impl PluginDescription {
    /// Name and parameter schema of each item of a kind.
    pub fn items(&self, kind: ItemKind) -> Vec<(&str, &Json)> {
        match kind {
            ItemKind::Scorer => self.scorers.iter().map(|scorer| (scorer.name.as_str(), &scorer.parameters)).collect(),
            ItemKind::Aggregator => self.aggregators.iter().map(ItemDescription::named).collect(),
            ItemKind::Predictor => self.predictors.iter().map(ItemDescription::named).collect(),
            ItemKind::Exporter => self.exporters.iter().map(ItemDescription::named).collect(),
        }
    }
}

/// One scorer of a plugin.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct ScorerDescription {
    /// `[a-z][a-z0-9_]*`.
    pub name: String,
    /// One sentence.
    pub summary: String,
    /// JSON Schema (2020-12) of the parameters object.
    pub parameters: Json,
    pub value: ValueKind,
    /// The labels a verdict can take where `value` is `label`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    pub better: Direction,
    pub needs: Needs,
    pub determinism: Determinism,
    /// What it asks a judge, where its plugin's manifest says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<Prompt>,
}

/// Whether the same row gives the same answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Determinism {
    /// Always.
    #[default]
    Pure,
    /// As far as the judge it asks.
    Judge,
    /// Network, time or chance play a part.
    Volatile,
}

/// The shape of a scorer's main verdict; one of another shape is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ValueKind {
    Boolean,
    Number,
    /// One of the declared labels.
    Label,
    /// Free text: kept, never averaged.
    Text,
    Booleans,
    Numbers,
    Texts,
    /// Not told beforehand. There may be no main verdict, only others.
    Any,
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Higher is better.
    Maximize,
    /// Lower is better.
    Minimize,
    Neutral,
}

/// Parts of a row that a scorer can't do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Needs {
    pub outputs: bool,
    pub expectations: bool,
}
