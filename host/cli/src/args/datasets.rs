//! What can be typed of datasets.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use model::suite::DataFormat;

#[derive(Debug, Subcommand)]
pub(crate) enum Datasets {
    /// All datasets.
    List,
    /// Take in rows: a file is checked, merged by the identity of rows, and is a new version, unless nothing has changed.
    Import(ImportRows),
    /// Take in rows from traces or from a run, likewise.
    Add(AddRows),
    /// One dataset with its versions, or one version with its first rows.
    Show {
        /// A name or id, with `@3`, `@latest` or an alias of one version.
        dataset: String,
        /// How many rows of a version.
        #[arg(long, default_value_t = 5, value_name = "N")]
        rows: usize,
    },
    /// Rows that two versions don't share, with the fields that differ.
    Diff {
        /// Such as `support@1`.
        before: String,
        /// Such as `support@2`.
        after: String,
    },
    /// Write the rows of a version to a file, or to standard output.
    Export(ExportRows),
    /// Tags and aliases: `lang=de` tags the dataset, `prod@3` has `@prod` stand for version 3; `lang=` and `prod@` take away.
    Tag {
        /// A name or id.
        dataset: String,
        #[arg(required = true)]
        tags: Vec<String>,
    },
    /// Delete a dataset with its records and versions.
    Delete {
        /// A name or id.
        dataset: String,
        /// Go on where you would be asked.
        #[arg(long)]
        yes: bool,
    },
}

/// What goes with rows that come.
#[derive(Clone, Debug, Args)]
pub(crate) struct Said {
    /// What this version is about.
    #[arg(long, short, value_name = "TEXT")]
    pub(crate) message: Option<String>,
    /// Who made it [default: the user of this machine].
    #[arg(long, value_name = "NAME", env = "USER", hide_env_values = true)]
    pub(crate) by: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImportRows {
    pub(crate) file: PathBuf,
    /// The dataset; it is made where there is none [default: the file's name].
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// What the file is in [default: what its ending says].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FileFormat>,
    /// Whose rows they are, where their fields don't tell: `promptfoo`, `inspect`, `ragas`, …
    #[arg(long = "as", value_name = "TOOL")]
    pub(crate) peer: Option<String>,
    /// Rows that are not in the file go.
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) said: Said,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct AddRows {
    /// The dataset; it is made where there is none.
    pub(crate) dataset: String,
    /// The traces of which this filter holds, a row each.
    #[arg(long, value_name = "FILTER", required_unless_present = "from_run")]
    pub(crate) from_traces: Option<String>,
    /// Traces of this experiment only.
    #[arg(long, value_name = "NAME", requires = "from_traces")]
    pub(crate) experiment: Option<String>,
    /// The rows of a run that did not come out well.
    #[arg(long, value_name = "RUN", conflicts_with = "from_traces")]
    pub(crate) from_run: Option<String>,
    #[command(flatten)]
    pub(crate) said: Said,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ExportRows {
    /// A name or id, with `@3`, `@latest` or an alias of one version.
    pub(crate) dataset: String,
    /// [default: what the file's ending says, else jsonl].
    #[arg(long, value_enum)]
    pub(crate) format: Option<FileFormat>,
    /// Write rows as another tool has them.
    #[arg(long = "as", value_name = "TOOL")]
    pub(crate) peer: Option<String>,
    /// Write to this file instead of standard output.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FileFormat {
    Jsonl,
    Json,
    Csv,
    Parquet,
}

impl From<FileFormat> for DataFormat {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Jsonl => Self::Jsonl,
            FileFormat::Json => Self::Json,
            FileFormat::Csv => Self::Csv,
            FileFormat::Parquet => Self::Parquet,
        }
    }
}
