//! What can be typed.

mod datasets;
mod decisions;
mod help;
mod named;
mod runs;
mod traces;
mod vary;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reports::{Format, UnknownFormat};

use crate::authority::Permission;

pub(crate) use datasets::{AddRows, Datasets, ExportRows, FileFormat, ImportRows, Said};
pub(crate) use decisions::{Adjust, Card, Compare, ComparisonFormat, Power};
pub(crate) use named::{AddApp, AddPrompt, Apps, Prompts};
pub(crate) use runs::{Quarantine, Replay, Runs, Verify, Written};
pub(crate) use traces::{
    Export as LiveExport, ExportFrom, ExportTraces, Feedback, ImportTraces, Kept, Page, Score, Serve, Source,
    To as LiveTo, TraceFormat, Traces,
};
pub(crate) use vary::Vary;

/// Evaluates GenAI applications with sandboxed scorers.
#[derive(Debug, Parser)]
#[command(name = "karat", version, propagate_version = true, disable_help_subcommand = true)]
#[command(before_help = help::verbs())]
#[command(help_template = "{about-with-newline}{usage-heading} {usage}\n\n{before-help}Options:\n{options}")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,

    /// Print JSON, for machines.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Folder of the store [default: nearest `.karat` upwards].
    #[arg(long, global = true, env = "KARAT_STORE", hide_env_values = true, value_name = "FOLDER")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Run a suite: score every row, report, decide.
    Eval(Eval),
    /// Say whether a run is better than another, and how sure that is.
    Compare(Compare),
    /// Say how many rows it takes to see a difference.
    Power(Power),
    /// Runs and their results.
    #[command(subcommand)]
    Runs(Runs),
    /// Datasets: named, immutable versions of rows.
    #[command(subcommand)]
    Datasets(Datasets),
    /// Prompts and their versions.
    #[command(subcommand)]
    Prompts(Prompts),
    /// Versions of applications.
    #[command(subcommand)]
    Apps(Apps),
    /// Traces: what applications did.
    #[command(subcommand)]
    Traces(Traces),
    /// What people, judges and code say of traces.
    #[command(subcommand)]
    Feedback(Feedback),
    /// Take in traces from OpenTelemetry SDKs, and answer questions about them over HTTP.
    Serve(Serve),
    /// Judges: the LLMs behind the roles of a suite.
    #[command(subcommand)]
    Judge(Judge),
    /// Scorers: what there is to choose from.
    #[command(subcommand)]
    Scorers(Scorers),
    /// Plugins: scorers as WebAssembly components.
    #[command(subcommand)]
    Plugin(Plugin),
    /// Write a suite and example rows to start from.
    Init(Init),
    /// Print a JSON Schema, for editors and checks.
    Schema(Schema),
    /// Carry a store elsewhere, or copy it.
    #[command(subcommand)]
    Store(Store),
    /// Take in everything that somebody else keeps.
    #[command(subcommand)]
    Import(Import),
    /// Hand everything in the store to somebody else.
    #[command(subcommand)]
    Export(Export),
    /// Say what works on this machine, and mend a store.
    Doctor(Doctor),
}

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Eval {
    /// The suite file, or a folder with a `karat.yaml`.
    #[arg(default_value = "karat.yaml")]
    pub(crate) suite: PathBuf,

    /// Take the rows from this file instead of the suite's `data`, or from a dataset: `dataset:support@3`.
    #[arg(long, value_name = "FILE")]
    pub(crate) data: Option<PathBuf>,

    /// Evaluate only the first N rows.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,

    /// Evaluate only the rows of this split, such as `test`.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) split: Option<String>,

    /// Evaluate only the row with this id.
    #[arg(long, value_name = "ID")]
    pub(crate) only: Option<String>,

    /// Hold the run against this one where gates compare: a run's id, `last`, a name, a tag or a branch of git.
    #[arg(long, value_name = "RUN")]
    pub(crate) baseline: Option<String>,

    /// Call the run this, so that others can be held against it.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    pub(crate) name: Option<String>,

    /// Give the run a tag, so that others can be held against it.
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) tag: Vec<(String, String)>,

    /// The version of the application that is looked at: its id, or its name for the newest of that name.
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,

    /// Run the suite once for each of these, and compare all with the first: versions of a prompt that the suite names, as
    /// `prompt=support@1,support@2`, or a parameter of the predictor, as `model=gpt-5-mini,gpt-5`.
    #[arg(long, value_name = "KEY=A,B", conflicts_with_all = ["resume", "record", "replay", "estimate", "name", "report"])]
    pub(crate) vary: Option<Vary>,

    /// Go on with a run that was cut off.
    #[arg(long, value_name = "RUN")]
    pub(crate) resume: Option<String>,

    /// Keep what judges and applications reply in this file, so that the run can be had again without asking anybody.
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    pub(crate) record: Option<PathBuf>,

    /// Ask nobody: take all replies from a file that was recorded.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,

    /// Ask judges anew, whatever they replied before.
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Run the first rows, say what the whole will take, and go on if you say so or with `--yes`.
    #[arg(long)]
    pub(crate) estimate: bool,

    /// Spend no more than this on judges, in US dollars, over all sessions of the run.
    #[arg(long, value_name = "X", value_parser = dollars)]
    pub(crate) max_usd: Option<f64>,

    /// Go on where you would be asked.
    #[arg(long)]
    pub(crate) yes: bool,

    /// Let plugins do what only you can allow: `http=http://127.0.0.1:8000`, `env=NAME@https://api.example.com`,
    /// `file=PATH@https://api.example.com`, `process=NAME`.
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Permission>,

    /// What is allowed, from this file instead of the one in your configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,

    /// Write a report as well, such as `html=report.html` or `junit=report.xml`; also json, jsonl, markdown, sarif, csv, parquet.
    #[arg(long, value_name = "FORMAT=FILE")]
    pub(crate) report: Vec<ReportFile>,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let tag = text.split_once('=').filter(|(key, _)| !key.is_empty());
    tag.map(|(key, value)| (key.to_owned(), value.to_owned())).ok_or_else(|| "write it as `KEY=VALUE`".to_owned())
}

fn dollars(text: &str) -> Result<f64, String> {
    let amount = text.parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0);
    amount.ok_or_else(|| "write an amount of US dollars, such as `0.50`".to_owned())
}

/// A report to be written to a file.
#[derive(Clone, Debug)]
pub(crate) struct ReportFile {
    pub(crate) format: Format,
    pub(crate) path: PathBuf,
}

impl std::str::FromStr for ReportFile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (format, path) = text.split_once('=').ok_or("write it as FORMAT=FILE, such as `junit=report.xml`")?;
        let format = format.parse().map_err(|unknown: UnknownFormat| unknown.to_string())?;
        if path.is_empty() {
            return Err("the file is missing: write `junit=report.xml`".to_owned());
        }
        Ok(Self { format, path: path.into() })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Judge {
    /// Who is behind the roles of a suite, what they cost, and whether they can be reached.
    List {
        #[command(flatten)]
        of: Asked,
    },
    /// Ask one question.
    Ask {
        /// What to ask, or the response to check against `--guidelines`; standard input where it is `-`.
        question: String,
        #[command(flatten)]
        of: Asked,
        /// The role to ask.
        #[arg(long, default_value = "default")]
        role: String,
        /// A file with the JSON Schema that the reply has to satisfy.
        #[arg(long, value_name = "FILE", conflicts_with = "choice")]
        schema: Option<PathBuf>,
        /// One of the replies that there may be.
        #[arg(long, value_name = "TEXT")]
        choice: Vec<String>,
        /// Check a response against a guideline, as the scorer `guidelines` does; exit 1 where it breaks one. Once for each.
        #[arg(long, value_name = "TEXT", conflicts_with_all = ["schema", "choice"])]
        guidelines: Vec<String>,
        /// What the response answers.
        #[arg(long, value_name = "TEXT", requires = "guidelines")]
        request: Option<String>,
    },
    /// How far judges can be trusted: beside people, beside themselves, and what they cost.
    Card(Card),
    /// What was asked during a run, of whom, what was replied and what it cost.
    Log {
        /// A run id, the first digits of one, or `last`.
        run: String,
        /// Of one row only.
        #[arg(long, value_name = "ID")]
        row: Option<String>,
        /// Show questions and replies whole.
        #[arg(long)]
        full: bool,
    },
    /// Replies that are kept for the next time.
    #[command(subcommand)]
    Cache(JudgeCache),
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum JudgeCache {
    /// How many replies there are, and how much room they take.
    Stats,
    /// Forget all of them.
    Clear,
}

/// Whose judges, and what they may reach.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    /// The suite file, or a folder with a `karat.yaml`.
    #[arg(long, value_name = "SUITE", default_value = "karat.yaml")]
    pub(crate) suite: PathBuf,
    /// Let it reach what only you can allow: `http=http://127.0.0.1:8000`, `env=NAME@https://api.example.com`,
    /// `file=PATH@https://api.example.com`, `process=NAME`.
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Permission>,
    /// What is allowed, from this file instead of the one in your configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// Who gets a run, and what that may reach.
#[derive(Debug, Args)]
pub(crate) struct ExportTo {
    /// Hand the run to an exporter, as OpenTelemetry: a built-in one by name, a `.wasm` file, or `publisher/name@version`.
    #[arg(long, value_name = "EXPORTER", conflicts_with = "format")]
    pub(crate) exporter: Option<String>,
    /// One exporter of a plugin that offers several.
    #[arg(long = "use", value_name = "NAME", requires = "exporter")]
    pub(crate) item: Option<String>,
    /// The exporter's parameters, a JSON object.
    #[arg(long = "with", value_name = "JSON", default_value = "{}", requires = "exporter")]
    pub(crate) parameters: String,
    /// Let it send to this server, as `http=https://api.example.com`; a built-in one may send to its `url`.
    #[arg(long, value_name = "WHAT", requires = "exporter", value_parser = server)]
    pub(crate) grant: Vec<String>,
    /// Let it do what only you can allow: `http=http://127.0.0.1:4318`, `env=NAME@https://api.example.com`,
    /// `file=PATH@https://api.example.com`, `process=NAME`.
    #[arg(long, value_name = "WHAT", requires = "exporter")]
    pub(crate) allow: Vec<Permission>,
    /// What is allowed, from this file instead of the one in your configuration folder.
    #[arg(long, value_name = "FILE", requires = "exporter")]
    pub(crate) policy: Option<PathBuf>,
}

fn server(text: &str) -> Result<String, String> {
    let server = text.strip_prefix("http=").filter(|url| url.contains("://"));
    server.map(str::to_owned).ok_or_else(|| "write it as `http=https://api.example.com`".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Scorers {
    /// The built-in scorers, and those of plugins that were added.
    List {
        /// The built-in ones only, as the table in `scorers/README.md`.
        #[arg(long)]
        markdown: bool,
    },
    /// One scorer: what it says, needs and takes, and what it asks judges.
    Show {
        /// Its name.
        name: String,
        /// The plugin it is of, where several offer one of this name: `publisher/name` or `publisher/name@version`.
        #[arg(long)]
        plugin: Option<String>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Begin a plugin: a folder with its source, its tests, a suite, and the SDK.
    New {
        /// `name` or `publisher/name`; the folder gets the name.
        name: String,
        /// What it is written in.
        #[arg(long, value_enum)]
        lang: Lang,
        /// What it offers.
        #[arg(long, value_enum, default_value_t = Kind::Scorer)]
        kind: Kind,
    },
    /// Make one file of a plugin's project, and check it.
    Build {
        /// The folder with the `plugin.toml`.
        #[arg(default_value = ".")]
        folder: PathBuf,
        /// The file to write [default: `NAME.wasm` in the folder].
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Put one row before a scorer, and show what it says.
    Run {
        /// A `.wasm` file, or the name of a built-in plugin.
        plugin: String,
        #[command(flatten)]
        call: OneCall,
        /// Let the plugin do what only you can allow: `http=http://127.0.0.1:8000`, `env=NAME@https://api.example.com`,
        /// `file=PATH@https://api.example.com`, `process=NAME`.
        #[arg(long, value_name = "WHAT")]
        allow: Vec<Permission>,
        /// What is allowed, from this file instead of the one in your configuration folder.
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
    },
    /// Check that a plugin says what its cases expect.
    Test {
        /// A `.wasm` file, or the folder of a plugin that was built.
        #[arg(default_value = ".")]
        plugin: PathBuf,
        /// The file with the cases [default: `cases.yaml` beside the plugin].
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        /// Check that its SDK keeps to the interface: the cases that every SDK has to pass.
        #[arg(long, conflicts_with = "cases")]
        conformance: bool,
    },
    /// Build and test a plugin whenever a file of it changes.
    Dev {
        /// The folder with the `plugin.toml`.
        #[arg(default_value = ".")]
        folder: PathBuf,
    },
    /// What a component offers and asks for.
    Inspect {
        /// A `.wasm` file, or the name of a built-in plugin.
        plugin: String,
        /// Say what this suite would grant it, too.
        #[arg(long, value_name = "SUITE")]
        suite: Option<PathBuf>,
    },
    /// What a call of a scorer costs: fuel, memory, time.
    Bench {
        /// A `.wasm` file, or the name of a built-in plugin.
        plugin: String,
        #[command(flatten)]
        call: OneCall,
    },
    /// Say what the plugins of a suite ask for, and note in `karat.lock` that they may.
    Allow {
        /// The suite file, or a folder with a `karat.yaml`.
        #[arg(default_value = "karat.yaml")]
        suite: PathBuf,
    },
    /// The built-in plugins, those that were added, and their scorers.
    List,
    /// Keep a plugin on this machine, so that suites can name it: `plugin: publisher/name@version`.
    Add {
        /// A `.wasm` file, or the folder of a plugin that was built.
        plugin: PathBuf,
    },
    /// Take away a plugin that was added.
    Remove {
        /// `publisher/name@version`.
        plugin: String,
    },
}

/// What of a plugin is called, and on what.
#[derive(Debug, Args)]
pub(crate) struct OneCall {
    /// One of its scorers or predictors; all of them by default.
    #[arg(long = "use", value_name = "NAME")]
    pub(crate) item: Option<String>,
    /// The parameters, a JSON object.
    #[arg(long = "with", value_name = "JSON", default_value = "{}")]
    pub(crate) parameters: String,
    /// A file with the row to score, a JSON object.
    #[arg(long, value_name = "FILE")]
    pub(crate) row: Option<PathBuf>,
}

/// What a plugin offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Looks at rows and gives feedback.
    Scorer,
    /// Calls the application under test.
    Predictor,
    /// Sends the results of a run elsewhere.
    Exporter,
}

/// A language to write plugins in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Lang {
    Rust,
    Python,
    #[value(name = "js")]
    JavaScript,
    #[value(name = "ts")]
    TypeScript,
    C,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    /// Write everything in the store to one file.
    Export {
        /// The file, in place of one that is there.
        file: PathBuf,
    },
    /// Add everything in such a file to the store; made where it is missing.
    Import { file: PathBuf },
    /// Copy the store, also while it is in use. The copy takes no space until either of the two changes.
    Backup {
        /// Where to; on the same disk, and empty or not there.
        folder: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Experiments, runs, traces, datasets, prompts and the rest of an MLflow. Again, it goes on where it was cut off.
    ///
    /// A server's credentials are those of MLflow's client: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
    /// MLFLOW_TRACKING_PASSWORD.
    Mlflow {
        /// The address of a tracking server, or the file of its SQLite database.
        #[arg(value_name = "URI")]
        from: String,
        /// Where the files are that the server of a database keeps [default: `mlartifacts` beside the database].
        #[arg(long, value_name = "FOLDER")]
        artifacts: Option<PathBuf>,
        /// What is taken out of traces before they are kept: a TOML file, as for `karat serve`.
        #[arg(long, value_name = "FILE")]
        redact: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Export {
    /// Experiments, runs, traces, datasets and prompts, to MLflow's server. Again, it goes on where it was cut off.
    ///
    /// The server's credentials are those of MLflow's client: MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and
    /// MLFLOW_TRACKING_PASSWORD.
    Mlflow {
        /// The address of a tracking server.
        #[arg(value_name = "URI")]
        to: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Init {
    /// Where to write it; made where it is missing.
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Schema {
    #[arg(value_enum)]
    pub(crate) of: SchemaOf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum SchemaOf {
    /// A suite file.
    Suite,
    /// The `plugin.toml` of a plugin's project.
    Plugin,
    /// The `cases.yaml` that `karat plugin test` reads.
    Cases,
    /// A row of a dataset.
    Row,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct Doctor {
    /// Read everything in the store, and say what is damaged.
    #[arg(long)]
    pub(crate) check: bool,

    /// Make the store's index anew; where its log is damaged, save what is whole.
    #[arg(long)]
    pub(crate) rebuild: bool,

    /// Give back the space of runs that were deleted.
    #[arg(long)]
    pub(crate) compact: bool,
}
