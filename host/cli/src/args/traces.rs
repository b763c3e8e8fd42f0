//! What can be typed of traces, and of what is said about them.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};

use crate::authority::Permission;

#[derive(Debug, Subcommand)]
pub(crate) enum Traces {
    #[command(flatten)]
    Kept(Kept),
    /// Score traces: every scorer looks at every trace of which the filter holds, and its verdicts are noted on it.
    Score(Score),
    /// Read traces from files: Karat's own, OTLP, exports of MLflow, Langfuse and Phoenix.
    Import(ImportTraces),
    /// Write traces to a file, or to standard output.
    Export(ExportTraces),
}

/// What is done with the traces there are.
#[derive(Debug, Subcommand)]
pub(crate) enum Kept {
    /// The newest traces.
    List {
        #[command(flatten)]
        page: Page,
    },
    /// Traces of which a filter holds, such as `status = 'ERROR' and duration > 2s`.
    Search {
        /// The filter; `docs/search.md` has the language.
        filter: String,
        #[command(flatten)]
        page: Page,
    },
    /// One trace: its spans as a tree, with how long each took, tokens, costs, errors and what was said of it.
    Show {
        /// A trace id, or the first digits of one.
        trace: String,
        /// Show inputs, outputs and attributes of each span as well.
        #[arg(long)]
        full: bool,
        /// At most this many spans.
        #[arg(long, default_value_t = 200, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        spans: u32,
    },
    /// Delete traces with everything that was said of them. `karat doctor --compact` gives back their space.
    Delete {
        /// Trace ids, or the first digits of them.
        #[arg(required_unless_present_any = ["filter", "older_than"])]
        traces: Vec<String>,
        /// Traces of which this holds.
        #[arg(long = "where", value_name = "FILTER", conflicts_with = "traces")]
        filter: Option<String>,
        /// Traces that started longer ago than this, such as `30d` or `12h`.
        #[arg(long, value_name = "TIME", conflicts_with = "traces", value_parser = humantime::parse_duration)]
        older_than: Option<Duration>,
        /// Of this experiment only.
        #[arg(long, value_name = "NAME", conflicts_with = "traces")]
        experiment: Option<String>,
    },
}

/// Files with traces.
#[derive(Clone, Debug, Args)]
pub(crate) struct ImportTraces {
    /// What they are in is told by what is in them.
    #[arg(required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Put all of them into this experiment, instead of that of the file.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,
    /// What is taken out of them before they are kept: a TOML file, as for `karat serve`.
    #[arg(long, value_name = "FILE")]
    pub(crate) redact: Option<PathBuf>,
}

/// Traces that are written.
#[derive(Clone, Debug, Args)]
pub(crate) struct ExportTraces {
    /// The filter; without one, all of them.
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) filter: String,
    /// Of this experiment only; more than once for several.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Vec<String>,
    #[arg(long, value_enum, default_value_t = TraceFormat::Jsonl)]
    pub(crate) format: TraceFormat,
    /// In OTLP, write verdicts as events of the spans (`gen_ai.evaluation.result`).
    #[arg(long)]
    pub(crate) evaluations: bool,
    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TraceFormat {
    /// One trace a line, with all that is known of it.
    Jsonl,
    /// One OTLP request a line.
    OtlpJson,
    /// OTLP requests, each behind its length in four bytes.
    OtlpProtobuf,
    /// One trace a row, with all that is known of it.
    Parquet,
}

/// Which traces are scored, and by whom.
#[derive(Clone, Debug, Args)]
pub(crate) struct Score {
    /// The filter; an empty one takes all traces.
    pub(crate) filter: String,
    /// A built-in scorer; more than once for several.
    #[arg(long, value_name = "NAME", required_unless_present = "suite", conflicts_with = "suite")]
    pub(crate) scorer: Vec<String>,
    /// The scorers, judges, limits and gates of this suite; its data is left alone.
    #[arg(long, value_name = "SUITE")]
    pub(crate) suite: Option<PathBuf>,
    /// Of this experiment only.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Option<String>,
    /// Only so many, chosen by chance.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) sample: Option<u64>,
    /// What chance begins with: the same traces are chosen again.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Go on with a run that was cut off.
    #[arg(long, value_name = "RUN")]
    pub(crate) resume: Option<String>,
    /// Spend no more than this on judges, in US dollars, over all sessions of the run.
    #[arg(long, value_name = "X", value_parser = super::dollars)]
    pub(crate) max_usd: Option<f64>,
    /// Ask judges anew, whatever they replied before.
    #[arg(long)]
    pub(crate) no_cache: bool,
    /// Let plugins do what only you can allow, as in `karat eval`.
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Permission>,
    /// What is allowed, from this file instead of the one in your configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// Which traces are shown, and in what order.
#[derive(Debug, Args)]
pub(crate) struct Page {
    /// Of this experiment only; more than once for several.
    #[arg(long, value_name = "NAME")]
    pub(crate) experiment: Vec<String>,
    /// What comes first, such as `cost desc` or `status, duration desc` [default: the newest].
    #[arg(long, value_name = "FIELDS", default_value = "", hide_default_value = true)]
    pub(crate) order: String,
    /// How many.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    /// Go on behind the page that ended with this cursor.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) after: Option<String>,
    /// Say how the question was understood, and what answering it took.
    #[arg(long)]
    pub(crate) explain: bool,
    /// Go on showing traces as they are complete, until you stop it.
    #[arg(long, conflicts_with_all = ["after", "explain", "order"])]
    pub(crate) follow: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Feedback {
    /// Say something of a trace, of one of its spans, or of a session.
    Add {
        /// A trace id, or the first digits of one; with `--session`, a session's id.
        trace: String,
        /// What it is about, such as `correct` or `tone`.
        name: String,
        /// The verdict: JSON where it is some (`true`, `0.8`, `["a"]`), else a text.
        value: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        rationale: Option<String>,
        /// It is not a verdict, but what is known to be right.
        #[arg(long)]
        expectation: bool,
        /// The span that it is about.
        #[arg(long, value_name = "ID", conflicts_with = "session")]
        span: Option<String>,
        /// It is about a session as a whole: it stands on the first trace of that, and is found on all.
        #[arg(long)]
        session: bool,
        /// What kind of source says it.
        #[arg(long, value_enum, default_value_t = Source::Human)]
        source: Source,
        /// Who says it, such as your address [default: the name you are logged in with].
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// The id of the assessment that this one stands in for.
        #[arg(long, value_name = "ID")]
        overrides: Option<uuid::Uuid>,
    },
    /// What was said of a trace, with what was overridden.
    List {
        /// A trace id, or the first digits of one.
        trace: String,
    },
    /// Take back what was said: what it overrode counts again.
    Delete {
        /// A trace id, or the first digits of one.
        trace: String,
        /// The assessment's id.
        assessment: uuid::Uuid,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    Human,
    LlmJudge,
    Code,
}

/// The server.
#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The address to listen on. Any but a loopback address needs `--token-file`.
    #[arg(long, default_value = "127.0.0.1")]
    pub(crate) host: String,
    /// For everything over HTTP.
    #[arg(long, default_value_t = 5000)]
    pub(crate) port: u16,
    /// For OpenTelemetry over HTTP alone: the port that SDKs send to if nothing is said.
    #[arg(long, default_value_t = 4318)]
    pub(crate) otlp_port: u16,
    /// For OpenTelemetry over gRPC.
    #[arg(long, default_value_t = 4317)]
    pub(crate) grpc_port: u16,
    /// A file with a token on each line; requests must bear one of them.
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Another name under which the server is reached, such as `karat.example.com`.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,
    /// What is kept of each experiment, by age, number and size: a TOML file, see `docs/traces.md` [default: everything].
    #[arg(long, value_name = "FILE")]
    pub(crate) retention: Option<PathBuf>,
    /// Send every trace on as it comes in: an exporter by name, a `.wasm` file or `publisher/name@version`, with what it needs
    /// behind `=`: a URL, a file to write to, or its parameters as a JSON object. More than once for several.
    #[arg(long, value_name = "EXPORTER[=TO]")]
    pub(crate) export: Vec<Export>,
    #[command(flatten)]
    pub(crate) from: ExportFrom,
    /// A page that may send requests to the server, such as `https://app.example.com`.
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,
    /// What is taken out of traces before they are kept: a TOML file, see `docs/serve.md`.
    #[arg(long, value_name = "FILE")]
    pub(crate) redact: Option<PathBuf>,
    /// Pass calls of models on at `/gateway/v1`, as OpenAI's clients make them, to the endpoints of this file; see
    /// `docs/serve.md`.
    #[arg(long, value_name = "FILE")]
    pub(crate) gateway: Option<PathBuf>,
}

/// What exporters may do, and where goes what they don't take.
#[derive(Debug, Args)]
pub(crate) struct ExportFrom {
    /// Where spans go that an exporter does not take, as OTLP, a request a line [default: `dead-letters-NAME.jsonl` in the store].
    #[arg(long, value_name = "FOLDER", requires = "export")]
    pub(crate) dead_letters: Option<PathBuf>,
    /// Let exporters send to this server, as `http=https://api.example.com`; a built-in one may send to its `url`.
    #[arg(long, value_name = "WHAT", requires = "export", value_parser = super::server)]
    pub(crate) grant: Vec<String>,
    /// Let exporters, and the gateway and webhooks of a server, do what only you can allow, as in `karat eval`.
    #[arg(long, value_name = "WHAT")]
    pub(crate) allow: Vec<Permission>,
    /// What is allowed, from this file instead of the one in your configuration folder.
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
}

/// An exporter, and where it sends to.
#[derive(Clone, Debug)]
pub(crate) struct Export {
    pub(crate) exporter: String,
    pub(crate) to: To,
}

#[derive(Clone, Debug)]
pub(crate) enum To {
    Nowhere,
    Url(String),
    File(PathBuf),
    /// A JSON object.
    Parameters(String),
}

impl std::str::FromStr for Export {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (exporter, to) = match text.split_once('=') {
            None => (text, To::Nowhere),
            Some((exporter, to)) if to.starts_with('{') => (exporter, To::Parameters(to.to_owned())),
            Some((exporter, to)) if to.contains("://") => (exporter, To::Url(to.to_owned())),
            Some((_, "")) => return Err("what is behind `=` is missing: a URL, a file, or a JSON object".to_owned()),
            Some((exporter, to)) => (exporter, To::File(to.into())),
        };
        if exporter.is_empty() {
            return Err("the exporter is missing: write `otlp_http=http://127.0.0.1:4318`".to_owned());
        }
        Ok(Self { exporter: exporter.to_owned(), to })
    }
}
