//! The suite file as it is written: only what the user said, no defaults filled in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::endpoint::{KeySource, Price, Redaction};
use crate::grant::Grant;
use crate::limits::{Isolation, Reuse};
use crate::quantity::{Allowance, ByteSize, Count, TimeSpan};
use crate::reducer::Reducer;
use crate::slice::SliceKey;

/// What to evaluate, how, and what must hold.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Karat suite")]
pub struct Suite {
    /// Runs of one suite are kept under this name.
    #[schemars(length(min = 1))]
    pub name: String,
    pub data: Data,
    /// Calls the application under test for each row; without it, rows carry their outputs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub predict: Option<PredictEntry>,
    /// Where judges live, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub endpoints: BTreeMap<String, EndpointEntry>,
    /// The endpoint behind each role. A plugin names roles only.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub judges: BTreeMap<String, String>,
    /// In the order they are reported.
    pub scorers: Vec<ScorerEntry>,
    /// Numbers of all rows together, such as BLEU of a corpus, in the order they are reported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aggregators: Vec<AggregatorEntry>,
    /// How often each row is repeated; 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub trials: Option<u32>,
    /// How what a scorer says of the trials of a row becomes one value: `mean` (by default), `median`, `mode`, `min`, `max`,
    /// `majority`, `pass@k`, `pass^k` or `at_least@k`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce: Option<Reducer>,
    /// Numbers for parts of the rows as well: for each value of a tag (`tags.lang`), or each `split`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slices: Vec<SliceKey>,
    /// Where every seed a plugin sees comes from; 0 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<RunLimits>,
    /// Conditions that decide the exit code, such as `exact_match >= 0.9` or `not regressed(exact_match)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gate: Option<OneOrMany>,
    /// The run that gates hold a run against where they name none: a run's id, `last`, a name, a tag or a branch of git;
    /// `--baseline` on the command line replaces it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1))]
    pub baseline: Option<String>,
    /// Ids of rows that are known to be unsteady: they are scored, and make no regression.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantine: Vec<String>,
    /// Ends a run before its last row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Stop>,
}

impl Suite {
    /// The plugins that are not built in, each as often as it is named.
    pub fn plugins(&self) -> impl Iterator<Item = &str> {
        let predictor = self.predict.iter().filter_map(|entry| match entry {
            PredictEntry::Full(entry) => entry.plugin.as_deref(),
            PredictEntry::Name(_) => None,
        });
        let scorers = self.full_scorers().filter_map(|entry| entry.plugin.as_deref());
        let aggregators = self.aggregators.iter().filter_map(|entry| match entry {
            AggregatorEntry::Full(entry) => entry.plugin.as_deref(),
            AggregatorEntry::Name(_) => None,
        });
        predictor.chain(scorers).chain(aggregators)
    }

    /// The scorers of which more than the name is said.
    pub fn full_scorers(&self) -> impl Iterator<Item = &ScorerUse> {
        self.scorers.iter().filter_map(|entry| match entry {
            ScorerEntry::Full(entry) => Some(entry),
            ScorerEntry::Name(_) => None,
        })
    }
}

/// When a run ends before its last row. Its rows are worked on in an order that the seed draws.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stop {
    pub when: StopWhen,
    /// How probable a wrong decision may be, over all gates together; 0.05 by default.
    #[serde(default = "usual_alpha")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub alpha: f64,
}

fn usual_alpha() -> f64 {
    0.05
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopWhen {
    /// Once every gate is, by intervals that are valid however often they are looked at.
    Decided,
}

/// Where rows come from: a file, a dataset, or traces of the store.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Relative to the suite file; `--data` on the command line replaces it.
    #[schemars(length(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// A version of a dataset: `support@3`, `support@latest`, `support@ALIAS`; `support` freezes what its records are now.
    #[schemars(length(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dataset: Option<String>,
    /// The traces of which this filter holds, a row each; an empty one takes all. Verdicts are noted on the traces as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<String>,
    /// Traces of this experiment only.
    #[schemars(length(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<String>,
    /// So many of the traces, chosen by chance.
    #[schemars(range(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<u64>,
    /// What chance begins with: the same traces are chosen again. By default, the suite's seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The rows of this `split` only; `--split` on the command line replaces it.
    #[schemars(length(min = 1))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split: Option<String>,
    /// By default, what the file's ending says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<DataFormat>,
    /// Turns foreign rows into Karat's: `target: source`. Dots descend, `[n]` indexes, `\.` is a dot in a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DataFormat {
    /// One JSON object a line.
    Jsonl,
    /// One JSON array of objects.
    Json,
    /// Comma-separated values (RFC 4180) with a header line; every value is text.
    Csv,
    /// Apache Parquet, read row by row.
    Parquet,
}

/// A scorer by its name, or with more said about it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "a suite has a handful of them")]
pub enum ScorerEntry {
    Name(String),
    Full(ScorerUse),
}

/// One scorer of the suite.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScorerUse {
    /// Which scorer: a built-in one, or one of `plugin`. May be left out where the plugin offers only one.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub scorer: Option<String>,
    /// A component: a path relative to the suite file, or `publisher/name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The key in results; the scorer's own name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: Option<String>,
    /// The scorer's parameters.
    #[serde(rename = "with", default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// How what it says of the trials of a row becomes one value; the suite's `reduce` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reduce: Option<Reducer>,
    /// A judge of one's own, in place of `use` and `with`: `instructions` with places such as `{{ inputs }}` and
    /// `{{ outputs }}`, `value`: `bool`, `number`, `text`, `{ enum: [...] }` or a list of one of these, and the `role`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Map<String, Value>>,
    /// Several judges: `of` with their roles, `fold`, `instructions` and `value` as for `judge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jury: Option<Map<String, Value>>,
    /// A cheap judge, and a strong one where that is unsure: `first` and `then` with a `role` each, `sure`,
    /// `instructions` and `value` as for `judge`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cascade: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PluginLimits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Reuse>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// What the plugin may use beyond its rows, of what it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// What is said to the plugin as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
}

/// An aggregator by its name, or with more said about it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "a suite has a handful of them")]
pub enum AggregatorEntry {
    Name(String),
    Full(AggregatorUse),
}

/// One aggregator of the suite.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregatorUse {
    /// Which aggregator: a built-in one, or one of `plugin`. May be left out where the plugin offers only one.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub aggregator: Option<String>,
    /// A component: a path relative to the suite file, or `publisher/name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The key in results; the aggregator's own name by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^[a-z][a-z0-9_]*$"))]
    pub name: Option<String>,
    /// The aggregator's parameters.
    #[serde(rename = "with", default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// Keys of scorers whose verdicts it sees beside the rows; none by default.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub of: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PluginLimits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// What the plugin may use beyond the rows, of what it asks for: nothing. It has to be said (`{}`) where the plugin asks for
    /// something.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// What is said to the plugin as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
}

/// A predictor by its name, or with more said about it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
#[expect(clippy::large_enum_variant, reason = "a suite has one of them")]
pub enum PredictEntry {
    Name(String),
    Full(PredictUse),
}

/// The predictor of the suite.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PredictUse {
    /// Which predictor: a built-in one, or one of `plugin`. May be left out where the plugin offers only one.
    #[serde(rename = "use", default, skip_serializing_if = "Option::is_none")]
    pub predictor: Option<String>,
    /// A component: a path relative to the suite file, or `publisher/name@version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
    /// The predictor's parameters.
    #[serde(rename = "with", default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<PluginLimits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reuse: Option<Reuse>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub isolation: Option<Isolation>,
    /// What the plugin may use beyond its rows, of what it asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// What is said to the plugin as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
    /// Rows that the application is asked about at once; 8 by default, 1 where that takes a command for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
    /// How often a row is asked again where the application was overloaded, out of reach or too slow; 2 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// How long is waited for spans that the application itself reports to this store, under the `traceparent` that it was
    /// sent; not at all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spans_within: Option<TimeSpan>,
}

/// An LLM, and how it is asked.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointEntry {
    /// A provider and a model, such as `openai:/gpt-5-mini`. Providers are `openai`, `azure`, `anthropic`, `gemini` and
    /// `ollama`.
    pub model: String,
    /// Where the provider's interface is found; the provider's own by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The name of the variable or file with the key, never the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_key: Option<KeySource>,
    /// US dollars for a million tokens; for well-known models what Karat knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Price>,
    /// Added to the body of each request, in the provider's own words, such as `reasoning_effort: low`.
    #[serde(rename = "with", default, skip_serializing_if = "Option::is_none")]
    pub parameters: Option<Map<String, Value>>,
    /// For questions that say nothing else; 4096 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_output_tokens: Option<u32>,
    /// Taken out of questions before they leave: `email`, `phone`, `card`, `key`, or a `pattern` of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redact: Option<Vec<Redaction>>,
    /// The endpoint that is asked where this one can't be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Requests at once; 32 by default. It goes down while the provider is overloaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub concurrency: Option<u32>,
    /// By default, what the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub requests_per_minute: Option<u32>,
    /// By default, what the provider says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub tokens_per_minute: Option<u32>,
    /// How often a request that failed in passing is made again; 3 by default. Being told to wait is no failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// For one request; 60 s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<TimeSpan>,
    /// For a question, with all its waiting and repeating; 10 min by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<TimeSpan>,
}

/// Ceilings for one call of a plugin.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PluginLimits {
    /// Linear memory and tables, summed over the component.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<ByteSize>,
    /// About one unit for each WebAssembly instruction.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fuel: Option<Count>,
    /// Wall time; `limits.row_timeout` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSpan>,
    /// All strings and lists of one answer, or of what is handed to one import.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<ByteSize>,
    /// Calls of imports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_calls: Option<Count>,
    /// Handles held at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handles: Option<u32>,
    /// Lines of log kept; further ones are dropped and counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_lines: Option<u32>,
    /// Bytes of log kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_bytes: Option<ByteSize>,
    /// Requests over HTTP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_requests: Option<u32>,
    /// One response over HTTP; what comes behind is cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_bytes: Option<ByteSize>,
}

/// Ceilings for the run.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RunLimits {
    /// What the run may spend on judges, in US dollars, over all its sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub max_usd: Option<f64>,
    /// Rows in work at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Wall time of each call of a plugin; 60 s by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_timeout: Option<TimeSpan>,
    /// More failed rows than this make the run incomplete; `0%` by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_failed: Option<Allowance>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Concurrency {
    Auto(Auto),
    Rows(#[schemars(range(min = 1))] u32),
}

/// Karat decides, from the number of cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Auto {
    Auto,
}

/// One text or a list of them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub fn as_slice(&self) -> &[String] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }
}
