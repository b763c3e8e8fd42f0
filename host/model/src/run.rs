//! One execution of a suite over a dataset.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::dataset::VersionOf;
use crate::endpoint::Judges;
use crate::gate::Gate;
use crate::grant::Grant;
use crate::json::Json;
use crate::limits::{CallLimits, Isolation, Reuse};
use crate::outcome::{Failure, Outcome};
use crate::prediction::Predicted;
use crate::quantity::Allowance;
use crate::reducer::Reducer;
use crate::report::Report;
use crate::row::RowRecord;
use crate::scorer::{Direction, ValueKind};
use crate::slice::SliceKey;
use crate::suite::{DataFormat, Stop};

/// A UUIDv7: later runs have larger ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(transparent)]
pub struct RunId(pub uuid::Uuid);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RunId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// A run as it is stored: what it was started with, and its report once it ended.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Run {
    pub header: RunHeader,
    /// None while the run goes on, and after it was cut off.
    pub report: Option<Report>,
}

/// Everything needed to repeat a run or to go on with it. Written before the first row.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RunHeader {
    pub id: RunId,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub started: u64,
    /// BLAKE3 of the executable, in hexadecimal.
    pub binary: String,
    /// Version of Karat, for people.
    pub version: String,
    pub plan: RunPlan,
    pub data: DatasetSnapshot,
    #[serde(default, skip_serializing_if = "Origin::is_empty")]
    pub origin: Origin,
    /// The runs that gates hold this one against, by how they are named in the suite, by `--baseline` or in a gate. Found once,
    /// when the run began: it is decided by the same ones when it is taken up again.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub baselines: BTreeMap<String, RunId>,
    /// Nothing of runs of earlier versions.
    #[serde(default, skip_serializing_if = "Lineage::is_empty")]
    pub lineage: Lineage,
}

/// What a run came of besides its plan, its data and its binary: to say later whether that is still the same, and to run it again.
/// All digests are BLAKE3, in hexadecimal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Lineage {
    /// The suite as it was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suite: Option<SuiteText>,
    /// The digests of plugins that are not built in, by how the suite names them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub plugins: BTreeMap<String, String>,
    /// The digests of what scorers ask judges, by their keys.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub prompts: BTreeMap<String, String>,
    /// The cassette that was recorded or replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cassette: Option<Tape>,
}

impl Lineage {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A suite file, or what a command put together in place of one.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SuiteText {
    /// As the user named it.
    pub path: String,
    pub digest: String,
    pub text: String,
}

/// A cassette.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Tape {
    /// As the user named it.
    pub path: String,
    pub digest: String,
}

/// How a run can be found again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Origin {
    /// What it was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The branch of git that the suite was on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// The version of the application that was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<AppUse>,
}

/// A version of an application that a run is of.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AppUse {
    pub name: String,
    pub id: String,
}

impl Origin {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A suite with every default filled in and every reference resolved.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct RunPlan {
    pub suite: String,
    /// Who is asked for outputs; none where the rows have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predictor: Option<PlannedPredictor>,
    pub scorers: Vec<PlannedScorer>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregators: Vec<PlannedAggregator>,
    /// Whom plugins may ask.
    #[serde(default, skip_serializing_if = "Judges::is_empty")]
    pub judges: Judges,
    pub trials: u32,
    pub seed: u64,
    pub max_failed: Allowance,
    pub gates: Vec<Gate>,
    /// What parts of the rows have numbers of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<SliceKey>,
    /// The run that gates hold this one against where they name none, as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub baseline: Option<String>,
    /// The prompts that the suite names, in the order of their names; what they say stands in parameters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prompts: Vec<PromptUse>,
    /// Ids of rows that make no regression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<String>,
    /// When the run ends before its last row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
    /// How the data file is read.
    pub format: DataFormat,
    pub map: Option<BTreeMap<String, String>>,
    /// The filter, where rows are traces of the store: verdicts are noted on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<String>,
    /// Evaluate only the rows of this split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// Evaluate only the first rows, of the split where one is said.
    pub limit: Option<u64>,
    /// Evaluate only the row of this id.
    pub only: Option<String>,
}

/// A version of a prompt that a run uses.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
pub struct PromptUse {
    pub prompt: String,
    pub version: u32,
    /// As the suite names it, such as `support@prod`.
    pub named: String,
}

impl fmt::Display for PromptUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.prompt, self.version)
    }
}

/// One scorer as it will be called.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PlannedScorer {
    /// Its name in results.
    pub key: String,
    pub plugin: PluginRef,
    /// Its name within the plugin.
    pub scorer: String,
    /// The version of what it asks judges, where its plugin says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// A JSON object that satisfies the scorer's schema.
    pub parameters: Json,
    pub value: ValueKind,
    pub better: Direction,
    /// How the trials of a row become one value, where that is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce: Option<Reducer>,
    pub needs_outputs: bool,
    pub limits: CallLimits,
    pub reuse: Reuse,
    #[serde(default)]
    pub isolation: Isolation,
    /// What its plugin may use beyond its rows.
    #[serde(default, skip_serializing_if = "Grant::is_empty")]
    pub grant: Grant,
    /// What is said to its plugin as a whole.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
}

/// One aggregator as it will be called.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PlannedAggregator {
    /// Its name in results.
    pub key: String,
    pub plugin: PluginRef,
    /// Its name within the plugin.
    pub aggregator: String,
    /// A JSON object that satisfies the aggregator's schema.
    pub parameters: Json,
    /// Keys of the scorers whose verdicts it sees.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    pub limits: CallLimits,
    pub isolation: Isolation,
    /// What is said to its plugin as a whole.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
}

/// The predictor as it will be called.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct PlannedPredictor {
    pub plugin: PluginRef,
    /// Its name within the plugin.
    pub predictor: String,
    /// A JSON object that satisfies the predictor's schema.
    pub parameters: Json,
    pub limits: CallLimits,
    pub reuse: Reuse,
    pub isolation: Isolation,
    /// What its plugin may use beyond its rows.
    #[serde(default, skip_serializing_if = "Grant::is_empty")]
    pub grant: Grant,
    /// What is said to its plugin as a whole.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub config: Map<String, Value>,
    /// Rows that the application is asked about at once.
    pub concurrency: u32,
    /// How often a row is asked again where that may help.
    pub retries: u32,
    /// How long is waited for spans that the application reports itself.
    #[serde(default, skip_serializing_if = "Duration::is_zero")]
    pub spans_within: Duration,
}

/// Which plugin, to the byte.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct PluginRef {
    pub name: String,
    pub version: String,
    /// BLAKE3 of the component, in hexadecimal.
    pub digest: String,
}

/// The data a run worked on. The store keeps its bytes, so that a run can be shown and resumed when the file is gone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct DatasetSnapshot {
    /// As the user named it.
    pub path: String,
    /// Of what it is a version; none of a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionOf>,
    /// BLAKE3 of the file's bytes, in hexadecimal.
    pub digest: String,
    /// Rows that this run works on.
    pub rows: u64,
    /// The sum of their trials.
    pub trials: u64,
    /// Rows that are left out since they are of another split than the one that is asked for.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
    /// Whether some row has a `cluster`, a `session` or a `weight`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub grouped: bool,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What came of one trial of one row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowResult {
    /// Position of the row in its dataset.
    pub index: u64,
    pub trial: u32,
    pub id: String,
    /// Why there are no outputs, where there should be.
    pub error: Option<Failure>,
    /// What the predictor answered; none where the run has none.
    pub predicted: Option<Predicted>,
    /// One for each scorer, in suite order.
    pub outcomes: Vec<Outcome>,
}

impl RowResult {
    /// The predictor's answer, or what the row came with where none was asked.
    pub fn outputs<'a>(&'a self, row: &'a RowRecord) -> Option<&'a Json> {
        match &self.predicted {
            Some(predicted) => predicted.outputs.as_ref(),
            None => row.outputs.as_ref(),
        }
    }

    /// Whether a scorer failed on the row, or it had no outputs to score.
    pub fn is_failed(&self) -> bool {
        self.error.is_some()
            || self.outcomes.iter().any(|outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Unpredicted))
    }
}
